//! Pruning: from the family to one of it.
//!
//! The way goes down from the root. At each entity its specializations are resolved first, the
//! chosen child merges into it (name, attributes, what it is made of); then one of its aspects
//! is chosen; multi-aspects become aspects with as many children. An entity that is a copy is
//! unfolded when the way gets to it, up to a depth. What is left open, and what only a
//! constraint may decide later, waits as a residual; [`resume`] goes on with it.
//!
//! A decision comes from a choice of the user; else from the one rule that is true; else from a
//! constraint; else from the depth, when only one alternative ends. None of these depends on
//! the order in which entities are met, so leaving some open and resuming them in any order
//! gives what pruning at once gives.
//!
//! Source: names, inheritance, aspects and multi-aspects as SESToPy has them (patterns 1 to 9);
//! recursive and delayed pruning after T. H. Cho, 1995, "Model structuring technique by a
//! knowledge representation scheme: a FMS fractal architecture example", details reconstructed.

mod build;
mod choices;
mod couple;
mod decide;
pub(crate) mod facts;
mod values;

pub use choices::{Choice, Choices};
pub use values::bind;

use crate::check;
use crate::error::SesError;
use crate::model::{Id, Ses};
use crate::pes::{Pes, Stage};
use crate::place::Place;
use build::Builder;

/// Levels of copies unless told otherwise.
pub const DEPTH: u32 = 3;
/// Entities of a result unless told otherwise.
pub const ENTITIES_MAX: u64 = 10_000_000;
/// Decisions that are kept word for word.
pub const LOGGED_MAX: usize = 10_000;

/// What pruning is asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// Choices, and paths to leave open.
    pub choices: Choices,
    /// Values of variables: name and expression.
    pub variables: Vec<(String, String)>,
    /// How often a structure may hold itself along one way.
    pub depth: u32,
    /// Most entities of the result.
    pub entities_max: u64,
    /// Whether what nothing decides is left open and not an error.
    pub leave_open: bool,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            choices: Choices::default(),
            variables: Vec::new(),
            depth: DEPTH,
            entities_max: ENTITIES_MAX,
            leave_open: false,
        }
    }
}

/// What pruning gave.
#[derive(Clone, Debug)]
pub struct Pruned {
    /// The structure.
    pub pes: Pes,
    /// Decisions in the order in which they were made, the first [`LOGGED_MAX`] of them.
    pub log: Vec<Decision>,
    /// How many decisions there were.
    pub decisions: u64,
    /// Choices that met no decision; only known when nothing is left open.
    pub unused: Vec<String>,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The entity, by the names from the root.
    pub path: String,
    /// The specialization, the aspects or the multi-aspect.
    pub point: String,
    /// What was taken.
    pub chosen: String,
    /// Why.
    pub reason: Reason,
}

/// Why something was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The user chose it.
    Choice,
    /// Its rule is the one that is true.
    Rule,
    /// Its priority is the highest.
    Priority,
    /// A constraint requires it, or excludes all others.
    Constraint,
    /// It alone ends within the depth.
    Depth,
    /// There is nothing else.
    Only,
    /// The number of repetitions came out of its expression.
    Count,
}

impl Reason {
    /// The word in logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Choice => "choice",
            Self::Rule => "rule",
            Self::Priority => "priority",
            Self::Constraint => "constraint",
            Self::Depth => "depth",
            Self::Only => "only",
            Self::Count => "count",
        }
    }
}

/// Prunes a structure.
///
/// # Errors
/// [`SesError`] of the first thing that stops it: a broken structure, a condition that does not
/// hold, a decision that nothing or too much decides, a contradiction.
pub fn prune(ses: &Ses, request: &Request) -> Result<Pruned, SesError> {
    pruned(ses, request).map_err(|error| named(ses, error))
}

/// An error at a node of a file that numbers its nodes, with the path of that node.
fn named(ses: &Ses, error: SesError) -> SesError {
    match error.place() {
        Some(place @ Place::Node(_)) if !matches!(error, SesError::Structure { .. }) => {
            match ses.nodes.iter().position(|node| node.place == place) {
                Some(at) => error.within(&ses.path(at as Id)),
                None => error,
            }
        }
        _ => error,
    }
}

