//! Axioms and other rules that a structure must keep, each finding with its place.
//!
//! Source of the axioms: B. P. Zeigler, 1984, "Multifacetted modelling and discrete event
//! simulation"; A1 uniformity, A2 strict hierarchy, A3 alternating mode, A4 valid brothers,
//! A5 attached variables, A6 inheritance (which pruning does by construction; what is reported
//! are children that contradict what they specialize).

mod axioms;
mod inheritance;
mod ports;
mod recursion;
mod references;

use crate::error::SesError;
use crate::model::{Origin, Ses};
use crate::place::Place;
use crate::script::Functions;

/// A rule that is broken, or nearly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Short name of the rule, e.g. `A4`.
    pub rule: &'static str,
    /// Whether nothing can be pruned because of it.
    pub is_error: bool,
    /// Where it stands.
    pub place: Place,
    /// The node, by the names from the root.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// Most findings of one check.
pub const FINDINGS_MAX: usize = 1000;

/// Checks a whole structure.
pub fn check(ses: &Ses) -> Vec<Finding> {
    let mut findings = Vec::new();
    axioms::structure(ses, &mut findings);
    axioms::hierarchy(ses, &mut findings);
    axioms::uniformity(ses, &mut findings);
    inheritance::inheritance(ses, &mut findings);
    recursion::productive(ses, &mut findings);
    references::couplings(ses, &mut findings);
    ports::undeclared(ses, &mut findings);
    references::names(ses, &mut findings);
    references::constraints(ses, &mut findings);
    findings.sort_by_key(|finding| (!finding.is_error, finding.place));
    findings.truncate(FINDINGS_MAX);
    findings
}

/// The first finding that makes pruning meaningless.
pub(crate) fn blocking(ses: &Ses) -> Option<SesError> {
    let mut findings = Vec::new();
    axioms::structure(ses, &mut findings);
    axioms::hierarchy(ses, &mut findings);
    references::constrained(ses, &mut findings);
    let found = findings.into_iter().find(|finding| finding.is_error).map(Finding::into_error);
    found.or_else(|| Functions::unlisted(&ses.functions))
}

impl Finding {
    pub(crate) fn error(
        ses: &Ses,
        rule: &'static str,
        id: u32,
        message: impl Into<String>,
    ) -> Self {
        let place = ses.node(id).place;
        let message = message.into();
        Self { rule, is_error: true, place, path: ses.path(id), message }
    }

    pub(crate) fn warning(mut self) -> Self {
        self.is_error = false;
        self
    }

    /// The finding as an error of the library.
    pub fn into_error(self) -> SesError {
        let Self { rule, place, path, message, .. } = self;
        match rule {
            "A2" => SesError::Cycle { place, cycle: message },
            _ => SesError::Structure { place, name: path, what: format!("{message} ({rule})") },
        }
    }
}

/// Whether names that other tools let stand twice are only worth a warning.
fn lenient(ses: &Ses) -> bool {
    ses.origin != Origin::Language
}
