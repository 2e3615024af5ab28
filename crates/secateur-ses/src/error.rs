//! What stops reading, checking or pruning a structure.

use secateur_core::{Kind, RunError};

use crate::place::Place;

/// What stops reading, checking or pruning a structure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum SesError {
    #[error("{place}: {what}")]
    Syntax { place: Place, what: String },
    #[error("{place}: {name} is not allowed here; {allowed}")]
    Refused { place: Place, name: String, allowed: &'static str },
    #[error("{place}: {what}")]
    Script { place: Place, what: String },
    #[error("{place}: there is no variable {name}{near}")]
    UnknownVariable { place: Place, name: String, near: String },
    #[error("{place}: {name}: {what}")]
    Structure { place: Place, name: String, what: String },
    #[error("{place}: the cycle {cycle} goes through no ref")]
    Cycle { place: Place, cycle: String },
    #[error("the semantic condition {condition} does not hold{values}")]
    Condition { place: Place, condition: String, values: String },
    #[error("{path}: nothing decides {point}; the candidates are {candidates}")]
    NoChoice { path: String, point: String, candidates: String },
    #[error("{path}: more than one of {candidates} is true for {point}")]
    Ambiguous { path: String, point: String, candidates: String },
    #[error("{choice}: {what}")]
    Choice { choice: String, what: String },
    #[error("{path}: {chosen} contradicts a constraint: {why}")]
    Constraint { path: String, chosen: String, why: String },
    #[error("{path}: every way on from here needs another copy, and depth {depth} is reached")]
    NoTerminal { path: String, depth: u32 },
    #[error("{path}: {name} cannot be repeated {count} times; {least} to {most} are possible")]
    Repetition { path: String, name: String, count: String, least: u64, most: u64 },
    #[error(
        "{path}: the coupling {coupling} names {name}, which is neither the parent nor a child"
    )]
    Dangling { path: String, coupling: String, name: String },
    #[error("{what}: there are more than {most}")]
    TooLarge { what: &'static str, most: u64 },
    #[error("{what}: there are more than {most}")]
    Listing { what: &'static str, most: u64 },
    #[error("{what}")]
    Kind { what: String },
    #[error("{format} cannot hold {what}")]
    Format { format: &'static str, what: String },
    #[error("nothing waits at {path}; {waiting}")]
    NotWaiting { path: String, waiting: String },
    #[error("{place}: a document type definition (<!DOCTYPE ...>) is refused")]
    DocumentType { place: Place },
    #[error("{part}: {}", unplaced(error))]
    Within { part: String, error: Box<SesError> },
}

/// What is too large when a family cannot be counted.
pub(crate) const BITS: &str = "bits of the number of members";

/// The message of an error that stands in something that is named, without words for no place.
fn unplaced(error: &SesError) -> String {
    let text = error.to_string();
    text.strip_prefix("the input: ").map_or(text.clone(), str::to_owned)
}

impl SesError {
    /// The stable code; `secateur explain CODE` says more.
    pub fn code(&self) -> &'static str {
        self.card().0
    }

    /// The kind, which decides the exit code.
    pub fn kind(&self) -> Kind {
        self.card().1
    }

    /// Where it is, when that is known.
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Syntax { place, .. }
            | Self::Refused { place, .. }
            | Self::Script { place, .. }
            | Self::UnknownVariable { place, .. }
            | Self::Structure { place, .. }
            | Self::Cycle { place, .. }
            | Self::DocumentType { place }
            | Self::Condition { place, .. } => Some(*place).filter(|place| *place != Place::None),
            Self::Within { error, .. } => error.place(),
            Self::NoChoice { .. }
            | Self::Ambiguous { .. }
            | Self::Choice { .. }
            | Self::Constraint { .. }
            | Self::NoTerminal { .. }
            | Self::Repetition { .. }
            | Self::Dangling { .. }
            | Self::TooLarge { .. }
            | Self::Listing { .. }
            | Self::Kind { .. }
            | Self::Format { .. }
            | Self::NotWaiting { .. } => None,
        }
    }

    /// The error with the part of the structure that it is in, unless it names one.
    pub(crate) fn within(self, part: &str) -> Self {
        match self {
            named @ Self::Within { .. } => named,
            error => Self::Within { part: part.to_owned(), error: Box::new(error) },
        }
    }

    /// The error with the function that it is in.
    pub(crate) fn within_function(self, name: &str) -> Self {
        self.within(&format!("function {name}"))
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        self.card().2.map(str::to_owned)
    }

    fn card(&self) -> (&'static str, Kind, Option<&'static str>) {
        match self {
            Self::Syntax { place: Place::Byte(_), .. } => (
                "SEC-SE-001",
                Kind::Input,
                Some("files are read as UTF-8; save it in that encoding"),
            ),
            Self::Syntax { .. } => {
                ("SEC-SE-001", Kind::Input, Some("docs/ses-language.md has the grammar"))
            }
            Self::Refused { .. } => (
                "SEC-SE-002",
                Kind::Unsupported,
                Some("docs/ses-language.md lists what expressions and functions may use"),
            ),
            Self::Script { .. } => ("SEC-SE-003", Kind::Input, None),
            Self::UnknownVariable { .. } => (
                "SEC-SE-004",
                Kind::Input,
                Some("declare it in the structure; texts need quotes, e.g. -D 'style=\"l\"'"),
            ),
            Self::Structure { .. } => {
                ("SEC-SE-005", Kind::Input, Some("secateur ses check lists all findings"))
            }
            Self::Cycle { .. } => {
                ("SEC-SE-006", Kind::Input, Some("a structure may hold itself only through ref"))
            }
            Self::Condition { .. } => {
                ("SEC-SE-007", Kind::Input, Some("set the variables with -D NAME=VALUE"))
            }
            Self::NoChoice { .. } => (
                "SEC-SE-008",
                Kind::Input,
                Some(
                    "give --choose PATH=CHILD, set variables with -D, or leave it open with --delay PATH",
                ),
            ),
            Self::Ambiguous { .. } => (
                "SEC-SE-009",
                Kind::Input,
                Some("decide with --choose PATH=CHILD, or change the rules or priorities"),
            ),
            Self::Choice { .. } => ("SEC-SE-010", Kind::Input, None),
            Self::Constraint { .. } => (
                "SEC-SE-011",
                Kind::Input,
                Some("choose otherwise; secateur ses check shows the constraints"),
            ),
            Self::NoTerminal { .. } => (
                "SEC-SE-012",
                Kind::Input,
                Some("give a larger --depth, or choose an alternative that ends"),
            ),
            Self::Repetition { .. } => ("SEC-SE-013", Kind::Input, None),
            Self::Dangling { .. } => ("SEC-SE-014", Kind::Input, None),
            Self::TooLarge { what: BITS, .. } => (
                "SEC-SE-015",
                Kind::Resources,
                Some("set the variables so that less is repeated, or give a smaller --depth"),
            ),
            Self::TooLarge { .. } => (
                "SEC-SE-015",
                Kind::Resources,
                Some("repeat less or less deep; --max-entities allows larger results"),
            ),
            Self::Listing { .. } => (
                "SEC-SE-015",
                Kind::Resources,
                Some("list fewer members: a smaller --limit or --sample"),
            ),
            Self::Kind { .. } => ("SEC-SE-016", Kind::Input, None),
            Self::Format { .. } => (
                "SEC-SE-017",
                Kind::Unsupported,
                Some("write a .ses, .pes or .json file, which hold everything"),
            ),
            Self::NotWaiting { .. } => ("SEC-SE-018", Kind::Usage, None),
            Self::DocumentType { .. } => (
                "SEC-SE-022",
                Kind::Input,
                Some("delete it, and write out what its entities stand for"),
            ),
            Self::Within { error, .. } => error.card(),
        }
    }
}

