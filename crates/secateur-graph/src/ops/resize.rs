//! `Resize` of images: nearest, linear, cubic.

use rayon::prelude::*;
use secateur_tensor::Tensor;

use super::{
    OpError, Operator, at_most, axis_of, given, known, maybe, need, optional, shape_error,
};
use crate::fact::{Fact, Kind};
use crate::shrink::{Cut, Shrunk};
use crate::ties::{Slot, Ties};
use crate::walk::strides;

/// Samples along each axis anew, by the scales of input 2 or to the sizes of input 3. Input 1 is
/// the region of each axis that is sampled, where coordinates are of a region: starts, then ends.
///
/// With `align_corners` and scales the length of the result is not rounded, as ONNX defines it.
#[derive(Clone, Debug, PartialEq)]
pub struct Resize {
    /// How values are found between samples.
    pub mode: ResizeMode,
    /// Where a sample of the output lies in the input.
    pub coordinates: Coordinates,
    /// Axes that scales and sizes are about; all when absent.
    pub axes: Option<Vec<i64>>,
    /// Whether a smaller result is made of all samples around.
    pub antialias: bool,
    /// Whether samples beyond the edges have no weight, and are not those at the edges.
    pub exclude_outside: bool,
    /// What sizes are kept to.
    pub aspect: Aspect,
}

/// How values are found between samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ResizeMode {
    /// The nearest sample.
    Nearest(Nearest),
    /// On the line between two.
    Linear,
    /// On the cubic curve through four.
    Cubic {
        /// Its coefficient.
        a: f32,
    },
}

/// Which of two samples is the nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of ONNX")]
pub enum Nearest {
    RoundPreferFloor,
    RoundPreferCeil,
    Floor,
    Ceil,
    /// The floor in a larger result, the ceil in a smaller one, as before version 11 of ONNX.
    FloorOrCeil,
}

/// Where a sample of the output lies in the input.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are those of ONNX")]
pub enum Coordinates {
    HalfPixel,
    HalfPixelSymmetric,
    PytorchHalfPixel,
    AlignCorners,
    Asymmetric,
    /// In the region of input 1; beyond the input is a constant.
    TfCropAndResize {
        outside: f32,
    },
}

/// What sizes are kept to (ONNX: `keep_aspect_ratio_policy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aspect {
    /// To themselves.
    #[default]
    Stretch,
    /// One scale for all axes, so that none is larger.
    NotLarger,
    /// One scale for all axes, so that none is smaller.
    NotSmaller,
}

/// What is sampled of an axis.
#[derive(Clone, Copy, Debug)]
struct Target {
    /// Factor on its size.
    scale: f64,
    /// Its new size.
    size: usize,
    /// Part of it, from 0 to 1.
    region: [f64; 2],
}

/// Samples with their weights; `None` where a constant stands.
type Sample = Option<Vec<(usize, f64)>>;

impl Resize {
    /// What is sampled of each axis.
    fn targets(
        &self,
        shape: &[usize],
        region: Option<&[f32]>,
        scales: Option<&[f32]>,
        sizes: Option<&[i64]>,
    ) -> Result<Vec<Target>, OpError> {
        let all: Vec<i64> = (0..shape.len() as i64).collect();
        let axes = self.axes.as_deref().unwrap_or(&all);
        let axes: Result<Vec<usize>, _> = axes.iter().map(|&a| axis_of(a, shape.len())).collect();
        let axes = axes?;
        let wrong =
            |n: usize| OpError::Attribute(format!("{n} scales or sizes for {} axes", axes.len()));
        let whole = |&size: &usize| Target { scale: 1.0, size, region: [0.0, 1.0] };
        let mut targets: Vec<Target> = shape.iter().map(whole).collect();
        for (at, &axis) in axes.iter().enumerate() {
            let target = &mut targets[axis];
            match (scales, sizes) {
                (_, Some(sizes)) => {
                    let size = *sizes.get(at).ok_or_else(|| wrong(sizes.len()))?;
                    target.size = usize::try_from(size).map_err(|_| wrong(sizes.len()))?;
                    target.scale = size as f64 / shape[axis] as f64;
                }
                (Some(scales), None) => {
                    target.scale = (*scales.get(at).ok_or_else(|| wrong(scales.len()))?).into();
                    target.size = (shape[axis] as f64 * target.scale).floor() as usize;
                }
                (None, None) => return Err(OpError::Missing { index: 2 }),
            }
            if let (Some(region), Coordinates::TfCropAndResize { .. }) = (region, self.coordinates)
            {
                let end = region.get(axes.len() + at).ok_or_else(|| wrong(region.len()))?;
                target.region = [region[at].into(), (*end).into()];
            }
        }
        let scales = axes.iter().map(|&axis| targets[axis].scale);
        let scale = match self.aspect {
            Aspect::NotLarger if sizes.is_some() => scales.reduce(f64::min),
            Aspect::NotSmaller if sizes.is_some() => scales.reduce(f64::max),
            Aspect::Stretch | Aspect::NotLarger | Aspect::NotSmaller => None,
        };
        if let Some(scale) = scale {
            for &axis in &axes {
                targets[axis].scale = scale;
                targets[axis].size = (scale * shape[axis] as f64 + 0.5).floor() as usize;
            }
        }
        Ok(targets)
    }

