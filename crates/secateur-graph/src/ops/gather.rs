//! `Gather` of rows: an embedding.

use rayon::prelude::*;
use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{Cost, OpError, Operator, at_most, given, need, shape_error};
use crate::fact::{Fact, Kind};

/// Rows of a table `[rows, width]` at indices `[..]`, giving `[.., width]` (ONNX: `axis = 0`).
/// The table may be at rest: only the rows that are asked for are converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gather;

impl Operator for Gather {
    fn name(&self) -> &'static str {
        "Gather"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 2)?;
        let table = need(inputs, 0, Kind::F32)?;
        let indices = need(inputs, 1, Kind::I64)?;
        let [_, width] = table.shape.as_slice() else {
            return Err(shape_error(0, table, "expected [rows, width]"));
        };
        let mut shape = indices.shape.clone();
        shape.push(width.clone());
        Ok(vec![Fact::f32(shape)])
    }

    fn cost(&self, _inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        super::moved(&[], outputs)
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (table, indices) = (given(inputs, 0), given(inputs, 1).as_i64());
        let width = table.shape()[1];
        let y = outputs[0].as_f32_mut();
        y.par_chunks_exact_mut(width).zip(indices).for_each(|(y, &index)| {
            let row = index as usize;
            match table.values() {
                Values::F32(values) => y.copy_from_slice(&values[row * width..(row + 1) * width]),
                Values::Stored(stored) => {
                    stored.read_rows_f32(row, y).expect("a weight of the graph is of a float type");
                }
                Values::I64(_) => panic!("a table of floats"),
            }
        });
    }
}
