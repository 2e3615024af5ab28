//! Synthetic speakers.
