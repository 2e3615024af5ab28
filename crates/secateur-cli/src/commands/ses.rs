//! `secateur ses`: structures that are pruned to one of their family.

mod check;
mod demo;
mod family;
mod files;
mod optimize;
mod prune;
mod report;
mod results;
mod simulate;
mod verify;

use std::process::ExitCode;

use secateur::core::RunError;

use super::Manner;
use crate::args::ses::SesCommand;

pub(crate) use demo::run as demo;
pub(crate) use verify::{is_structure, verify};

pub(crate) fn run(command: &SesCommand, manner: Manner) -> Result<ExitCode, RunError> {
    match command {
        SesCommand::Check { structure } => check::run(structure, manner),
        SesCommand::Prune(args) => prune::prune(args, manner),
        SesCommand::Resume(args) => prune::resume(args, manner),
        SesCommand::Count { family } => family::count(family, manner),
        SesCommand::Enumerate { family, limit, sample, seed } => {
            family::enumerate(family, *limit, *sample, *seed, manner)
        }
        SesCommand::Flatten { pes, output } => results::flatten(pes, output, manner),
        SesCommand::Diff { a, b } => results::diff(a, b, manner),
        SesCommand::Draw { document, svg, output, force } => {
            results::draw(document, svg.as_deref(), output.as_deref(), *force, manner)
        }
        SesCommand::Simulate(args) => simulate::run(args, manner),
        SesCommand::Optimize(args) => optimize::run(args, manner),
    }
}
