//! One file per command.

mod demo;
mod diff;
mod doctor;
mod eval;
mod explain;
mod formula;
mod generate;
mod go;
mod inspect;
mod methods;
mod network;
mod pages;
mod prune;
mod raster;
mod ses;
mod speaker;
mod verify;

use std::process::ExitCode;

use clap::CommandFactory;
use secateur::core::{Kind, RunError};

use crate::args::{Cli, Command, DemoFamily};
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

/// Environment variables that are read; the tests read the second.
const VARIABLES: [&str; 2] = ["SECATEUR_THREADS", "SECATEUR_TEST_DATA"];

/// A misspelt variable would be a setting that silently does nothing.
fn warn_of_unknown_variables() {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("SECATEUR_") && !VARIABLES.contains(&&*name) {
            let edits = |known: &&str| secateur::checkpoint::tensors::edits(&name, known);
            let nearest = VARIABLES.into_iter().min_by_key(edits).unwrap_or_default();
            let name = out::clean(&name);
            out::note(&format!(
                "warning: environment variable {name} is not known; the nearest is {nearest}"
            ));
        }
    }
}

/// Stack of a thread, as that of the main thread.
const STACK: usize = 8 << 20;

/// Runs the command that was typed.
pub(crate) fn run(cli: Cli) -> Result<ExitCode, RunError> {
    let manner = Manner { json: cli.json(), quiet: cli.quiet };
    let threads = cli.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK);
    pool.build_global().map_err(|error| {
        RunError::new(Kind::Resources, "SEC-CL-002", format!("no threads: {error}"))
    })?;
    warn_of_unknown_variables();
    catch_interrupts();
    // On a thread of the pool: a kernel that is called from outside would wake it every time.
    rayon::scope(|_| dispatch(cli.command, manner))
}

fn dispatch(command: Command, manner: Manner) -> Result<ExitCode, RunError> {
    match command {
        Command::Demo { family: None | Some(DemoFamily::Neural) } => demo::run(manner),
        Command::Demo { family: Some(DemoFamily::Go) } => go::demo(manner),
        Command::Demo { family: Some(DemoFamily::Formula) } => formula::demo(manner),
        Command::Demo { family: Some(DemoFamily::Ses) } => ses::demo(manner),
        Command::Demo { family: Some(DemoFamily::Speaker) } => speaker::demo(manner),
        Command::Prune(args) => prune::run(&args, manner),
        Command::Eval(args) => eval::run(&args, manner),
        Command::Generate(args) => generate::run(&args, manner),
        Command::Inspect { model, shapes } => inspect::run(&model, &shapes, manner),
        Command::Bench(args) => network::bench(&args, manner),
        Command::Sensitivity(args) => network::sensitivity(&args, manner),
        Command::Verify(args) => verify::run(&args, manner),
        Command::Diff { a, b } => diff::run(&a, &b, manner),
        Command::Formula(command) => formula::run(&command, manner),
        Command::Go(command) => go::run(&command, manner),
        Command::Ses(command) => ses::run(&command, manner),
        Command::Speaker(command) => speaker::run(&command, manner),
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