    /// The place of an index of the output in the input.
    fn place(&self, size: usize, target: Target, index: usize) -> f64 {
        let (x, n, scale) = (index as f64, size as f64, target.scale);
        let out = target.size as f64;
        let exact = if (scale * n - out).abs() < 1e-6 { out } else { scale * n };
        let [start, end] = target.region;
        match self.coordinates {
            Coordinates::PytorchHalfPixel | Coordinates::AlignCorners if exact == 1.0 => 0.0,
            Coordinates::HalfPixel | Coordinates::PytorchHalfPixel => (x + 0.5) / scale - 0.5,
            Coordinates::HalfPixelSymmetric => {
                n / 2.0 * (1.0 - out / exact) + (x + 0.5) / scale - 0.5
            }
            Coordinates::AlignCorners => x * (n - 1.0) / (exact - 1.0),
            Coordinates::Asymmetric => x / scale,
            Coordinates::TfCropAndResize { .. } if exact == 1.0 => {
                (end - start) * (n - 1.0) / 2.0 + start * (n - 1.0)
            }
            Coordinates::TfCropAndResize { .. } => {
                x * (end - start) * (n - 1.0) / (exact - 1.0) + start * (n - 1.0)
            }
        }
    }

    /// The samples of an axis and their weights for each index of the output.
    fn samples(&self, size: usize, target: Target) -> Vec<Sample> {
        let of = |index: usize| {
            let x = self.place(size, target, index);
            let beyond = x < 0.0 || x > size as f64 - 1.0;
            if beyond && matches!(self.coordinates, Coordinates::TfCropAndResize { .. }) {
                return None;
            }
            Some(self.around(x, size, target.scale))
        };
        (0..target.size).map(of).collect()
    }

    /// The samples around a place and their weights.
    fn around(&self, x: f64, size: usize, scale: f64) -> Vec<(usize, f64)> {
        let inside = |at: f64| at.clamp(0.0, size as f64 - 1.0) as usize;
        let reach = match self.mode {
            ResizeMode::Nearest(nearest) => {
                let at = match nearest {
                    Nearest::RoundPreferFloor => (x - 0.5).ceil(),
                    Nearest::RoundPreferCeil => (x + 0.5).floor(),
                    Nearest::Floor => x.floor(),
                    Nearest::FloorOrCeil if scale >= 1.0 => x.floor(),
                    Nearest::Ceil | Nearest::FloorOrCeil => x.ceil(),
                };
                return vec![(inside(at), 1.0)];
            }
            ResizeMode::Linear => 1.0,
            ResizeMode::Cubic { .. } => 2.0,
        };
        // Of a place on a sample, that sample is the right one of the two in the middle.
        let left = x.ceil() - 1.0;
        let near = if self.antialias { scale.min(1.0) } else { 1.0 };
        let first = (-reach / near).floor() + 1.0;
        let count = (2.0 - 2.0 * first) as usize;
        let weight = |k: usize| {
            let at = left + first + k as f64;
            let out = self.exclude_outside && !(0.0..size as f64).contains(&at);
            let weight = if out { 0.0 } else { self.curve(near * (at - x)) };
            (inside(at), weight)
        };
        let mut weights: Vec<(usize, f64)> = (0..count).map(weight).collect();
        let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
        if (self.antialias || self.exclude_outside) && sum != 0.0 {
            for (_, weight) in &mut weights {
                *weight /= sum;
            }
        }
        weights
    }

    /// The weight of a sample at a distance.
    fn curve(&self, distance: f64) -> f64 {
        let d = distance.abs();
        match self.mode {
            ResizeMode::Nearest(_) => 1.0,
            ResizeMode::Linear => (1.0 - d).max(0.0),
            ResizeMode::Cubic { a } => {
                let a = f64::from(a);
                if d <= 1.0 {
                    ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0
                } else if d < 2.0 {
                    ((d - 5.0) * d + 8.0) * d * a - 4.0 * a
                } else {
                    0.0
                }
            }
        }
    }
}

impl Target {
    /// Whether the axis stays as it is.
    fn is_whole(&self, size: usize) -> bool {
        self.size == size && (self.scale - 1.0).abs() < 1e-9 && self.region == [0.0, 1.0]
    }
}

