//! Values that lie in other files.

use std::path::{Path, PathBuf};

use secateur_tensor::Bytes;

use crate::error::OnnxError;
use crate::proto::{ModelProto, TensorProto};

/// Files of external data, each mapped once.
#[derive(Clone, Debug, Default)]
pub struct External {
    /// The files, in the order in which tensors name them.
    pub files: Vec<ExternalFile>,
}

/// A file of external data.
#[derive(Clone, Debug)]
pub struct ExternalFile {
    /// The name that tensors give.
    pub location: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Its content.
    pub bytes: Bytes,
}

impl External {
    pub(crate) fn open(
        _path: &Path,
        _model: &ModelProto,
        _warnings: &mut Vec<String>,
    ) -> Result<Self, OnnxError> {
        Ok(Self::default())
    }

    /// The bytes of a tensor whose file is open.
    pub(crate) fn bytes(
        &self,
        path: &Path,
        place: &str,
        tensor: &TensorProto,
    ) -> Result<Bytes, OnnxError> {
        let location = tensor.external_data.iter().find(|entry| entry.key() == "location");
        let location = location.map_or("", |entry| entry.value()).to_owned();
        Err(OnnxError::ExternalFile {
            path: path.to_owned(),
            place: place.to_owned(),
            location,
            source: std::io::ErrorKind::NotFound.into(),
        })
    }
}
