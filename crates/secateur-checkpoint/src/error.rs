//! What can be wrong with a model on disk.

use std::path::{Path, PathBuf};

use crate::gguf::GgufError;

/// What can be wrong with a model on disk. Each variant names the file, the place in it, and
/// what was expected and found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum CheckpointError {
    #[error("cannot read the file: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("the file is empty")]
    Empty { path: PathBuf },
    #[error("{what}")]
    NotAModel { path: PathBuf, what: String },
    #[error("this is {found}, not {expected}")]
    WrongFormat { path: PathBuf, found: &'static str, expected: &'static str },
    #[error("this is a Git LFS pointer of {bytes} bytes, not the file it stands for")]
    LfsPointer { path: PathBuf, bytes: u64 },
    #[error("this is a web page, not the file that was to be downloaded")]
    WebPage { path: PathBuf },
    #[error("this is a pickle file, which can run code when it is read; it was not read")]
    Pickle { path: PathBuf },
    #[error("this is {kind}, not a regular file")]
    NotRegular { path: PathBuf, kind: &'static str },
    #[error("{bytes} bytes are too few for a safetensors file, whose header takes at least 10")]
    HeaderTooSmall { path: PathBuf, bytes: u64 },
    #[error(
        "the header claims {claimed} bytes, of {available} in the file (at most {cap} are read)"
    )]
    HeaderLength { path: PathBuf, claimed: u64, available: u64, cap: u64 },
    #[error("the header is not what safetensors has, at byte {offset}: {reason}")]
    HeaderText { path: PathBuf, offset: u64, reason: String },
    #[error("tensor {name} stands twice in the header")]
    DuplicateTensor { path: PathBuf, name: String },
    #[error("tensor {name}: {reason}")]
    BadEntry { path: PathBuf, name: String, reason: String },
    #[error("tensor {name} has values of type {dtype}, which are not supported")]
    UnsupportedType { path: PathBuf, name: String, dtype: String },
    #[error(
        "tensor {first} overlaps {second}: bytes {}..{} and {}..{}",
        first_bytes.0, first_bytes.1, second_bytes.0, second_bytes.1
    )]
    Overlap {
        path: PathBuf,
        first: String,
        first_bytes: (u64, u64),
        second: String,
        second_bytes: (u64, u64),
    },
    #[error("bytes {from}..{to} of the data belong to no tensor")]
    Hole { path: PathBuf, from: u64, to: u64 },
    #[error("{what} is {missing} bytes short: {found} of {expected}")]
    Truncated { path: PathBuf, what: String, missing: u64, found: u64, expected: u64 },
    #[error("the index does not fit its shards:\n  {}", problems.join("\n  "))]
    Index { path: PathBuf, problems: Vec<String> },
    #[error("the file name {name:?} is not safe: shards lie in the model's own folder")]
    UnsafeName { path: PathBuf, name: String },
    #[error("{key}: {reason}")]
    Config { path: PathBuf, key: String, reason: String },
    #[error("architecture {found} is not supported; supported are {known}")]
    UnknownArchitecture { path: PathBuf, found: String, known: String },
    #[error("{key} = {value} is not supported")]
    UnsupportedOption { path: PathBuf, key: String, value: String },
    #[error("tensor {name} is missing{}", nearest.as_ref().map_or(String::new(), |n| format!("; the nearest name is {n}")))]
    MissingTensor { path: PathBuf, name: String, nearest: Option<String> },
    #[error("tensor {name} has shape {found:?}, config.json asks for {expected:?} ({because})")]
    TensorShape {
        path: PathBuf,
        name: String,
        expected: Vec<usize>,
        found: Vec<usize>,
        because: String,
    },
    #[error("tensor {name} holds {count} values that are not finite, the first at {first}")]
    NotFinite { path: PathBuf, name: String, count: usize, first: usize },
    #[error("the tokenizer cannot be used: {reason}")]
    Tokenizer { path: PathBuf, reason: String },
    #[error("the model has no tokenizer")]
    NoTokenizer { path: PathBuf },
    #[error("the model is an encoder: it has no head that predicts tokens")]
    NoHead { path: PathBuf },
    #[error("token id {id} is out of range: the embedding has {rows} rows")]
    TokenRange { path: PathBuf, id: i64, rows: usize },
    #[error(transparent)]
    Gguf(#[from] GgufError),
}

