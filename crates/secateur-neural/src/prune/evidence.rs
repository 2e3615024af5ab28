//! What is seen of the inputs of a block's linear layers.

use std::collections::HashMap;
use std::sync::Arc;

use secateur_exec::Observer;
use secateur_graph::{NodeId, ValueId};
use secateur_tensor::{Tensor, kernels};

use super::block::Block;
use super::{Work, shape_of};
use crate::layer::{Inputs, Moments};

/// Sums of squares of the inputs of linear layers, and where needed of their products; layers
/// with the same input share them.
#[derive(Default)]
pub(super) struct Squares {
    /// Nodes that are looked at: the first of each input.
    nodes: HashMap<NodeId, ValueId>,
    sums: HashMap<ValueId, Vec<f64>>,
    /// Sums of products `[inner, inner]` while they are gathered, where they are needed.
    products: HashMap<ValueId, Vec<f32>>,
    moments: HashMap<ValueId, Arc<Moments>>,
    /// Windows that are seen.
    pub(super) windows: usize,
}

impl Squares {
    /// For the layers of a block that are pruned; with the products of inputs if asked for.
    pub(super) fn new(work: &Work<'_>, block: &Block, products: bool) -> Self {
        let mut seen = Self::default();
        for linear in &block.linears {
            let new = !seen.sums.contains_key(&linear.input);
            if new && work.choice.skipped(&linear.name).is_none() {
                let inner = shape_of(block.session.graph(), linear)[1];
                seen.nodes.insert(linear.node, linear.input);
                seen.sums.insert(linear.input, vec![0.0; inner]);
                if products {
                    seen.products.insert(linear.input, vec![0.0; inner * inner]);
                }
            }
        }
        seen
    }

    pub(super) fn inputs(&self, input: ValueId) -> Inputs {
        let squares = self.sums.get(&input).cloned().unwrap_or_default();
        let moments = self.moments.get(&input).cloned();
        Inputs { squares, windows: self.windows, moments }
    }

    /// Makes the products that were gathered ready for the layers.
    pub(super) fn share_moments(&mut self) {
        for (input, products) in self.products.drain() {
            let width = self.sums[&input].len();
            let moments = Moments::new(width, self.windows, products);
            self.moments.insert(input, Arc::new(moments));
        }
    }

    pub(super) fn is_finite(&self) -> bool {
        self.sums.values().flatten().all(|sum| sum.is_finite())
    }
}

impl Observer for Squares {
    fn wants(&self, node: NodeId) -> bool {
        self.nodes.contains_key(&node)
    }

    fn see(&mut self, node: NodeId, inputs: &[Option<&Tensor>]) {
        if let (Some(sums), Some(x)) = (self.sums.get_mut(&self.nodes[&node]), inputs[0]) {
            kernels::add_column_squares(x.as_f32(), sums);
            if let Some(products) = self.products.get_mut(&self.nodes[&node]) {
                kernels::add_gram(x.as_f32(), sums.len(), products);
            }
        }
    }
}
