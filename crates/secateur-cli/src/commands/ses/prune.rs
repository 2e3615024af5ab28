//! `secateur ses prune` and `secateur ses resume`.

use std::io::BufRead;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use secateur::core::record::{CostRow, Input, Record};
use secateur::core::{Kind, RunError};
use secateur::ses::pes::Stage;
use secateur::ses::prune::{self as pruning, Choices, Pruned, Question, Request, Resume};
use serde_json::json;

use super::files::{self, Origin, Target};
use super::{Manner, report};
use crate::args::ses::{ChoiceArgs, OutputArgs, PruneArgs, ResumeArgs};
use crate::out;

fn choices(args: &ChoiceArgs) -> Result<Choices, RunError> {
    let mut choices = Choices::default();
    for choice in &args.choose {
        choices.choose(choice).map_err(usage)?;
    }
    for path in &args.delay {
        choices.delay(path).map_err(usage)?;
    }
    Ok(choices)
}

/// A choice that cannot be read is a matter of the command line.
pub(super) fn usage(error: secateur::ses::error::SesError) -> RunError {
    RunError { kind: Kind::Usage, ..RunError::from(error) }
}

pub(super) fn prune(args: &PruneArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let started = Instant::now();
    let inputs = [args.structure.as_path()];
    let target = Target::result(&args.output.output, args.output.force, &inputs)?;
    let report = report_target(&args.choices, &args.output, &inputs)?;
    let request = Request {
        choices: choices(&args.choices)?,
        variables: args.define.clone(),
        depth: args.depth,
        entities_max: args.max_entities,
        leave_open: args.choices.interactive,
    };
    let ses = files::structure(&args.structure)?;
    let input = files::input(&args.structure)?;
    let pruned = pruning::prune(&ses, &request).map_err(files::at(&args.structure))?;
    let pruned = answered(pruned, &args.choices, &args.structure)?;
    let asked = json!({
        "define": args.define,
        "choose": args.choices.choose,
        "delay": args.choices.delay,
        "interactive": args.choices.interactive,
        "depth": args.depth,
    });
    let decisions = (&pruned.log[..], pruned.decisions);
    target.pes(&pruned.pes, &Origin { command: "prune", input: &input, asked, decisions })?;
    if let Some(report) = &report {
        let costs = report::costs_of_pruning(&ses, &request, &pruned.pes);
        report::write(&record("prune", &pruned, &input, costs, started), report)?;
    }
    Ok(end(&pruned, &args.choices, &target, started, manner))
}

pub(super) fn resume(args: &ResumeArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let started = Instant::now();
    let inputs = [args.ipes.as_path()];
    // The result may take the place of what is resumed, when that is asked for.
    let same = args.output.output == args.ipes && args.output.force;
    let checked: &[&Path] = if same { &[] } else { &inputs };
    let target = Target::result(&args.output.output, args.output.force, checked)?;
    let report = report_target(&args.choices, &args.output, &inputs)?;
    let request = Resume {
        choices: choices(&args.choices)?,
        at: args.at.clone(),
        depth: args.depth,
        leave_open: args.choices.interactive,
    };
    let pes = files::result(&args.ipes)?;
    let input = files::input(&args.ipes)?;
    let before = report::sizes(&pes);
    let pruned = pruning::resume(pes, &request).map_err(files::at(&args.ipes))?;
    let pruned = answered(pruned, &args.choices, &args.ipes)?;
    let asked = json!({
        "choose": args.choices.choose,
        "delay": args.choices.delay,
        "interactive": args.choices.interactive,
        "at": args.at,
        "depth": args.depth,
    });
    let decisions = (&pruned.log[..], pruned.decisions);
    target.pes(&pruned.pes, &Origin { command: "resume", input: &input, asked, decisions })?;
    if let Some(report) = &report {
        let costs = report::costs_of_resuming(before, &pruned.pes);
        report::write(&record("resume", &pruned, &input, costs, started), report)?;
    }
    Ok(end(&pruned, &args.choices, &target, started, manner))
}

fn report_target(
    choices: &ChoiceArgs,
    output: &OutputArgs,
    inputs: &[&Path],
) -> Result<Option<Target>, RunError> {
    let Some(path) = choices.report.as_deref() else { return Ok(None) };
    report::place(path, output.force, inputs).map(Some)
}

