//! What can be wrong with a GGUF file.

use std::io;
use std::path::{Path, PathBuf};

use super::codes;

/// Why a GGUF file cannot be read, or cannot be read as a model.
///
/// Offsets are bytes from the start of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GgufError {
    /// The file cannot be opened, examined or mapped.
    #[error("cannot read the file: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory, a pipe or a device.
    #[error("this is {found}, not a regular file")]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// The file does not begin with `GGUF`.
    #[error("this is not a GGUF file: {found}")]
    NotGguf {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        found: String,
        /// How to mend it.
        mend: &'static str,
    },
    /// A version of the format other than 2 and 3.
    #[error("GGUF version {found} at byte 4; versions 2 and 3 are read")]
    Version {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u32,
    },
    /// Numbers are stored most significant byte first.
    #[error("this GGUF file is big-endian (version {version} with its bytes swapped at byte 4)")]
    BigEndian {
        /// The file.
        path: PathBuf,
        /// The version in the other byte order.
        version: u32,
    },
    /// The header goes on past the end of the file.
    #[error("{what} at byte {offset} needs {needed} bytes, the file has {left} more")]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What was being read.
        what: String,
        /// Where it begins.
        offset: u64,
        /// Bytes it needs; the largest number when more than can be counted.
        needed: u64,
        /// Bytes from there to the end of the file.
        left: u64,
    },
    /// A count or a length above a limit.
    #[error("{what} at byte {offset} is {found}, the limit is {limit}")]
    Limit {
        /// The file.
        path: PathBuf,
        /// What is limited.
        what: String,
        /// Where it stands.
        offset: u64,
        /// The number found.
        found: u64,
        /// The largest number read.
        limit: u64,
    },
    /// Text that is not UTF-8.
    #[error("{what} is not UTF-8: the byte at {offset} fits no character")]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// What was being read.
        what: String,
        /// The first byte that fits no character.
        offset: u64,
    },
    /// A key or a tensor without a name.
    #[error("{what} at byte {offset} is empty")]
    EmptyName {
        /// The file.
        path: PathBuf,
        /// Whose name.
        what: String,
        /// Where it stands.
        offset: u64,
    },
    /// A metadata key that is there twice.
    #[error("key {key:?} is there twice, again at byte {offset}")]
    DuplicateKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// Where it stands the second time.
        offset: u64,
    },
    /// A number that names no type of values.
    #[error("key {key:?} has value type {found} at byte {offset}; types are 0 to 12")]
    ValueType {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The number found.
        found: u32,
        /// Where it stands.
        offset: u64,
    },
    /// A truth value that is neither 0 nor 1.
    #[error("key {key:?} has the truth value {found} at byte {offset}; it is 0 or 1")]
    Truth {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The byte found.
        found: u8,
        /// Where it stands.
        offset: u64,
    },
    /// `general.alignment` is not a power of two in a u32.
    #[error("key \"general.alignment\" is {found}; it is a u32, a power of two up to {limit}")]
    Alignment {
        /// The file.
        path: PathBuf,
        /// The value found.
        found: String,
        /// The largest alignment read.
        limit: u32,
    },
    /// A tensor name that is there twice.
    #[error("tensor {tensor:?} is there twice, again at byte {offset}")]
    DuplicateTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Where it stands the second time.
        offset: u64,
    },
    /// No dimensions, too many, or one of zero.
    #[error(
        "tensor {tensor:?} has {found} at byte {offset}; tensors have 1 to 4 dimensions from 1"
    )]
    Dimensions {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// What was found.
        found: String,
        /// Where it stands.
        offset: u64,
    },
    /// More values or bytes than can be counted.
    #[error("tensor {tensor:?} of shape {shape:?} has more {of} than can be counted")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its shape, outermost first.
        shape: Vec<u64>,
        /// Values or bytes.
        of: &'static str,
    },
    /// A row is no whole number of blocks.
    #[error("tensor {tensor:?} has rows of {row} values; {dtype} has blocks of {block}")]
    RowBlock {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Values of a row.
        row: u64,
        /// The type.
        dtype: &'static str,
        /// Values of a block.
        block: u64,
    },
    /// A number that names no type of tensors.
    #[error("tensor {tensor:?} has type number {found} at byte {offset}, which names no type")]
    TypeUnknown {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The number found.
        found: u32,
        /// Where it stands.
        offset: u64,
    },
    /// A type that is known by name only.
    #[error("tensor {tensor:?} is of type {dtype}, which is not read; read are {read}")]
    TypeUnsupported {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Name of the type.
        dtype: &'static str,
        /// Names of the types that are read.
        read: String,
    },
    /// An offset that is no multiple of the alignment.
    #[error("tensor {tensor:?} begins at offset {found}, which is no multiple of {alignment}")]
    Unaligned {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Offset from the start of the tensor data.
        found: u64,
        /// The file's alignment.
        alignment: u64,
    },
    /// Values past the end of the file.
    #[error(
        "tensor {tensor:?} needs {needed} bytes from byte {offset}, the file has {size} bytes: \
         it is {} short",
        offset.saturating_add(*needed).saturating_sub(*size)
    )]
    PastEnd {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Where its values begin.
        offset: u64,
        /// Bytes of its values.
        needed: u64,
        /// Bytes of the file.
        size: u64,
    },
    /// Two tensors share bytes.
    #[error(
        "tensors {first:?} and {second:?} overlap: one ends at byte {end}, \
         the next begins at {start}"
    )]
    Overlap {
        /// The file.
        path: PathBuf,
        /// The tensor that begins first.
        first: String,
        /// The tensor that begins inside it.
        second: String,
        /// Where the first ends.
        end: u64,
        /// Where the second begins.
        start: u64,
    },
    /// An architecture that has no mapping.
    #[error("architecture {found:?} is not known; known are {known}")]
    Architecture {
        /// The file.
        path: PathBuf,
        /// Name in the file.
        found: String,
        /// Names of those known.
        known: String,
    },
    /// Something valid that the mapping of the architecture does not cover.
    #[error("{what}")]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it is, with the key or tensor and its value.
        what: String,
        /// How to mend it.
        mend: &'static str,
    },
    /// A key that the architecture needs.
    #[error("key {key:?} is missing")]
    MissingKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
    },
    /// A key with a value of another type, or out of range.
    #[error("key {key:?} is {found}; expected {expected}")]
    KeyValue {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The value found.
        found: String,
        /// What it may be.
        expected: String,
    },
    /// A tensor that the architecture needs.
    #[error("tensor {tensor:?} is missing ({expected}){}", named(nearest.as_deref()))]
    MissingTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Why it must be there.
        expected: String,
        /// The tensor of the file whose name is nearest.
        nearest: Option<String>,
    },
    /// A tensor that has no place in the architecture.
    #[error("tensor {tensor:?} has no place in a model of architecture {architecture}")]
    UnknownTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The architecture.
        architecture: &'static str,
    },
    /// A tensor of another shape than the metadata says.
    #[error("tensor {tensor:?} has shape {found:?}; expected {expected:?} ({why})")]
    TensorShape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Its shape, outermost first.
        found: Vec<usize>,
        /// The shape that the metadata asks for.
        expected: Vec<usize>,
        /// The keys that say so.
        why: String,
    },
    /// Two statements of the file that cannot both be true.
    #[error("{first}, but {second}")]
    Contradiction {
        /// The file.
        path: PathBuf,
        /// One statement, with its key or tensor and number.
        first: String,
        /// The other.
        second: String,
    },
    /// A vocabulary or its merges that make no tokenizer.
    #[error("tokenizer: {what}")]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the entry.
        what: String,
    },
}

