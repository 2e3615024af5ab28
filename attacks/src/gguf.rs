//! Writes GGUF files, whole and broken.

#![allow(missing_docs, reason = "short names of the parts of the format")]

/// Type numbers of values.
pub const U8: u32 = 0;
pub const U32: u32 = 4;
pub const I32: u32 = 5;
pub const F32: u32 = 6;
pub const BOOL: u32 = 7;
pub const STRING: u32 = 8;
pub const ARRAY: u32 = 9;

/// A file in parts, each of which a test can break before they are joined.
#[derive(Clone)]
#[must_use]
pub struct Writer {
    pub magic: [u8; 4],
    pub version: u32,
    /// Counts that are written instead of the real ones.
    pub tensor_count: Option<u64>,
    pub key_count: Option<u64>,
    /// Entries as bytes.
    pub keys: Vec<Vec<u8>>,
    pub tensors: Vec<Vec<u8>>,
    pub alignment: usize,
    pub data: Vec<u8>,
}

impl Default for Writer {
    fn default() -> Self {
        Self {
            magic: *b"GGUF",
            version: 3,
            tensor_count: None,
            key_count: None,
            keys: Vec::new(),
            tensors: Vec::new(),
            alignment: 32,
            data: Vec::new(),
        }
    }
}

/// A string as the format has it.
pub fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

/// An array of strings as a value.
pub fn strings(texts: &[&str]) -> Vec<u8> {
    let mut bytes = array(STRING, texts.len() as u64, &[]);
    for text in texts {
        bytes.extend(string(text));
    }
    bytes
}

/// An array as a value.
pub fn array(kind: u32, len: u64, values: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &len.to_le_bytes(), values].concat()
}

/// The entry of a tensor.
pub fn entry(name: &str, dims: &[u64], kind: u32, offset: u64) -> Vec<u8> {
    let mut bytes = string(name);
    bytes.extend((dims.len() as u32).to_le_bytes());
    for dim in dims {
        bytes.extend(dim.to_le_bytes());
    }
    bytes.extend(kind.to_le_bytes());
    bytes.extend(offset.to_le_bytes());
    bytes
}

impl Writer {
    /// Adds a key of any type.
    pub fn key(mut self, name: &str, kind: u32, value: &[u8]) -> Self {
        self.keys.push([&string(name)[..], &kind.to_le_bytes(), value].concat());
        self
    }

    pub fn u32(self, name: &str, value: u32) -> Self {
        self.key(name, U32, &value.to_le_bytes())
    }

    pub fn f32(self, name: &str, value: f32) -> Self {
        self.key(name, F32, &value.to_le_bytes())
    }

    pub fn bool(self, name: &str, value: bool) -> Self {
        self.key(name, BOOL, &[u8::from(value)])
    }

    pub fn text(self, name: &str, value: &str) -> Self {
        self.key(name, STRING, &string(value))
    }

    pub fn strings(self, name: &str, values: &[&str]) -> Self {
        self.key(name, ARRAY, &strings(values))
    }

    pub fn i32s(self, name: &str, values: &[i32]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.key(name, ARRAY, &array(I32, values.len() as u64, &bytes))
    }

    pub fn f32s(self, name: &str, values: &[f32]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.key(name, ARRAY, &array(F32, values.len() as u64, &bytes))
    }

    /// Takes a key away.
    pub fn without(mut self, name: &str) -> Self {
        let start = string(name);
        self.keys.retain(|key| !key.starts_with(&start));
        self
    }

    /// Puts a key in the place of one with the same name.
    pub fn instead(self, name: &str, kind: u32, value: &[u8]) -> Self {
        self.without(name).key(name, kind, value)
    }

    /// Adds an entry that says anything.
    pub fn entry(mut self, name: &str, dims: &[u64], kind: u32, offset: u64) -> Self {
        self.tensors.push(entry(name, dims, kind, offset));
        self
    }

    /// Adds a tensor with its bytes, dimensions innermost first, padded to the alignment.
    pub fn tensor(mut self, name: &str, dims: &[u64], kind: u32, bytes: &[u8]) -> Self {
        let offset = self.data.len() as u64;
        self.data.extend(bytes);
        self.data.resize(self.data.len().next_multiple_of(self.alignment), 0);
        self.entry(name, dims, kind, offset)
    }

    /// Adds a tensor of f32 values counted up from a number.
    pub fn counted(self, name: &str, dims: &[u64], from: f32) -> Self {
        let count = dims.iter().product::<u64>();
        let bytes: Vec<u8> = (0..count).flat_map(|i| (from + i as f32).to_le_bytes()).collect();
        self.tensor(name, dims, 0, &bytes)
    }

    /// Takes a tensor's entry away; its bytes stay.
    pub fn without_tensor(mut self, name: &str) -> Self {
        let start = string(name);
        self.tensors.retain(|tensor| !tensor.starts_with(&start));
        self
    }

    /// The whole file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.magic.to_vec();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(self.tensor_count.unwrap_or(self.tensors.len() as u64).to_le_bytes());
        bytes.extend(self.key_count.unwrap_or(self.keys.len() as u64).to_le_bytes());
        bytes.extend(self.keys.iter().chain(&self.tensors).flatten());
        bytes.resize(bytes.len().next_multiple_of(self.alignment), 0);
        bytes.extend(&self.data);
        bytes
    }
}