impl Operator for Resize {
    fn name(&self) -> &'static str {
        "Resize"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 4)?;
        let fact = need(inputs, 0, Kind::F32)?;
        let shape = known(inputs, 0)?;
        if shape.contains(&0) {
            return Err(shape_error(0, fact, "expected an image"));
        }
        let floats = |index: usize| -> Result<Option<&[f32]>, OpError> {
            let Some(fact) = optional(inputs, index, Kind::F32)? else { return Ok(None) };
            let value = fact.value.as_ref().ok_or(OpError::Dynamic { index })?;
            Ok(Some(value.as_f32()).filter(|values| !values.is_empty()))
        };
        let region = match self.coordinates {
            Coordinates::TfCropAndResize { .. } => floats(1)?,
            _ => None,
        };
        let sizes = super::integers(inputs, 3)?.filter(|sizes| !sizes.is_empty());
        let targets = self.targets(&shape, region, floats(2)?, sizes)?;
        let out: Vec<usize> = targets.iter().map(|target| target.size).collect();
        Ok(vec![Fact::f32_known(&out)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let x = given(inputs, 0);
        let floats = |index| maybe(inputs, index).map(Tensor::as_f32).filter(|s| !s.is_empty());
        let sizes = maybe(inputs, 3).map(Tensor::as_i64).filter(|s| !s.is_empty());
        let targets = self.targets(x.shape(), floats(1), floats(2), sizes);
        let targets = targets.expect("checked in facts()");
        let outside = match self.coordinates {
            Coordinates::TfCropAndResize { outside } => outside,
            _ => 0.0,
        };
        let mut shape = x.shape().to_vec();
        let mut values = x.as_f32().to_vec();
        for axis in 0..shape.len() {
            let (size, target) = (shape[axis], targets[axis]);
            if target.is_whole(size) {
                continue;
            }
            let samples = self.samples(size, target);
            let inner = strides(&shape)[axis];
            shape[axis] = samples.len();
            values = resample(&values, size, inner, &samples, outside);
        }
        outputs[0].put_f32(values);
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let (x, y) = (ties.shape(Slot::In(0)), ties.shape(Slot::Out(0)));
        for input in 1..4 {
            if !ties.shape(Slot::In(input)).is_empty() {
                ties.freeze(Slot::In(input), 0, "it says what is resized");
            }
        }
        let floats = |index: usize| {
            let values = ties.value(index)?.as_f32().to_vec();
            Some(values).filter(|values| !values.is_empty())
        };
        let sizes = ties.value(3).map(|sizes| sizes.as_i64().to_vec());
        let sizes = sizes.filter(|sizes| !sizes.is_empty());
        let (region, scales) = (floats(1), floats(2));
        let targets = self.targets(&x, region.as_deref(), scales.as_deref(), sizes.as_deref());
        let targets = targets.unwrap_or_default();
        for axis in 0..x.len() {
            let whole = targets.get(axis).is_some_and(|target| target.is_whole(x[axis]));
            // With one scale for all axes, an axis that got smaller would change the others.
            let alone = self.aspect == Aspect::Stretch || sizes.is_none();
            if whole && alone && x[axis] == y[axis] {
                ties.same((Slot::In(0), axis), (Slot::Out(0), axis));
            } else {
                ties.freeze(Slot::In(0), axis, "it is resized");
                ties.freeze(Slot::Out(0), axis, "it is resized");
            }
        }
    }

    fn shrunk(&self, cut: &Cut<'_>) -> Result<Shrunk, OpError> {
        let (after, out) = (cut.after(Slot::In(0)), cut.after(Slot::Out(0)));
        let Some(sizes) = cut.integers(3).filter(|sizes| !sizes.is_empty()) else {
            return Ok(Shrunk::default());
        };
        let all: Vec<i64> = (0..after.len() as i64).collect();
        let axes = self.axes.as_deref().unwrap_or(&all);
        let wanted: Result<Vec<i64>, OpError> =
            axes.iter().map(|&axis| Ok(out[axis_of(axis, out.len())?] as i64)).collect();
        let wanted = wanted?;
        if wanted == sizes {
            return Ok(Shrunk::default());
        }
        Ok(Shrunk { op: None, inputs: vec![(3, Tensor::i64(vec![wanted.len()], wanted))] })
    }
}

