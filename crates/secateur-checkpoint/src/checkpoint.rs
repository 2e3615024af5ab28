//! A model on disk, opened.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::arch::{self, Architecture, Dims};
use crate::blocks::{BlockOptions, Builder, Segment};
use crate::config::Config;
use crate::error::CheckpointError;
use crate::gguf;
use crate::hf;
use crate::sniff::{Content, sniff};
use crate::tensors::{Source, Tensors};
use crate::tokenizer::Tokenizer;

/// A model on disk: everything known and checked, values left where they are.
pub struct Checkpoint {
    /// The directory or file.
    pub path: PathBuf,
    /// How it lies on disk.
    pub layout: Layout,
    /// Its configuration.
    pub config: Config,
    /// Its architecture.
    pub architecture: &'static dyn Architecture,
    /// Sizes and options.
    pub dims: Dims,
    /// Its tensors.
    pub tensors: Tensors,
    /// What the user should know, each a sentence.
    pub warnings: Vec<String>,
    /// `__metadata__` of the first weight file.
    pub metadata: Option<Map<String, Value>>,
    /// Names of the tensors of each weight file.
    pub shards: Vec<Vec<String>>,
    tokenizer: TokenizerSource,
    gguf: Option<gguf::Gguf>,
}

/// How a model lies on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A Hugging Face directory.
    Hf,
    /// A GGUF file.
    Gguf,
}

#[derive(Debug)]
enum TokenizerSource {
    File(PathBuf),
    Json { tokenizer: Value, config: Option<Value> },
    None,
}

/// Opens a model: reads headers, checks them against each other and against the architecture.
///
/// # Errors
/// [`CheckpointError`] with the first thing that is wrong.
pub fn open(path: &Path) -> Result<Checkpoint, CheckpointError> {
    let meta = std::fs::metadata(path)
        .map_err(|source| CheckpointError::Io { path: path.to_owned(), source })?;
    let checkpoint = if meta.is_dir() { open_folder(path)? } else { open_file(path)? };
    checkpoint.check()
}

fn open_folder(path: &Path) -> Result<Checkpoint, CheckpointError> {
    if !path.join("config.json").exists() && hf::read_weights(path).is_err() {
        let what = "this directory has neither config.json nor weights".to_owned();
        return Err(CheckpointError::NotAModel { path: path.to_owned(), what });
    }
    let config = Config::read(&path.join("config.json"))?;
    let files = hf::read_weights(path)?;
    let metadata = files.first().and_then(|f| f.metadata.clone());
    let names = |file: &crate::safetensors::SafeTensors| {
        file.tensors.iter().map(|(name, _)| name.clone()).collect()
    };
    let shards = files.iter().map(names).collect();
    let paths = files.iter().map(|file| (file.tensors.len(), file.path.clone())).collect();
    let tensors = files.into_iter().flat_map(|f| f.tensors);
    let tensors = tensors.map(|(name, stored)| (name, Source::same(stored))).collect();
    let file = path.join("tokenizer.json");
    let tokenizer = if file.exists() { TokenizerSource::File(file) } else { TokenizerSource::None };
    let warnings = Vec::new();
    let parts = Parts { config, tensors, paths, metadata, shards, tokenizer, warnings, gguf: None };
    Checkpoint::new(path, Layout::Hf, parts)
}

fn open_file(path: &Path) -> Result<Checkpoint, CheckpointError> {
    let not_a_model =
        |what: &str| CheckpointError::NotAModel { path: path.to_owned(), what: what.to_owned() };
    match sniff(path)? {
        Content::Gguf => {}
        Content::Safetensors => {
            return Err(not_a_model(
                "this is a weight file; give the directory that holds it and config.json",
            ));
        }
        Content::Other => return Err(not_a_model("this file is of no format that is known here")),
    }
    let file = gguf::read(path)?;
    let as_hf = gguf::as_hf(&file)?;
    let tokenizer = match as_hf.tokenizer {
        Some(tokenizer) => TokenizerSource::Json { tokenizer, config: as_hf.tokenizer_config },
        None => TokenizerSource::None,
    };
    let metadata = Some(Map::from_iter([("format".to_owned(), Value::from("pt"))]));
    let parts = Parts {
        config: Config { path: path.to_owned(), map: as_hf.config },
        paths: vec![(as_hf.tensors.len(), path.to_owned())],
        tensors: as_hf.tensors,
        metadata,
        shards: Vec::new(),
        tokenizer,
        warnings: as_hf.warnings,
        gguf: Some(file),
    };
    Checkpoint::new(path, Layout::Gguf, parts)
}

