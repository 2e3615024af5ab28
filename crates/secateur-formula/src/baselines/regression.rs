//! Regressions: sums of terms with factors found by least squares.

use std::fmt::Write as _;

use super::least_squares::{Fit, Reduced};
use super::{Fitted, Model, Rows};
use crate::op::Op;
use crate::tree::{Node, Tree};

/// A term of a regression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// An input as it is.
    Plain(usize),
    /// The natural logarithm of an input.
    Ln(usize),
    /// The natural logarithm of one more than an input, for inputs that may be zero.
    LnOnePlus(usize),
}

impl Term {
    fn input(self) -> usize {
        match self {
            Self::Plain(input) | Self::Ln(input) | Self::LnOnePlus(input) => input,
        }
    }

    fn values(self, rows: &Rows) -> Vec<f64> {
        let values = &rows.inputs.columns[self.input()];
        match self {
            Self::Plain(_) => values.clone(),
            Self::Ln(_) => values.iter().map(|value| value.ln()).collect(),
            Self::LnOnePlus(_) => values.iter().map(|value| (1.0 + value).ln()).collect(),
        }
    }

    fn tree(self) -> Tree {
        let leaf = Tree::leaf(Node::Var(self.input() as u32));
        match self {
            Self::Plain(_) => leaf,
            Self::Ln(_) => Tree::unary(Op::Ln, leaf),
            Self::LnOnePlus(_) => {
                let one = Tree::leaf(Node::Const(1.0));
                Tree::unary(Op::Ln, Tree::binary(Op::Add, one, &leaf))
            }
        }
    }

    fn name(self, rows: &Rows) -> String {
        let name = &rows.names[self.input()];
        match self {
            Self::Plain(_) => name.clone(),
            Self::Ln(_) => format!("ln({name})"),
            Self::LnOnePlus(_) => format!("ln(1 + {name})"),
        }
    }
}

/// What a regression adds up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response {
    /// The target.
    Plain,
    /// The natural logarithm of the target; the prediction is its exponential.
    Ln,
}

/// What a term must be worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Information {
    /// Akaike: `n ln(s / n) + 2 k` for the sum `s` of squared residuals and `k` parameters.
    Aic,
    /// Schwarz: `n ln(s / n) + k ln n`.
    Bic,
}

/// Ordinary least squares over all inputs.
///
/// Source: A.-M. Legendre, 1805, "Nouvelles methodes pour la determination des orbites des
/// cometes".
///
/// # Errors
/// When a value is not finite.
pub fn ols(rows: &Rows) -> Result<Fitted, NoFit> {
    regression(rows, &plain(rows), Response::Plain)
}

/// Ordinary least squares over all inputs and the logarithms of the named ones.
///
/// # Errors
/// When such an input is not positive in some row.
pub fn ols_with_ln(rows: &Rows, logarithms: &[usize]) -> Result<Fitted, NoFit> {
    let mut terms = plain(rows);
    terms.extend(logarithms.iter().map(|input| Term::Ln(*input)));
    regression(rows, &terms, Response::Plain)
}

/// The logarithm of the target over the logarithms of the inputs that are positive in every row
/// (`ln(1 + x)` where zero is the least), and over the others as they are.
///
/// # Errors
/// When the target is not positive in some row.
pub fn log_linear(rows: &Rows) -> Result<Fitted, NoFit> {
    let term = |input| {
        let values = &rows.inputs.columns[input];
        if is_positive(rows, input) {
            Term::Ln(input)
        } else if values.iter().all(|value| *value >= 0.0) {
            Term::LnOnePlus(input)
        } else {
            Term::Plain(input)
        }
    };
    let terms: Vec<Term> = (0..rows.inputs.columns.len()).map(term).collect();
    regression(rows, &terms, Response::Ln)
}

