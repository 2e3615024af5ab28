//! How samples lie in bytes.

use std::ops::ControlFlow;

/// How one sample lies in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it: kind, bits, order of bytes")]
pub enum Coding {
    U8,
    S16Le,
    S16Be,
    S24Le,
    S24Be,
    S32Le,
    S32Be,
    F32Le,
    F32Be,
    F64Le,
    F64Be,
}

/// Largest float sample that is taken for one, before it is scaled: 24 dB above full scale.
pub(crate) const FLOAT_MAX: f64 = 16.0;

/// The scale of 16-bit samples, which all others are brought to.
const SCALE: f64 = 32768.0;

impl Coding {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::U8,
        Self::S16Le,
        Self::S16Be,
        Self::S24Le,
        Self::S24Be,
        Self::S32Le,
        Self::S32Be,
        Self::F32Le,
        Self::F32Be,
        Self::F64Le,
        Self::F64Be,
    ];

    /// The name, as ffmpeg has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::S16Le => "s16le",
            Self::S16Be => "s16be",
            Self::S24Le => "s24le",
            Self::S24Be => "s24be",
            Self::S32Le => "s32le",
            Self::S32Be => "s32be",
            Self::F32Le => "f32le",
            Self::F32Be => "f32be",
            Self::F64Le => "f64le",
            Self::F64Be => "f64be",
        }
    }

    /// The coding of a name as ffmpeg (`s16le`) or ALSA (`S16_LE`, `FLOAT_LE`) has it.
    pub fn find(name: &str) -> Option<Self> {
        let name = name.to_lowercase().replace('_', "");
        // ALSA's S24_3LE is packed; its S24_LE lies in 32 bits and is none of ours.
        let name = match name.as_str() {
            "s243le" => "s24le",
            "s243be" => "s24be",
            "floatle" => "f32le",
            "floatbe" => "f32be",
            "float64le" => "f64le",
            "float64be" => "f64be",
            other => other,
        };
        Self::ALL.into_iter().find(|coding| coding.name() == name)
    }

    /// Bytes of a sample.
    pub fn bytes(self) -> usize {
        usize::from(self.bits()) / 8
    }

    /// Bits of a sample.
    pub fn bits(self) -> u16 {
        match self {
            Self::U8 => 8,
            Self::S16Le | Self::S16Be => 16,
            Self::S24Le | Self::S24Be => 24,
            Self::S32Le | Self::S32Be | Self::F32Le | Self::F32Be => 32,
            Self::F64Le | Self::F64Be => 64,
        }
    }

    /// Appends the mean of the channels of each frame, in the scale of 16 bits. `bytes` holds
    /// whole frames.
    ///
    /// # Errors
    /// The frame, from 0, and the value of a float sample that is not finite or beyond
    /// [`FLOAT_MAX`].
    pub(crate) fn mix(
        self,
        bytes: &[u8],
        channels: usize,
        out: &mut Vec<f32>,
    ) -> Result<(), (usize, f64)> {
        let whole = |value: f64| ControlFlow::Continue(value);
        match self {
            Self::U8 => mix(bytes, channels, out, |[a]| whole((f64::from(a) - 128.0) * 256.0)),
            Self::S16Le => mix(bytes, channels, out, |b| whole(i16::from_le_bytes(b).into())),
            Self::S16Be => mix(bytes, channels, out, |b| whole(i16::from_be_bytes(b).into())),
            Self::S24Le => mix(bytes, channels, out, |[a, b, c]| whole(whole24([0, a, b, c]))),
            Self::S24Be => mix(bytes, channels, out, |[a, b, c]| whole(whole24([0, c, b, a]))),
            Self::S32Le => {
                mix(bytes, channels, out, |b| whole(f64::from(i32::from_le_bytes(b)) / 65536.0))
            }
            Self::S32Be => {
                mix(bytes, channels, out, |b| whole(f64::from(i32::from_be_bytes(b)) / 65536.0))
            }
            Self::F32Le => mix(bytes, channels, out, |b| float(f32::from_le_bytes(b).into())),
            Self::F32Be => mix(bytes, channels, out, |b| float(f32::from_be_bytes(b).into())),
            Self::F64Le => mix(bytes, channels, out, |b| float(f64::from_le_bytes(b))),
            Self::F64Be => mix(bytes, channels, out, |b| float(f64::from_be_bytes(b))),
        }
    }
}

