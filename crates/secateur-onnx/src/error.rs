//! What can be wrong with an ONNX file.

use std::path::{Path, PathBuf};

pub use crate::codes::CODES;

/// What can be wrong with an ONNX file. Each variant names the file, the place in it, and what
/// was expected and found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum OnnxError {
    #[error("cannot read the file: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("the file is empty")]
    Empty { path: PathBuf },
    #[error("this is {found}, not an ONNX file")]
    WrongFormat { path: PathBuf, found: &'static str, mend: &'static str },
    #[error("this is a Git LFS pointer of {bytes} bytes, not the file it stands for")]
    LfsPointer { path: PathBuf, bytes: u64 },
    #[error("this is a web page, not the file that was to be downloaded")]
    WebPage { path: PathBuf },
    #[error("this is a pickle file, which can run code when it is read; it was not read")]
    Pickle { path: PathBuf },
    #[error("this is {kind}, not a regular file")]
    NotRegular { path: PathBuf, kind: &'static str },
    #[error("the file is no ONNX model{}: {reason}", offset.map_or(String::new(), |at| format!(", at byte {at}")))]
    Protobuf { path: PathBuf, offset: Option<u64>, reason: String },
    #[error("{what}: {found}, and at most {limit} are read")]
    Limit { path: PathBuf, what: String, found: u64, limit: u64 },
    #[error("{reason}")]
    Model { path: PathBuf, reason: String },
    #[error("{what} {found} is not supported; supported are {supported}")]
    Version { path: PathBuf, what: String, found: i64, supported: String },
    #[error("{place}: the nodes {} form a cycle", nodes.join(" -> "))]
    Cycle { path: PathBuf, place: String, nodes: Vec<String> },
    #[error("{place}: {user} uses {value:?}, which nothing gives")]
    Undefined { path: PathBuf, place: String, user: String, value: String },
    #[error("{place}: {value:?} is given twice, by {first} and by {second}")]
    Duplicate { path: PathBuf, place: String, value: String, first: String, second: String },
    #[error("the functions {} call each other in a circle", functions.join(" -> "))]
    Recursion { path: PathBuf, functions: Vec<String> },
    #[error("{place}: {reason}")]
    Node { path: PathBuf, place: String, reason: String },
    #[error("{place}: {reason}")]
    Attribute { path: PathBuf, place: String, reason: String },
    #[error("{place}: {reason}")]
    Tensor { path: PathBuf, place: String, reason: String },
    #[error("{place} has values of type {dtype}, which are not supported")]
    TensorType { path: PathBuf, place: String, dtype: String },
    #[error("{place}: the external data file {location:?} is not safe: {reason}")]
    ExternalPath { path: PathBuf, place: String, location: String, reason: String },
    #[error("{place}: {key:?} of its external data is {value:?}: {reason}")]
    ExternalKey { path: PathBuf, place: String, key: String, value: String, reason: String },
    #[error("{place}: bytes {offset}..{} of {location:?} are not there: it has {size}", u128::from(*offset) + u128::from(*length))]
    ExternalRange {
        path: PathBuf,
        place: String,
        location: String,
        offset: u64,
        length: u64,
        size: u64,
    },
    #[error("{place}: the external data file {location:?} cannot be read: {source}")]
    ExternalFile { path: PathBuf, place: String, location: String, source: std::io::Error },
    #[error(
        "{first} overlaps {second} in {location:?}: bytes {}..{} and {}..{}",
        first_bytes.0, first_bytes.1, second_bytes.0, second_bytes.1
    )]
    ExternalOverlap {
        path: PathBuf,
        location: String,
        first: String,
        first_bytes: (u64, u64),
        second: String,
        second_bytes: (u64, u64),
    },
    #[error("the model cannot be written without loss: {lost}")]
    Lossy { path: PathBuf, lost: String },
    #[error("the model is not written: {what} {found} is newer than {known}, the newest known")]
    Newer { path: PathBuf, what: String, found: i64, known: i64 },
    #[error(
        "the model takes {bytes} bytes without its large tensors, and a file holds at most {limit}"
    )]
    TooLarge { path: PathBuf, bytes: u64, limit: u64 },
    #[error("the file changed while it was read: {what}")]
    Changed { path: PathBuf, what: String },
}

/// Code, exit code, hint of each variant.
struct Card {
    code: &'static str,
    exit: u8,
    hint: &'static str,
}

