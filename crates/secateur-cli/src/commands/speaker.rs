//! `secateur speaker`: people who are enrolled, identified, evaluated.

mod bank;
mod calibrate;
mod demo;
mod enroll;
mod evaluate;
mod identify;
mod listen;
mod voices;

use std::process::ExitCode;

use secateur::core::RunError;

use super::Manner;
use crate::args::speaker::SpeakerCommand;

pub(crate) use demo::run as demo;

pub(crate) fn run(command: &SpeakerCommand, manner: Manner) -> Result<ExitCode, RunError> {
    match command {
        SpeakerCommand::Enroll(args) => enroll::run(args, manner),
        SpeakerCommand::Identify(args) => identify::run(args, manner),
        SpeakerCommand::Listen(args) => listen::run(args, manner),
        SpeakerCommand::Evaluate(args) => evaluate::run(args, manner),
        SpeakerCommand::Calibrate(args) => calibrate::run(args, manner),
        SpeakerCommand::List { bank } => bank::list(bank, manner),
        SpeakerCommand::Remove { bank, names } => bank::remove(bank, names, manner),
    }
}
