#![doc = include_str!("potential_low.md")]

use secateur_core::prune::{Evidence, Method, PruneError};
use secateur_core::{Criterion, Scores};

use super::{Maps, Node};

/// Name, summary, page.
pub const METHOD: Method = Method {
    name: "potential-low",
    summary: "density of stones: cuts moves far from every stone",
    page: include_str!("potential_low.md"),
};

/// `psi(p) = sum_s K(d(p, s))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PotentialLow;

impl Criterion<Node<'_>, Maps> for PotentialLow {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn needs(&self) -> Evidence {
        Evidence::Activations
    }

    fn score(&self, model: &Node<'_>, evidence: &Maps) -> Result<Scores, PruneError> {
        super::at_moves(model, &evidence.density, |v| v)
    }
}
