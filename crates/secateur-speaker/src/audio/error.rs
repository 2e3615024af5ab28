//! What stops the reading of sound.

use std::path::{Path, PathBuf};

use secateur_core::{Kind, RunError};

/// What stops the reading of a file or a pipe, and which it is.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}: {fault}", .file.display())]
pub struct AudioError {
    /// The file, or the name that the pipe was given.
    pub file: PathBuf,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a sound. Bytes count from 0, seconds from the first sample.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum Fault {
    #[error("there is no such file")]
    Missing,
    #[error("this is a folder, a file was expected")]
    Folder,
    #[error("it cannot be read: {what}")]
    Read { what: String },
    #[error("{what}")]
    Empty { what: String },
    #[error("this is no sound that is known: it begins with {begins}")]
    Unknown { begins: String },
    #[error("{what} is not read")]
    Codec { what: String },
    #[error("byte {at}: {what}")]
    Header { at: u64, what: String },
    #[error("{what} of {declared} bytes is announced, but only {found} follow: it was cut off")]
    Cut { what: &'static str, declared: u64, found: u64 },
    #[error("the rate is {rate} Hz, between {least} and {most} are read")]
    Rate { rate: u64, least: u32, most: u32 },
    #[error("there are {channels} channels, between 1 and {most} are read")]
    Channels { channels: u64, most: u16 },
    #[error("the sample at {seconds:.4} s is {value}")]
    NotFinite { seconds: f64, value: f64 },
    #[error("the sample at {seconds:.4} s is {value}; float samples lie between -1 and 1")]
    Scale { seconds: f64, value: f64 },
    #[error("it lasts {seconds:.0} s, at most {most:.0} s are read")]
    TooLong { seconds: f64, most: f64 },
    #[error("damaged at {seconds:.2} s: {what}")]
    Damaged { seconds: f64, what: String },
    #[error("the samples do not match the checksum (MD5) in the header")]
    Checksum,
    #[error("{name:?} is no coding of samples; there are {all}")]
    Coding { name: String, all: String },
}

impl Fault {
    pub(crate) fn header(at: u64, what: impl Into<String>) -> Self {
        Self::Header { at, what: what.into() }
    }

    pub(crate) fn codec(what: impl Into<String>) -> Self {
        Self::Codec { what: what.into() }
    }

    pub(crate) fn read(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::Missing,
            std::io::ErrorKind::IsADirectory => Self::Folder,
            _ => Self::Read { what: error.to_string() },
        }
    }

    /// The same, of a file.
    pub fn of(self, file: &Path) -> AudioError {
        AudioError { file: file.to_owned(), fault: self }
    }

    fn card(&self) -> (&'static str, Kind, Option<&'static str>) {
        match self {
            Self::Missing => ("SEC-SP-001", Kind::Input, Some("check the path")),
            Self::Folder => ("SEC-SP-002", Kind::Input, Some("name a file in it")),
            Self::Read { .. } => ("SEC-SP-003", Kind::Resources, None),
            Self::Empty { .. } => ("SEC-SP-004", Kind::Input, Some("record it again")),
            Self::Unknown { .. } => (
                "SEC-SP-005",
                Kind::Input,
                Some(
                    "wav, flac and NIST SPHERE are known by their first bytes; \
                      samples without a header need --raw RATE",
                ),
            ),
            Self::Codec { .. } => (
                "SEC-SP-006",
                Kind::Unsupported,
                Some("convert it first: ffmpeg -i IN -c:a pcm_s16le OUT.wav"),
            ),
            Self::Header { .. } => (
                "SEC-SP-007",
                Kind::Input,
                Some("the header is damaged; write the file again with the tool that made it"),
            ),
            Self::Cut { .. } => (
                "SEC-SP-008",
                Kind::Input,
                Some(
                    "copy it again; what is there can be saved with \
                      ffmpeg -i IN -c:a pcm_s16le OUT.wav",
                ),
            ),
            Self::Rate { .. } => ("SEC-SP-009", Kind::Input, Some("is the header right?")),
            Self::Channels { .. } => ("SEC-SP-010", Kind::Input, Some("is the header right?")),
            Self::NotFinite { .. } => (
                "SEC-SP-011",
                Kind::Input,
                Some("the tool that wrote the file divided by zero; write it again"),
            ),
            Self::Scale { .. } => (
                "SEC-SP-012",
                Kind::Input,
                Some("divide the samples by 32768 if they were made from 16-bit ones"),
            ),
            Self::TooLong { .. } => (
                "SEC-SP-013",
                Kind::Resources,
                Some("cut it into parts, or raise the limit on its length"),
            ),
            Self::Damaged { .. } => ("SEC-SP-014", Kind::Input, Some("copy the file again")),
            Self::Checksum => (
                "SEC-SP-015",
                Kind::Input,
                Some("copy the file again; flac -t FILE tells whether the original is sound"),
            ),
            Self::Coding { .. } => ("SEC-SP-016", Kind::Usage, None),
        }
    }
}

impl AudioError {
    /// The stable code; `secateur explain CODE` says more.
    pub fn code(&self) -> &'static str {
        self.fault.card().0
    }

