//! How cut weights go; one way a file.

pub mod mask;
