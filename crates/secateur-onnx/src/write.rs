//! A model as the bytes of its files.
//!
//! A model is one message, which holds less than 2 GiB. Where it had external data, or would
//! not fit, the values of large tensors go to one file beside it, each at the start of a page,
//! as ONNX advises, so that they can be mapped.

use std::collections::HashMap;
use std::path::Path;

use bytes::Bytes;
use prost::Message;

use crate::document::Document;
use crate::error::OnnxError;
use crate::external::unsafe_location;
use crate::proto::tensor_proto::DataLocation;
use crate::proto::{ModelProto, StringStringEntryProto, TensorProto};
use crate::visit::{self, Role};
use crate::{shared, tensors};

/// Bytes of a message.
const MESSAGE_MAX: usize = i32::MAX as usize;
/// Offsets in a file of external data are multiples of this.
const PAGE: u64 = 4096;
/// Smaller tensors stay in the model.
const SMALL: usize = 1024;

/// The files of a model.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The content of the model's own file.
    pub model: Vec<u8>,
    /// The file of external data beside it, when there is one.
    pub data: Option<DataFile>,
}

/// A file of external data; what no part covers is zero.
#[derive(Clone, Debug)]
pub struct DataFile {
    /// Its name, in the folder of the model.
    pub name: String,
    /// Its length in bytes.
    pub len: u64,
    /// Offset and content of each part, in order.
    pub parts: Vec<(u64, Bytes)>,
    /// Why there is such a file, in words.
    pub why: String,
}

impl Document {
    /// The model as bytes, for a file `name` such as `out.onnx`; external data goes to
    /// `out.onnx.data`. Everything is checked before anything is encoded.
    ///
    /// # Errors
    /// [`OnnxError::Lossy`] and [`OnnxError::Newer`] for models that can be read but not written,
    /// [`OnnxError::TooLarge`], [`OnnxError::ExternalPath`] for a name that is no plain file
    /// name, and errors of external data.
    pub fn encode(&self, name: &str) -> Result<Encoded, OnnxError> {
        self.encode_within(name, MESSAGE_MAX)
    }

    /// The same with messages of at most `limit` bytes.
    fn encode_within(&self, name: &str, limit: usize) -> Result<Encoded, OnnxError> {
        self.check_writable()?;
        let bytes = self.model.encoded_len();
        let had = !self.external.files.is_empty();
        if !had && bytes <= limit {
            return Ok(Encoded { model: self.model.encode_to_vec(), data: None });
        }
        let why = if had {
            "the model had external data".to_owned()
        } else {
            format!("the model takes {bytes} bytes, and a file of this format holds {limit}")
        };
        let mut model = self.model.clone();
        let data = self.move_out(&mut model, name, why)?;
        let bytes = model.encoded_len();
        if bytes > limit {
            let (bytes, limit) = (bytes as u64, limit as u64);
            return Err(OnnxError::TooLarge { path: self.path.clone(), bytes, limit });
        }
        // Small tensors alone make no file.
        let data = (!data.parts.is_empty()).then_some(data);
        Ok(Encoded { model: model.encode_to_vec(), data })
    }

    /// Checks that writing this model loses nothing and means what it says.
    ///
    /// # Errors
    /// [`OnnxError::Lossy`] and [`OnnxError::Newer`].
    pub fn check_writable(&self) -> Result<(), OnnxError> {
        let path = || self.path.clone();
        if let Some(lost) = &self.lossy {
            return Err(OnnxError::Lossy { path: path(), lost: lost.clone() });
        }
        match self.newest() {
            None => Ok(()),
            Some((what, found, known)) => {
                let what = what.to_owned();
                Err(OnnxError::Newer { path: path(), what, found, known })
            }
        }
    }

    /// Moves large values out of a copy of the model.
    fn move_out(
        &self,
        model: &mut ModelProto,
        name: &str,
        why: String,
    ) -> Result<DataFile, OnnxError> {
        let name = format!("{name}.data");
        let plain = Path::new(&name).file_name().is_some_and(|file| file == name.as_str());
        let reason = unsafe_location(&name).or((!plain).then_some("it is no plain file name"));
        if let Some(reason) = reason {
            return Err(OnnxError::ExternalPath {
                path: self.path.clone(),
                place: "the output".to_owned(),
                location: name,
                reason: reason.to_owned(),
            });
        }
        let mut data = DataFile { name, len: 0, parts: Vec::new(), why };
        // Tensors that shared their bytes share them again.
        let mut placed: HashMap<(usize, usize), u64> = HashMap::new();
        visit::tensors_mut(model, &mut |spot, tensor| {
            let Some(bytes) = self.movable(spot, tensor)? else { return Ok(()) };
            let key = (bytes.as_ptr().addr(), bytes.len());
            if bytes.len() < SMALL {
                settle(tensor, bytes);
                return Ok(());
            }
            let offset = *placed.entry(key).or_insert_with(|| data.push(bytes.clone()));
            point(tensor, &data.name, offset, bytes.len());
            Ok(())
        })?;
        Ok(data)
    }