impl OnnxError {
    /// Stable code, e.g. `SEC-OX-004`.
    pub fn code(&self) -> &'static str {
        self.card().code
    }

    /// Exit code of the process.
    pub fn exit(&self) -> u8 {
        self.card().exit
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(self.card().hint.to_owned())
    }

    /// The file.
    pub fn place(&self) -> Option<&Path> {
        match self {
            Self::Io { path, .. }
            | Self::Empty { path }
            | Self::WrongFormat { path, .. }
            | Self::LfsPointer { path, .. }
            | Self::WebPage { path }
            | Self::Pickle { path }
            | Self::NotRegular { path, .. }
            | Self::Protobuf { path, .. }
            | Self::Limit { path, .. }
            | Self::Model { path, .. }
            | Self::Version { path, .. }
            | Self::Cycle { path, .. }
            | Self::Undefined { path, .. }
            | Self::Duplicate { path, .. }
            | Self::Recursion { path, .. }
            | Self::Node { path, .. }
            | Self::Attribute { path, .. }
            | Self::Tensor { path, .. }
            | Self::TensorType { path, .. }
            | Self::ExternalPath { path, .. }
            | Self::ExternalKey { path, .. }
            | Self::ExternalRange { path, .. }
            | Self::ExternalFile { path, .. }
            | Self::ExternalOverlap { path, .. }
            | Self::Lossy { path, .. }
            | Self::Newer { path, .. }
            | Self::TooLarge { path, .. }
            | Self::Changed { path, .. } => Some(path),
        }
    }

    fn card(&self) -> Card {
        let card = |code, exit, hint| Card { code, exit, hint };
        match self {
            Self::Io { source, .. } => {
                let missing = source.kind() == std::io::ErrorKind::NotFound;
                let exit = if missing { 3 } else { 5 };
                card("SEC-OX-001", exit, "check that the file exists and may be read")
            }
            Self::Empty { .. } => card("SEC-OX-002", 3, "download or copy the file again"),
            Self::WrongFormat { mend, .. } => card("SEC-OX-003", 3, mend),
            Self::LfsPointer { .. } => card(
                "SEC-OX-004",
                3,
                "run `git lfs pull` in the model's folder, or download the file with `hf download`",
            ),
            Self::WebPage { .. } => card(
                "SEC-OX-005",
                3,
                "download the file again; the page may say that a login is needed",
            ),
            Self::Pickle { .. } => {
                card("SEC-OX-006", 4, "export it where it can be trusted, with torch.onnx.export")
            }
            Self::NotRegular { .. } => card("SEC-OX-007", 3, "give a regular file"),
            Self::Protobuf { .. } => card(
                "SEC-OX-008",
                3,
                "the download was likely interrupted, or this is another kind of file; fetch it again",
            ),
            Self::Limit { .. } => {
                card("SEC-OX-009", 3, "export the model again, with less nesting")
            }
            Self::Model { .. } => card("SEC-OX-010", 3, "export the model again"),
            Self::Version { .. } => card(
                "SEC-OX-011",
                4,
                "convert it: onnx.version_converter.convert_version(model, 21), or export it again",
            ),
            Self::Cycle { .. } => card("SEC-OX-012", 3, "export the model again"),
            Self::Undefined { .. } => card("SEC-OX-013", 3, "export the model again"),
            Self::Duplicate { .. } => {
                card("SEC-OX-014", 3, "export the model again; each value needs a name of its own")
            }
            Self::Recursion { .. } => card("SEC-OX-015", 3, "export the model again"),
            Self::Node { .. } => card("SEC-OX-016", 3, "export the model again"),
            Self::Attribute { .. } => card("SEC-OX-017", 3, "export the model again"),
            Self::Tensor { .. } => {
                card("SEC-OX-018", 3, "export the model again, or fetch it again")
            }
            Self::TensorType { .. } => {
                card("SEC-OX-019", 4, "convert the tensor to f16, bf16 or f32 first")
            }
            Self::ExternalPath { .. } => card(
                "SEC-OX-020",
                3,
                "external data lies in the model's own folder; do not use this model if its source cannot be trusted",
            ),
            Self::ExternalKey { .. } => card("SEC-OX-021", 3, "export the model again"),
            Self::ExternalRange { .. } => card(
                "SEC-OX-022",
                3,
                "the download of the data file was likely interrupted; fetch it again",
            ),
            Self::ExternalFile { source, .. } => {
                let missing = source.kind() == std::io::ErrorKind::NotFound;
                card(
                    "SEC-OX-023",
                    if missing { 3 } else { 5 },
                    "put the data file beside the model",
                )
            }
            Self::ExternalOverlap { .. } => card("SEC-OX-024", 3, "export the model again"),
            Self::Lossy { .. } => {
                card("SEC-OX-025", 4, "use a newer version of this program, or export it again")
            }
            Self::Newer { .. } => card(
                "SEC-OX-026",
                4,
                "use a newer version of this program, or export the model with an older opset",
            ),
            Self::TooLarge { .. } => {
                card("SEC-OX-027", 4, "move constants of nodes to initializers, or split the model")
            }
            Self::Changed { .. } => {
                card("SEC-OX-028", 5, "run again when nothing else writes the model")
            }
        }
    }
}
