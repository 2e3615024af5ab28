//! What stops a run on a whole network.

use std::path::{Path, PathBuf};

use secateur_core::prune::PruneError;
use secateur_core::{Kind, RunError};
use secateur_exec::RunnerError;
use secateur_graph::{GraphError, ShrinkError};
use secateur_onnx::OnnxError;
use secateur_store::StoreError;

/// What stops a run on a whole network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum NetworkError {
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{error}")]
    Graph { path: PathBuf, error: GraphError },
    #[error("{error}")]
    Runner { path: PathBuf, error: RunnerError },
    #[error("{error}")]
    Shrink { path: PathBuf, error: ShrinkError },
    #[error("{name}: {error}")]
    Prune { name: String, error: PruneError },
    #[error("there is no method {name} for {granularity}; there are {known}")]
    UnknownMethod { name: String, granularity: &'static str, known: String },
    #[error("no layer matches {pattern}; the nearest is {nearest}")]
    NoMatch { pattern: String, nearest: String },
    #[error("the network has no channels that can be cut: {why}")]
    NothingToCut { path: PathBuf, why: String },
    #[error("{what} would change nothing: {why}")]
    NoChange { what: String, why: String },
    #[error(
        "{cost} = {wanted} cannot be reached: with every layer at its minimum {least:.4} are left"
    )]
    Unreachable { cost: &'static str, wanted: f64, least: f64 },
    #[error("{what} needs {needs}")]
    Needs { what: String, needs: String },
    #[error("{name}: {what} in {count} of its values, the first at place {first}")]
    NotFinite { path: PathBuf, name: String, what: &'static str, count: usize, first: usize },
    #[error(
        "the smaller network differs from the masked original by {difference:.3e} of the scale of output {output}, {tolerance:.0e} is allowed; nothing was written"
    )]
    Oracle { path: PathBuf, output: String, difference: f64, tolerance: f64 },
    #[error("{reason}")]
    Images { path: PathBuf, reason: String, hint: &'static str },
    #[error("{reason}")]
    Expect { path: PathBuf, reason: String },
    #[error("{path} changed while it was read", path = path.display())]
    Changed { path: PathBuf },
    #[error("{what}")]
    Combination { what: String, mend: &'static str },
    #[error("interrupted; nothing was written")]
    Interrupted,
}

impl NetworkError {
    pub(crate) fn card(&self) -> (&'static str, Kind, Option<String>) {
        let hint = |text: &str| Some(text.to_owned());
        match self {
            Self::Onnx(error) => (error.code(), Kind::of_exit(error.exit()), error.hint()),
            Self::Store(error) => (error.code(), Kind::of_exit(error.exit()), error.hint()),
            Self::Graph { .. } => (
                "SEC-NW-001",
                Kind::Input,
                hint(
                    "give the shapes of the inputs, e.g. --input image=1x3x224x224; if they are right, the file is damaged",
                ),
            ),
            Self::Runner { .. } => (
                "SEC-NW-002",
                Kind::Unsupported,
                hint("secateur inspect shows every operator that cannot be run"),
            ),
            Self::Shrink { .. } => (
                "SEC-NW-003",
                Kind::Unsupported,
                hint("leave the layer out with --skip; please report the network"),
            ),
            Self::Prune { .. } => ("SEC-NW-004", Kind::Input, None),
            Self::UnknownMethod { .. } => {
                ("SEC-NW-005", Kind::Usage, hint("secateur methods lists them"))
            }
            Self::NoMatch { .. } => {
                ("SEC-NW-006", Kind::Usage, hint("secateur inspect lists the layers"))
            }
            Self::NothingToCut { .. } => (
                "SEC-NW-007",
                Kind::Unsupported,
                hint("secateur inspect says which node froze each layer"),
            ),
            Self::NoChange { .. } => {
                ("SEC-NW-008", Kind::Usage, hint("ask for more, or lower --min-keep and --align"))
            }
            Self::Unreachable { .. } => (
                "SEC-NW-009",
                Kind::Input,
                hint(
                    "ask for more to be kept, or spare fewer layers with --skip, --min-keep and --align",
                ),
            ),
            Self::Needs { .. } => (
                "SEC-NW-010",
                Kind::Usage,
                hint("see secateur methods NAME for what a method needs"),
            ),
            Self::NotFinite { .. } => (
                "SEC-NW-011",
                Kind::Input,
                hint("the file is damaged, or training diverged; export the network again"),
            ),
            Self::Oracle { .. } => (
                "SEC-NW-012",
                Kind::Gate,
                hint("please report the network; --skip spares single layers"),
            ),
            Self::Images { hint: text, .. } => ("SEC-NW-013", Kind::Input, hint(text)),
            Self::Expect { .. } => (
                "SEC-NW-014",
                Kind::Input,
                hint(
                    "the file needs a tensor for each input of the network, and one for some output",
                ),
            ),
            Self::Changed { .. } => (
                "SEC-NW-015",
                Kind::Resources,
                hint("run it again when nothing writes to the file"),
            ),
            Self::Combination { mend, .. } => ("SEC-NW-016", Kind::Usage, hint(mend)),
            Self::Interrupted => ("SEC-NW-017", Kind::Interrupted, None),
        }
    }

    pub(crate) fn place(&self) -> Option<&Path> {
        match self {
            Self::Onnx(error) => error.place(),
            Self::Store(error) => error.place(),
            Self::Graph { path, .. }
            | Self::Runner { path, .. }
            | Self::Shrink { path, .. }
            | Self::NothingToCut { path, .. }
            | Self::NotFinite { path, .. }
            | Self::Oracle { path, .. }
            | Self::Images { path, .. }
            | Self::Expect { path, .. }
            | Self::Changed { path } => Some(path),
            Self::Prune { .. }
            | Self::UnknownMethod { .. }
            | Self::NoMatch { .. }
            | Self::NoChange { .. }
            | Self::Unreachable { .. }
            | Self::Needs { .. }
            | Self::Combination { .. }
            | Self::Interrupted => None,
        }
    }
}

impl From<NetworkError> for RunError {
    fn from(error: NetworkError) -> Self {
        let (code, kind, hint) = error.card();
        let place = error.place().map(Path::to_owned);
        Self { kind, code, place, message: error.to_string(), hint }
    }
}

/// Every code with its explanation, sorted.
pub const CODES: &[(&str, &str)] = &[
    (
        "SEC-NW-001",
        "An operator of the network refuses the shapes of its inputs. Dimensions that the file leaves open are set to 1 (the first axis) or to a size that the network accepts; --input NAME=1x3x224x224 sets them. With the right shapes this means that the file contradicts itself.",
    ),
    (
        "SEC-NW-002",
        "A node that the outputs need cannot be computed: its operator is not one of ours, one of its attributes is not, or its shape depends on data. The network can still be inspected, and weights can be cut by magnitude.",
    ),
    (
        "SEC-NW-003",
        "An operator cannot follow the cut of the channels around it. Nothing was written.",
    ),
    (
        "SEC-NW-004",
        "Channels or weights could not be scored or selected. The message names the layer and the reason.",
    ),
    (
        "SEC-NW-005",
        "The word after --method is no method for this granularity. `secateur methods` lists them.",
    ),
    (
        "SEC-NW-006",
        "A pattern of --layers or --skip matches no layer of the network. `*` stands for any characters.",
    ),
    (
        "SEC-NW-007",
        "Every channel of the network is tied to its inputs or outputs, or to an operator that mixes its channels. `secateur inspect` says which node froze each layer.",
    ),
    (
        "SEC-NW-008",
        "The request cuts nothing: the share is too small for the widths of the layers, or --min-keep and --align keep everything. A run that changes nothing is an error, so that it is not mistaken for a pruned network.",
    ),
    (
        "SEC-NW-009",
        "Even with every layer cut to its minimum the network costs more than the target. The message has the share that would be left.",
    ),
    (
        "SEC-NW-010",
        "The method or option needs something that was not given, e.g. calibration images, or that the network does not have, e.g. batch normalization.",
    ),
    (
        "SEC-NW-011",
        "A constant of the network is not finite. Scores of such weights would mean nothing.",
    ),
    (
        "SEC-NW-012",
        "After the cut the smaller network is run beside the masked original on random inputs (and calibration images, where given); they must agree. Here they did not, which is a mistake of the program: nothing was written.",
    ),
    (
        "SEC-NW-013",
        "Images could not be read. A packed file holds for each image one byte of label and then its planes; a folder holds one folder of PNG or JPEG files per class, or images beside a labels.tsv.",
    ),
    (
        "SEC-NW-014",
        "A file of expected outputs must hold a tensor for each input of the network, under its name or `input`, and for at least one output, under its name, `logits`, or NAME_ort.",
    ),
    (
        "SEC-NW-015",
        "An input file was changed by someone else during the run, so what was computed from it may mix two files. Nothing was written.",
    ),
    ("SEC-NW-016", "Two options contradict each other; the hint says what to leave out."),
    ("SEC-NW-017", "The run was interrupted by the user before anything was written."),
];
