//! `Gemm`: a linear layer, `x w^T + b`.

use secateur_tensor::tensor::Values;
use secateur_tensor::{Tensor, kernels};

use super::{Cost, OpError, Operator, at_most, given, need, optional, shape_error};
use crate::fact::{Fact, Kind};

/// `y = x w^T + b` with `w: [out, in]` and `b: [out]` (ONNX: `transB = 1`).
///
/// `w` may be at rest. Unlike ONNX, `x` may have leading axes: `[.., in]` gives `[.., out]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gemm;

impl Operator for Gemm {
    fn name(&self) -> &'static str {
        "Gemm"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 3)?;
        let x = need(inputs, 0, Kind::F32)?;
        let w = need(inputs, 1, Kind::F32)?;
        let [out, inner] = w.shape.as_slice() else {
            return Err(shape_error(1, w, "expected [out, in]"));
        };
        if x.last() != Some(inner) {
            return Err(shape_error(0, x, format!("expected [.., {inner}]")));
        }
        if let Some(bias) = optional(inputs, 2, Kind::F32)?
            && bias.shape != [out.clone()]
        {
            return Err(shape_error(2, bias, format!("expected [{out}]")));
        }
        let mut shape = x.shape.clone();
        *shape.last_mut().expect("checked above") = out.clone();
        Ok(vec![Fact::f32(shape)])
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        let inner = inputs[1][1] as u64;
        let results: u64 = outputs[0].iter().map(|&n| n as u64).product();
        Cost { macs: results * inner, ..super::moved(inputs, outputs) }
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, w) = (given(inputs, 0), given(inputs, 1));
        let bias = inputs.get(2).copied().flatten().map(Tensor::as_f32);
        let y = outputs[0].as_f32_mut();
        match w.values() {
            Values::Stored(w) => kernels::matmul_stored(x.as_f32(), w, bias, y),
            Values::F32(values) => {
                kernels::matmul_transposed(x.as_f32(), values, bias, w.shape()[1], y);
            }
            Values::I64(_) => panic!("a weight of floats"),
        }
    }
}
