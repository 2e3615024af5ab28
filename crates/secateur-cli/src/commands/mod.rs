//! One file per command.

mod demo;
mod diff;
mod doctor;
mod eval;
mod explain;
mod generate;
mod inspect;
mod methods;
mod prune;
mod verify;

use std::process::ExitCode;

use clap::CommandFactory;
use secateur::core::{Kind, RunError};

use crate::args::{Cli, Command};
use crate::out;
use crate::progress::{Terminal, catch_interrupts};

/// How every command is to behave.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

impl Manner {
    pub(crate) fn progress(self) -> Terminal {
        Terminal::new(self.quiet)
    }
}

/// Runs the command that was typed.
pub(crate) fn run(cli: Cli) -> Result<ExitCode, RunError> {
    let manner = Manner { json: cli.json(), quiet: cli.quiet };
    if let Some(threads) = cli.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global();
        pool.map_err(|error| {
            RunError::new(Kind::Resources, "SEC-CL-002", format!("no threads: {error}"))
        })?;
    }
    catch_interrupts();
    match cli.command {
        Command::Demo => demo::run(manner),
        Command::Prune(args) => prune::run(&args, manner),
        Command::Eval(args) => eval::run(&args, manner),
        Command::Generate(args) => generate::run(&args, manner),
        Command::Inspect { model } => inspect::run(&model, manner),
        Command::Verify(args) => verify::run(&args, manner),
        Command::Diff { a, b } => diff::run(&a, &b, manner),
        Command::Methods { name } => methods::run(name.as_deref(), manner),
        Command::Explain { code } => explain::run(&code, manner),
        Command::Doctor => Ok(doctor::run(manner)),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "secateur", &mut script);
            out::print(&String::from_utf8_lossy(&script));
            Ok(ExitCode::SUCCESS)
        }
    }
}