/// Samples one axis, with `inner` values for each of its `size` indices.
fn resample(
    values: &[f32],
    size: usize,
    inner: usize,
    samples: &[Sample],
    outside: f32,
) -> Vec<f32> {
    let outer = values.len() / (inner * size);
    let row = samples.len() * inner;
    let mut next = vec![0.0; outer * row];
    let blocks = next.par_chunks_exact_mut(row.max(1)).zip(values.par_chunks_exact(size * inner));
    // Single values of one sample, or of two, are taken without looking at each list.
    let single = |sample: &Sample| match sample.as_deref() {
        Some(&[(at, 1.0)]) => Some(at),
        _ => None,
    };
    let pair = |sample: &Sample| match sample.as_deref() {
        Some(&[low, high]) => Some([low, high]),
        _ => None,
    };
    let narrow = samples.iter().filter(|_| inner == 1);
    let singles: Option<Vec<usize>> = narrow.clone().map(single).collect();
    let pairs: Option<Vec<[(usize, f64); 2]>> = narrow.map(pair).collect();
    blocks.with_min_len((16 * 1024 / row.max(1)).max(1)).for_each(|(y, block)| {
        if inner > 1 {
            for (sample, y) in samples.iter().zip(y.chunks_exact_mut(inner)) {
                blend(sample.as_deref(), y, block, outside);
            }
        } else if let Some(singles) = &singles {
            for (y, at) in y.iter_mut().zip(singles) {
                *y = block[*at];
            }
        } else if let Some(pairs) = &pairs {
            for (y, [(low, v), (high, w)]) in y.iter_mut().zip(pairs) {
                *y = (v * f64::from(block[*low]) + w * f64::from(block[*high])) as f32;
            }
        } else {
            for (sample, y) in samples.iter().zip(y.chunks_exact_mut(1)) {
                blend(sample.as_deref(), y, block, outside);
            }
        }
    });
    next
}

/// The sum of weighted parts of a block, each as long as the result.
fn blend(sample: Option<&[(usize, f64)]>, y: &mut [f32], block: &[f32], outside: f32) {
    let inner = y.len();
    let part = |at: usize| &block[at * inner..(at + 1) * inner];
    match sample {
        None => y.fill(outside),
        Some(&[(at, 1.0)]) => y.copy_from_slice(part(at)),
        Some(&[(low, v), (high, w)]) => {
            for (y, (a, b)) in y.iter_mut().zip(part(low).iter().zip(part(high))) {
                *y = (v * f64::from(*a) + w * f64::from(*b)) as f32;
            }
        }
        Some(sample) => {
            for (i, y) in y.iter_mut().enumerate() {
                let part = |&(at, w): &(usize, f64)| w * f64::from(block[at * inner + i]);
                *y = sample.iter().map(part).sum::<f64>() as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(resize: &Resize, x: &[f32], scales: &[f32], expect: &[f32]) {
        let x = Tensor::f32(vec![1, 1, x.len()], x.to_vec());
        let scales = Tensor::f32(vec![3], scales.to_vec());
        let facts = [&x, &scales].map(|t| Fact::known(t.clone()));
        let out = resize.facts(&[Some(&facts[0]), None, Some(&facts[1])]).unwrap();
        let mut y = vec![Tensor::zeros(out[0].known_shape().unwrap())];
        resize.forward(&[Some(&x), None, Some(&scales)], &mut y);
        assert_eq!(y[0].as_f32(), expect);
    }

    fn linear(coordinates: Coordinates) -> Resize {
        Resize {
            mode: ResizeMode::Linear,
            coordinates,
            axes: None,
            antialias: false,
            exclude_outside: false,
            aspect: Aspect::Stretch,
        }
    }

    #[test]
    fn a_line_is_drawn_between_samples() {
        let half = linear(Coordinates::HalfPixel);
        check(&half, &[0.0, 4.0], &[1.0, 1.0, 2.0], &[0.0, 1.0, 3.0, 4.0]);
        check(
            &linear(Coordinates::AlignCorners),
            &[0.0, 3.0],
            &[1.0, 1.0, 2.0],
            &[0.0, 1.0, 2.0, 3.0],
        );
    }

    #[test]
    fn a_smaller_result_is_made_of_all_samples() {
        let smooth = Resize { antialias: true, ..linear(Coordinates::HalfPixel) };
        // Weights 1/8, 3/8, 3/8, 1/8 of the samples around; the first is repeated at the edge.
        check(&smooth, &[0.0, 8.0, 0.0, 8.0], &[1.0, 1.0, 0.5], &[3.0, 5.0]);
    }

    #[test]
    fn one_scale_keeps_the_sides_in_proportion() {
        let resize = Resize { aspect: Aspect::NotLarger, ..linear(Coordinates::HalfPixel) };
        let resize = Resize { axes: Some(vec![0, 1]), ..resize };
        let x = Fact::f32_known(&[2, 4]);
        let sizes = Fact::known(Tensor::i64(vec![2], vec![7, 8]));
        let out = resize.facts(&[Some(&x), None, None, Some(&sizes)]).unwrap();
        assert_eq!(out[0].known_shape(), Some(vec![4, 8]));
    }
}
