#![doc = include_str!("potential_high.md")]

use secateur_core::prune::{Evidence, Method, PruneError};
use secateur_core::{Criterion, Scores};

use super::{Maps, Node};

/// Name, summary, page.
pub const METHOD: Method = Method {
    name: "potential-high",
    summary: "absolute potential: cuts moves deep inside of one color's area",
    page: include_str!("potential_high.md"),
};

/// `-|phi(p)|`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PotentialHigh;

impl Criterion<Node<'_>, Maps> for PotentialHigh {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn needs(&self) -> Evidence {
        Evidence::Activations
    }

    fn score(&self, model: &Node<'_>, evidence: &Maps) -> Result<Scores, PruneError> {
        super::at_moves(model, &evidence.potential, |v| -v.abs())
    }
}
