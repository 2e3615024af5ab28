//! `IsNaN` and `IsInf`: questions about numbers.

use secateur_tensor::Tensor;

use super::{OpError, Operator, at_most, given, need};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};

/// Whether each number is not one, or infinite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsSpecial {
    /// Not a number.
    Nan,
    /// Infinite.
    Inf {
        /// Whether minus infinity counts.
        negative: bool,
        /// Whether plus infinity counts.
        positive: bool,
    },
}

impl Operator for IsSpecial {
    fn name(&self) -> &'static str {
        match self {
            Self::Nan => "IsNaN",
            Self::Inf { .. } => "IsInf",
        }
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        Ok(vec![Fact::of(Kind::Bool, need(inputs, 0, Kind::F32)?.shape.clone())])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let asks = |x: f32| match *self {
            Self::Nan => x.is_nan(),
            Self::Inf { negative, positive } => {
                x.is_infinite() && if x > 0.0 { positive } else { negative }
            }
        };
        for (y, x) in outputs[0].as_bool_mut().iter_mut().zip(given(inputs, 0).as_f32()) {
            *y = asks(*x);
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_infinities_asked_for_count() {
        let values = vec![f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.0];
        let x = Tensor::f32(vec![4], values);
        let mut y = vec![Tensor::bool(vec![4], vec![false; 4])];
        IsSpecial::Inf { negative: true, positive: false }.forward(&[Some(&x)], &mut y);
        assert_eq!(y[0].as_bool(), [false, true, false, false]);
        IsSpecial::Nan.forward(&[Some(&x)], &mut y);
        assert_eq!(y[0].as_bool(), [false, false, true, false]);
    }
}
