#![doc = include_str!("gradient_low.md")]

use secateur_core::prune::{Evidence, Method, PruneError};
use secateur_core::{Criterion, Scores};

use super::{Maps, Node};

/// Name, summary, page.
pub const METHOD: Method = Method {
    name: "gradient-low",
    summary: "gradient of the potential: cuts moves where it is flat",
    page: include_str!("gradient_low.md"),
};

/// `g(p)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientLow;

impl Criterion<Node<'_>, Maps> for GradientLow {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn needs(&self) -> Evidence {
        Evidence::Activations
    }

    fn score(&self, model: &Node<'_>, evidence: &Maps) -> Result<Scores, PruneError> {
        super::at_moves(model, &evidence.gradient, |v| v)
    }
}