/// Forward and backward steps over inputs and the logarithms of those that are positive: the term
/// goes in or out that lowers the information criterion most, until none does.
///
/// Source: M. A. Efroymson, 1960, "Multiple regression analysis", with an information criterion in
/// place of the F test.
///
/// # Errors
/// When a value is not finite.
pub fn stepwise(rows: &Rows, information: Information) -> Result<Fitted, NoFit> {
    let mut terms = plain(rows);
    let positive = (0..terms.len()).filter(|input| is_positive(rows, *input));
    terms.extend(positive.map(Term::Ln).collect::<Vec<_>>());
    let reduced = reduced(rows, &terms, Response::Plain)?;
    let mut chosen: Vec<usize> = Vec::new();
    let mut best = worth(&reduced, &chosen, information);
    loop {
        let next = (0..terms.len()).map(|index| {
            let mut other = chosen.clone();
            match other.binary_search(&index) {
                Ok(place) => _ = other.remove(place),
                Err(place) => other.insert(place, index),
            }
            (worth(&reduced, &other, information), other)
        });
        let Some((worth, other)) = next.min_by(|a, b| a.0.total_cmp(&b.0)) else { break };
        if worth >= best {
            break;
        }
        (best, chosen) = (worth, other);
    }
    let fit = reduced.fit(&chosen);
    Ok(fitted(rows, &terms, &fit, Response::Plain))
}

/// Least squares over any terms.
///
/// # Errors
/// When a term or the response is not finite in some row.
pub fn regression(rows: &Rows, terms: &[Term], response: Response) -> Result<Fitted, NoFit> {
    let reduced = reduced(rows, terms, response)?;
    let fit = reduced.fit(&(0..terms.len()).collect::<Vec<_>>());
    Ok(fitted(rows, terms, &fit, response))
}

/// Why there is no fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} has no value in row {row} of those learned from")]
pub struct NoFit {
    /// The term or the response.
    pub what: String,
    /// The row, from 0.
    pub row: usize,
}

fn plain(rows: &Rows) -> Vec<Term> {
    (0..rows.inputs.columns.len()).map(Term::Plain).collect()
}

fn is_positive(rows: &Rows, input: usize) -> bool {
    rows.inputs.columns[input].iter().all(|value| *value > 0.0)
}

fn reduced(rows: &Rows, terms: &[Term], response: Response) -> Result<Reduced, NoFit> {
    let check = |values: Vec<f64>, what: &dyn Fn() -> String| match values
        .iter()
        .position(|value| !value.is_finite())
    {
        Some(row) => Err(NoFit { what: what(), row }),
        None => Ok(values),
    };
    let target = match response {
        Response::Plain => rows.target.to_vec(),
        Response::Ln => rows.target.iter().map(|value| value.ln()).collect(),
    };
    let target = check(target, &|| "the logarithm of the target".to_owned())?;
    let columns = terms.iter().map(|term| check(term.values(rows), &|| term.name(rows)));
    Ok(Reduced::new(columns.collect::<Result<_, _>>()?, &target))
}

fn worth(reduced: &Reduced, chosen: &[usize], information: Information) -> f64 {
    let n = reduced.rows() as f64;
    let fit = reduced.fit(chosen);
    let parameters = (fit.factors.len() + 1) as f64;
    let each = match information {
        Information::Aic => 2.0,
        Information::Bic => n.ln(),
    };
    // A term that is a sum of others costs as one that is not, so that it never goes in.
    let cost = parameters + fit.dependent.len() as f64;
    n * (fit.squares / n).max(f64::MIN_POSITIVE).ln() + each * cost
}

fn fitted(rows: &Rows, terms: &[Term], fit: &Fit, response: Response) -> Fitted {
    let leaf = |value: f64| Tree::leaf(Node::Const(value));
    let mut tree = leaf(fit.intercept);
    let mut text = shown(fit.intercept);
    for (index, by) in &fit.factors {
        let term = terms[*index];
        let product = Tree::binary(Op::Mul, leaf(*by), &term.tree());
        tree = Tree::binary(Op::Add, tree, &product);
        let sign = if *by < 0.0 { '-' } else { '+' };
        let _ = write!(text, " {sign} {} {}", shown(by.abs()), term.name(rows));
    }
    if response == Response::Ln {
        tree = Tree::unary(Op::Exp, tree);
        text = format!("exp({text})");
    }
    let note = |index: &usize| {
        let name = terms[*index].name(rows);
        format!("{name} is constant, or a sum of the other terms, and was left out.")
    };
    Fitted {
        parameters: fit.factors.len() + 1,
        text,
        notes: fit.dependent.iter().map(note).collect(),
        model: Model::Formula(tree),
    }
}

/// A number for a person, of about six digits.
fn shown(value: f64) -> String {
    let is_plain = value == 0.0 || (1e-3..1e6).contains(&value.abs());
    if is_plain { format!("{value:.6}") } else { format!("{value:.5e}") }
}