    /// The kind, which decides the exit code.
    pub fn kind(&self) -> Kind {
        self.fault.card().1
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        self.fault.card().2.map(str::to_owned)
    }
}

impl From<AudioError> for RunError {
    fn from(error: AudioError) -> Self {
        let (code, kind, hint) = error.fault.card();
        let run = Self::new(kind, code, error.fault.to_string()).at(error.file);
        match hint {
            Some(hint) => run.hint(hint),
            None => run,
        }
    }
}

/// Every error code of sound with its explanation, sorted.
pub const CODES: &[(&str, &str)] = &[
    ("SEC-SP-001", "A file of sound is not there."),
    ("SEC-SP-002", "A folder was given where a file of sound is expected."),
    (
        "SEC-SP-003",
        "The system refused to read a file of sound, or a pipe broke. The message is the system's.",
    ),
    (
        "SEC-SP-004",
        "A file is empty, or its header is followed by no samples. Some recorders write the header first and its length last: a recording that was interrupted announces nothing.",
    ),
    (
        "SEC-SP-005",
        "The first bytes of a file are those of no sound that is read. The ending of its name does not matter. Samples without any header can be read when rate and coding are given.",
    ),
    (
        "SEC-SP-006",
        "The file is sound of a known kind, but not one that is read: wav (whole numbers of 8, 16, 24 and 32 bits, floats of 32 and 64), flac and NIST SPHERE of uncompressed samples are.",
    ),
    (
        "SEC-SP-007",
        "The header of a file contradicts itself or is damaged. The message gives the byte.",
    ),
    (
        "SEC-SP-008",
        "A file announces more bytes than it has. It was cut off while it was copied or recorded. Nothing of it is used, since a passage of unknown length proves nothing.",
    ),
    (
        "SEC-SP-009",
        "The rate of samples in a header is outside of what any recorder makes. Most often the header lies.",
    ),
    (
        "SEC-SP-010",
        "The number of channels in a header is zero, or larger than of any recorder. Most often the header lies.",
    ),
    (
        "SEC-SP-011",
        "A sample is not a number or infinite. Nothing could be computed from the passage it is in.",
    ),
    (
        "SEC-SP-012",
        "Float samples lie between -1 and 1 by convention; a little more is clipping, sixteen times as much is another scale. Guessing the scale would change every energy.",
    ),
    (
        "SEC-SP-013",
        "A recording is longer than allowed. The limit protects the memory of the machine; pipes have none.",
    ),
    (
        "SEC-SP-014",
        "A part of a flac file is damaged: its checksum does not match, or blocks are missing. The message gives the time up to which it is sound.",
    ),
    (
        "SEC-SP-015",
        "All blocks of a flac file are whole, but together they are not the samples that were encoded.",
    ),
    ("SEC-SP-016", "Samples without a header are coded in a way that has no such name."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_each_error_has_one() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
        let error = Fault::Checksum.of(Path::new("a.flac"));
        assert!(CODES.iter().any(|(code, _)| *code == error.code()));
        assert_eq!(error.to_string().split(':').next(), Some("a.flac"));
        assert_eq!(RunError::from(error).place, Some("a.flac".into()));
    }
}
