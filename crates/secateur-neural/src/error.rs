//! What stops a run on a neural network.

use std::path::{Path, PathBuf};

use secateur_checkpoint::CheckpointError;
use secateur_core::prune::PruneError;
use secateur_core::{Kind, RunError};
use secateur_exec::ExecError;
use secateur_store::StoreError;

/// What stops a run on a neural network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum NeuralError {
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Network(#[from] crate::network::NetworkError),
    #[error("{0}")]
    Exec(#[from] ExecError),
    #[error("{name}: {error}")]
    Prune { name: String, error: PruneError },
    #[error("there is no method {name}; there are {known}")]
    UnknownMethod { name: String, known: String },
    #[error("the method has no option {name}; it has {known}")]
    UnknownOption { name: String, known: String },
    #[error("option {name} must be a number that is not negative, not {value:?}")]
    OptionValue { name: String, value: String },
    #[error("no layer matches {pattern}; the nearest is {nearest}")]
    NoLayer { pattern: String, nearest: String },
    #[error("every layer is skipped, nothing would be pruned")]
    NothingToPrune,
    #[error("{keep}:{of} does not divide the {inner} inputs of {name}")]
    Indivisible { name: String, keep: usize, of: usize, inner: usize },
    #[error("{what} needs calibration data")]
    NoCalibration { what: String },
    #[error("{what}")]
    Combination { what: String, mend: &'static str },
    #[error("cannot read the file: {source}")]
    DataIo { path: PathBuf, source: std::io::Error },
    #[error("the file holds no text")]
    NoText { path: PathBuf },
    #[error("not UTF-8 at byte {offset}")]
    NotText { path: PathBuf, offset: usize },
    #[error("{bad} of {all} lines are no JSON object with a text {key:?}: {lines}")]
    BadLines { path: PathBuf, key: String, bad: usize, all: usize, lines: String },
    #[error("the text has {tokens} tokens, one window takes {seq_len}")]
    TooShort { path: PathBuf, tokens: usize, seq_len: usize },
    #[error("a window of {seq_len} tokens is {why}")]
    Window { path: PathBuf, seq_len: usize, why: String },
    #[error(
        "there is no tensor {key} of shape [windows, tokens] and type i32 or i64 in the file{found}"
    )]
    NoIds { path: PathBuf, key: String, found: String },
    #[error("values that are not finite came out of block {block}")]
    NotFinite { path: PathBuf, block: usize },
    #[error("needs {needed} of memory, --max-memory is {allowed}")]
    Memory { needed: String, allowed: String },
    #[error("interrupted; {done} of {all} blocks are done and kept")]
    Interrupted { done: usize, all: usize, resume: String },
    #[error("{what}")]
    Expect { path: PathBuf, what: String },
    #[error("the file changed while it was read")]
    Changed { path: PathBuf },
}

