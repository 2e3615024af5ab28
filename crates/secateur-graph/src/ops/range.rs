//! `Range`: numbers from a start by a step.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, at_most, given, need};
use crate::fact::Fact;

/// `start, start + delta, ..` up to a limit; inputs 0 to 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range;

impl Operator for Range {
    fn name(&self) -> &'static str {
        "Range"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 3)?;
        let kind = any(inputs, 0)?.kind;
        let mut values = [0.0; 3];
        for (index, value) in values.iter_mut().enumerate() {
            let fact = need(inputs, index, kind)?;
            let tensor = fact.value.as_ref().ok_or(OpError::Dynamic { index })?;
            *value = match tensor.values() {
                Values::F32(v) => f64::from(v[0]),
                Values::I64(v) => v[0] as f64,
                Values::Bool(_) | Values::Stored(_) => {
                    return Err(OpError::WrongKind { index, expected: "numbers" });
                }
            };
        }
        let [start, limit, delta] = values;
        let count = ((limit - start) / delta).ceil().max(0.0);
        if delta == 0.0 || !count.is_finite() || count > 1e9 {
            return Err(OpError::Attribute(format!("from {start} to {limit} by {delta}")));
        }
        Ok(vec![Fact::of_known(kind, &[count as usize])])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (start, delta) = (given(inputs, 0), given(inputs, 2));
        match outputs[0].values_mut() {
            Values::F32(y) => {
                let (start, delta) = (start.as_f32()[0], delta.as_f32()[0]);
                y.iter_mut().enumerate().for_each(|(i, y)| *y = start + i as f32 * delta);
            }
            Values::I64(y) => {
                let (start, delta) = (start.as_i64()[0], delta.as_i64()[0]);
                y.iter_mut().enumerate().for_each(|(i, y)| *y = start + i as i64 * delta);
            }
            Values::Bool(_) | Values::Stored(_) => panic!("facts() has checked the kind"),
        }
    }
}
