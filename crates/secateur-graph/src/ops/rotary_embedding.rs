//! `RotaryEmbedding` (ONNX opset 23).

use secateur_tensor::Tensor;
use secateur_tensor::kernels::{self, Angles, Pairing};

use super::{Cost, OpError, Operator, at_most, given, moved, need, shape_error};
use crate::fact::{Fact, Kind};

/// Rotates the first values of every head by the angles of its position.
///
/// Inputs: `x: [batch, sequence, heads * width]`, `cos` and `sin: [positions, half]`,
/// `position_ids: [batch, sequence]`. The rotated part of a head is `2 * half` values
/// (ONNX: `rotary_embedding_dim`), the others stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotaryEmbedding {
    /// Values of a head.
    pub head_width: usize,
    /// Which values form a pair (ONNX: `interleaved`).
    pub pairing: Pairing,
}

impl Operator for RotaryEmbedding {
    fn name(&self) -> &'static str {
        "RotaryEmbedding"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 4)?;
        let x = need(inputs, 0, Kind::F32)?;
        let cos = need(inputs, 1, Kind::F32)?;
        let sin = need(inputs, 2, Kind::F32)?;
        let positions = need(inputs, 3, Kind::I64)?;
        let width = x.last().and_then(crate::Dim::known).unwrap_or(0);
        if x.shape.len() != 3 || width == 0 || width % self.head_width != 0 {
            let expected = format!("expected [batch, sequence, heads x {}]", self.head_width);
            return Err(shape_error(0, x, expected));
        }
        let half = cos.last().and_then(crate::Dim::known).unwrap_or(usize::MAX);
        if cos.shape.len() != 2 || half > self.head_width / 2 {
            let expected = format!("expected [positions, at most {}]", self.head_width / 2);
            return Err(shape_error(1, cos, expected));
        }
        if sin.shape != cos.shape {
            return Err(shape_error(2, sin, format!("expected that of input 1, {:?}", cos.shape)));
        }
        if positions.shape != x.shape[..2] {
            return Err(shape_error(3, positions, format!("expected {:?}", &x.shape[..2])));
        }
        Ok(vec![x.clone()])
    }

    fn cost(&self, inputs: &[Vec<usize>], outputs: &[Vec<usize>]) -> Cost {
        moved(&inputs[..1], outputs)
    }

    fn in_place(&self, _inputs: &[Option<&Fact>]) -> bool {
        true
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (cos, sin) = (given(inputs, 1), given(inputs, 2));
        let half = cos.shape()[1];
        let angles = Angles { cos: cos.as_f32(), sin: sin.as_f32(), half };
        let positions = given(inputs, 3).as_i64();
        let x = outputs[0].as_f32_mut();
        kernels::rotary(x, positions, self.head_width, angles, self.pairing);
    }
}
