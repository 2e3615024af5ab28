//! Mixtures of Gaussians with diagonal covariances.