/// The end of a message that names the nearest tensor.
fn named(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; the nearest name is {name:?}")).unwrap_or_default()
}

impl GgufError {
    /// Stable code, a row of [`CODES`](super::CODES).
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "SEC-GG-001",
            Self::NotAFile { .. } => "SEC-GG-002",
            Self::NotGguf { .. } => "SEC-GG-003",
            Self::Version { .. } => "SEC-GG-004",
            Self::BigEndian { .. } => "SEC-GG-005",
            Self::Truncated { .. } => "SEC-GG-006",
            Self::Limit { .. } => "SEC-GG-007",
            Self::NotUtf8 { .. } => "SEC-GG-008",
            Self::EmptyName { .. } => "SEC-GG-009",
            Self::DuplicateKey { .. } => "SEC-GG-010",
            Self::ValueType { .. } => "SEC-GG-011",
            Self::Truth { .. } => "SEC-GG-012",
            Self::Alignment { .. } => "SEC-GG-013",
            Self::DuplicateTensor { .. } => "SEC-GG-014",
            Self::Dimensions { .. } => "SEC-GG-015",
            Self::TooLarge { .. } => "SEC-GG-016",
            Self::RowBlock { .. } => "SEC-GG-017",
            Self::TypeUnknown { .. } => "SEC-GG-018",
            Self::TypeUnsupported { .. } => "SEC-GG-019",
            Self::Unaligned { .. } => "SEC-GG-020",
            Self::PastEnd { .. } => "SEC-GG-021",
            Self::Overlap { .. } => "SEC-GG-022",
            Self::Architecture { .. } => "SEC-GG-023",
            Self::Unsupported { .. } => "SEC-GG-024",
            Self::MissingKey { .. } => "SEC-GG-025",
            Self::KeyValue { .. } => "SEC-GG-026",
            Self::MissingTensor { .. } => "SEC-GG-027",
            Self::UnknownTensor { .. } => "SEC-GG-028",
            Self::TensorShape { .. } => "SEC-GG-029",
            Self::Contradiction { .. } => "SEC-GG-030",
            Self::Tokenizer { .. } => "SEC-GG-031",
        }
    }

    /// Exit code of a command that ends with this: 3 bad input, 4 unsupported, 5 resources.
    pub fn exit(&self) -> u8 {
        match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => 3,
            Self::Io { .. } => 5,
            // Version 0 never was; the others are of other times.
            Self::Version { found, .. } => 3 + u8::from(*found > 0),
            Self::BigEndian { .. }
            | Self::TypeUnsupported { .. }
            | Self::Architecture { .. }
            | Self::Unsupported { .. }
            | Self::UnknownTensor { .. } => 4,
            Self::NotAFile { .. }
            | Self::NotGguf { .. }
            | Self::Truncated { .. }
            | Self::Limit { .. }
            | Self::NotUtf8 { .. }
            | Self::EmptyName { .. }
            | Self::DuplicateKey { .. }
            | Self::ValueType { .. }
            | Self::Truth { .. }
            | Self::Alignment { .. }
            | Self::DuplicateTensor { .. }
            | Self::Dimensions { .. }
            | Self::TooLarge { .. }
            | Self::RowBlock { .. }
            | Self::TypeUnknown { .. }
            | Self::Unaligned { .. }
            | Self::PastEnd { .. }
            | Self::Overlap { .. }
            | Self::MissingKey { .. }
            | Self::KeyValue { .. }
            | Self::MissingTensor { .. }
            | Self::TensorShape { .. }
            | Self::Contradiction { .. }
            | Self::Tokenizer { .. } => 3,
        }
    }

    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => "check the path",
                io::ErrorKind::PermissionDenied => "check who may read the file",
                _ => return None,
            },
            Self::NotAFile { .. } => "give the path of the .gguf file itself",
            Self::NotGguf { mend, .. } | Self::Unsupported { mend, .. } => *mend,
            Self::Version { .. } => "convert the model again with a current llama.cpp",
            Self::BigEndian { .. } => "convert it with gguf-convert-endian of the gguf package",
            Self::Truncated { .. } | Self::PastEnd { .. } => {
                "the download was probably interrupted: fetch the file again and compare its size"
            }
            Self::TypeUnsupported { .. } => {
                "convert the file with `llama-quantize --allow-requantize FILE OUT q8_0`, or start \
                 from the original weights"
            }
            Self::Architecture { .. } | Self::UnknownTensor { .. } => {
                "use the model's original Hugging Face directory"
            }
            Self::KeyValue { .. }
            | Self::MissingKey { .. }
            | Self::MissingTensor { .. }
            | Self::TensorShape { .. }
            | Self::Contradiction { .. }
            | Self::Tokenizer { .. } => {
                "convert the model again from its original Hugging Face directory"
            }
            Self::Limit { .. }
            | Self::NotUtf8 { .. }
            | Self::EmptyName { .. }
            | Self::DuplicateKey { .. }
            | Self::ValueType { .. }
            | Self::Truth { .. }
            | Self::Alignment { .. }
            | Self::DuplicateTensor { .. }
            | Self::Dimensions { .. }
            | Self::TooLarge { .. }
            | Self::RowBlock { .. }
            | Self::TypeUnknown { .. }
            | Self::Unaligned { .. }
            | Self::Overlap { .. } => {
                "the file is damaged or was written by a faulty program: fetch it again \
                 from its source"
            }
        };
        Some(hint.to_owned())
    }

    /// The file.
    pub fn place(&self) -> Option<&Path> {
        match self {
            Self::Io { path, .. }
            | Self::NotAFile { path, .. }
            | Self::NotGguf { path, .. }
            | Self::Version { path, .. }
            | Self::BigEndian { path, .. }
            | Self::Truncated { path, .. }
            | Self::Limit { path, .. }
            | Self::NotUtf8 { path, .. }
            | Self::EmptyName { path, .. }
            | Self::DuplicateKey { path, .. }
            | Self::ValueType { path, .. }
            | Self::Truth { path, .. }
            | Self::Alignment { path, .. }
            | Self::DuplicateTensor { path, .. }
            | Self::Dimensions { path, .. }
            | Self::TooLarge { path, .. }
            | Self::RowBlock { path, .. }
            | Self::TypeUnknown { path, .. }
            | Self::TypeUnsupported { path, .. }
            | Self::Unaligned { path, .. }
            | Self::PastEnd { path, .. }
            | Self::Overlap { path, .. }
            | Self::Architecture { path, .. }
            | Self::Unsupported { path, .. }
            | Self::MissingKey { path, .. }
            | Self::KeyValue { path, .. }
            | Self::MissingTensor { path, .. }
            | Self::UnknownTensor { path, .. }
            | Self::TensorShape { path, .. }
            | Self::Contradiction { path, .. }
            | Self::Tokenizer { path, .. } => Some(path),
        }
    }

    /// What the code means, from [`CODES`](super::CODES).
    pub fn explanation(&self) -> &'static str {
        codes::explanation(self.code()).expect("every code is explained")
    }
}
