//! `Resize` of images: nearest, linear, cubic.

use secateur_tensor::Tensor;

use super::walk::strides;
use super::{OpError, Operator, at_most, axis_of, given, known, maybe, need, shape_error};
use crate::fact::{Fact, Kind};
use crate::shrink::{Cut, Shrunk};
use crate::ties::{Slot, Ties};

/// Samples along each axis anew, by the scales of input 2 or to the sizes of input 3.
#[derive(Clone, Debug, PartialEq)]
pub struct Resize {
    /// How values are found between samples.
    pub mode: ResizeMode,
    /// Where a sample of the output lies in the input.
    pub coordinates: Coordinates,
    /// Axes that scales and sizes are about; all when absent.
    pub axes: Option<Vec<i64>>,
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
}

/// Where a sample of the output lies in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of ONNX")]
pub enum Coordinates {
    HalfPixel,
    PytorchHalfPixel,
    AlignCorners,
    Asymmetric,
}

impl Resize {
    /// Scale and new size of each axis.
    fn targets(
        &self,
        shape: &[usize],
        scales: Option<&[f32]>,
        sizes: Option<&[i64]>,
    ) -> Result<Vec<(f64, usize)>, OpError> {
        let all: Vec<i64> = (0..shape.len() as i64).collect();
        let axes = self.axes.as_deref().unwrap_or(&all);
        let mut targets: Vec<(f64, usize)> = shape.iter().map(|&n| (1.0, n)).collect();
        let wrong =
            |n: usize| OpError::Attribute(format!("{n} scales or sizes for {} axes", axes.len()));
        for (at, &axis) in axes.iter().enumerate() {
            let axis = axis_of(axis, shape.len())?;
            targets[axis] = match (scales, sizes) {
                (_, Some(sizes)) => {
                    let size = *sizes.get(at).ok_or_else(|| wrong(sizes.len()))?;
                    let size = usize::try_from(size).map_err(|_| wrong(sizes.len()))?;
                    (size as f64 / shape[axis] as f64, size)
                }
                (Some(scales), None) => {
                    let scale = f64::from(*scales.get(at).ok_or_else(|| wrong(scales.len()))?);
                    (scale, (shape[axis] as f64 * scale).floor() as usize)
                }
                (None, None) => return Err(OpError::Missing { index: 2 }),
            };
        }
        Ok(targets)
    }

    /// The samples of an axis and their weights for each index of the output.
    fn samples(&self, size: usize, (scale, out): (f64, usize)) -> Vec<Vec<(usize, f64)>> {
        let place = |index: usize| {
            let x = index as f64;
            match self.coordinates {
                Coordinates::PytorchHalfPixel | Coordinates::AlignCorners if out == 1 => 0.0,
                Coordinates::HalfPixel | Coordinates::PytorchHalfPixel => (x + 0.5) / scale - 0.5,
                Coordinates::AlignCorners => x * (size as f64 - 1.0) / (out as f64 - 1.0),
                Coordinates::Asymmetric => x / scale,
            }
        };
        let inside = |at: f64| at.clamp(0.0, size as f64 - 1.0) as usize;
        let of = |index: usize| {
            if size == out && scale == 1.0 {
                return vec![(index, 1.0)];
            }
            let x = place(index);
            match self.mode {
                ResizeMode::Nearest(nearest) => {
                    let at = match nearest {
                        Nearest::RoundPreferFloor => (x - 0.5).ceil(),
                        Nearest::RoundPreferCeil => (x + 0.5).floor(),
                        Nearest::Floor => x.floor(),
                        Nearest::Ceil => x.ceil(),
                    };
                    vec![(inside(at), 1.0)]
                }
                ResizeMode::Linear => {
                    let low = x.floor();
                    vec![(inside(low), 1.0 - (x - low)), (inside(low + 1.0), x - low)]
                }
                ResizeMode::Cubic { a } => {
                    let (low, a) = (x.floor(), f64::from(a));
                    let near = |d: f64| ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0;
                    let far = |d: f64| ((d - 5.0) * d + 8.0) * d * a - 4.0 * a;
                    let t = x - low;
                    let weights = [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)];
                    let at = |k: usize| (inside(low - 1.0 + k as f64), weights[k]);
                    (0..4).map(at).collect()
                }
            }
        };
        (0..out).map(of).collect()
    }
}

impl Operator for Resize {
    fn name(&self) -> &'static str {
        "Resize"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 4)?;
        need(inputs, 0, Kind::F32)?;
        let shape = known(inputs, 0)?;
        let scales = match super::optional(inputs, 2, Kind::F32)? {
            Some(fact) => {
                let value = fact.value.as_ref().ok_or(OpError::Dynamic { index: 2 })?;
                Some(value.as_f32()).filter(|scales| !scales.is_empty())
            }
            None => None,
        };
        let sizes = super::integers(inputs, 3)?.filter(|sizes| !sizes.is_empty());
        let targets = self.targets(&shape, scales, sizes)?;
        let out: Vec<usize> = targets.iter().map(|(_, n)| *n).collect();
        if shape.contains(&0) {
            let fact = inputs[0].expect("checked above");
            return Err(shape_error(0, fact, "expected an image"));
        }
        Ok(vec![Fact::f32_known(&out)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let x = given(inputs, 0);
        let scales = maybe(inputs, 2).map(Tensor::as_f32).filter(|s| !s.is_empty());
        let sizes = maybe(inputs, 3).map(Tensor::as_i64).filter(|s| !s.is_empty());
        let targets = self.targets(x.shape(), scales, sizes).expect("checked in facts()");
        let mut shape = x.shape().to_vec();
        let mut values = x.as_f32().to_vec();
        for axis in 0..shape.len() {
            let samples = self.samples(shape[axis], targets[axis]);
            if samples.iter().enumerate().all(|(at, s)| *s == [(at, 1.0)])
                && samples.len() == shape[axis]
            {
                continue;
            }
            let (inner, size) = (strides(&shape)[axis], shape[axis]);
            let outer = values.len() / (inner * size);
            let mut next = Vec::with_capacity(outer * samples.len() * inner);
            for block in values.chunks_exact(size * inner) {
                for sample in &samples {
                    next.extend((0..inner).map(|i| {
                        let part = |&(at, w): &(usize, f64)| w * f64::from(block[at * inner + i]);
                        sample.iter().map(part).sum::<f64>() as f32
                    }));
                }
            }
            values = next;
            shape[axis] = samples.len();
        }
        outputs[0].as_f32_mut().copy_from_slice(&values);
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let (x, y) = (ties.shape(Slot::In(0)), ties.shape(Slot::Out(0)));
        for input in 1..4 {
            if !ties.shape(Slot::In(input)).is_empty() {
                ties.freeze(Slot::In(input), 0, "it says what is resized");
            }
        }
        for axis in 0..x.len() {
            if x[axis] == y[axis] && axis < 2 {
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
