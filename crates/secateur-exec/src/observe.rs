//! Looking at what flows into a node.

use secateur_graph::NodeId;
use secateur_tensor::Tensor;

/// Sees the inputs of chosen nodes at work, before the node runs.
pub trait Observer {
    /// Whether this node's inputs are to be shown.
    fn wants(&self, node: NodeId) -> bool;
    /// The inputs of a node, in its order; `None` where an optional one is absent.
    fn see(&mut self, node: NodeId, inputs: &[Option<&Tensor>]);
}
