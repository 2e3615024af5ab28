//! Networks as graphs of ONNX operators.
//!
//! A [`Graph`] is nodes over values; weights are constants of the graph and keep the value type
//! of their file. Each operator is one file under [`ops`] that states facts: what comes out
//! (type and shape), what it costs, and how it is computed. The vocabulary is that of ONNX
//! (opset 23, with its `RMSNormalization`, `RotaryEmbedding` and `Attention`), for ONNX files and
//! transformer checkpoints alike; where an operator here takes more than ONNX allows, its file
//! says so.
//!
//! It does not know files, execution order, buffers, or pruning.
//!
//! Start reading at [`graph`], then [`ops`].

pub mod fact;
pub mod graph;
pub mod ops;

pub use fact::{Dim, Fact, Kind};
pub use graph::{Graph, GraphError, Node, NodeId, Origin, Value, ValueId};
pub use ops::{Cost, Op, OpError, Operator};
