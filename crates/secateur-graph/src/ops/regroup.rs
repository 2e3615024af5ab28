//! The same values with their last axes under other sizes: `Reshape` in ONNX.

use secateur_tensor::Tensor;

use super::{Cost, OpError, Operator, at_most, need, shape_error};
use crate::fact::{Dim, Fact, Kind};

/// Replaces the last `from.len()` axes, which must be `from`, by `to`; the leading axes stay.
/// ONNX gives the whole shape as an input ([`Reshape`](super::Reshape)); this form needs no numbers
/// for leading symbols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regroup {
    /// Trailing axes of the input.
    pub from: Vec<usize>,
    /// Trailing axes of the output.
    pub to: Vec<usize>,
}

impl Operator for Regroup {
    fn name(&self) -> &'static str {
        "Reshape"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 1)?;
        let x = need(inputs, 0, Kind::F32)?;
        if self.from.iter().product::<usize>() != self.to.iter().product::<usize>() {
            let text = format!("{:?} and {:?} hold different counts", self.from, self.to);
            return Err(OpError::Attribute(text));
        }
        let from: Vec<Dim> = self.from.iter().map(|&n| Dim::Known(n)).collect();
        let Some(leading) = x.shape.strip_suffix(from.as_slice()) else {
            return Err(shape_error(0, x, format!("expected [.., {from:?}]")));
        };
        let to = self.to.iter().map(|&n| Dim::Known(n));
        Ok(vec![Fact::f32(leading.iter().cloned().chain(to).collect())])
    }

    fn cost(&self, _inputs: &[Vec<usize>], _outputs: &[Vec<usize>]) -> Cost {
        Cost::default()
    }

    fn in_place(&self, _inputs: &[Option<&Fact>]) -> bool {
        true
    }

    fn forward(&self, _inputs: &[Option<&Tensor>], _outputs: &mut [Tensor]) {}
}