/// Code, exit code, hint of each variant.
struct Card {
    code: &'static str,
    exit: u8,
    hint: Option<String>,
}

impl CheckpointError {
    /// Stable code, e.g. `SEC-CK-004`.
    pub fn code(&self) -> &'static str {
        self.card().code
    }

    /// Exit code of the process.
    pub fn exit(&self) -> u8 {
        self.card().exit
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        self.card().hint
    }

    /// The file.
    pub fn place(&self) -> Option<&Path> {
        match self {
            Self::Io { path, .. }
            | Self::Empty { path }
            | Self::NotAModel { path, .. }
            | Self::WrongFormat { path, .. }
            | Self::LfsPointer { path, .. }
            | Self::WebPage { path }
            | Self::Pickle { path }
            | Self::NotRegular { path, .. }
            | Self::HeaderTooSmall { path, .. }
            | Self::HeaderLength { path, .. }
            | Self::HeaderText { path, .. }
            | Self::DuplicateTensor { path, .. }
            | Self::BadEntry { path, .. }
            | Self::UnsupportedType { path, .. }
            | Self::Overlap { path, .. }
            | Self::Hole { path, .. }
            | Self::Truncated { path, .. }
            | Self::Index { path, .. }
            | Self::UnsafeName { path, .. }
            | Self::Config { path, .. }
            | Self::UnknownArchitecture { path, .. }
            | Self::UnsupportedOption { path, .. }
            | Self::MissingTensor { path, .. }
            | Self::TensorShape { path, .. }
            | Self::NotFinite { path, .. }
            | Self::Tokenizer { path, .. }
            | Self::NoTokenizer { path }
            | Self::NoHead { path }
            | Self::TokenRange { path, .. } => Some(path),
            Self::Gguf(error) => error.place(),
        }
    }

    fn card(&self) -> Card {
        let card = |code, exit, hint: &str| Card {
            code,
            exit,
            hint: (!hint.is_empty()).then(|| hint.to_owned()),
        };
        match self {
            Self::Io { source, .. } => {
                let missing = source.kind() == std::io::ErrorKind::NotFound;
                let exit = if missing { 3 } else { 5 };
                card("SEC-CK-001", exit, "check that the file exists and may be read")
            }
            Self::Empty { .. } => card("SEC-CK-002", 3, "download or copy the file again"),
            Self::NotAModel { .. } => card(
                "SEC-CK-003",
                3,
                "a model is a directory with config.json and model.safetensors, or a .gguf file",
            ),
            Self::WrongFormat { .. } => {
                card("SEC-CK-004", 3, "rename the file to the ending of its format")
            }
            Self::LfsPointer { .. } => card(
                "SEC-CK-005",
                3,
                "run `git lfs pull` in the model's folder, or download the file with `hf download`",
            ),
            Self::WebPage { .. } => card(
                "SEC-CK-028",
                3,
                "download the file again; the page may say that a login is needed",
            ),
            Self::Pickle { path } => {
                Card { code: "SEC-CK-006", exit: 4, hint: Some(conversion_of(path)) }
            }
            Self::NotRegular { .. } => card("SEC-CK-007", 3, "give a regular file"),
            Self::HeaderTooSmall { .. } => card("SEC-CK-008", 3, "download or copy the file again"),
            Self::HeaderLength { .. } => card(
                "SEC-CK-009",
                3,
                "this is no safetensors file, or its download was interrupted",
            ),
            Self::HeaderText { .. } => {
                card("SEC-CK-010", 3, "write the file again with a safetensors library")
            }
            Self::DuplicateTensor { .. } => {
                card("SEC-CK-011", 3, "write the file again with each name once")
            }
            Self::BadEntry { .. } => {
                card("SEC-CK-012", 3, "write the file again with a safetensors library")
            }
            Self::UnsupportedType { .. } => {
                card("SEC-CK-013", 4, "convert the model to f16, bf16 or f32 first")
            }
            Self::Overlap { .. } => {
                card("SEC-CK-014", 3, "write the file again with a safetensors library")
            }
            Self::Hole { .. } => {
                card("SEC-CK-015", 3, "write the file again with a safetensors library")
            }
            Self::Truncated { .. } => {
                card("SEC-CK-016", 3, "the download was likely interrupted; fetch the file again")
            }
            Self::Index { .. } => {
                card("SEC-CK-017", 3, "fetch the listed shards again, or the index itself")
            }
            Self::UnsafeName { .. } => {
                card("SEC-CK-018", 3, "do not use this model; its index points outside its folder")
            }
            Self::Config { .. } => card("SEC-CK-019", 3, "mend config.json, or fetch it again"),
            Self::UnknownArchitecture { .. } => {
                card("SEC-CK-020", 4, "`secateur methods` lists what can be pruned")
            }
            Self::UnsupportedOption { .. } => card(
                "SEC-CK-021",
                4,
                "use a model without this option; the setting cannot be left out without changing what the model computes",
            ),
            Self::MissingTensor { .. } => {
                card("SEC-CK-022", 3, "the weights and config.json do not belong together")
            }
            Self::TensorShape { .. } => {
                card("SEC-CK-023", 3, "the weights and config.json do not belong together")
            }
            Self::NotFinite { .. } => card(
                "SEC-CK-024",
                3,
                "the model is damaged or diverged in training; fetch it again",
            ),
            Self::Tokenizer { .. } => card(
                "SEC-CK-025",
                3,
                "fetch tokenizer.json again, or give token ids: --calibration ids.safetensors",
            ),
            Self::NoTokenizer { .. } => card(
                "SEC-CK-026",
                3,
                "put tokenizer.json beside config.json, or give token ids: --calibration ids.safetensors",
            ),
            Self::TokenRange { .. } => {
                card("SEC-CK-027", 3, "the tokenizer or the ids belong to another model")
            }
            Self::NoHead { .. } => card(
                "SEC-CK-029",
                4,
                "compare its embeddings: secateur eval MODEL --embeddings sentences.txt --against DENSE",
            ),
            Self::Gguf(error) => {
                Card { code: error.code(), exit: error.exit(), hint: error.hint() }
            }
        }
    }
}

