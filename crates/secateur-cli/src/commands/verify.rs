//! `secateur verify`.

use std::process::ExitCode;

use secateur::core::{Kind, RunError};
use secateur::neural::verify::{Check, expect, verify};
use serde_json::json;

use super::Manner;
use crate::args::VerifyArgs;
use crate::out;

pub(crate) fn run(args: &VerifyArgs, manner: Manner) -> Result<ExitCode, RunError> {
    if super::network::is_network(&args.model) {
        return super::network::verify(args, manner);
    }
    if super::ses::is_structure(&args.model) {
        if args.expect.is_some() {
            let message = "--expect compares outputs, and a structure has none";
            return Err(RunError::new(Kind::Usage, "SEC-CL-006", message).at(&args.model));
        }
        return Ok(show(&super::ses::verify(&args.model)?, manner));
    }
    let mut checks = verify(&args.model)?;
    if let Some(golden) = &args.expect {
        let (more, warnings) = expect(&args.model, golden, args.tolerance)?;
        checks.extend(more);
        for warning in warnings {
            out::note(&format!("warning: {}", out::clean(&warning)));
        }
    }
    Ok(show(&checks, manner))
}

fn show(checks: &[Check], manner: Manner) -> ExitCode {
    let passed = checks.iter().all(|check| check.passed);
    if manner.json {
        out::json(&json!({ "passed": passed, "checks": checks }));
    } else {
        for check in checks {
            let word = if check.passed { "ok    " } else { "FAILED" };
            out::line(&format!("{word}  {}: {}", check.name, out::clean(&check.detail)));
        }
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::from(Kind::Gate.exit()) }
}
