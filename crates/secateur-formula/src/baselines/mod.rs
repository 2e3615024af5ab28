//! What formulas are compared with: regressions and a small neural network.

mod least_squares;
mod network;
mod regression;

pub use network::{Network, Settings, network};
pub use regression::{
    Information, NoFit, Response, Term, log_linear, ols, ols_with_ln, regression, stepwise,
};

use crate::evaluate::{Columns, values};
use crate::split::Groups;
use crate::tree::Tree;

/// Rows that something is fitted to.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Names of the inputs.
    pub names: &'a [String],
    /// The inputs.
    pub inputs: Columns<'a>,
    /// The target, of shape `[rows]`.
    pub target: &'a [f64],
    /// Groups of the rows, for splits inside.
    pub groups: &'a Groups,
    /// Seed of everything random.
    pub seed: u64,
}

/// Something that was fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// What predicts.
    pub model: Model,
    /// Numbers that were fitted.
    pub parameters: usize,
    /// It in words for a person.
    pub text: String,
    /// What the reader must know, each a full sentence.
    pub notes: Vec<String>,
}

/// What predicts.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    /// An operation tree.
    Formula(Tree),
    /// A neural network.
    Network(Network),
}

impl Model {
    /// A prediction for each row.
    ///
    /// # Panics
    /// When an input is not there.
    pub fn predict(&self, inputs: Columns) -> Vec<f64> {
        match self {
            Self::Formula(tree) => values(tree, inputs),
            Self::Network(network) => network.predict(inputs),
        }
    }

    /// Nodes of a formula; `None` for what is no formula.
    pub fn size(&self) -> Option<usize> {
        match self {
            Self::Formula(tree) => Some(tree.size()),
            Self::Network(_) => None,
        }
    }
}
