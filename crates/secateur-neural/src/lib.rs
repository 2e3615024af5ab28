//! Pruning of neural networks: where what a model is and what pruning is meet.
//!
//! - [`criteria`] and [`apply`]: one file each; scores of a [`Layer`], and how cut weights go.
//! - [`data`]: calibration and evaluation windows, from text or token ids.
//! - [`prune`]: the streaming run, block by block, from file to file.
//! - [`measure`]: perplexity, and what a model is and costs.
//! - [`network`]: whole networks from ONNX files, their channels and weights.
//! - [`verify`], [`diff`], [`inspect`](measure::inspect): looking at models on disk.
//!
//! It does not know the command line or how a report looks.
//!
//! Start reading at [`prune`].

pub mod apply;
pub mod criteria;
pub mod data;
pub mod diff;
pub mod error;
pub mod family;
pub mod generate;
pub mod layer;
pub mod measure;
pub mod network;
pub mod options;
pub mod plan;
pub mod prune;
pub mod sample;
pub mod summary;
pub mod verify;

pub use error::NeuralError;
pub use family::Neural;
pub use layer::{Inputs, Layer};
