//! `QuantizeLinear` and `DequantizeLinear`.

use secateur_tensor::tensor::Values;
use secateur_tensor::{DType, Tensor};

use super::{OpError, Operator, any, at_most, axis_of, given, known, maybe, need, optional};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};
use crate::walk::strides;

/// `clamp(round(x / scale) + zero)` with one scale and zero point, one for each index of an axis,
/// or one for each block of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantize {
    /// Axis of the scales, counted from the end when negative.
    pub axis: i64,
    /// Indices of the axis that share a scale; 0 when scales are not by blocks.
    pub block: usize,
    /// Type of the result: u8, i8, u16 or i16.
    pub to: DType,
}

/// `(x - zero) * scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dequantize {
    /// Axis of the scales, counted from the end when negative.
    pub axis: i64,
    /// Indices of the axis that share a scale; 0 when scales are not by blocks.
    pub block: usize,
}

/// Calls `f` with the flat place and the number of the scale of each value.
fn each(
    shape: &[usize],
    scales: usize,
    (axis, block): (i64, usize),
    mut f: impl FnMut(usize, usize),
) {
    let count: usize = shape.iter().product();
    if scales == 1 {
        return (0..count).for_each(|at| f(at, 0));
    }
    let axis = axis_of(axis, shape.len()).expect("checked in facts()");
    let (inner, size) = (strides(shape)[axis], shape[axis]);
    for at in 0..count {
        let index = at / inner % size;
        let scale = match block {
            0 => index,
            _ => (at / (inner * size) * size.div_ceil(block) + index / block) * inner + at % inner,
        };
        f(at, scale);
    }
}

fn check(inputs: &[Option<&Fact>], axis: i64, block: usize) -> Result<(), OpError> {
    at_most(inputs, 3)?;
    let (x, scale) = (any(inputs, 0)?, need(inputs, 1, Kind::F32)?);
    let single = scale.known_shape().is_some_and(|s| s.iter().product::<usize>() == 1);
    let fits = match (axis_of(axis, x.shape.len()), block) {
        _ if single => true,
        (Ok(axis), 0) => scale.shape.len() == 1 && scale.shape[0] == x.shape[axis],
        (Ok(axis), _) => {
            let mut expected = known(inputs, 0)?;
            expected[axis] = expected[axis].div_ceil(block);
            known(inputs, 1)? == expected
        }
        (Err(_), _) => false,
    };
    if !fits {
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

fn tie_scales(ties: &mut Ties<'_>, axis: i64, block: usize) {
    ties.same_shape(Slot::In(0), Slot::Out(0));
    let shape = ties.shape(Slot::In(0));
    let Ok(axis) = axis_of(axis, shape.len()) else { return };
    for slot in [Slot::In(1), Slot::In(2)] {
        let scales = ties.shape(slot);
        if block > 0 && scales.len() == shape.len() {
            for other in (0..shape.len()).filter(|other| *other != axis) {
                ties.same((Slot::In(0), other), (slot, other));
            }
            ties.freeze(Slot::In(0), axis, "it is quantized in blocks");
            ties.freeze(slot, axis, "it is quantized in blocks");
        } else if scales == [shape[axis]] && shape[axis] > 1 {
            ties.same((Slot::In(0), axis), (slot, 0));
        }
    }
}

impl Operator for Quantize {
    fn name(&self) -> &'static str {
        "QuantizeLinear"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        check(inputs, self.axis, self.block)?;
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
        each(x.shape(), scale.len(), (self.axis, self.block), |at, s| {
            let zero = zero.map_or(0.0, |zero| zero[s] as f32);
            let q = (values[at] / scale[s]).round_ties_even() + zero;
            y[at] = q.max(low).min(high) as i64;
        });
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        tie_scales(ties, self.axis, self.block);
    }
}

impl Operator for Dequantize {
    fn name(&self) -> &'static str {
        "DequantizeLinear"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        check(inputs, self.axis, self.block)?;
        let x = need(inputs, 0, Kind::I64)?;
        Ok(vec![Fact::f32(x.shape.clone())])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (x, scale) = (given(inputs, 0), given(inputs, 1).as_f32());
        let zero = maybe(inputs, 2).map(Tensor::as_i64);
        let Values::I64(values) = x.values() else { panic!("facts() has checked the kind") };
        let y = outputs[0].as_f32_mut();
        each(x.shape(), scale.len(), (self.axis, self.block), |at, s| {
            let zero = zero.map_or(0, |zero| zero[s]);
            y[at] = (values[at] - zero) as f32 * scale[s];
        });
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        tie_scales(ties, self.axis, self.block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_an_axis_have_a_scale() {
        let x = Tensor::i64(vec![3, 2], vec![1, 2, 3, 4, 5, 6]);
        // Two rows of scales for blocks of two rows, the last of one row.
        let scale = Tensor::f32(vec![2, 2], vec![1.0, 10.0, 100.0, 1000.0]);
        let op = Dequantize { axis: 0, block: 2 };
        let facts = [&x, &scale].map(|t| Fact::known(t.clone()));
        assert!(op.facts(&[Some(&facts[0]), Some(&facts[1])]).is_ok());
        let mut y = vec![Tensor::zeros(vec![3, 2])];
        op.forward(&[Some(&x), Some(&scale)], &mut y);
        assert_eq!(y[0].as_f32(), [1.0, 20.0, 3.0, 40.0, 500.0, 6000.0]);
    }
}
