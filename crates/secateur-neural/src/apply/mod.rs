//! How cut weights go; one way a file.

pub mod compensate;
pub mod mask;
