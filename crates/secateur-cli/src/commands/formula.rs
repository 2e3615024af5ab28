//! `secateur formula`: formulas that are found, made simpler, measured and written out.

mod data;
mod eval;
mod export;
mod files;
mod fit;
mod prune;
mod report;

use std::process::ExitCode;

use secateur::core::RunError;

use super::Manner;
use crate::args::formula::FormulaCommand;

pub(crate) fn run(command: &FormulaCommand, manner: Manner) -> Result<ExitCode, RunError> {
    match command {
        FormulaCommand::Fit(args) => fit::run(args, manner),
        FormulaCommand::Prune(args) => prune::run(args, manner),
        FormulaCommand::Eval { formula, table } => eval::run(formula, table, manner),
        FormulaCommand::Export { formula, to } => export::run(formula, *to, manner),
    }
}
