//! Networks as graphs of ONNX operators.
//!
//! A [`Graph`] is nodes over values; weights are constants of the graph and keep the value type
//! of their file. Each operator is one file under [`ops`] that states facts: what comes out
//! (type and shape), what it costs, how it is computed, and which of its axes are the same. The vocabulary is that of ONNX
//! (opset 23, with its `RMSNormalization`, `RotaryEmbedding` and `Attention`), for ONNX files and
//! transformer checkpoints alike; where an operator here takes more than ONNX allows, its file
//! says so.
//!
//! A channel is what [`ties`] says: indices of axes that stand or fall together, whatever operators
//! they run through; [`shrink`] makes the graph that is left when some are cut.
//!
//! It does not know files, execution order, buffers, or pruning.
//!
//! Start reading at [`graph`], then [`ops`].

pub mod fact;
pub mod graph;
pub mod ops;
pub mod shrink;
pub mod ties;
mod walk;

pub use fact::{Dim, Fact, Kind};
pub use graph::{Graph, GraphError, Node, NodeId, Origin, Value, ValueId};
pub use ops::{Cost, Op, OpError, Operator};
pub use shrink::ShrinkError;
pub use ties::{Coupling, Granularity, Slot};