/// An embedding and a head that are both stored and differ.
fn untied(tensors: &[(String, Source)]) -> Option<[&str; 2]> {
    const EMBEDDINGS: [&str; 4] = [
        "model.embed_tokens.weight",
        "gpt_neox.embed_in.weight",
        "transformer.wte.weight",
        "wte.weight",
    ];
    const HEADS: [&str; 2] = ["lm_head.weight", "embed_out.weight"];
    let of = |names: &[&str]| tensors.iter().find(|(name, _)| names.contains(&name.as_str()));
    let ((embedding, first), (head, second)) = (of(&EMBEDDINGS)?, of(&HEADS)?);
    let (first, second) = (&first.stored, &second.stored);
    let is_same = first.dtype() == second.dtype() && first.bytes()[..] == second.bytes()[..];
    (!is_same).then_some([embedding, head])
}

struct Parts {
    config: Config,
    tensors: Vec<(String, Source)>,
    /// Number of tensors and path of each file, in the order of the tensors.
    paths: Vec<(usize, PathBuf)>,
    metadata: Option<Map<String, Value>>,
    shards: Vec<Vec<String>>,
    tokenizer: TokenizerSource,
    warnings: Vec<String>,
    gguf: Option<gguf::Gguf>,
}

impl Checkpoint {
    fn new(path: &Path, layout: Layout, mut parts: Parts) -> Result<Self, CheckpointError> {
        let architecture = arch::of(&parts.config)?;
        let mut dims = architecture.dims(&parts.config)?;
        if dims.epsilon < 0.0 {
            let keys = ["rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon"];
            let key = keys.into_iter().find(|key| parts.config.map.contains_key(*key));
            let reason = format!("expected a number that is not negative, got {}", dims.epsilon);
            return Err(parts.config.error(key.unwrap_or(keys[0]), reason));
        }
        let mut warnings = std::mem::take(&mut parts.warnings);
        if dims.tied
            && let Some([embedding, head]) = untied(&parts.tensors)
        {
            warnings.push(format!(
                "config.json ties the head to the embedding, but {head} is stored and differs from \
                 {embedding}: it is taken as a head of its own"
            ));
            dims.tied = false;
            parts.config.map.insert("tie_word_embeddings".to_owned(), Value::from(false));
        }
        if parts.config.map.contains_key("auto_map") {
            warnings.push(
                "config.json asks for code of its own (auto_map); it was not run, the weights \
                 are read as the architecture in model_type has them"
                    .to_owned(),
            );
        }
        Ok(Self {
            path: path.to_owned(),
            layout,
            config: parts.config,
            architecture,
            dims,
            tensors: Tensors::new(parts.tensors).in_files(parts.paths),
            warnings,
            metadata: parts.metadata,
            shards: parts.shards,
            tokenizer: parts.tokenizer,
            gguf: parts.gguf,
        })
    }

    /// Builds every segment once, which checks that each tensor is there and of its shape, and
    /// warns of tensors that no segment asks for.
    fn check(mut self) -> Result<Self, CheckpointError> {
        self.embed()?;
        for index in 0..self.dims.layers {
            self.block(index, BlockOptions { positions: 1, cache: false })?;
        }
        if !self.architecture.encoder() {
            self.head()?;
        }
        let unasked = self.tensors.unasked();
        let extra: Vec<&str> =
            unasked.into_iter().filter(|name| !self.architecture.ignores(name)).collect();
        if let Some(first) = extra.first() {
            let count = extra.len();
            self.warnings.push(format!(
                "{count} tensors belong to no part of the architecture and are carried through \
                 unchanged, the first is {first}"
            ));
        }
        Ok(self)
    }

    /// The embedding.
    ///
    /// # Errors
    /// [`CheckpointError`] of its tensors.
    pub fn embed(&self) -> Result<Segment, CheckpointError> {
        self.architecture.embed(Builder::new(&self.tensors, &self.path), &self.dims)
    }

    /// Block `index`.
    ///
    /// # Errors
    /// [`CheckpointError`] of its tensors.
    pub fn block(&self, index: usize, options: BlockOptions) -> Result<Segment, CheckpointError> {
        let builder = Builder::new(&self.tensors, &self.path);
        self.architecture.block(builder, &self.dims, index, options)
    }

    /// The head.
    ///
    /// # Errors
    /// [`CheckpointError`] of its tensors; that of an encoder, which has none.
    pub fn head(&self) -> Result<Segment, CheckpointError> {
        self.architecture.head(Builder::new(&self.tensors, &self.path), &self.dims)
    }

    /// The tokenizer.
    ///
    /// # Errors
    /// [`CheckpointError`] when there is none, or it cannot be used.
    pub fn tokenizer(&self) -> Result<Tokenizer, CheckpointError> {
        match &self.tokenizer {
            TokenizerSource::File(path) => Tokenizer::read(path),
            TokenizerSource::Json { tokenizer, .. } => {
                Tokenizer::parse(&self.path, &tokenizer.to_string())
            }
            TokenizerSource::None => Err(CheckpointError::NoTokenizer { path: self.path.clone() }),
        }
    }