fn pruned(ses: &Ses, request: &Request) -> Result<Pruned, SesError> {
    if let Some(fault) = check::blocking(ses) {
        return Err(fault);
    }
    request.choices.known(ses)?;
    let (globals, variables) = bind(ses, &request.variables)?;
    let mut builder = Builder::new(ses, globals, request.choices.clone());
    builder.depth = request.depth;
    builder.entities_max = request.entities_max;
    builder.leave_open = request.leave_open;
    builder.pes.variables = variables;
    builder.plant()?;
    builder.grow()?;
    builder.finish(true)
}

/// What resuming is asked.
#[derive(Clone, Debug, Default)]
pub struct Resume {
    /// Further choices, and paths to leave open.
    pub choices: Choices,
    /// Which of the waiting entities are gone on with; all when empty.
    pub at: Vec<String>,
    /// A new depth.
    pub depth: Option<u32>,
    /// Whether what nothing decides is left open and not an error.
    pub leave_open: bool,
}

/// Goes on with an incomplete structure.
///
/// # Errors
/// As [`prune`]; [`SesError::Kind`] when nothing is open, [`SesError::NotWaiting`] when nothing
/// waits where it was asked to.
pub fn resume(pes: Pes, request: &Resume) -> Result<Pruned, SesError> {
    let mut pes = pes;
    let Some(open) = pes.open.take() else {
        let what = format!("a {} has nothing to resume", pes.stage.word());
        return Err(SesError::Kind { what });
    };
    let open = *open;
    let given: Vec<(String, String)> =
        pes.variables.iter().map(|v| (v.name.to_string(), v.text.clone())).collect();
    let (globals, _) = bind(&open.ses, &given)?;
    let mut choices = open.choices.clone();
    for choice in &request.choices.choices {
        choices.choose(&choice.text)?;
    }
    choices.delays.clone_from(&request.choices.delays);
    choices.known(&open.ses)?;
    let ses = open.ses.clone();
    let mut builder = Builder::new(&ses, globals, choices);
    builder.leave_open = request.leave_open;
    builder.again(pes, open, request.depth);
    let woken = builder.wake(&request.at);
    let grown = woken.and_then(|()| builder.grow());
    let whole = request.at.is_empty();
    grown.and_then(|()| builder.finish(whole)).map_err(|error| named(&ses, error))
}

/// The paths at which an incomplete structure waits, with the reasons.
pub fn waiting(pes: &Pes) -> Vec<(String, String)> {
    let Some(open) = &pes.open else { return Vec::new() };
    open.waiting
        .iter()
        .map(|residual| {
            (build::way(&open.ses, pes, &open.origins, residual.node), residual.reason.clone())
        })
        .collect()
}

/// A decision that somebody has to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The entity, by the names from the root.
    pub path: String,
    /// What is decided.
    pub point: String,
    /// What may be taken.
    pub candidates: Vec<String>,
}

impl Question {
    /// The choice that answers it.
    pub fn answer(&self, child: &str) -> String {
        if self.point.contains(' ') {
            return format!("{}={child}", self.path);
        }
        format!("{}/{}={child}", self.path, self.point)
    }
}

/// The first decision that an incomplete structure waits for, leaving out what was left open on
/// purpose.
pub fn question(pes: &Pes) -> Option<Question> {
    let open = pes.open.as_ref()?;
    let residual = open.waiting.iter().find(|residual| residual.reason != build::DELAYED)?;
    let path = build::way(&open.ses, pes, &open.origins, residual.node);
    let (_, rest) = residual.reason.split_once("nothing decides ")?;
    let (point, candidates) = rest.split_once("; the candidates are ")?;
    let candidates = candidates.split(", ").map(str::to_owned).collect();
    Some(Question { path, point: point.to_owned(), candidates })
}

/// Whether a result is complete.
pub fn complete(pes: &Pes) -> bool {
    pes.stage != Stage::Ipes
}
