//! The header of a wav file, chunk by chunk, up to the samples.

use super::source::Source;
use super::{Coding, Fault, Layout};

/// Most chunks before the samples.
const CHUNKS_MAX: usize = 1000;

/// A length that stands for "until the end": what is written when the end is not known yet.
/// Pipes carry other large numbers with the same meaning (arecord, sox).
const OPEN: u32 = u32::MAX;
const OPEN_IN_PIPE: u32 = 0x7fff_0000;

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const EXTENSIBLE: u16 = 0xfffe;

/// The tail of the identifiers that carry a codec number in their first two bytes.
const CODEC_ID: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

/// Reads up to the first sample.
pub(super) fn layout(source: &mut Source) -> Result<Layout, Fault> {
    let head = source.exactly(12, "a header")?;
    if head[8..12] != *b"WAVE" {
        return Err(Fault::codec(format!("a RIFF file of kind {:?}", text(&head[8..12]))));
    }
    let mut format = None;
    for _ in 0..CHUNKS_MAX {
        let at = source.at;
        let head = source.up_to(8)?;
        if head.is_empty() {
            let what = if format.is_some() { "data" } else { "fmt and data" };
            return Err(Fault::header(at, format!("the file ends without its chunk {what}")));
        }
        if head.len() < 8 {
            return Err(Fault::Cut {
                what: "a chunk's head",
                declared: 8,
                found: head.len() as u64,
            });
        }
        let size = u32_at(&head, 4);
        match &head[..4] {
            b"fmt " if format.is_some() => {
                return Err(Fault::header(at, "a second chunk fmt"));
            }
            b"fmt " => format = Some(read_format(source, at, size)?),
            b"data" => {
                let Some(format) = format else {
                    return Err(Fault::header(at, "the chunk data stands before the chunk fmt"));
                };
                return with_data(source, at, size, format);
            }
            _ => {
                let size = u64::from(size) + u64::from(size % 2);
                if let Some(left) = source.left()
                    && left < size
                {
                    let name = text(&head[..4]);
                    let what = format!("the chunk {name:?} says {size} bytes, {left} follow");
                    return Err(Fault::header(at + 4, what));
                }
                source.skip(size, "a chunk")?;
            }
        }
    }
    Err(Fault::header(source.at, format!("more than {CHUNKS_MAX} chunks and no samples")))
}

/// The chunk `fmt `: codec, channels, rate, bytes a second, bytes a frame, bits a sample.
fn read_format(source: &mut Source, at: u64, size: u32) -> Result<Layout, Fault> {
    if !(16..=4096).contains(&size) {
        return Err(Fault::header(at + 4, format!("the chunk fmt says {size} bytes")));
    }
    let body = source.exactly((size + size % 2) as usize, "the chunk fmt")?;
    let (channels, rate) = (u16_at(&body, 2), u32_at(&body, 4));
    let (align, bits) = (u16_at(&body, 12), u16_at(&body, 14));
    let mut codec = u16_at(&body, 0);
    if codec == EXTENSIBLE {
        if size < 40 {
            return Err(Fault::header(at + 4, "the chunk fmt lacks its extension"));
        }
        if body[26..40] != CODEC_ID {
            return Err(Fault::codec("wav with a private codec"));
        }
        codec = u16_at(&body, 24);
        let valid = u16_at(&body, 18);
        if valid > bits {
            let what = format!("{valid} valid bits in a container of {bits}");
            return Err(Fault::header(at + 8 + 18, what));
        }
    }
    let coding = match (codec, bits) {
        (PCM, 8) => Coding::U8,
        (PCM, 16) => Coding::S16Le,
        (PCM, 24) => Coding::S24Le,
        (PCM, 32) => Coding::S32Le,
        (FLOAT, 32) => Coding::F32Le,
        (FLOAT, 64) => Coding::F64Le,
        (PCM, bits) => return Err(Fault::codec(format!("wav with whole numbers of {bits} bits"))),
        (FLOAT, bits) => return Err(Fault::codec(format!("wav with floats of {bits} bits"))),
        (codec, _) => return Err(Fault::codec(codec_name(codec))),
    };
    let layout = Layout { rate, channels, coding, bytes: None, is_open: false };
    layout.check()?;
    let frame = layout.frame_bytes();
    if usize::from(align) != frame {
        let what = format!("{align} bytes a frame, {channels} channels of {bits} bits are {frame}");
        return Err(Fault::header(at + 8 + 12, what));
    }
    Ok(layout)
}

/// The chunk `data`: how much of it there is.
fn with_data(source: &Source, at: u64, size: u32, format: Layout) -> Result<Layout, Fault> {
    let is_open = size == OPEN || source.len.is_none() && size >= OPEN_IN_PIPE;
    if is_open {
        return Ok(Layout { bytes: source.left(), is_open, ..format });
    }
    let declared = u64::from(size);
    if declared == 0 {
        let follow = source.left().unwrap_or(0);
        let what = match follow {
            0 => "there are no samples".to_owned(),
            _ => format!("the header announces no samples, though {follow} bytes follow"),
        };
        return Err(Fault::Empty { what });
    }
    if let Some(found) = source.left()
        && found < declared
    {
        return Err(Fault::Cut { what: "the chunk data", declared, found });
    }
    let frame = format.frame_bytes();
    if !declared.is_multiple_of(frame as u64) {
        let what = format!("the chunk data says {size} bytes, which are no frames of {frame}");
        return Err(Fault::header(at + 4, what));
    }
    Ok(Layout { bytes: Some(declared), ..format })
}

fn codec_name(codec: u16) -> String {
    let name = match codec {
        0x0002 => "Microsoft ADPCM",
        0x0006 => "A-law",
        0x0007 => "mu-law",
        0x0011 => "IMA ADPCM",
        0x0031 => "GSM 6.10",
        0x0040 | 0x0045 | 0x0064 => "G.726 ADPCM",
        0x0050 | 0x0055 => "MPEG (mp3)",
        0x00ff | 0x1600 | 0x706d => "AAC",
        0x0161 | 0x0162 => "Windows Media",
        0x2000 => "AC-3",
        _ => return format!("wav with codec number {codec:#06x}"),
    };
    format!("wav with {name}")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
