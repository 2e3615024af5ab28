//! A file or a pipe that is read block by block.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::flac::{self, Flac};
use super::source::{Boxed, Source};
use super::{AudioError, Coding, Fault, sphere, wav};

/// Lowest rate that is read, in Hz.
pub const RATE_MIN: u32 = 1000;
/// Highest rate that is read, in Hz.
pub const RATE_MAX: u32 = 384_000;
/// Most channels that are read.
pub const CHANNELS_MAX: u16 = 32;

/// Bytes that are asked for at a time.
const BLOCK: usize = 1 << 15;

/// What holds the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RIFF wav.
    Wav,
    /// Flac.
    Flac,
    /// NIST SPHERE.
    Sphere,
    /// Samples without a header.
    Raw,
}

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// What holds the samples.
    pub kind: Kind,
    /// Frames a second.
    pub rate: u32,
    /// Samples of a frame; they are mixed by their mean.
    pub channels: u16,
    /// Bits of a sample.
    pub bits: u16,
    /// Frames, when it is known before the end.
    pub frames: Option<u64>,
}

/// How samples without a header are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw {
    /// Frames a second.
    pub rate: u32,
    /// Samples of a frame.
    pub channels: u16,
    /// How a sample lies in bytes.
    pub coding: Coding,
}

/// Where samples lie, and how many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) rate: u32,
    pub(super) channels: u16,
    pub(super) coding: Coding,
    /// Bytes of samples, when it is known.
    pub(super) bytes: Option<u64>,
    /// Whether the samples may end anywhere.
    pub(super) is_open: bool,
}

impl Layout {
    pub(super) fn check(&self) -> Result<(), Fault> {
        check_shape(self.rate, self.channels)
    }

    pub(super) fn frame_bytes(&self) -> usize {
        self.coding.bytes() * usize::from(self.channels)
    }
}

/// Refuses what no recorder makes.
pub(super) fn check_shape(rate: u32, channels: u16) -> Result<(), Fault> {
    if !(RATE_MIN..=RATE_MAX).contains(&rate) {
        return Err(Fault::Rate { rate: rate.into(), least: RATE_MIN, most: RATE_MAX });
    }
    if !(1..=CHANNELS_MAX).contains(&channels) {
        return Err(Fault::Channels { channels: channels.into(), most: CHANNELS_MAX });
    }
    Ok(())
}

/// A file or a pipe, read block by block: what has come is given at once, so that a live stream
/// is not held back.
pub struct Reader {
    name: PathBuf,
    /// What the header says.
    pub info: Info,
    body: Body,
}

enum Body {
    Pcm(Pcm),
    Flac(Box<Flac>),
}

