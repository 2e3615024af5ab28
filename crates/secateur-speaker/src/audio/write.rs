//! Writing of wav files.

use std::io::{self, Write};

use super::Sound;

/// Writes a wav file of 16-bit samples. Samples are rounded, and clipped at full scale.
///
/// # Errors
/// When writing fails, or there are more samples than a wav file can announce.
pub fn write_wav(out: &mut impl Write, sound: &Sound) -> io::Result<()> {
    let bytes = u32::try_from(2 * sound.samples.len() as u64).ok();
    let Some((bytes, riff)) = bytes.and_then(|bytes| Some((bytes, bytes.checked_add(36)?))) else {
        return Err(io::Error::other("too many samples for a wav file"));
    };
    out.write_all(b"RIFF")?;
    out.write_all(&riff.to_le_bytes())?;
    out.write_all(b"WAVEfmt \x10\0\0\0\x01\0\x01\0")?;
    out.write_all(&sound.rate.to_le_bytes())?;
    out.write_all(&(2 * sound.rate).to_le_bytes())?;
    out.write_all(b"\x02\0\x10\0data")?;
    out.write_all(&bytes.to_le_bytes())?;
    let samples = sound.samples.iter();
    // The cast clips, and makes 0 of NaN.
    let data: Vec<u8> = samples.flat_map(|s| (s.round() as i16).to_le_bytes()).collect();
    out.write_all(&data)
}