    /// The bytes of a tensor that may lie in another file: it did, or is an initializer.
    fn movable(
        &self,
        spot: &visit::Spot<'_>,
        tensor: &TensorProto,
    ) -> Result<Option<Bytes>, OnnxError> {
        if tensors::is_external(tensor) {
            let bytes = self.external.bytes(&self.path, &spot.to_string(), tensor)?;
            return Ok(Some(shared::field(&bytes)));
        }
        let is_large = |raw: &&Bytes| spot.role == Role::Initializer && raw.len() >= SMALL;
        Ok(tensor.raw_data.as_ref().filter(is_large).cloned())
    }
}

impl DataFile {
    fn push(&mut self, bytes: Bytes) -> u64 {
        let offset = self.len.next_multiple_of(PAGE);
        self.len = offset + bytes.len() as u64;
        self.parts.push((offset, bytes));
        offset
    }

    /// The bytes of the file in order, zeros between the parts among them, as pieces.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        const ZEROS: [u8; PAGE as usize] = [0; PAGE as usize];
        let ends = self.parts.iter().map(|(offset, bytes)| offset + bytes.len() as u64);
        let starts = std::iter::once(0).chain(ends);
        starts.zip(&self.parts).flat_map(|(end, (offset, bytes))| {
            let gap = &const { &ZEROS }[..(offset - end) as usize];
            [gap, &bytes[..]]
        })
    }
}

/// Puts values into the message.
fn settle(tensor: &mut TensorProto, bytes: Bytes) {
    tensor.raw_data = Some(bytes);
    tensor.data_location = None;
    tensor.external_data.clear();
}

/// Points a message to its values in another file. Keys that are not known stay; a checksum was
/// that of the old file.
fn point(tensor: &mut TensorProto, location: &str, offset: u64, length: usize) {
    let entry = |key: &str, value: String| StringStringEntryProto {
        key: Some(key.to_owned()),
        value: Some(value),
    };
    let mut entries = vec![
        entry("location", location.to_owned()),
        entry("offset", offset.to_string()),
        entry("length", length.to_string()),
    ];
    let ours = |key: &str| matches!(key, "location" | "offset" | "length" | "checksum");
    entries.extend(tensor.external_data.drain(..).filter(|pair| !ours(pair.key())));
    tensor.external_data = entries;
    tensor.data_location = Some(DataLocation::External as i32);
    tensor.raw_data = None;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{GraphProto, OperatorSetIdProto};

    /// A model of initializers with so many bytes each.
    fn document(sizes: &[usize]) -> Document {
        let initializer = sizes.iter().enumerate().map(|(at, size)| TensorProto {
            name: Some(format!("t{at}")),
            dims: vec![*size as i64],
            data_type: Some(crate::proto::tensor_proto::DataType::Uint8 as i32),
            raw_data: Some(vec![at as u8; *size].into()),
            ..TensorProto::default()
        });
        let graph = GraphProto { initializer: initializer.collect(), ..GraphProto::default() };
        let model = ModelProto {
            ir_version: Some(10),
            opset_import: vec![OperatorSetIdProto { domain: None, version: Some(21) }],
            graph: Some(graph),
            ..ModelProto::default()
        };
        let bytes = secateur_tensor::Bytes::owned(model.encode_to_vec());
        Document::parse(Path::new("test"), &bytes).unwrap()
    }

    #[test]
    fn what_a_message_cannot_hold_goes_to_a_file_beside_it() {
        let document = document(&[5000, 100, 1024]);
        assert!(document.encode_within("out.onnx", 7000).unwrap().data.is_none());
        let encoded = document.encode_within("out.onnx", 2000).unwrap();
        let data = encoded.data.unwrap();
        assert!(data.why.contains("holds 2000"), "{}", data.why);
        assert_eq!((data.name.as_str(), data.len), ("out.onnx.data", 8192 + 1024));
        let bytes: Vec<u8> = data.pieces().flatten().copied().collect();
        assert_eq!(bytes.len(), 8192 + 1024);
        assert!(bytes[5000..8192].iter().all(|byte| *byte == 0));
        assert!(bytes[8192..].iter().all(|byte| *byte == 2));
        let model = ModelProto::decode(&encoded.model[..]).unwrap();
        let tensors = &model.graph.unwrap().initializer;
        assert!(tensors[1].raw_data.is_some() && tensors[2].raw_data.is_none());
    }

    #[test]
    fn what_no_message_can_hold_is_refused() {
        let error = document(&[900; 10]).encode_within("out.onnx", 2000).unwrap_err();
        assert_eq!((error.code(), error.exit()), ("SEC-OX-027", 4));
    }
}
