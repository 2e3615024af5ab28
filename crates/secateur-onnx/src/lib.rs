//! ONNX files: read and checked, and written back with nothing lost.
//!
//! - [`Document`] is a file: its messages as the schema has them ([`proto`]), everything that
//!   can be checked without running it checked, weights left where the file is mapped.
//! - [`tensors`] gives the values of a tensor message as [`Stored`](secateur_tensor::Stored),
//!   from the file itself or from files of external data beside it, and back.
//!
//! - [`Network`] is the file as a [`Graph`](secateur_graph::Graph); what is done to the graph is
//!   put back into the messages, and all else stays as it was.
//!
//! It does not know pruning, nor how graphs are run.
//!
//! Start reading at [`document`], then [`tensors`].

pub mod attributes;
mod check;
mod codes;
pub mod document;
pub mod error;
mod external;
mod inline;
pub mod network;
pub mod operators;
mod patch;
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
pub use network::Network;
pub use tensors::{set_values, tensor_proto};
pub use write::{DataFile, Encoded};
