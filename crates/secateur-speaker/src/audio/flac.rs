//! Flac, decoded by symphonia, and checked where it goes on regardless: it passes over damaged
//! blocks, and it tells a wrong checksum only when asked.

use symphonia::core::audio::{Audio, GenericAudioBufferRef};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions, ReadOnlySource};
use symphonia::default::codecs::FlacDecoder;
use symphonia::default::formats::FlacReader;

use super::Fault;
use super::reader::{Info, Kind, check_shape};
use super::source::Source;

/// Bytes of the marker, the head of the first block of metadata, and that block.
const HEAD: usize = 4 + 4 + 34;

/// A flac stream that is being decoded.
pub(super) struct Flac {
    reader: FlacReader<'static>,
    decoder: FlacDecoder,
    rate: u32,
    /// Frames that the header announces, when it does.
    frames: Option<u64>,
    /// Frames that were decoded.
    done: u64,
}

/// Reads the header. The source stands at `fLaC`.
pub(super) fn open(mut source: Source) -> Result<(Info, Flac), Fault> {
    let start = source.at;
    let head = source.exactly(HEAD, "a header")?;
    let info = read_info(&head, start)?;
    let source = Box::new(ReadOnlySource::new(source.back(head)));
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    let reader = FlacReader::try_new(stream, FormatOptions::default());
    let reader = reader.map_err(|error| match error {
        // It looks for the first block of sound at once.
        Error::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => match info.frames {
            None => Fault::Empty { what: "there are no samples".to_owned() },
            Some(_) => Fault::Damaged {
                seconds: 0.0,
                what: "no whole block of sound follows the header".to_owned(),
            },
        },
        other => header_fault(&other, start),
    })?;
    let params = reader.tracks().first().and_then(|track| track.codec_params.as_ref());
    let Some(CodecParameters::Audio(params)) = params else {
        return Err(Fault::header(start, "flac without a description of its samples"));
    };
    let decoder = FlacDecoder::try_new(params, &AudioDecoderOptions::default().verify(true));
    let decoder = decoder.map_err(|error| header_fault(&error, start))?;
    let (rate, frames) = (info.rate, info.frames);
    Ok((info, Flac { reader, decoder, rate, frames, done: 0 }))
}

/// The first block of metadata, `STREAMINFO`.
fn read_info(head: &[u8], start: u64) -> Result<Info, Fault> {
    if head[4] & 0x7f != 0 || head[5..8] != [0, 0, 34] {
        let what = "flac does not begin with a description of its samples (STREAMINFO)";
        return Err(Fault::header(start + 4, what));
    }
    let packed = u64::from_be_bytes(head[18..26].try_into().expect("eight bytes of a header"));
    let (rate, channels) = ((packed >> 44) as u32, (packed >> 41 & 7) as u16 + 1);
    let (bits, frames) = ((packed >> 36 & 31) as u16 + 1, packed & 0xf_ffff_ffff);
    check_shape(rate, channels)?;
    if bits < 4 {
        return Err(Fault::header(start + 20, format!("samples of {bits} bits")));
    }
    let frames = (frames > 0).then_some(frames);
    Ok(Info { kind: Kind::Flac, rate, channels, bits, frames })
}

fn header_fault(error: &Error, start: u64) -> Fault {
    match error {
        Error::IoError(error) => Fault::read(error),
        other => Fault::header(start, other.to_string()),
    }
}

impl Flac {
    /// Appends the next block, mixed; gives its frames, 0 at the end.
    pub(super) fn block(&mut self, out: &mut Vec<f32>) -> Result<usize, Fault> {
        let packet = match self.reader.next_packet() {
            Ok(packet) => packet,
            Err(Error::IoError(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(self.damaged("the rest is missing or damaged"));
            }
            Err(Error::IoError(error)) => return Err(Fault::read(&error)),
            Err(error) => return Err(self.damaged(error.to_string())),
        };
        let Some(packet) = packet else { return self.end() };
        if u64::try_from(packet.pts.get()) != Ok(self.done) {
            return Err(self.damaged("a block is missing or its checksum (CRC) does not match"));
        }
        let (rate, done) = (self.rate, self.done);
        let damaged = |what: String| Fault::Damaged { seconds: seconds(done, rate), what };
        let decoded = self.decoder.decode(&packet).map_err(|error| damaged(error.to_string()))?;
        let GenericAudioBufferRef::S32(buffer) = decoded else {
            return Err(damaged("samples of another kind".to_owned()));
        };
        let (frames, channels) = (buffer.frames(), buffer.num_planes());
        let first = out.len();
        out.resize(first + frames, 0.0);
        let planes: Vec<&[i32]> = (0..channels).filter_map(|at| buffer.plane(at)).collect();
        for (index, mixed) in out[first..].iter_mut().enumerate() {
            let sum: i64 = planes.iter().map(|plane| i64::from(plane[index])).sum();
            // 32 bits to the scale of 16.
            *mixed = (sum as f64 / (65536.0 * channels as f64)) as f32;
        }
        self.done += frames as u64;
        Ok(frames)
    }

    fn end(&mut self) -> Result<usize, Fault> {
        if let Some(frames) = self.frames
            && frames != self.done
        {
            let what = format!("the header announces {} s", seconds(frames, self.rate));
            return Err(self.damaged(what));
        }
        match self.decoder.finalize().verify_ok {
            Some(false) => Err(Fault::Checksum),
            Some(true) | None => Ok(0),
        }
    }

    fn damaged(&self, what: impl Into<String>) -> Fault {
        Fault::Damaged { seconds: seconds(self.done, self.rate), what: what.into() }
    }
}

fn seconds(frames: u64, rate: u32) -> f64 {
    frames as f64 / f64::from(rate)
}
