//! `Gemm`: a linear layer.

use secateur_tensor::tensor::Values;
use secateur_tensor::{Tensor, kernels};

use super::{Cost, OpError, Operator, Weight, at_most, given, maybe, need, optional, shape_error};
use crate::fact::{Dim, Fact, Kind};
use crate::ties::{Slot, Ties};
use crate::walk::{broadcast_steps, strided};

/// `y = alpha x w + beta b`, with `x` or `w` transposed where it says so.
///
/// [`Gemm::LINEAR`] is `x w^T + b` with `w: [out, in]` and `b: [out]`: `w` may be at rest, and
/// unlike in ONNX `x` may have leading axes, `[.., in]` giving `[.., out]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gemm {
    /// Factor on the product.
    pub alpha: f32,
    /// Factor on the summand.
    pub beta: f32,
    /// Whether `x` is `[in, rows]`.
    pub trans_a: bool,
    /// Whether `w` is `[out, in]`.
    pub trans_b: bool,
}

impl Gemm {
    /// A linear layer with its weight `[out, in]`.
    pub const LINEAR: Self = Self { alpha: 1.0, beta: 1.0, trans_a: false, trans_b: true };
}

impl Operator for Gemm {
    fn name(&self) -> &'static str {
        "Gemm"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 3)?;
        let x = need(inputs, 0, Kind::F32)?;
        let w = need(inputs, 1, Kind::F32)?;
        let [first, second] = w.shape.as_slice() else {
            return Err(shape_error(1, w, "expected a matrix"));
        };
        let (out, inner) = if self.trans_b { (first, second) } else { (second, first) };
        let mut shape = x.shape.clone();
        if self.trans_a {
            if shape.len() != 2 {
                return Err(shape_error(0, x, "expected a matrix"));
            }
            shape.swap(0, 1);
        }
        if shape.last() != Some(inner) {
            return Err(shape_error(0, x, format!("expected [.., {inner}]")));
        }
        *shape.last_mut().expect("checked above") = out.clone();
        if let Some(bias) = optional(inputs, 2, Kind::F32)? {
            let lead = shape.len().checked_sub(bias.shape.len());
            let fits = lead.is_some_and(|lead| {
                let pairs = bias.shape.iter().zip(&shape[lead..]);
                pairs.into_iter().all(|(b, y)| *b == Dim::Known(1) || b == y)
            });
            if !fits {
                return Err(shape_error(2, bias, format!("expected [{out}]")));
            }
        }
        Ok(vec![Fact::f32(shape)])
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        let inner = inputs[1][usize::from(self.trans_b)] as u64;
        let results: u64 = outputs[0].iter().map(|&n| n as u64).product();
        Cost { macs: results * inner, ..super::moved(inputs, outputs) }
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, w) = (given(inputs, 0), given(inputs, 1));
        let bias = maybe(inputs, 2);
        let y = &mut outputs[0];
        let out = y.shape().last().copied().unwrap_or(0);
        let vector = bias.is_none_or(|b| b.len() == out && b.shape().last() == Some(&out));
        if *self == Self::LINEAR && vector {
            let bias = bias.map(Tensor::as_f32);
            let y = y.as_f32_mut();
            match w.values() {
                Values::Stored(w) => kernels::matmul_stored(x.as_f32(), w, bias, y),
                Values::F32(values) => {
                    kernels::matmul_transposed(x.as_f32(), values, bias, w.shape()[1], y);
                }
                Values::I64(_) | Values::Bool(_) => panic!("a weight of floats"),
            }
            return;
        }
        let x = if self.trans_a { transposed(x) } else { x.as_f32().to_vec() };
        let shape = y.shape().to_vec();
        let y = y.as_f32_mut();
        let inner = w.shape()[usize::from(self.trans_b)];
        if self.trans_b {
            kernels::matmul_transposed(&x, w.as_f32(), None, inner, y);
        } else {
            kernels::matmul_transposed(&x, &transposed(w), None, inner, y);
        }
        for v in y.iter_mut() {
            *v *= self.alpha;
        }
        if let Some(bias) = bias {
            let mut added = vec![0.0; y.len()];
            strided(bias.as_f32(), &mut added, &shape, 0, &broadcast_steps(bias.shape(), &shape));
            y.iter_mut().zip(added).for_each(|(y, b)| *y += self.beta * b);
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let rank = ties.shape(Slot::In(0)).len();
        let (rows, inner) = if self.trans_a { (1, 0) } else { (0, rank - 1) };
        let (w_out, w_in) = if self.trans_b { (0, 1) } else { (1, 0) };
        for axis in 0..rank - 1 {
            let from = if self.trans_a { rows } else { axis };
            ties.same((Slot::In(0), from), (Slot::Out(0), axis));
        }
        ties.same((Slot::In(0), inner), (Slot::In(1), w_in));
        ties.same((Slot::In(1), w_out), (Slot::Out(0), rank - 1));
        ties.broadcast(Slot::In(2), Slot::Out(0));
    }

    fn weight(&self) -> Option<Weight> {
        let (out_from_end, in_from_end) = if self.trans_b { (2, 1) } else { (1, 2) };
        Some(Weight { input: 1, out_from_end, in_from_end, convolution: false })
    }
}

/// The values of a matrix, transposed.
pub(super) fn transposed(x: &Tensor) -> Vec<f32> {
    let (rows, columns) = (x.shape()[0], x.shape()[1]);
    let mut y = vec![0.0; rows * columns];
    strided(x.as_f32(), &mut y, &[columns, rows], 0, &[1, columns as isize]);
    y
}
