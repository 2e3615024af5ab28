//! `Trilu`: the upper or lower triangle of matrices.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, at_most, given, maybe, shape_error};
use crate::fact::Fact;
use crate::walk::of_one_kind;

/// Zeros below (or above) the diagonal that input 1 says, which may be moved up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trilu {
    /// Whether the upper triangle stays.
    pub upper: bool,
}

impl Operator for Trilu {
    fn name(&self) -> &'static str {
        "Trilu"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 2)?;
        let x = any(inputs, 0)?;
        if x.shape.len() < 2 {
            return Err(shape_error(0, x, "expected matrices"));
        }
        Ok(vec![Fact::of(x.kind, x.shape.clone())])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, y) = (given(inputs, 0), &mut outputs[0]);
        let diagonal = maybe(inputs, 1).map_or(0, |t| t.as_i64()[0]);
        let rank = x.shape().len();
        let (rows, columns) = (x.shape()[rank - 2], x.shape()[rank - 1]);
        let upper = self.upper;
        of_one_kind!(x, y, triangle(rows, columns, diagonal, upper));
    }
}

fn triangle<T: Copy + Default>(
    x: &[T],
    y: &mut [T],
    rows: usize,
    columns: usize,
    diagonal: i64,
    upper: bool,
) {
    for (at, (y, x)) in y.iter_mut().zip(x).enumerate() {
        let (row, column) = ((at / columns % rows) as i64, (at % columns) as i64);
        let above = column - row;
        let stays = if upper { above >= diagonal } else { above <= diagonal };
        *y = if stays { *x } else { T::default() };
    }
}