fn conversion_of(path: &Path) -> String {
    let name = path.display();
    format!(
        "convert it where it can be trusted: python -c \"import torch, safetensors.torch as s; \
         d = torch.load('{name}', weights_only=True, map_location='cpu'); \
         s.save_file({{k: v.contiguous() for k, v in d.items()}}, 'model.safetensors', {{'format': 'pt'}})\""
    )
}

/// Every code with its explanation, sorted.
pub const CODES: &[(&str, &str)] = &[
    (
        "SEC-CK-001",
        "A file of the model cannot be opened or read. Usual causes: a misspelt path, missing permission, a broken disk or network mount. Check with `ls -l` that the file is there and readable.",
    ),
    (
        "SEC-CK-002",
        "A file of the model has no bytes at all. Usual cause: a download that failed at the start, or a full disk. Fetch the file again.",
    ),
    (
        "SEC-CK-003",
        "The path is not a model that can be read. A model is a directory with config.json and safetensors weights (Hugging Face layout), or a single .gguf file.",
    ),
    (
        "SEC-CK-004",
        "The content of the file is of another format than its name says. Rename it to the ending of its format (.gguf, .safetensors).",
    ),
    (
        "SEC-CK-005",
        "The file is a Git LFS pointer: a small text that stands for the real file. It comes from a clone without Git LFS. Run `git lfs pull`, or download the model with `hf download`.",
    ),
    (
        "SEC-CK-006",
        "Pickle files (.bin, .pt, .pth, .ckpt) can run any code when they are read, so secateur recognizes and never reads them. Convert the file once, where it can be trusted, to safetensors with the command in the message.",
    ),
    ("SEC-CK-007", "The path is a directory, a pipe or a device where a regular file is needed."),
    (
        "SEC-CK-008",
        "A safetensors file begins with eight bytes that say how long its header is; this file is too small for that. Fetch it again.",
    ),
    (
        "SEC-CK-009",
        "The first eight bytes of the file claim a header longer than the file or than the limit of 100 MB. Either it is no safetensors file, or its download was interrupted. Nothing was allocated.",
    ),
    (
        "SEC-CK-010",
        "The header of a safetensors file is JSON in UTF-8; this one is not, at the byte that the message names. Write the file again with a safetensors library.",
    ),
    (
        "SEC-CK-011",
        "A tensor name stands twice in the header, so it is not clear which values are meant. Some libraries take one of them silently; secateur does not.",
    ),
    (
        "SEC-CK-012",
        "The entry of a tensor contradicts itself: its type, its shape and its byte range do not fit each other, or a dimension is negative, fractional or overflows.",
    ),
    (
        "SEC-CK-013",
        "The values of a tensor are of a type that this version cannot compute with (for example 4-bit or 6-bit floats). Convert the model first.",
    ),
    (
        "SEC-CK-014",
        "Two tensors claim the same bytes of the file. Such a file is damaged or made to mislead readers.",
    ),
    (
        "SEC-CK-015",
        "Some bytes of the file belong to no tensor. The format forbids it, since they could hide anything.",
    ),
    (
        "SEC-CK-016",
        "The file ends before its last tensor does. Usual cause: an interrupted download. Fetch the file again.",
    ),
    (
        "SEC-CK-017",
        "model.safetensors.index.json and the shards beside it contradict each other; the message lists every contradiction.",
    ),
    (
        "SEC-CK-018",
        "The index names a shard by a path that leaves the model's folder. Such an index is damaged or hostile.",
    ),
    (
        "SEC-CK-019",
        "config.json is missing, is not JSON, lacks a key or has a value that cannot be. The message names the key.",
    ),
    (
        "SEC-CK-020",
        "The architecture in config.json (`model_type`) is not one that secateur knows.",
    ),
    (
        "SEC-CK-021",
        "The architecture is known, but this option of it is not supported yet. The message names the key and the value.",
    ),
    (
        "SEC-CK-022",
        "A tensor that the architecture needs is not in the weights. The message names the nearest name that is there.",
    ),
    (
        "SEC-CK-023",
        "A tensor has another shape than config.json implies. The weights and config.json do not belong together, or config.json was edited.",
    ),
    (
        "SEC-CK-024",
        "A weight is NaN or infinite. Scores of such a weight would be meaningless, so nothing is pruned. The message names the tensor and the first place.",
    ),
    (
        "SEC-CK-025",
        "tokenizer.json cannot be read by the tokenizers library, or makes it fail. Fetch it again, or work with token ids.",
    ),
    (
        "SEC-CK-026",
        "Text was given, but the model has no tokenizer.json. Put it beside config.json, or give token ids in a safetensors file with a tensor input_ids [n, L].",
    ),
    (
        "SEC-CK-027",
        "A token id is negative or not below the number of rows of the embedding. The tokenizer or the ids belong to another model.",
    ),
    (
        "SEC-CK-028",
        "The file is an HTML page. Usual cause: a download that asked for a login, or for an address that is not there. Download the file again, for example with `hf download`.",
    ),
    (
        "SEC-CK-029",
        "Perplexity, generation and logits need a model that predicts the next token. An encoder such as BERT does not; measure the embeddings of sentences before and after instead.",
    ),
];
