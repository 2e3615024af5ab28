//! Runs graphs.
//!
//! - [`session`]: one graph with its weights at work; buffers are reused between runs.
//! - [`compiled`]: a whole network from an ONNX file, compiled for fixed shapes: the fast way.
//! - [`runner`]: a whole network from an ONNX file, at fixed shapes.
//! - [`observe`]: how others look at what flows into a node.
//! - [`activations`]: values of all calibration windows between two segments, in memory or in a
//!   file.
//! - [`segments`]: a network is a list of segments (embedding, block after block, head), built
//!   on demand; this feeds all windows through one of them.
//!
//! It does not know files of models, architectures, or pruning.
//!
//! Start reading at [`session`].

pub mod activations;
pub mod compiled;
pub mod observe;
pub mod runner;
pub mod segments;
pub mod session;

pub use activations::Activations;
pub use compiled::Compiled;
pub use observe::Observer;
pub use runner::{Runner, RunnerError, Visitor};
pub use segments::{Feed, Ports};
pub use session::{ExecError, Session, Weights};
