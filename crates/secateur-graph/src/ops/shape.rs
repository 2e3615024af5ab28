//! `Shape` and `Size`: dimensions as values.

use secateur_tensor::Tensor;

use super::{Cost, OpError, Operator, any, given, known};
use crate::fact::Fact;
use crate::ties::{Slot, Ties};

/// The dimensions of a value, or a range of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// First axis, counted from the end when negative.
    pub start: i64,
    /// Axis after the last; all when absent.
    pub end: Option<i64>,
}

/// The number of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size;

impl Shape {
    fn range(self, rank: usize) -> std::ops::Range<usize> {
        let at = |axis: i64| {
            let axis = if axis < 0 { axis + rank as i64 } else { axis };
            axis.clamp(0, rank as i64) as usize
        };
        let (start, end) = (at(self.start), self.end.map_or(rank, at));
        start..end.max(start)
    }
}

impl Operator for Shape {
    fn name(&self) -> &'static str {
        "Shape"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        any(inputs, 0)?;
        let shape = known(inputs, 0)?;
        let part: Vec<i64> = shape[self.range(shape.len())].iter().map(|&n| n as i64).collect();
        Ok(vec![Fact::known(Tensor::i64(vec![part.len()], part))])
    }

    fn cost(&self, _inputs: &[Vec<usize>], _outputs: &[Vec<usize>]) -> Cost {
        Cost::default()
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let shape = given(inputs, 0).shape();
        let part = &shape[self.range(shape.len())];
        for (y, n) in outputs[0].as_i64_mut().iter_mut().zip(part) {
            *y = *n as i64;
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.freeze(Slot::Out(0), 0, "it is a shape");
    }
}

impl Operator for Size {
    fn name(&self) -> &'static str {
        "Size"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        let count = known(inputs, 0)?.iter().product::<usize>() as i64;
        Ok(vec![Fact::known(Tensor::i64(vec![], vec![count]))])
    }

    fn cost(&self, _inputs: &[Vec<usize>], _outputs: &[Vec<usize>]) -> Cost {
        Cost::default()
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        outputs[0].as_i64_mut()[0] = given(inputs, 0).len() as i64;
    }

    fn ties(&self, _ties: &mut Ties<'_>) {}
}
