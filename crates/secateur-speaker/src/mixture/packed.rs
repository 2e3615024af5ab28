//! Mixtures and frames in f32, laid out for scoring.

use std::ops::{Deref, Range};
use std::sync::Arc;

use pulp::bytemuck;
use secateur_tensor::Bytes;

use super::{Mixture, check_frames};
use crate::error::SpeakerError;
use crate::features::Frames;

/// Frames of a block: the numbers of one dimension lie side by side for so many frames.
pub(crate) const BLOCK: usize = 16;
/// Gaussians of a group.
pub(crate) const GROUP: usize = 4;
/// Constant of a Gaussian that only fills the last group.
const NOBODY: f32 = -1e30;

/// A mixture in f32 for scoring: `l_m = c_m - sum_d (x_d s_md + t_md)^2`, with
/// `s = sqrt(0.5 / variance)` and `t = -mean s`.
///
/// Values: for each group of four Gaussians and each dimension four scales `s` and four shifts
/// `t`; then the constants `c`.
#[derive(Clone, Debug, PartialEq)]
pub struct Packed {
    width: usize,
    components: usize,
    values: Floats,
}

/// Numbers of our own, or in a mapped file.
#[derive(Clone, Debug)]
pub(crate) enum Floats {
    Owned(Arc<[f32]>),
    /// Little-endian, aligned, on a machine that is little-endian.
    Mapped(Bytes),
}

impl Floats {
    /// Numbers in the bytes of a file, copied only where they cannot be used in place.
    pub(crate) fn of_bytes(bytes: Bytes) -> Self {
        if cfg!(target_endian = "little") && bytemuck::try_cast_slice::<u8, f32>(&bytes).is_ok() {
            return Self::Mapped(bytes);
        }
        let (fours, _) = bytes.as_chunks::<4>();
        Self::Owned(fours.iter().map(|four| f32::from_le_bytes(*four)).collect())
    }
}

impl Deref for Floats {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Self::Owned(values) => values,
            Self::Mapped(bytes) => {
                bytemuck::try_cast_slice(bytes).expect("alignment and length were checked")
            }
        }
    }
}

impl PartialEq for Floats {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Packed {
    /// A mixture, rounded to f32.
    pub fn new(mixture: &Mixture) -> Self {
        let (width, components) = (mixture.width, mixture.components());
        let padded = components.next_multiple_of(GROUP);
        let mut values = vec![0.0; Self::len_of(components, width)];
        let (shapes, constants) = values.split_at_mut(padded * 2 * width);
        for component in 0..components {
            let (group, lane) = (component / GROUP, component % GROUP);
            for d in 0..width {
                let variance = mixture.variances[component * width + d];
                let scale = (0.5 / variance).sqrt() as f32;
                let place = (group * width + d) * 2 * GROUP + lane;
                shapes[place] = scale;
                // The shift of the rounded scale, so that the mean stays where it is.
                let shift = -mixture.means[component * width + d] * f64::from(scale);
                shapes[place + GROUP] = shift as f32;
            }
        }
        constants.fill(NOBODY);
        for (found, constant) in constants.iter_mut().zip(mixture.constants()) {
            *found = constant as f32;
        }
        Self { width, components, values: Floats::Owned(values.into()) }
    }

    /// Scales and shifts alone, constants zero.
    pub(crate) fn of_shapes(
        components: usize,
        width: usize,
        at: impl Fn(usize, usize) -> (f64, f64),
    ) -> Self {
        let mut values = vec![0.0; Self::len_of(components, width)];
        for component in 0..components {
            let (group, lane) = (component / GROUP, component % GROUP);
            for d in 0..width {
                let (scale, shift) = at(component, d);
                let place = (group * width + d) * 2 * GROUP + lane;
                values[place] = scale as f32;
                values[place + GROUP] = shift as f32;
            }
        }
        Self { width, components, values: Floats::Owned(values.into()) }
    }

