//! Writes GGUF files, whole and broken.

/// Type numbers of values.
pub(super) const U8: u32 = 0;
pub(super) const U32: u32 = 4;
pub(super) const I32: u32 = 5;
pub(super) const F32: u32 = 6;
pub(super) const BOOL: u32 = 7;
pub(super) const STRING: u32 = 8;
pub(super) const ARRAY: u32 = 9;

/// A file in parts, each of which a test can break before they are joined.
#[derive(Clone)]
pub(super) struct Writer {
    pub(super) magic: [u8; 4],
    pub(super) version: u32,
    /// Counts that are written instead of the real ones.
    pub(super) tensor_count: Option<u64>,
    pub(super) key_count: Option<u64>,
    /// Entries as bytes.
    pub(super) keys: Vec<Vec<u8>>,
    pub(super) tensors: Vec<Vec<u8>>,
    pub(super) alignment: usize,
    pub(super) data: Vec<u8>,
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
pub(super) fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

/// An array of strings as a value.
pub(super) fn strings(texts: &[&str]) -> Vec<u8> {
    let mut bytes = array(STRING, texts.len() as u64, &[]);
    for text in texts {
        bytes.extend(string(text));
    }
    bytes
}

/// An array as a value.
pub(super) fn array(kind: u32, len: u64, values: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &len.to_le_bytes(), values].concat()
}

/// The entry of a tensor.
pub(super) fn entry(name: &str, dims: &[u64], kind: u32, offset: u64) -> Vec<u8> {
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
    pub(super) fn key(mut self, name: &str, kind: u32, value: &[u8]) -> Self {
        self.keys.push([&string(name)[..], &kind.to_le_bytes(), value].concat());
        self
    }

    pub(super) fn u32(self, name: &str, value: u32) -> Self {
        self.key(name, U32, &value.to_le_bytes())
    }

    pub(super) fn f32(self, name: &str, value: f32) -> Self {
        self.key(name, F32, &value.to_le_bytes())
    }

    pub(super) fn bool(self, name: &str, value: bool) -> Self {
        self.key(name, BOOL, &[u8::from(value)])
    }

    pub(super) fn text(self, name: &str, value: &str) -> Self {
        self.key(name, STRING, &string(value))
    }

    pub(super) fn strings(self, name: &str, values: &[&str]) -> Self {
        self.key(name, ARRAY, &strings(values))
    }

    pub(super) fn i32s(self, name: &str, values: &[i32]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.key(name, ARRAY, &array(I32, values.len() as u64, &bytes))
    }

    pub(super) fn f32s(self, name: &str, values: &[f32]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.key(name, ARRAY, &array(F32, values.len() as u64, &bytes))
    }

    /// Takes a key away.
    pub(super) fn without(mut self, name: &str) -> Self {
        let start = string(name);
        self.keys.retain(|key| !key.starts_with(&start));
        self
    }

    /// Puts a key in the place of one with the same name.
    pub(super) fn instead(self, name: &str, kind: u32, value: &[u8]) -> Self {
        self.without(name).key(name, kind, value)
    }

    /// Adds an entry that says anything.
    pub(super) fn entry(mut self, name: &str, dims: &[u64], kind: u32, offset: u64) -> Self {
        self.tensors.push(entry(name, dims, kind, offset));
        self
    }

    /// Adds a tensor with its bytes, dimensions innermost first, padded to the alignment.
    pub(super) fn tensor(mut self, name: &str, dims: &[u64], kind: u32, bytes: &[u8]) -> Self {
        let offset = self.data.len() as u64;
        self.data.extend(bytes);
        self.data.resize(self.data.len().next_multiple_of(self.alignment), 0);
        self.entry(name, dims, kind, offset)
    }

    /// Adds a tensor of f32 values counted up from a number.
    pub(super) fn counted(self, name: &str, dims: &[u64], from: f32) -> Self {
        let count = dims.iter().product::<u64>();
        let bytes: Vec<u8> = (0..count).flat_map(|i| (from + i as f32).to_le_bytes()).collect();
        self.tensor(name, dims, 0, &bytes)
    }

    /// Takes a tensor's entry away; its bytes stay.
    pub(super) fn without_tensor(mut self, name: &str) -> Self {
        let start = string(name);
        self.tensors.retain(|tensor| !tensor.starts_with(&start));
        self
    }

    /// The whole file.
    pub(super) fn bytes(&self) -> Vec<u8> {
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
