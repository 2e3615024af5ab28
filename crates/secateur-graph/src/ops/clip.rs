//! `Clip`: values between two bounds.

use secateur_tensor::Tensor;
use secateur_tensor::kernels::isa::vectorize;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, at_most, maybe};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};

/// `min(max(x, low), high)`; the bounds are optional inputs 1 and 2 of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clip;

impl Operator for Clip {
    fn name(&self) -> &'static str {
        "Clip"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 3)?;
        let x = any(inputs, 0)?;
        for index in 1..inputs.len() {
            if let Some(bound) = super::optional(inputs, index, x.kind)?
                && bound.known_shape().is_none_or(|s| s.iter().product::<usize>() != 1)
            {
                return Err(super::shape_error(index, bound, "expected one value"));
            }
        }
        if x.kind == Kind::Bool {
            return Err(OpError::WrongKind { index: 0, expected: "numbers" });
        }
        Ok(vec![Fact::of(x.kind, x.shape.clone())])
    }

    fn in_place(&self, _inputs: &[Option<&Fact>]) -> bool {
        true
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        match outputs[0].values_mut() {
            Values::F32(x) => {
                let bound = |at, default| maybe(inputs, at).map_or(default, |t| t.as_f32()[0]);
                let (low, high) = (bound(1, f32::NEG_INFINITY), bound(2, f32::INFINITY));
                vectorize(|| x.iter_mut().for_each(|v| *v = v.max(low).min(high)));
            }
            Values::I64(x) => {
                let bound = |at, default| maybe(inputs, at).map_or(default, |t| t.as_i64()[0]);
                let (low, high) = (bound(1, i64::MIN), bound(2, i64::MAX));
                for v in x {
                    *v = (*v).max(low).min(high);
                }
            }
            Values::Bool(_) | Values::Stored(_) => panic!("facts() has checked the kind"),
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
    }
}
