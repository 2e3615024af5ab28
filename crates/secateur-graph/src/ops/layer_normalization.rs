//! `LayerNormalization` over the last axes.

use secateur_tensor::{Tensor, kernels};

use super::{OpError, Operator, at_most, axis_of, given, maybe, need, optional, shape_error};
use crate::fact::{Dim, Fact, Kind};
use crate::ties::{Slot, Ties};

/// `(x - mean) / sqrt(variance + epsilon) * scale + bias` over the axes from one on, with
/// `scale, bias` of the shape of these axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNormalization {
    /// The first axis, counted from the end when negative.
    pub axis: i64,
    /// Added to the variance.
    pub epsilon: f32,
    /// Whether the mean and one over the deviation are outputs, with one index for each axis that
    /// is normalized over.
    pub statistics: bool,
}

impl Operator for LayerNormalization {
    fn name(&self) -> &'static str {
        "LayerNormalization"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 3)?;
        let x = need(inputs, 0, Kind::F32)?;
        let scale = need(inputs, 1, Kind::F32)?;
        let bias = optional(inputs, 2, Kind::F32)?;
        let axis = axis_of(self.axis, x.shape.len())?;
        for (index, part) in [(1, Some(scale)), (2, bias)] {
            if let Some(part) = part
                && part.shape != x.shape[axis..]
            {
                let expected = format!("expected the last axes of {:?}", x.shape);
                return Err(shape_error(index, part, expected));
            }
        }
        let mut facts = vec![Fact::f32(x.shape.clone())];
        if self.statistics {
            let mut shape = x.shape.clone();
            shape[axis..].fill(Dim::Known(1));
            facts.extend([Fact::f32(shape.clone()), Fact::f32(shape)]);
        }
        Ok(facts)
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, scale) = (given(inputs, 0).as_f32(), given(inputs, 1).as_f32());
        let bias = maybe(inputs, 2).map(Tensor::as_f32);
        kernels::layer_norm(x, scale, bias, self.epsilon, outputs[0].as_f32_mut());
        if !self.statistics {
            return;
        }
        for (at, row) in x.chunks_exact(scale.len().max(1)).enumerate() {
            let count = row.len() as f64;
            let mean = row.iter().copied().map(f64::from).sum::<f64>() / count;
            let square = |v: &f32| (f64::from(*v) - mean).powi(2);
            let variance = row.iter().map(square).sum::<f64>() / count;
            let inverse = 1.0 / (variance + f64::from(self.epsilon)).sqrt();
            for (output, value) in outputs[1..].iter_mut().zip([mean, inverse]) {
                output.as_f32_mut()[at] = value as f32;
            }
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
        freeze_normalized(ties, self.axis);
        for slot in [Slot::Out(1), Slot::Out(2)] {
            ties.broadcast(slot, Slot::Out(0));
        }
    }
}

/// The axes that are normalized over mix their indices.
pub(super) fn freeze_normalized(ties: &mut Ties<'_>, axis: i64) {
    let rank = ties.shape(Slot::In(0)).len();
    let Ok(first) = axis_of(axis, rank) else { return };
    for axis in first..rank {
        ties.freeze(Slot::In(0), axis, "it is normalized over");
        for slot in [Slot::In(1), Slot::In(2)] {
            if axis - first < ties.shape(slot).len() {
                ties.freeze(slot, axis - first, "it is normalized over");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_and_one_over_the_deviation_are_outputs() {
        let norm = LayerNormalization { axis: -1, epsilon: 0.0, statistics: true };
        let fact = Fact::f32_known(&[2, 2]);
        let facts = norm.facts(&[Some(&fact), Some(&Fact::f32_known(&[2]))]).unwrap();
        assert_eq!(facts[2].known_shape(), Some(vec![2, 1]));
        let x = Tensor::f32(vec![2, 2], vec![1.0, 3.0, 0.0, 4.0]);
        let scale = Tensor::f32(vec![2], vec![1.0, 1.0]);
        let mut y = vec![x.clone(), Tensor::zeros(vec![2, 1]), Tensor::zeros(vec![2, 1])];
        norm.forward(&[Some(&x), Some(&scale)], &mut y);
        assert_eq!(y[1].as_f32(), [2.0, 2.0]);
        assert_eq!(y[2].as_f32(), [1.0, 0.5]);
    }
}
