//! The `secateur` command.
//!
//! `args` says what can be typed, `commands` has a file per command, `progress` shows how far a
//! run is, `fail` shows what went wrong. Results go to standard output, everything else to
//! standard error.

mod args;
mod commands;
mod fail;
mod out;
mod progress;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Parser;

use args::Cli;

fn main() -> ExitCode {
    // A panic inside a guarded library call is an error there; only one that arrives here is
    // shown, below.
    std::panic::set_hook(Box::new(fail::remember_panic));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return fail::show_usage(&error),
    };
    let json = cli.json();
    let run = AssertUnwindSafe(|| commands::run(cli));
    match std::panic::catch_unwind(run) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => fail::show(&error, json),
        Err(_) => fail::show_bug(json),
    }
}