impl Reader {
    /// Opens a file; what it is decides the content, not the ending.
    ///
    /// # Errors
    /// When it is not there, or its header is refused.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        let opened = || -> Result<Source, Fault> {
            let meta = std::fs::metadata(path).map_err(|error| Fault::read(&error))?;
            if meta.is_dir() {
                return Err(Fault::Folder);
            }
            let file = File::open(path).map_err(|error| Fault::read(&error))?;
            // A named pipe has no length.
            Ok(Source::new(Box::new(file), meta.is_file().then_some(meta.len())))
        };
        opened().and_then(sniff).map_err(|fault| fault.of(path)).map(|(info, body)| Self {
            name: path.to_owned(),
            info,
            body,
        })
    }

    /// Reads a pipe that begins with the header of a wav, flac or SPHERE file.
    ///
    /// # Errors
    /// When its header is refused.
    pub fn stream(
        name: &Path,
        pipe: impl Read + Send + Sync + 'static,
    ) -> Result<Self, AudioError> {
        let source = Source::new(Box::new(pipe), None);
        let (info, body) = sniff(source).map_err(|fault| fault.of(name))?;
        Ok(Self { name: name.to_owned(), info, body })
    }

    /// Reads bytes that lie in memory; `name` is for messages.
    ///
    /// # Errors
    /// When the header is refused.
    pub fn bytes(name: &Path, bytes: Vec<u8>) -> Result<Self, AudioError> {
        let len = bytes.len() as u64;
        let source = Source::new(Box::new(std::io::Cursor::new(bytes)), Some(len));
        let (info, body) = sniff(source).map_err(|fault| fault.of(name))?;
        Ok(Self { name: name.to_owned(), info, body })
    }

    /// Reads a pipe of samples without a header. It may end anywhere; a frame that is cut there
    /// is left out.
    ///
    /// # Errors
    /// When rate or channels are out of range.
    pub fn raw(
        name: &Path,
        pipe: impl Read + Send + Sync + 'static,
        raw: Raw,
    ) -> Result<Self, AudioError> {
        let Raw { rate, channels, coding } = raw;
        let layout = Layout { rate, channels, coding, bytes: None, is_open: true };
        layout.check().map_err(|fault| fault.of(name))?;
        let (info, body) = pcm(Kind::Raw, Box::new(pipe), &layout);
        Ok(Self { name: name.to_owned(), info, body })
    }

    /// Appends the next samples, mixed, in the scale of 16 bits; gives how many, 0 at the end.
    /// Waits until there is at least one.
    ///
    /// # Errors
    /// When the source fails, is cut off or damaged, or a sample is no number.
    pub fn block(&mut self, out: &mut Vec<f32>) -> Result<usize, AudioError> {
        let block = match &mut self.body {
            Body::Pcm(pcm) => pcm.block(out),
            Body::Flac(flac) => flac.block(out),
        };
        block.map_err(|fault| fault.of(&self.name))
    }

    pub(super) fn fail(&self, fault: Fault) -> AudioError {
        fault.of(&self.name)
    }
}

/// Looks at the first bytes and reads the header.
fn sniff(mut source: Source) -> Result<(Info, Body), Fault> {
    let mut head = source.up_to(16)?;
    if head.starts_with(b"ID3") && head.len() >= 10 {
        // A tag that some programs put in front of any file; its length has 7 bits a byte.
        let len = head[6..10].iter().fold(0, |len, byte| len << 7 | u64::from(byte & 0x7f));
        source = source.back(head);
        source.skip(10 + len, "a tag (ID3)")?;
        head = source.up_to(16)?;
        if !head.starts_with(b"fLaC") && !head.starts_with(b"RIFF") {
            return Err(Fault::codec("a file with a tag (ID3) in front, such as mp3,"));
        }
    }
    if head.is_empty() {
        return Err(Fault::Empty { what: "the file is empty".to_owned() });
    }
    let source_at = |source: Source| source.back(head.clone());
    if head.starts_with(b"fLaC") {
        let (info, flac) = flac::open(source_at(source))?;
        Ok((info, Body::Flac(Box::new(flac))))
    } else if head.starts_with(b"RIFF") {
        let mut source = source_at(source);
        let layout = wav::layout(&mut source)?;
        Ok(pcm(Kind::Wav, Box::new(source), &layout))
    } else if head.starts_with(b"NIST_1A\n") {
        let mut source = source_at(source);
        let layout = sphere::layout(&mut source)?;
        Ok(pcm(Kind::Sphere, Box::new(source), &layout))
    } else {
        Err(unknown(&head))
    }
}

