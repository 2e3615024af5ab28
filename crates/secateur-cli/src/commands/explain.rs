//! `secateur explain`.

use std::process::ExitCode;

use secateur::core::{Kind, RunError};
use serde_json::json;

use super::Manner;
use crate::out;

/// Codes of the command itself, sorted.
const OWN: &[(&str, &str)] = &[
    (
        "SEC-CL-001",
        "The program came into a state that its authors thought impossible. Inputs and finished outputs are untouched. Please report it with the text of the message and the output of `secateur doctor`.",
    ),
    (
        "SEC-CL-002",
        "The system did not give the threads that --threads asks for. Ask for fewer, or raise the limit of processes.",
    ),
    (
        "SEC-CL-003",
        "The word after `explain` is no error code. Codes look like SEC-ST-004 and stand in brackets after `error`.",
    ),
    (
        "SEC-CL-004",
        "The folder secateur-demo holds something that the demo did not write, so it is not replaced. Move it away, or run the demo elsewhere.",
    ),
    (
        "SEC-CL-005",
        "The demo could not write its folder in the current directory. Run it where you may write.",
    ),
    (
        "SEC-CL-006",
        "The command line cannot be understood: a word that is unknown, missing or cannot be. `secateur COMMAND --help` shows what can be typed. Without --json the message has no code and shows the usage.",
    ),
    (
        "SEC-CL-007",
        "The prompt has no tokens, or so many that the positions the model was made for leave no room for a text.",
    ),
    (
        "SEC-CL-008",
        "A file or a stream of games could not be read or written; the message has the reason that the system gives.",
    ),
    (
        "SEC-CL-009",
        "The journal of an experiment is there already, or the file in its place is none. Go on with it by --resume, replace it by --force, or name another file.",
    ),
];

pub(crate) fn run(code: &str, manner: Manner) -> Result<ExitCode, RunError> {
    let wanted = code.trim().to_ascii_uppercase();
    let mut all = secateur::CODES.iter().copied().chain([OWN]).flatten();
    let Some((code, text)) = all.find(|(code, _)| *code == wanted) else {
        let message = format!("there is no error code {code}");
        let hint = "codes look like SEC-ST-004 and stand in brackets after `error`";
        return Err(RunError::new(Kind::Usage, "SEC-CL-003", message).hint(hint));
    };
    if manner.json {
        out::json(&json!({ "code": code, "text": text }));
    } else {
        out::line(&format!("{code}\n{text}"));
    }
    Ok(ExitCode::SUCCESS)
}
