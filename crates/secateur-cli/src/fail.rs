//! What went wrong, for a person or a program.

use std::panic::PanicHookInfo;
use std::process::ExitCode;
use std::sync::Mutex;

use secateur::core::{Kind, RunError};
use serde_json::json;

use crate::out;

/// The last panic, for the report of a bug.
static PANIC: Mutex<String> = Mutex::new(String::new());

/// Keeps where and why a panic happened.
pub(crate) fn remember_panic(info: &PanicHookInfo<'_>) {
    if let Ok(mut last) = PANIC.lock() {
        *last = info.to_string();
    }
}

/// Shows an error and gives its exit code.
pub(crate) fn show(error: &RunError, json: bool) -> ExitCode {
    let path = error.place.as_ref().map(|p| out::clean(&p.display().to_string()));
    let message = out::clean(&error.message);
    if json {
        let value = json!({
            "code": error.code,
            "exit": error.kind.exit(),
            "message": message,
            "path": path,
            "help": error.hint,
        });
        out::note(&value.to_string());
    } else {
        let mut text = format!("error[{}]: {message}", error.code);
        if let Some(path) = path {
            text.push_str("\n  file: ");
            text.push_str(&path);
        }
        if let Some(hint) = &error.hint {
            text.push_str("\n  help: ");
            text.push_str(&out::clean(hint));
        }
        out::note(&text);
    }
    ExitCode::from(error.kind.exit())
}

/// Shows what is wrong with the command line, or the help or version that it asks for.
pub(crate) fn show_usage(error: &clap::Error) -> ExitCode {
    let asks_for_json = std::env::args_os().any(|word| word == "--json");
    if !error.use_stderr() || !asks_for_json {
        // A reader that went away is no failure.
        let _ = error.print();
        return ExitCode::from(error.exit_code().clamp(0, 255) as u8);
    }
    let text = error.to_string();
    let message = text.lines().next().unwrap_or_default();
    let value = json!({
        "code": "SEC-CL-006",
        "exit": Kind::Usage.exit(),
        "message": out::clean(message.trim_start_matches("error: ")),
        "path": null,
        "help": "`secateur help` and `secateur COMMAND --help` show what can be typed",
    });
    out::note(&value.to_string());
    ExitCode::from(Kind::Usage.exit())
}

/// Shows that the program itself is wrong.
pub(crate) fn show_bug(json: bool) -> ExitCode {
    let panic = PANIC.lock().map(|last| last.clone()).unwrap_or_default();
    let panic = out::clean(&panic);
    if json {
        out::note(
            &json!({
                "code": "SEC-CL-001",
                "exit": 70,
                "message": panic,
                "path": null,
                "help": "please report it with this text and the output of `secateur doctor`",
            })
            .to_string(),
        );
    } else {
        out::note(&format!(
            "error[SEC-CL-001]: this is a bug of secateur, not of your input\n  {panic}\n  \
             help: please report it with this text and the output of `secateur doctor`"
        ));
    }
    ExitCode::from(70)
}