/// Says what a file is that is none of ours, as far as its first bytes tell.
fn unknown(head: &[u8]) -> Fault {
    const CODECS: [(&[u8], &str); 9] = [
        (b"RIFX", "wav with the bytes in the other order (RIFX)"),
        (b"RF64", "wav of 64-bit length (RF64)"),
        (b"BW64", "wav of 64-bit length (BW64)"),
        (b"OggS", "Ogg (Vorbis, Opus or Speex)"),
        (b"FORM", "AIFF"),
        (b"#!AMR", "AMR"),
        (b".snd", "Sun audio (au)"),
        (b"caff", "Core Audio (caf)"),
        (&[0x1a, 0x45, 0xdf, 0xa3], "Matroska or WebM"),
    ];
    if let Some((_, name)) = CODECS.iter().find(|(begins, _)| head.starts_with(begins)) {
        return Fault::codec(*name);
    }
    if head.len() >= 8 && head[4..8] == *b"ftyp" {
        return Fault::codec("MPEG-4 (m4a, mp4)");
    }
    if head.len() >= 2 && head[0] == 0xff && head[1] & 0xe0 == 0xe0 {
        return Fault::codec("MPEG audio (mp3, aac)");
    }
    let begins = if head.starts_with(b"version https://") {
        "the text of a Git LFS pointer".to_owned()
    } else if head.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
        format!("the text {:?}", String::from_utf8_lossy(head))
    } else {
        let bytes: Vec<String> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("the bytes {}", bytes.join(" "))
    };
    Fault::Unknown { begins }
}

fn pcm(kind: Kind, source: Boxed, layout: &Layout) -> (Info, Body) {
    let frame = layout.frame_bytes();
    let info = Info {
        kind,
        rate: layout.rate,
        channels: layout.channels,
        bits: layout.coding.bits(),
        frames: layout.bytes.map(|bytes| bytes / frame as u64),
    };
    let pcm = Pcm {
        source,
        coding: layout.coding,
        channels: layout.channels.into(),
        frame,
        rate: layout.rate,
        declared: layout.bytes,
        left: layout.bytes,
        is_open: layout.is_open,
        done: 0,
        buffer: vec![0; BLOCK.next_multiple_of(frame)],
        filled: 0,
    };
    (info, Body::Pcm(pcm))
}

/// Samples that lie one behind the other.
struct Pcm {
    source: Boxed,
    coding: Coding,
    channels: usize,
    /// Bytes of a frame.
    frame: usize,
    rate: u32,
    declared: Option<u64>,
    /// Bytes to come, when it is known.
    left: Option<u64>,
    is_open: bool,
    /// Frames given so far.
    done: u64,
    buffer: Vec<u8>,
    /// Bytes at the front of the buffer that are no whole frame yet.
    filled: usize,
}

impl Pcm {
    fn block(&mut self, out: &mut Vec<f32>) -> Result<usize, Fault> {
        loop {
            let room = self.buffer.len() - self.filled;
            let ask =
                self.left.map_or(room, |left| room.min(usize::try_from(left).unwrap_or(room)));
            let got = self.read(ask)?;
            if got == 0 {
                return self.end();
            }
            self.filled += got;
            self.left = self.left.map(|left| left - got as u64);
            let whole = self.filled - self.filled % self.frame;
            if whole == 0 {
                continue;
            }
            let mixed = self.coding.mix(&self.buffer[..whole], self.channels, out);
            mixed.map_err(|(index, value)| {
                let seconds = (self.done + index as u64) as f64 / f64::from(self.rate);
                if value.is_finite() {
                    Fault::Scale { seconds, value }
                } else {
                    Fault::NotFinite { seconds, value }
                }
            })?;
            self.buffer.copy_within(whole..self.filled, 0);
            self.filled -= whole;
            let frames = whole / self.frame;
            self.done += frames as u64;
            return Ok(frames);
        }
    }

    fn read(&mut self, ask: usize) -> Result<usize, Fault> {
        loop {
            match self.source.read(&mut self.buffer[self.filled..self.filled + ask]) {
                Ok(got) => return Ok(got),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::read(&error)),
            }
        }
    }

    fn end(&self) -> Result<usize, Fault> {
        match (self.declared, self.left) {
            (Some(declared), Some(left)) if left > 0 && !self.is_open => {
                Err(Fault::Cut { what: "sound", declared, found: declared - left })
            }
            _ => Ok(0),
        }
    }
}
