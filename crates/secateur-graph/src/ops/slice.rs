//! `Slice`: ranges of axes.

use secateur_tensor::Tensor;

use super::{OpError, Operator, any, at_most, axis_of, given, integers, known, maybe};
use crate::fact::Fact;
use crate::shrink::{Cut, Shrunk};
use crate::ties::{Slot, Ties};
use crate::walk::{strided_tensor, strides};

/// For each of some axes the indices from a start to an end by a step; inputs 1 to 4 are starts,
/// ends, axes and steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice;

/// First index, number of indices and step of each axis.
fn ranges(
    shape: &[usize],
    starts: &[i64],
    ends: &[i64],
    axes: Option<&[i64]>,
    steps: Option<&[i64]>,
) -> Result<Vec<(usize, usize, i64)>, OpError> {
    let mut ranges: Vec<(usize, usize, i64)> = shape.iter().map(|&n| (0, n, 1)).collect();
    let fits = ends.len() == starts.len()
        && axes.is_none_or(|a| a.len() == starts.len())
        && steps.is_none_or(|s| s.len() == starts.len());
    if !fits {
        return Err(OpError::Attribute("starts, ends, axes and steps of several lengths".into()));
    }
    for (at, (&start, &end)) in starts.iter().zip(ends).enumerate() {
        let axis = axis_of(axes.map_or(at as i64, |axes| axes[at]), shape.len())?;
        let step = steps.map_or(1, |steps| steps[at]);
        let size = shape[axis] as i64;
        let from_end = |index: i64| if index < 0 { index.saturating_add(size) } else { index };
        let (start, end) = (from_end(start), from_end(end));
        let (first, count) = match step {
            0 => return Err(OpError::Attribute("a step of 0".into())),
            1.. => {
                let (start, end) = (start.clamp(0, size), end.clamp(0, size));
                (start, ((end - start).max(0) as u64).div_ceil(step as u64))
            }
            _ => {
                let (start, end) = (start.clamp(-1, size - 1), end.clamp(-1, size - 1));
                (start, ((start - end).max(0) as u64).div_ceil(step.unsigned_abs()))
            }
        };
        ranges[axis] = (first.max(0) as usize, count as usize, step);
    }
    Ok(ranges)
}

impl Operator for Slice {
    fn name(&self) -> &'static str {
        "Slice"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 5)?;
        let x = any(inputs, 0)?;
        let starts = integers(inputs, 1)?.ok_or(OpError::Missing { index: 1 })?;
        let ends = integers(inputs, 2)?.ok_or(OpError::Missing { index: 2 })?;
        let (axes, steps) = (integers(inputs, 3)?, integers(inputs, 4)?);
        let ranges = ranges(&known(inputs, 0)?, starts, ends, axes, steps)?;
        let shape: Vec<usize> = ranges.iter().map(|(_, count, _)| *count).collect();
        Ok(vec![Fact::of_known(x.kind, &shape)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let x = given(inputs, 0);
        let of = |index| maybe(inputs, index).map(Tensor::as_i64);
        let (starts, ends) = (given(inputs, 1).as_i64(), given(inputs, 2).as_i64());
        let ranges = ranges(x.shape(), starts, ends, of(3), of(4)).expect("checked in facts()");
        let by = strides(x.shape());
        let offset = ranges.iter().zip(&by).map(|((first, ..), by)| first * by).sum();
        let steps = ranges.iter().zip(&by).map(|((.., step), by)| *step as isize * *by as isize);
        let steps: Vec<isize> = steps.collect();
        strided_tensor(x, &mut outputs[0], offset, &steps);
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let shape = ties.shape(Slot::In(0));
        for input in 1..5 {
            if ties.has(Slot::In(input)) {
                ties.freeze(Slot::In(input), 0, "it says what is sliced");
            }
        }
        let of = |index: usize| ties.value(index).map(|t| t.as_i64().to_vec());
        let (Some(starts), Some(ends)) = (of(1), of(2)) else {
            return ties.freeze_all("what is sliced depends on data");
        };
        let (axes, steps) = (of(3), of(4));
        let ranges = ranges(&shape, &starts, &ends, axes.as_deref(), steps.as_deref());
        for (axis, (first, count, step)) in ranges.unwrap_or_default().into_iter().enumerate() {
            for at in 0..count {
                let from = (first as i64 + at as i64 * step) as usize;
                ties.link((Slot::In(0), axis, from), (Slot::Out(0), axis, at));
            }
            if step != 1 {
                ties.freeze(Slot::In(0), axis, "every second index or so is taken of it");
            }
        }
    }

    fn shrunk(&self, cut: &Cut<'_>) -> Result<Shrunk, OpError> {
        let unknown = OpError::Cut("what is sliced depends on data");
        let before = cut.before(Slot::In(0));
        let (Some(starts), Some(ends)) = (cut.integers_before(1), cut.integers_before(2)) else {
            return Err(unknown);
        };
        let axes = cut.integers_before(3);
        let axis_at = |at: usize| axis_of(axes.map_or(at as i64, |axes| axes[at]), before.len());
        let mut new = (starts.to_vec(), ends.to_vec());
        for (at, start) in starts.iter().enumerate() {
            let axis = axis_at(at)?;
            let from_end = |index: i64| {
                let size = before[axis] as i64;
                (if index < 0 { index.saturating_add(size) } else { index }).clamp(0, size) as usize
            };
            // What is taken was said of the axis before the cut: the output says how much is left.
            let whole = cut.before(Slot::Out(0))[axis] == before[axis];
            if cut.kept(Slot::In(0), axis).is_none() || whole {
                continue;
            }
            let start = cut.kept_below(Slot::In(0), axis, from_end(*start));
            let end = start + cut.after(Slot::Out(0))[axis];
            new.0[at] = start as i64;
            new.1[at] = end as i64;
        }
        if cut.integers(1) == Some(&new.0) && cut.integers(2) == Some(&new.1) {
            return Ok(Shrunk::default());
        }
        let tensor = |values: Vec<i64>| Tensor::i64(vec![values.len()], values);
        Ok(Shrunk { op: None, inputs: vec![(1, tensor(new.0)), (2, tensor(new.1))] })
    }
}
