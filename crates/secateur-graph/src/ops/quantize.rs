//! `QuantizeLinear` and `DequantizeLinear`.

use secateur_tensor::tensor::Values;
use secateur_tensor::{DType, Tensor};

use super::walk::strides;
use super::{OpError, Operator, any, at_most, axis_of, given, maybe, need, optional};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};

/// `clamp(round(x / scale) + zero)` with one scale and zero point, or one for each index of an
/// axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantize {
    /// Axis of the scales, counted from the end when negative.
    pub axis: i64,
    /// Type of the result: u8, i8, u16 or i16.
    pub to: DType,
}

/// `(x - zero) * scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dequantize {
    /// Axis of the scales, counted from the end when negative.
    pub axis: i64,
}

/// Calls `f` with the flat place and the number of the scale of each value.
fn each(shape: &[usize], scales: usize, axis: i64, mut f: impl FnMut(usize, usize)) {
    let count: usize = shape.iter().product();
    if scales == 1 {
        return (0..count).for_each(|at| f(at, 0));
    }
    let axis = axis_of(axis, shape.len()).expect("checked in facts()");
    let (inner, size) = (strides(shape)[axis], shape[axis]);
    (0..count).for_each(|at| f(at, at / inner % size));
}

fn check(inputs: &[Option<&Fact>], axis: i64) -> Result<(), OpError> {
    at_most(inputs, 3)?;
    let (x, scale) = (any(inputs, 0)?, need(inputs, 1, Kind::F32)?);
    let single = scale.known_shape().is_some_and(|s| s.iter().product::<usize>() == 1);
    let by_axis = scale.shape.len() == 1
        && axis_of(axis, x.shape.len()).is_ok_and(|axis| scale.shape[0] == x.shape[axis]);
    if !single && !by_axis {
        return Err(super::shape_error(1, scale, "expected one scale, or one for each index"));
    }
    let zero = optional(inputs, 2, Kind::I64)?;
    if let Some(zero) = zero
        && zero.known_shape().map(|s| s.iter().product::<usize>())
            != scale.known_shape().map(|s| s.iter().product::<usize>())
    {
        return Err(super::shape_error(2, zero, "expected as many as scales"));
    }
    Ok(())
}

fn tie_scales(ties: &mut Ties<'_>, axis: i64) {
    ties.same_shape(Slot::In(0), Slot::Out(0));
    let shape = ties.shape(Slot::In(0));
    let Ok(axis) = axis_of(axis, shape.len()) else { return };
    for slot in [Slot::In(1), Slot::In(2)] {
        if ties.shape(slot) == [shape[axis]] && shape[axis] > 1 {
            ties.same((Slot::In(0), axis), (slot, 0));
        }
    }
}

impl Operator for Quantize {
    fn name(&self) -> &'static str {
        "QuantizeLinear"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        check(inputs, self.axis)?;
        let x = need(inputs, 0, Kind::F32)?;
        Ok(vec![Fact::of(Kind::I64, x.shape.clone())])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, scale) = (given(inputs, 0), given(inputs, 1).as_f32());
        let zero = maybe(inputs, 2).map(Tensor::as_i64);
        let (low, high) = match self.to {
            DType::I8 => (-128.0, 127.0),
            DType::U16 => (0.0, 65535.0),
            DType::I16 => (-32768.0, 32767.0),
            _ => (0.0, 255.0),
        };
        let (values, y) = (x.as_f32(), outputs[0].as_i64_mut());
        each(x.shape(), scale.len(), self.axis, |at, s| {
            let zero = zero.map_or(0.0, |zero| zero[s] as f32);
            let q = (values[at] / scale[s]).round_ties_even() + zero;
            y[at] = q.max(low).min(high) as i64;
        });
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        tie_scales(ties, self.axis);
    }
}

impl Operator for Dequantize {
    fn name(&self) -> &'static str {
        "DequantizeLinear"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        check(inputs, self.axis)?;
        let x = need(inputs, 0, Kind::I64)?;
        Ok(vec![Fact::f32(x.shape.clone())])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, scale) = (given(inputs, 0), given(inputs, 1).as_f32());
        let zero = maybe(inputs, 2).map(Tensor::as_i64);
        let Values::I64(values) = x.values() else { panic!("facts() has checked the kind") };
        let y = outputs[0].as_f32_mut();
        each(x.shape(), scale.len(), self.axis, |at, s| {
            let zero = zero.map_or(0, |zero| zero[s]);
            y[at] = (values[at] - zero) as f32 * scale[s];
        });
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        tie_scales(ties, self.axis);
    }
}
