//! A model as its file has it, checked.

use std::path::{Path, PathBuf};

use prost::Message;
use secateur_tensor::{Bytes, Stored};

use crate::error::OnnxError;
use crate::external::External;
use crate::proto::{ModelProto, OperatorSetIdProto, TensorProto};
use crate::{shared, sniff, tensors, wire};

/// Newest version of the format that is known.
pub const IR_VERSION_MAX: i64 = 14;
/// Oldest and newest version of the operators that are supported.
pub const OPSETS: [i64; 2] = [13, 23];

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
}

impl Document {
    /// Opens a file and the files of external data that it names.
    ///
    /// # Errors
    /// [`OnnxError`] with the first thing that is wrong. A file that is newer than this program
    /// opens; [`newer`](Self::newer) says so.
    pub fn open(path: &Path) -> Result<Self, OnnxError> {
        sniff::sniff(path)?;
        let bytes =
            Bytes::map(path).map_err(|source| OnnxError::Io { path: path.to_owned(), source })?;
        let mut document = Self::parse(path, &bytes)?;
        document.external = External::open(path, &document.model, &mut document.warnings)?;
        Ok(document)
    }

    /// The same from bytes; `path` is for messages. Files of external data are not opened.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn parse(path: &Path, bytes: &Bytes) -> Result<Self, OnnxError> {
        sniff::look(path, &bytes[..bytes.len().min(64)], bytes.len() as u64)?;
        let lossy = wire::check(path, bytes)?;
        let model = ModelProto::decode(shared::field(bytes)).map_err(|error| {
            let reason = error.to_string();
            let reason = reason.strip_prefix("failed to decode Protobuf message: ");
            let reason = reason.map_or_else(|| error.to_string(), str::to_owned);
            OnnxError::Protobuf { path: path.to_owned(), offset: None, reason }
        })?;
        Ok(Self {
            path: path.to_owned(),
            model,
            warnings: Vec::new(),
            lossy,
            external: External::default(),
            bytes: bytes.clone(),
        })
    }

    /// Version of the operators of ONNX itself; 1 in files from before versions.
    pub fn opset(&self) -> i64 {
        let own = |domain: &str| matches!(domain, "" | "ai.onnx");
        let found = self.model.opset_import.iter().find(|opset| own(opset.domain()));
        found.map_or(1, OperatorSetIdProto::version)
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
