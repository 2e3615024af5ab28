//! `Transpose`: axes in another order.

use secateur_tensor::Tensor;

use super::{OpError, Operator, any, at_most, given};
use crate::fact::Fact;
use crate::ties::{Slot, Ties};
use crate::walk::{strided_tensor, strides};

/// Axis `i` of the output is axis `order[i]` of the input; without an order they are reversed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transpose {
    /// Axes of the input.
    pub order: Option<Vec<usize>>,
}

impl Transpose {
    fn order(&self, rank: usize) -> Vec<usize> {
        self.order.clone().unwrap_or_else(|| (0..rank).rev().collect())
    }
}

impl Operator for Transpose {
    fn name(&self) -> &'static str {
        "Transpose"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        let x = any(inputs, 0)?;
        let order = self.order(x.shape.len());
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if sorted != (0..x.shape.len()).collect::<Vec<_>>() {
            let text = format!("{order:?} is no order of {} axes", x.shape.len());
            return Err(OpError::Attribute(text));
        }
        Ok(vec![Fact::of(x.kind, order.into_iter().map(|at| x.shape[at].clone()).collect())])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let x = given(inputs, 0);
        let by = strides(x.shape());
        let steps = self.order(by.len()).into_iter().map(|at| by[at] as isize);
        let steps: Vec<isize> = steps.collect();
        strided_tensor(x, &mut outputs[0], 0, &steps);
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let rank = ties.shape(Slot::In(0)).len();
        for (to, from) in self.order(rank).into_iter().enumerate() {
            ties.same((Slot::In(0), from), (Slot::Out(0), to));
        }
    }
}