impl From<SesError> for RunError {
    fn from(error: SesError) -> Self {
        let (code, kind, hint) = error.card();
        let run = Self::new(kind, code, error.to_string());
        match hint {
            Some(hint) => run.hint(hint),
            None => run,
        }
    }
}

/// Every error code of structures with its explanation, sorted.
pub const CODES: &[(&str, &str)] = &[
    (
        "SEC-SE-001",
        "A text, an expression or a file of nodes cannot be read. The message says where: line and column of a text, the number of a node, or the byte of a file. docs/ses-language.md has the grammar of the language.",
    ),
    (
        "SEC-SE-002",
        "An expression or a function uses something that is not in the list of what may be used. Functions from files are run by a small interpreter that knows def, assignment, if, for, try, return, lists, texts and a list of functions, and nothing that reaches files, processes or the network.",
    ),
    (
        "SEC-SE-003",
        "An expression or a function was run and failed: an index past the end, a division by zero, values of types that do not go together, or more steps than are allowed.",
    ),
    (
        "SEC-SE-004",
        "An expression names a variable that the structure does not declare, or -D sets one. A text needs quotes: -D 'style=\"l\"' sets a text, -D style=l names a variable l.",
    ),
    (
        "SEC-SE-005",
        "The structure breaks an axiom: entities alternate with aspects and specializations (A3), siblings have different names (A4), variables of an entity have different names (A5), an aspect has children, a specialization at least two.",
    ),
    (
        "SEC-SE-006",
        "An entity stands below itself (axiom A2, strict hierarchy), and not through ref. Write `entity NAME ref TARGET` for a copy of an entity inside itself.",
    ),
    (
        "SEC-SE-007",
        "A semantic condition of the structure is false for the values of its variables, so there is nothing to prune. Nothing was written.",
    ),
    (
        "SEC-SE-008",
        "A specialization, a set of aspects or a number of repetitions is not decided by any rule, choice or constraint. The message lists the candidates.",
    ),
    (
        "SEC-SE-009",
        "Several rules of one decision are true, or two aspects that met through a specialization have the same highest priority.",
    ),
    (
        "SEC-SE-010",
        "A choice given with --choose fits nothing: its path meets no decision, its child is not a candidate, or two choices contradict each other.",
    ),
    (
        "SEC-SE-011",
        "Two decisions together break a constraint of the structure: one requires or excludes what the other is.",
    ),
    (
        "SEC-SE-012",
        "A structure that holds copies of itself was unfolded to --depth levels, and at the last one every alternative needs another copy. An alternative without ref would end it.",
    ),
    (
        "SEC-SE-013",
        "The number of repetitions of a multi-aspect is no whole number, is zero or negative, or is larger than what may be built.",
    ),
    (
        "SEC-SE-014",
        "A coupling names an entity that is neither the parent of the aspect nor one of its children.",
    ),
    (
        "SEC-SE-015",
        "The result would be larger than allowed, so it was not built; or more members of the family were to be listed than can be held.",
    ),
    (
        "SEC-SE-016",
        "The command needs another kind of document: prune takes a structure (ses), resume an incomplete one (ipes), flatten a pruned one (pes).",
    ),
    (
        "SEC-SE-017",
        "The chosen file format has no place for a part of the structure, so nothing was written rather than something else.",
    ),
    ("SEC-SE-018", "No decision waits at the path that was to be resumed."),
    ("SEC-SE-019", "The file with the structure is not there, is no file, or may not be read."),
    (
        "SEC-SE-020",
        "The ending of the output names no format. Structures are written as .ses, .json, .jsonsestree or .xml, results as .pes, .ipes, .fpes, .json or .jsonsestree, drawings as .dot, .mmd or, with --svg, .svg; reports as .html or .json.",
    ),
    (
        "SEC-SE-021",
        "An entity is to be simulated and has neither parts nor an attribute `mb` that names a model of the model base.",
    ),
    (
        "SEC-SE-022",
        "The XML has a document type definition. Entities that one defines can unfold to any size or name files, so they are never expanded, and a file that has one is refused.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_each_error_has_one() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
        let error = SesError::Choice { choice: "a=b".into(), what: "x".into() };
        assert!(CODES.iter().any(|(code, _)| *code == error.code()));
        let run = RunError::from(SesError::Condition {
            place: Place::None,
            condition: "n > 0".into(),
            values: String::new(),
        });
        assert_eq!((run.kind.exit(), run.code), (3, "SEC-SE-007"));
    }
}