/// Asks for what nothing decides, when that is wanted.
fn answered(pruned: Pruned, args: &ChoiceArgs, path: &Path) -> Result<Pruned, RunError> {
    let mut pruned = pruned;
    if !args.interactive {
        return Ok(pruned);
    }
    let mut delays = Choices::default();
    for path in &args.delay {
        delays.delay(path).map_err(usage)?;
    }
    while let Some(question) = pruning::question(&pruned.pes) {
        let answer = ask(&question, path)?;
        let mut choices = delays.clone();
        choices.choose(&question.answer(&answer)).map_err(usage)?;
        let at = vec![question.path.clone()];
        let request = Resume { choices, at, depth: None, leave_open: true };
        match pruning::resume(pruned.pes.clone(), &request) {
            Ok(next) => {
                let mut log = std::mem::take(&mut pruned.log);
                let decisions = pruned.decisions + next.decisions;
                log.extend(next.log.iter().cloned());
                pruned = Pruned { log, decisions, ..next };
            }
            Err(error) => out::note(&out::clean(&format!("  {error}"))),
        }
    }
    Ok(pruned)
}

/// One question, and the answer that was typed: a candidate, or its number.
fn ask(question: &Question, path: &Path) -> Result<String, RunError> {
    out::note(&out::clean(&format!("{}: {}?", question.path, question.point)));
    for (at, candidate) in question.candidates.iter().enumerate() {
        out::note(&out::clean(&format!("  {}  {candidate}", at + 1)));
    }
    loop {
        eprint_prompt();
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        if !matches!(read, Ok(length) if length > 0) {
            let message = format!("no answer for {}; nothing was written", question.point);
            return Err(RunError::new(Kind::Input, "SEC-SE-008", message).at(path));
        }
        let answer = line.trim();
        if question.candidates.iter().any(|candidate| candidate == answer) {
            return Ok(answer.to_owned());
        }
        let free = question.candidates.iter().any(|candidate| candidate.contains(' '));
        let number = answer.parse::<usize>().ok();
        match number {
            Some(_) if free => return Ok(answer.to_owned()),
            Some(number) if (1..=question.candidates.len()).contains(&number) => {
                return Ok(question.candidates[number - 1].clone());
            }
            _ => out::note("  type one of the names, or its number"),
        }
    }
}

fn eprint_prompt() {
    use std::io::Write as _;
    let mut stderr = std::io::stderr().lock();
    // A closed standard error is no failure.
    let _ = write!(stderr, "> ").and_then(|()| stderr.flush());
}

/// Says what was done, and whether what had to be complete is.
fn end(
    pruned: &Pruned,
    args: &ChoiceArgs,
    target: &Target,
    started: Instant,
    manner: Manner,
) -> ExitCode {
    let pes = &pruned.pes;
    let complete = pes.stage == Stage::Pes;
    let seconds = started.elapsed().as_secs_f64();
    let open = pruning::waiting(pes);
    for choice in &pruned.unused {
        out::note(&out::clean(&format!("warning: {choice}: it met no decision")));
    }
    let named = target.path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("pes"));
    if named && !complete {
        out::note("warning: something is open, so this is an ipes, in a file that ends in .pes");
    }
    let couplings = report::couplings_in(pes);
    if manner.json {
        let waiting: Vec<_> =
            open.iter().map(|(path, reason)| json!({ "path": path, "reason": reason })).collect();
        out::json(&json!({
            "output": target.path.display().to_string(),
            "kind": pes.stage.word(),
            "complete": complete,
            "nodes": pes.nodes.len(),
            "entities": pes.entities(),
            "couplings": couplings,
            "decisions": pruned.decisions,
            "log": files::log(&pruned.log),
            "open": waiting,
            "unused": pruned.unused,
            "seconds": seconds,
        }));
    } else {
        let entities = out::count(pes.entities());
        let couplings = out::count(couplings);
        out::line(&format!(
            "{}: {entities} entities, {couplings} couplings, {} decisions: {}",
            pes.stage.word(),
            out::count(pruned.decisions),
            target.path.display()
        ));
        for (path, reason) in open.iter().take(20) {
            out::line(&out::clean(&format!("open: {path}: {reason}")));
        }
    }
    let gate = args.require_complete && !complete;
    if gate { ExitCode::from(Kind::Gate.exit()) } else { ExitCode::SUCCESS }
}

/// The record of a pruning.
fn record(
    method: &str,
    pruned: &Pruned,
    input: &Input,
    costs: Vec<CostRow>,
    started: Instant,
) -> Record {
    let pes = &pruned.pes;
    let open = pruning::waiting(pes);
    let open = open.iter().take(50).map(|(path, reason)| format!("{path} is open: {reason}."));
    let unused = pruned.unused.iter().map(|choice| format!("{choice} met no decision."));
    let warnings = open.chain(unused).collect();
    let figures = vec![report::structure(pes), report::decisions(pruned)];
    let seconds = started.elapsed().as_secs_f64();
    report::record(report::Head { method, input, pes, costs, seconds }, figures, warnings)
}
