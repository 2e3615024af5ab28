//! `secateur go`: an engine, positions, matches.

mod analyze;
mod board;
mod demo;
mod example;
mod experiment;
mod games;
mod gtp;
mod matches;
mod moves;
mod position;
mod report;
mod results;

use std::process::ExitCode;

use secateur::core::RunError;

use super::Manner;
use crate::args::go::GoCommand;

pub(crate) use demo::run as demo;

pub(crate) fn run(command: &GoCommand, manner: Manner) -> Result<ExitCode, RunError> {
    match command {
        GoCommand::Gtp(args) => gtp::run(args),
        GoCommand::Analyze(args) => analyze::run(args, manner),
        GoCommand::Match(args) => matches::run(args, manner),
        GoCommand::Experiment(args) => experiment::run(args, manner),
    }
}