    /// The GGUF file that the model was read from, if it was one.
    pub fn gguf(&self) -> Option<&gguf::Gguf> {
        self.gguf.as_ref()
    }

    /// The maps of tokenizer.json and tokenizer_config.json of a directory, where they are; the
    /// error says what is wrong with a file that cannot be read.
    pub(crate) fn tokenizer_json(&self) -> Result<(Option<Value>, Option<Value>), String> {
        let read = |path: &Path| -> Result<Option<Value>, String> {
            match std::fs::read(path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error.to_string()),
                Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|e| e.to_string()),
            }
        };
        match &self.tokenizer {
            TokenizerSource::File(path) => {
                Ok((read(path)?, read(&path.with_file_name("tokenizer_config.json"))?))
            }
            TokenizerSource::Json { tokenizer, config } => {
                Ok((Some(tokenizer.clone()), config.clone()))
            }
            TokenizerSource::None => Ok((None, None)),
        }
    }

    /// Tokens after which a text ends: `eos_token_id` of config.json and generation_config.json.
    ///
    /// # Errors
    /// [`CheckpointError`] when generation_config.json is there and cannot be read.
    pub fn end_tokens(&self) -> Result<Vec<i64>, CheckpointError> {
        let mut tokens = self.config.ids("eos_token_id")?;
        let file = self.path.join("generation_config.json");
        if self.layout == Layout::Hf && file.exists() {
            tokens.extend(Config::read(&file)?.ids("eos_token_id")?);
        }
        tokens.sort_unstable();
        tokens.dedup();
        Ok(tokens)
    }

    /// The file that the tokenizer comes from: tokenizer.json, or the model itself.
    pub fn tokenizer_path(&self) -> &Path {
        match &self.tokenizer {
            TokenizerSource::File(path) => path,
            TokenizerSource::Json { .. } | TokenizerSource::None => &self.path,
        }
    }

    /// Checks that ids are rows of the embedding.
    ///
    /// # Errors
    /// [`CheckpointError::TokenRange`] with the first that is not.
    pub fn check_ids(&self, path: &Path, ids: &[i64]) -> Result<(), CheckpointError> {
        let rows = self.dims.vocabulary;
        match ids.iter().find(|&&id| id < 0 || id >= rows as i64) {
            Some(&id) => Err(CheckpointError::TokenRange { path: path.to_owned(), id, rows }),
            None => Ok(()),
        }
    }

    /// Files that an output carries on beside config.json and weights: name and content.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] when one cannot be read.
    pub fn side_files(&self) -> Result<Vec<(String, Vec<u8>)>, CheckpointError> {
        let pretty =
            |value: &Value| serde_json::to_vec_pretty(value).expect("a JSON value can be written");
        if self.layout == Layout::Gguf {
            let TokenizerSource::Json { tokenizer, config } = &self.tokenizer else {
                return Ok(Vec::new());
            };
            let mut files = vec![("tokenizer.json".to_owned(), pretty(tokenizer))];
            files.extend(config.iter().map(|c| ("tokenizer_config.json".to_owned(), pretty(c))));
            return Ok(files);
        }
        let read = |path: PathBuf| {
            let name = path.file_name().expect("listed in a folder").to_string_lossy().into_owned();
            match std::fs::read(&path) {
                Ok(content) => Ok((name, content)),
                Err(source) => Err(CheckpointError::Io { path, source }),
            }
        };
        hf::side_files(&self.path)?.into_iter().map(read).collect()
    }

    /// Files that the model was read from, in order of name.
    ///
    /// # Errors
    /// [`CheckpointError::Io`] when the directory cannot be listed.
    pub fn files(&self) -> Result<Vec<PathBuf>, CheckpointError> {
        if self.layout == Layout::Gguf {
            return Ok(vec![self.path.clone()]);
        }
        let mut files = vec![self.path.join("config.json")];
        let index = self.path.join("model.safetensors.index.json");
        files.extend(index.exists().then_some(index));
        files.extend(hf::read_weights(&self.path)?.into_iter().map(|f| f.path));
        files.extend(hf::side_files(&self.path)?);
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// One line on the model: architecture, layers, widths.
    pub fn summary(&self) -> String {
        let d = &self.dims;
        format!(
            "{}, {} layers, width {}, inner {}, {} heads ({} for keys and values) of {}, vocabulary {}, {} positions",
            self.architecture.name(),
            d.layers,
            d.width,
            d.inner,
            d.heads.count,
            d.heads.kv,
            d.heads.width,
            d.vocabulary,
            d.positions
        )
    }
}

impl std::fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.summary())
    }
}
