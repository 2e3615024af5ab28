//! `secateur formula`: formulas that are found, made simpler, measured, compared and written out.

mod compare;
mod data;
mod demo;
mod eval;
mod export;
mod files;
mod fit;
mod prune;
mod report;
mod settings;

use std::process::ExitCode;

use secateur::core::RunError;

use super::Manner;
use crate::args::formula::FormulaCommand;

pub(crate) use demo::run as demo;

pub(crate) fn run(command: &FormulaCommand, manner: Manner) -> Result<ExitCode, RunError> {
    match command {
        FormulaCommand::Fit(args) => fit::run(args, manner),
        FormulaCommand::Prune(args) => prune::run(args, manner),
        FormulaCommand::Compare(args) => compare::run(args, manner),
        FormulaCommand::Eval { formula, table } => eval::run(formula, table, manner),
        FormulaCommand::Export { formula, to } => export::run(formula, *to, manner),
    }
}
