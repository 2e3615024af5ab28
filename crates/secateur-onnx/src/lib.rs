//! ONNX files: read and checked, and written back with nothing lost.
//!
//! - [`Document`] is a file: its messages as the schema has them ([`proto`]), everything that
//!   can be checked without running it checked, weights left where the file is mapped.
//! - [`tensors`] gives the values of a tensor message as [`Stored`](secateur_tensor::Stored),
//!   from the file itself or from files of external data beside it, and back.
//!
//! It does not know pruning, nor how graphs are run.
//!
//! Start reading at [`document`], then [`tensors`].

mod check;
mod codes;
pub mod document;
pub mod error;
mod external;
#[rustfmt::skip]
pub mod proto;
pub mod schemas;
mod shared;
mod sniff;
pub mod tensors;
mod visit;
mod wire;
pub mod write;

pub use document::Document;
pub use error::CODES;
pub use error::OnnxError;
pub use external::{External, ExternalFile};
pub use tensors::{set_values, tensor_proto};
pub use write::{DataFile, Encoded};