impl NeuralError {
    fn card(&self) -> (&'static str, Kind, Option<String>) {
        let hint = |text: &str| Some(text.to_owned());
        match self {
            Self::Checkpoint(e) => (e.code(), Kind::of_exit(e.exit()), e.hint()),
            Self::Network(e) => e.card(),
            Self::Store(e @ StoreError::Io { .. }) => (
                e.code(),
                Kind::of_exit(e.exit()),
                e.hint().or_else(|| hint("check the disk and its limits, or choose another -o")),
            ),
            Self::Store(e) => (e.code(), Kind::of_exit(e.exit()), e.hint()),
            Self::Exec(ExecError::Spill(_)) => (
                "SEC-NN-001",
                Kind::Resources,
                hint("free space beside the output, or raise --max-memory"),
            ),
            Self::Exec(_) => ("SEC-NN-002", Kind::Other, None),
            Self::Prune { error: PruneError::Singular { .. }, .. } => (
                "SEC-NN-022",
                Kind::Resources,
                hint(
                    "give more calibration text, --option damping=0.1, prune such layers by magnitude with --on-singular magnitude, or leave the layer out with --skip",
                ),
            ),
            Self::Prune { .. } => {
                ("SEC-NN-003", Kind::Input, hint("leave the layer out with --skip"))
            }
            Self::UnknownMethod { .. } => {
                ("SEC-NN-004", Kind::Usage, hint("`secateur methods` lists them"))
            }
            Self::UnknownOption { .. } => {
                ("SEC-NN-005", Kind::Usage, hint("`secateur methods NAME` lists the options"))
            }
            Self::OptionValue { .. } => (
                "SEC-NN-021",
                Kind::Usage,
                hint("`secateur methods NAME` says what the option does"),
            ),
            Self::NoLayer { .. } => {
                ("SEC-NN-006", Kind::Usage, hint("`secateur inspect MODEL` lists the layers"))
            }
            Self::NothingToPrune => ("SEC-NN-007", Kind::Usage, hint("loosen --layers or --skip")),
            Self::Indivisible { .. } => (
                "SEC-NN-008",
                Kind::Usage,
                hint("choose another pattern, or leave the layer out with --skip"),
            ),
            Self::NoCalibration { .. } => (
                "SEC-NN-009",
                Kind::Usage,
                hint("add --calibration text.txt, some thousand words of what the model is for"),
            ),
            Self::Combination { mend, .. } => ("SEC-NN-023", Kind::Usage, hint(mend)),
            Self::DataIo { source, .. } => {
                let missing = source.kind() == std::io::ErrorKind::NotFound;
                let kind = if missing { Kind::Input } else { Kind::Resources };
                ("SEC-NN-010", kind, hint("check that the file exists and may be read"))
            }
            Self::BadLines { .. } => (
                "SEC-NN-024",
                Kind::Input,
                hint("mend the lines, or name the key of the text: FILE.jsonl:KEY"),
            ),
            Self::NoText { .. } => ("SEC-NN-011", Kind::Input, hint("give a text with some words")),
            Self::NotText { .. } => {
                ("SEC-NN-012", Kind::Input, hint("convert the file: iconv -f OLD -t UTF-8"))
            }
            Self::TooShort { .. } => {
                ("SEC-NN-013", Kind::Input, hint("give more text, or a smaller --seq-len"))
            }
            Self::Window { .. } => ("SEC-NN-014", Kind::Usage, hint("choose another --seq-len")),
            Self::NoIds { .. } => {
                ("SEC-NN-015", Kind::Input, hint("name the tensor: FILE.safetensors:KEY"))
            }
            Self::NotFinite { .. } => (
                "SEC-NN-016",
                Kind::Input,
                hint("the weights are finite but overflow on this text; try another text or model"),
            ),
            Self::Memory { .. } => (
                "SEC-NN-017",
                Kind::Resources,
                hint("raise --max-memory, or take fewer --samples or a smaller --seq-len"),
            ),
            Self::Interrupted { resume, .. } => {
                ("SEC-NN-018", Kind::Interrupted, Some(format!("go on with: {resume}")))
            }
            Self::Expect { .. } => (
                "SEC-NN-019",
                Kind::Input,
                hint("give a file with input_ids and logits of this model"),
            ),
            Self::Changed { .. } => {
                ("SEC-NN-020", Kind::Resources, hint("run again when nobody writes to the file"))
            }
        }
    }

    /// Whether the blocks that were done stay for `--resume`: after what the user can mend
    /// outside (a full disk, an interrupt), not after bad input, which would fail again.
    pub fn keeps_output(&self) -> bool {
        matches!(self.card().1, Kind::Resources | Kind::Interrupted | Kind::Other)
    }

    fn place(&self) -> Option<&Path> {
        match self {
            Self::Checkpoint(e) => e.place(),
            Self::Network(e) => e.place(),
            Self::Store(e) => e.place(),
            Self::DataIo { path, .. }
            | Self::NoText { path }
            | Self::NotText { path, .. }
            | Self::BadLines { path, .. }
            | Self::TooShort { path, .. }
            | Self::Window { path, .. }
            | Self::NoIds { path, .. }
            | Self::NotFinite { path, .. }
            | Self::Expect { path, .. }
            | Self::Changed { path } => Some(path),
            Self::Exec(_)
            | Self::Prune { .. }
            | Self::UnknownMethod { .. }
            | Self::UnknownOption { .. }
            | Self::OptionValue { .. }
            | Self::NoLayer { .. }
            | Self::NothingToPrune
            | Self::Indivisible { .. }
            | Self::NoCalibration { .. }
            | Self::Combination { .. }
            | Self::Memory { .. }
            | Self::Interrupted { .. } => None,
        }
    }
}