/// 24 bits that lie in the upper bytes of 32.
fn whole24(bytes: [u8; 4]) -> f64 {
    f64::from(i32::from_le_bytes(bytes)) / 65536.0
}

fn float(value: f64) -> ControlFlow<f64, f64> {
    // NaN compares as neither.
    if value.abs() <= FLOAT_MAX {
        ControlFlow::Continue(value * SCALE)
    } else {
        ControlFlow::Break(value)
    }
}

fn mix<const N: usize>(
    bytes: &[u8],
    channels: usize,
    out: &mut Vec<f32>,
    decode: impl Fn([u8; N]) -> ControlFlow<f64, f64>,
) -> Result<(), (usize, f64)> {
    out.reserve(bytes.len() / (N * channels));
    for (index, frame) in bytes.chunks_exact(N * channels).enumerate() {
        let mut sum = 0.0;
        for sample in frame.as_chunks::<N>().0 {
            match decode(*sample) {
                ControlFlow::Continue(value) => sum += value,
                ControlFlow::Break(value) => return Err((index, value)),
            }
        }
        out.push((sum / channels as f64) as f32);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(coding: Coding, bytes: &[u8], expect: &[f32]) {
        let mut out = Vec::new();
        coding.mix(bytes, 1, &mut out).unwrap();
        assert_eq!(out, expect, "{}", coding.name());
    }

    #[test]
    fn full_scale_is_that_of_16_bits() {
        check(Coding::U8, &[0, 128, 255], &[-32768.0, 0.0, 32512.0]);
        check(Coding::S16Le, &[0xff, 0x7f, 0, 0x80], &[32767.0, -32768.0]);
        check(Coding::S16Be, &[0x7f, 0xff, 0x80, 0], &[32767.0, -32768.0]);
        check(Coding::S24Le, &[0, 0, 0x80, 0x80, 1, 0], &[-32768.0, 1.5]);
        check(Coding::S24Be, &[0x80, 0, 0, 0, 1, 0x80], &[-32768.0, 1.5]);
        check(Coding::S32Le, &[0, 0x80, 1, 0], &[1.5]);
        check(Coding::S32Be, &[0, 1, 0x80, 0], &[1.5]);
        check(Coding::F32Le, &(-0.5_f32).to_le_bytes(), &[-16384.0]);
        check(Coding::F32Be, &0.25_f32.to_be_bytes(), &[8192.0]);
        check(Coding::F64Le, &1.5_f64.to_le_bytes(), &[49152.0]);
        check(Coding::F64Be, &(-1.0_f64).to_be_bytes(), &[-32768.0]);
    }

    #[test]
    fn channels_are_averaged() {
        let mut out = Vec::new();
        Coding::S16Le.mix(&[1, 0, 2, 0, 10, 0, 20, 0], 2, &mut out).unwrap();
        assert_eq!(out, [1.5, 15.0]);
    }

    #[test]
    fn floats_that_are_none_say_where() {
        for bad in [f32::NAN, f32::INFINITY, -17.0, 1e30] {
            let bytes: Vec<u8> =
                [0.0, 0.0, 0.0, bad].iter().flat_map(|v| v.to_le_bytes()).collect();
            let (at, value) = Coding::F32Le.mix(&bytes, 2, &mut Vec::new()).unwrap_err();
            assert!(at == 1 && (value == f64::from(bad) || value.is_nan()));
        }
    }

    #[test]
    fn names_go_there_and_back() {
        for coding in Coding::ALL {
            assert_eq!(Coding::find(coding.name()), Some(coding));
        }
        assert_eq!(Coding::find("S16_LE"), Some(Coding::S16Le));
        assert_eq!(Coding::find("FLOAT_LE"), Some(Coding::F32Le));
        assert_eq!(Coding::find("S24_3LE"), Some(Coding::S24Le));
        assert_eq!(Coding::find("mu_law"), None);
    }
}
