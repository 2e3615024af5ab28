//! From one rate to another.

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, FixedAsync, Resampler as _, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

use super::reader::check_shape;
use super::{Fault, Sound};

/// Length of the filter, in samples of the lower rate.
const LENGTH: usize = 256;
/// Most phases of the filter that are kept; with more, phases between them are interpolated.
const PHASES_MAX: usize = 1024;
/// Phases that are kept for interpolation, when both rates are equal.
const PHASES_BETWEEN: usize = 128;
/// Samples that are filtered at a time.
const CHUNK: usize = 256;

/// Changes the rate of a stream by a windowed sinc filter, which is rubato's.
///
/// The delay is taken out, so that sample `k` of the output is the sound at `k / to` seconds of
/// the input, and `n` samples give exactly `ceil(n * to / from)`. The sizes of the blocks do not
/// matter. It holds back 128 samples of the lower rate, and up to 256 of the input. Flat to 92 % of the lower rate's half, aliases below -90 dB.
pub struct Resampler {
    from: u32,
    to: u32,
    inner: Option<Inner>,
    /// Samples that came.
    came: u64,
    /// Samples that were given.
    given: u64,
}

struct Inner {
    filter: Async<f64>,
    /// Samples that wait until there are enough; space for [`CHUNK`].
    waiting: Vec<f64>,
    output: Vec<f64>,
    /// Samples at the start that come before the sound does.
    drop: usize,
}

impl Resampler {
    /// A resampler between two rates in Hz.
    ///
    /// # Errors
    /// When a rate is out of range.
    pub fn new(from: u32, to: u32) -> Result<Self, Fault> {
        check_shape(from, 1)?;
        check_shape(to, 1)?;
        let inner = (from != to).then(|| Inner::new(from, to));
        Ok(Self { from, to, inner, came: 0, given: 0 })
    }

    /// Takes samples, and appends those that are ready.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.came += samples.len() as u64;
        match &mut self.inner {
            None => out.extend_from_slice(samples),
            Some(inner) => {
                let first = out.len();
                inner.push(samples.iter().map(|sample| f64::from(*sample)), out);
                self.given += (out.len() - first) as u64;
            }
        }
    }

    /// Appends the rest. The sound is continued by silence; what is pushed later begins anew.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        let Some(inner) = &mut self.inner else { return };
        let total = (u128::from(self.came) * u128::from(self.to)).div_ceil(self.from.into());
        let missing = usize::try_from(total).expect("a sound fits into memory");
        let missing = missing.saturating_sub(self.given as usize);
        let first = out.len();
        while out.len() - first < missing {
            inner.push(std::iter::repeat_n(0.0, CHUNK), out);
        }
        out.truncate(first + missing);
        *self = Self { inner: Some(Inner::new(self.from, self.to)), came: 0, given: 0, ..*self };
    }
}

impl Inner {
    fn new(from: u32, to: u32) -> Self {
        let divisor = gcd(from, to);
        let (step, phases) = ((from / divisor) as usize, (to / divisor) as usize);
        let ratio = f64::from(to) / f64::from(from);
        // A filter that cuts below the lower rate is longer in samples of the higher one, and
        // smoother, so that fewer of its phases suffice.
        let stretch = (1.0 / ratio).max(1.0);
        let length = ((LENGTH as f64 * stretch).ceil() as usize).next_multiple_of(8);
        let (kept, interpolation) = if phases <= PHASES_MAX {
            (phases, SincInterpolationType::Nearest)
        } else {
            let kept = (PHASES_BETWEEN as f64 / stretch).ceil().max(8.0);
            (kept as usize, SincInterpolationType::Cubic)
        };
        let parameters = SincInterpolationParameters::new(LENGTH, WindowFunction::BlackmanHarris);
        let cutoff = rubato::calculate_cutoff::<f32>(LENGTH, WindowFunction::BlackmanHarris);
        let parameters = parameters
            .sinc_len(length)
            .f_cutoff(cutoff)
            .oversampling_factor(kept)
            .interpolation(interpolation);
        let filter = Async::new_sinc(ratio, 1.0, &parameters, CHUNK, 1, FixedAsync::Input);
        let filter = filter.expect("ratio and sizes are positive");
        let output = vec![0.0; filter.output_frames_max()];
        let (drop, lead) = alignment(step, phases, kept, length);
        let mut inner = Self { filter, waiting: Vec::with_capacity(CHUNK), output, drop };
        inner.push(std::iter::repeat_n(0.0, lead), &mut Vec::new());
        inner
    }

    fn push(&mut self, samples: impl Iterator<Item = f64>, out: &mut Vec<f32>) {
        for sample in samples {
            self.waiting.push(sample);
            if self.waiting.len() == CHUNK {
                self.chunk(out);
                self.waiting.clear();
            }
        }
    }

    fn chunk(&mut self, out: &mut Vec<f32>) {
        let input = SequentialSlice::new(&self.waiting[..], 1, CHUNK).expect("a whole chunk");
        let space = self.output.len();
        let mut output = SequentialSlice::new_mut(&mut self.output[..], 1, space)
            .expect("one channel of the space there is");
        let (_, given) = self
            .filter
            .process_into_buffer(&input, &mut output, None)
            .expect("a chunk goes in, and there is space for what comes out");
        let dropped = self.drop.min(given);
        self.drop -= dropped;
        out.extend(self.output[dropped..given].iter().map(|sample| *sample as f32));
    }
}

/// How many samples to drop at the start of the output, and how many zeros to put before the
/// input, so that the first sample that is left is the sound at the start.
///
/// Output `k` of the filter lies at `(k + 1) step / phases - length / 2 + 1 / kept` samples of
/// its input: its index starts at `1 - length`, is advanced before it is used, and its window is
/// centered half a length, less a sample, and a phase further on. With `lead` zeros in front,
/// this is to be `lead` for `k = drop`:
/// `(drop + 1) step = (lead + length / 2) phases - phases / kept`, in whole numbers.
fn alignment(step: usize, phases: usize, kept: usize, length: usize) -> (usize, usize) {
    // Exact when all phases are kept, else to half a phase.
    let phase = (phases + kept / 2) / kept;
    // The least lead for which the right side is a multiple of `step`.
    for lead in 0..step {
        let right = (lead + length / 2) * phases - phase;
        if right.is_multiple_of(step) && right >= step {
            return (right / step - 1, lead);
        }
    }
    unreachable!("step and phases have no common divisor, so that one of `step` in a row fits")
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The sound at another rate.
///
/// # Errors
/// When a rate is out of range.
pub fn resample(sound: &Sound, to: u32) -> Result<Sound, Fault> {
    let mut resampler = Resampler::new(sound.rate, to)?;
    let mut samples = Vec::new();
    resampler.push(&sound.samples, &mut samples);
    resampler.finish(&mut samples);
    Ok(Sound { rate: to, samples })
}
