//! Numbers at rest and numbers at work.
//!
//! - [`Stored`] is a tensor as a file holds it: a value type, a shape, bytes (often mapped).
//! - [`Tensor`] is a tensor at work: f32 or i64 values.
//! - [`convert`] is the one place where values change type.
//! - [`kernels`] are plain functions on slices, each fast one with a plain twin and a test that
//!   they agree.
//!
//! It does not know graphs, file formats, models, or pruning. Unsafe code of the project lives
//! only here, in [`mapping`] and [`kernels`].
//!
//! Start reading at [`stored`], then [`kernels::matmul`].

pub mod convert;
pub mod dtype;
pub mod kernels;
pub mod mapping;
pub mod stored;
pub mod tensor;

pub use dtype::DType;
pub use mapping::Bytes;
pub use stored::Stored;
pub use tensor::Tensor;
