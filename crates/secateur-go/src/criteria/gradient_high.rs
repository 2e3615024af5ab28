#![doc = include_str!("gradient_high.md")]

use secateur_core::prune::{Evidence, Method, PruneError};
use secateur_core::{Criterion, Scores};

use super::{Maps, Node};

/// Name, summary, page.
pub const METHOD: Method = Method {
    name: "gradient-high",
    summary: "gradient of the potential: cuts moves hard against strong stones",
    page: include_str!("gradient_high.md"),
};

/// `-g(p)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientHigh;

impl Criterion<Node<'_>, Maps> for GradientHigh {
    fn name(&self) -> &'static str {
        METHOD.name
    }

    fn needs(&self) -> Evidence {
        Evidence::Activations
    }

    fn score(&self, model: &Node<'_>, evidence: &Maps) -> Result<Scores, PruneError> {
        super::at_moves(model, &evidence.gradient, |v| -v)
    }
}