impl From<NeuralError> for RunError {
    fn from(error: NeuralError) -> Self {
        let (code, kind, hint) = error.card();
        let place = error.place().map(Path::to_owned);
        Self { kind, code, place, message: error.to_string(), hint }
    }
}

/// Every code with its explanation, sorted.
pub const CODES: &[(&str, &str)] = &[
    (
        "SEC-NN-001",
        "Calibration activations did not fit the memory budget and were written to a file beside the output; that file could not be written or read. Usually the disk is full.",
    ),
    (
        "SEC-NN-002",
        "A network could not be run on the given input: a shape does not fit. For a model that opens, this is a mistake of the program; please report it.",
    ),
    (
        "SEC-NN-003",
        "A layer could not be scored or selected from. The message names the layer and the reason.",
    ),
    ("SEC-NN-004", "The word after --method is no method. `secateur methods` lists them."),
    (
        "SEC-NN-005",
        "The method does not take this option. Options are refused rather than ignored, so that a misspelt one does not pass for a default.",
    ),
    (
        "SEC-NN-006",
        "A pattern of --layers or --skip matches no layer of the model. Patterns are compared with whole names, `*` stands for any characters: `*.mlp.*`.",
    ),
    ("SEC-NN-007", "After --layers and --skip no layer is left to prune."),
    (
        "SEC-NN-008",
        "N:M keeps N of every M neighboring inputs, so M must divide the number of inputs of every pruned layer.",
    ),
    (
        "SEC-NN-009",
        "The method looks at what flows through the network, so it needs text (or token ids) to run: --calibration text.txt.",
    ),
    ("SEC-NN-010", "A text or ids file cannot be opened or read."),
    (
        "SEC-NN-011",
        "The text is empty or holds only blanks, so there is nothing to calibrate or evaluate on.",
    ),
    (
        "SEC-NN-012",
        "The text is not UTF-8. The message names the first byte that is not. Convert the file with iconv.",
    ),
    (
        "SEC-NN-013",
        "After tokenization the text is shorter than one window. Give more text, or smaller windows with --seq-len.",
    ),
    (
        "SEC-NN-014",
        "The length of a window does not fit the model: it must be at least 2 and at most the number of positions the model was made for.",
    ),
    (
        "SEC-NN-015",
        "A file of token ids holds a tensor input_ids of shape [windows, tokens] and type i32 or i64; another name is given as FILE.safetensors:KEY.",
    ),
    (
        "SEC-NN-016",
        "While calibration text went through the network, values overflowed to infinity or became NaN. Scores from them would be meaningless.",
    ),
    (
        "SEC-NN-017",
        "One block and its working memory do not fit the budget given by --max-memory. The message says how much is needed.",
    ),
    (
        "SEC-NN-018",
        "The run was interrupted. Finished blocks are kept; the same command with --resume goes on and gives the same bytes as an undisturbed run.",
    ),
    (
        "SEC-NN-019",
        "A file for `verify --expect` cannot be used: it needs input_ids (i32 or i64, [n, L]) and at least one output to compare, such as logits.",
    ),
    (
        "SEC-NN-020",
        "An input file changed its length or time while the run read it. Nothing was put in place.",
    ),
    (
        "SEC-NN-021",
        "An option of the method has a value that cannot be. The page of the method (`secateur methods NAME`) says what the option does.",
    ),
    (
        "SEC-NN-022",
        "The products of the inputs of a layer with each other cannot be inverted, even with a hundred times the damping added. Too little or too uniform calibration text is the usual cause. Blocks that are done are kept; --resume goes on with them. With --on-singular magnitude such layers are pruned by magnitude, and the report says which.",
    ),
    (
        "SEC-NN-023",
        "Two options contradict each other: N:M with a budget that is shared out over layers, a global cut with a method that has no single list of scores, a value type with an output format that has no place for it, or embeddings of a model that is no encoder.",
    ),
    (
        "SEC-NN-024",
        "A .jsonl file holds one JSON object a line, with a text under the key `text` or under the one named as FILE.jsonl:KEY. Up to one bad line in a hundred is left out with a warning; here there are more. The message has the numbers of the first.",
    ),
];
