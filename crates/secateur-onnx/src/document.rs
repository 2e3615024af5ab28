//! A model as its file has it, checked.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use prost::Message;
use secateur_tensor::{Bytes, Stored};

use crate::check::own_domain;
use crate::error::OnnxError;
use crate::external::External;
use crate::proto::{ModelProto, OperatorSetIdProto, TensorProto};
use crate::{check, shared, sniff, tensors, wire};

/// Newest version of the format that is known.
pub const IR_VERSION_MAX: i64 = 14;
/// Oldest and newest version of the operators that are supported. Before version 7 operators
/// broadcast in other ways.
pub const OPSETS: [i64; 2] = [7, 23];

/// Warnings that are kept.
const WARNINGS_MAX: usize = 50;

/// A model as its file has it.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file.
    pub path: PathBuf,
    /// Its messages. Weights (`raw_data`) are parts of the mapped file.
    pub model: ModelProto,
    /// What is unusual, and what was mended in `model`.
    pub warnings: Vec<String>,
    /// What decoding dropped, so that the model must not be written.
    pub lossy: Option<String>,
    /// Files of external data, mapped.
    pub external: External,
    /// The file, mapped.
    bytes: Bytes,
    /// Its time of change when it was opened.
    changed: Option<SystemTime>,
}

impl Document {
    /// Opens a file and the files of external data that it names.
    ///
    /// # Errors
    /// [`OnnxError`] with the first thing that is wrong. A file that is newer than this program
    /// opens; [`newer`](Self::newer) says so.
    pub fn open(path: &Path) -> Result<Self, OnnxError> {
        sniff::sniff(path)?;
        let io = |source| OnnxError::Io { path: path.to_owned(), source };
        // Asked before the file is read, so that no change is missed.
        let changed = std::fs::metadata(path).map_err(io)?.modified().ok();
        let bytes = Bytes::map(path).map_err(io)?;
        let mut document = Self::parse(path, &bytes)?;
        document.changed = changed;
        document.external = External::open(path, &document.model, &mut document.warnings)?;
        limit(&mut document.warnings);
        Ok(document)
    }

    /// The same from bytes; `path` is for messages. Files of external data are not opened.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn parse(path: &Path, bytes: &Bytes) -> Result<Self, OnnxError> {
        sniff::look(path, &bytes[..bytes.len().min(64)], bytes.len() as u64)?;
        let lossy = wire::check(path, bytes)?;
        let mut model = ModelProto::decode(shared::field(bytes)).map_err(|error| {
            let reason = error.to_string();
            let reason = reason.strip_prefix("failed to decode Protobuf message: ");
            let reason = reason.map_or_else(|| error.to_string(), str::to_owned);
            OnnxError::Protobuf { path: path.to_owned(), offset: None, reason }
        })?;
        let mut warnings = Vec::new();
        check::check(path, &mut model, &mut warnings)?;
        limit(&mut warnings);
        Ok(Self {
            path: path.to_owned(),
            model,
            warnings,
            lossy,
            external: External::default(),
            bytes: bytes.clone(),
            changed: None,
        })
    }

    /// Version of the operators of ONNX itself; 1 in files from before versions.
    pub fn opset(&self) -> i64 {
        let own = |opset: &&OperatorSetIdProto| own_domain(opset.domain()).is_empty();
        let found = self.model.opset_import.iter().find(own);
        found.map_or(1, OperatorSetIdProto::version)
    }

    /// What of the file is newer than this program: it can be inspected, but neither run nor
    /// written.
    pub fn newer(&self) -> Option<String> {
        let (what, found, known) = self.newest()?;
        Some(format!("{what} {found} is newer than {known}, the newest known"))
    }

    /// Version, found, newest known.
    pub(crate) fn newest(&self) -> Option<(&'static str, i64, i64)> {
        let versions = [
            ("ir_version", self.model.ir_version(), IR_VERSION_MAX),
            ("opset", self.opset(), OPSETS[1]),
        ];
        versions.into_iter().find(|(_, found, known)| found > known)
    }

    /// Checks that the operators are of versions that can be run and pruned.
    ///
    /// # Errors
    /// [`OnnxError::Version`].
    pub fn check_supported(&self) -> Result<(), OnnxError> {
        let [oldest, newest] = OPSETS;
        let (ir, opset) = (self.model.ir_version(), self.opset());
        let (what, found, supported) = if ir > IR_VERSION_MAX {
            ("ir_version", ir, format!("1 to {IR_VERSION_MAX}"))
        } else if !(oldest..=newest).contains(&opset) {
            ("opset", opset, format!("{oldest} to {newest}"))
        } else {
            return Ok(());
        };
        let what = what.to_owned();
        Err(OnnxError::Version { path: self.path.clone(), what, found, supported })
    }

    /// Checks that the file and those of external data are as they were when they were opened;
    /// to be asked when the last value has been read.
    ///
    /// # Errors
    /// [`OnnxError::Changed`].
    pub fn check_unchanged(&self) -> Result<(), OnnxError> {
        let own = (&self.path, &self.bytes, self.changed);
        let others = self.external.files.iter().map(|file| (&file.path, &file.bytes, file.changed));
        for (path, bytes, changed) in std::iter::once(own).chain(others) {
            let what = match std::fs::metadata(path) {
                Err(error) => format!("it cannot be looked at any more ({error})"),
                Ok(meta) if meta.len() != bytes.len() as u64 => {
                    format!("it had {} bytes and has {}", bytes.len(), meta.len())
                }
                Ok(meta) if meta.modified().ok() != changed => {
                    "its time of change is another".to_owned()
                }
                Ok(_) => continue,
            };
            return Err(OnnxError::Changed { path: path.clone(), what });
        }
        Ok(())
    }

    /// The values of a tensor of this model, from its message or from external data; shared with
    /// the mapped file where they lie there as they are.
    ///
    /// # Errors
    /// [`OnnxError::Tensor`] when the message contradicts itself, [`OnnxError::TensorType`] for
    /// values that are not numbers of a supported type, and errors of external data.
    pub fn stored(&self, tensor: &TensorProto) -> Result<Stored, OnnxError> {
        let place = || format!("tensor {:?}", tensor.name());
        let raw = if tensors::is_external(tensor) {
            Some(self.external.bytes(&self.path, &place(), tensor)?)
        } else {
            tensor.raw_data.as_ref().map(|raw| shared::bytes(raw, &self.bytes))
        };
        tensors::stored(&self.path, &place, tensor, raw)
    }
}

/// Keeps a file with many faults from filling a terminal.
fn limit(warnings: &mut Vec<String>) {
    let more = warnings.len().saturating_sub(WARNINGS_MAX);
    if more > 0 {
        warnings.truncate(WARNINGS_MAX);
        warnings.push(format!("and {more} warnings more"));
    }
}