    /// A mixture over values in this layout.
    ///
    /// # Errors
    /// [`SpeakerError::Mixture`] when a value is of no usual size or a scale not positive.
    pub(crate) fn of_values(
        width: usize,
        components: usize,
        values: Floats,
    ) -> Result<Self, SpeakerError> {
        let packed = Self { width, components, values };
        // Frames of at most 1e9 times such scales, squared and added, stay finite in f32.
        let usual = |value: &f32| value.abs() <= 1e15;
        let scale = |(s, _): (f32, f32)| s > 0.0 && s <= 1e6;
        let sound = packed.values.len() == Self::len_of(components, width)
            && packed.values.iter().all(|value| usual(value) || *value == NOBODY)
            && (0..components).all(|c| (0..width).all(|d| scale(packed.shape(c, d))));
        if sound {
            return Ok(packed);
        }
        Err(SpeakerError::Mixture { what: "its packed values make no sense".to_owned() })
    }

    /// Values of a mixture of these sizes.
    pub(crate) fn len_of(components: usize, width: usize) -> usize {
        components.next_multiple_of(GROUP) * (2 * width + 1)
    }

    /// Numbers of a frame.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of Gaussians.
    pub fn components(&self) -> usize {
        self.components
    }

    /// All values in the layout above.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    /// For each group of Gaussians, for each dimension, four scales and four shifts; and the
    /// constants.
    pub(crate) fn parts(&self) -> (&[[f32; 2 * GROUP]], &[f32]) {
        let padded = self.components.next_multiple_of(GROUP);
        let (shapes, constants) = self.values.split_at(padded * 2 * self.width);
        (shapes.as_chunks().0, constants)
    }

    /// Scale and shift of a dimension of a Gaussian.
    pub(crate) fn shape(&self, component: usize, d: usize) -> (f32, f32) {
        let pair = &self.parts().0[component / GROUP * self.width + d];
        (pair[component % GROUP], pair[component % GROUP + GROUP])
    }

    /// The mixture in f64, with relative errors of a few 1e-7.
    pub fn mixture(&self) -> Mixture {
        let (_, constants) = self.parts();
        let two_pi = self.width as f64 * (2.0 * std::f64::consts::PI).ln();
        let mut mixture = Mixture {
            width: self.width,
            weights: Vec::new(),
            means: Vec::new(),
            variances: Vec::new(),
        };
        for (component, constant) in constants[..self.components].iter().enumerate() {
            let mut logs = two_pi;
            for d in 0..self.width {
                let (scale, shift) = self.shape(component, d);
                let variance = 0.5 / f64::from(scale).powi(2);
                logs += variance.ln();
                mixture.variances.push(variance);
                mixture.means.push(-f64::from(shift) / f64::from(scale));
            }
            mixture.weights.push((f64::from(*constant) + 0.5 * logs).exp());
        }
        let all: f64 = mixture.weights.iter().sum();
        mixture.weights.iter_mut().for_each(|weight| *weight /= all);
        mixture
    }
}

/// Frames in f32 blocks, of shape `[blocks, width, 16]`; the last is filled with zeros.
#[derive(Clone, Debug)]
pub struct Heard {
    width: usize,
    len: usize,
    values: Vec<f32>,
}

impl Heard {
    /// Frames of a range.
    ///
    /// # Errors
    /// [`SpeakerError::Width`], [`SpeakerError::NotFinite`].
    ///
    /// # Panics
    /// When the range ends past the frames.
    pub fn new(frames: &Frames, width: usize, range: Range<usize>) -> Result<Self, SpeakerError> {
        check_frames(frames, width)?;
        Ok(Self::of_checked(frames, range))
    }

    /// Frames that were checked.
    pub(crate) fn of_checked(frames: &Frames, range: Range<usize>) -> Self {
        let (width, len) = (frames.width, range.len());
        let mut values = vec![0.0; len.div_ceil(BLOCK) * width * BLOCK];
        let kept = &frames.values[range.start * width..range.end * width];
        for (at, frame) in kept.chunks_exact(width).enumerate() {
            let block = &mut values[at / BLOCK * width * BLOCK..];
            for (d, value) in frame.iter().enumerate() {
                block[d * BLOCK + at % BLOCK] = *value as f32;
            }
        }
        Self { width, len, values }
    }

    /// Numbers of a frame.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of frames.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    /// A number of a frame.
    pub(crate) fn at(&self, frame: usize, d: usize) -> f32 {
        self.values[(frame / BLOCK * self.width + d) * BLOCK + frame % BLOCK]
    }
}
