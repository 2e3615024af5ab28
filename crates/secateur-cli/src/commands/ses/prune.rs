//! `secateur ses prune` and `secateur ses resume`.

use std::io::BufRead;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use secateur::core::figure::Figure;
use secateur::core::recipe::Scope;
use secateur::core::record::{self, Named, Record};
use secateur::core::{Budget, Kind, Recipe, RunError};
use secateur::ses::format::{Document, draw};
use secateur::ses::pes::{Pes, Stage};
use secateur::ses::prune::{self as pruning, Choices, Pruned, Question, Request, Resume};
use serde_json::json;

use super::Manner;
use super::files::{self, Target};
use crate::args::ses::{ChoiceArgs, OutputArgs, PruneArgs, ResumeArgs};
use crate::out;

/// Decisions that the page shows.
const SHOWN: usize = 2000;

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
    let target = Target::new(&args.output.output, args.output.force, &inputs)?;
    let report = report_target(&args.choices, &args.output, &inputs)?;
    let request = Request {
        choices: choices(&args.choices)?,
        variables: args.define.clone(),
        depth: args.depth,
        entities_max: args.max_entities,
        leave_open: args.choices.interactive,
    };
    let ses = files::structure(&args.structure)?;
    let pruned = pruning::prune(&ses, &request).map_err(files::at(&args.structure))?;
    let pruned = answered(pruned, &args.choices, &args.structure)?;
    end(&pruned, &args.structure, &args.choices, &target, report.as_ref(), started, manner)
}

pub(super) fn resume(args: &ResumeArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let started = Instant::now();
    let inputs = [args.ipes.as_path()];
    // The result may take the place of what is resumed, when that is asked for.
    let same = args.output.output == args.ipes && args.output.force;
    let checked: &[&Path] = if same { &[] } else { &inputs };
    let target = Target::new(&args.output.output, args.output.force, checked)?;
    let report = report_target(&args.choices, &args.output, &inputs)?;
    let request = Resume {
        choices: choices(&args.choices)?,
        at: args.at.clone(),
        depth: args.depth,
        leave_open: args.choices.interactive,
    };
    let pes = files::result(&args.ipes)?;
    let pruned = pruning::resume(pes, &request).map_err(files::at(&args.ipes))?;
    let pruned = answered(pruned, &args.choices, &args.ipes)?;
    end(&pruned, &args.ipes, &args.choices, &target, report.as_ref(), started, manner)
}

fn report_target(
    choices: &ChoiceArgs,
    output: &OutputArgs,
    inputs: &[&Path],
) -> Result<Option<Target>, RunError> {
    let Some(path) = choices.report.as_deref() else { return Ok(None) };
    report_at(path, output.force, inputs).map(Some)
}

/// A place for a page or a record.
pub(super) fn report_at(path: &Path, force: bool, inputs: &[&Path]) -> Result<Target, RunError> {
    if !matches!(path.extension().and_then(|ending| ending.to_str()), Some("html" | "json")) {
        let message = "a report ends in .html or .json";
        return Err(RunError::new(Kind::Usage, "SEC-SE-020", message).at(path));
    }
    Target::report(path, force, inputs)
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

fn end(
    pruned: &Pruned,
    input: &Path,
    args: &ChoiceArgs,
    target: &Target,
    report: Option<&Target>,
    started: Instant,
    manner: Manner,
) -> Result<ExitCode, RunError> {
    let pes = &pruned.pes;
    let complete = pes.stage == Stage::Pes;
    target.result(pes)?;
    let seconds = started.elapsed().as_secs_f64();
    if let Some(report) = report {
        write_report(&record(pruned, input, seconds), report)?;
    }
    let open = pruning::waiting(pes);
    for choice in &pruned.unused {
        out::note(&out::clean(&format!("warning: {choice}: it met no decision")));
    }
    let couplings: u64 = (0..pes.nodes.len() as u32).map(|node| pes.links(node).len() as u64).sum();
    if manner.json {
        let log: Vec<_> = pruned
            .log
            .iter()
            .map(|d| {
                json!({ "path": d.path, "point": d.point, "chosen": d.chosen, "reason": d.reason.word() })
            })
            .collect();
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
            "log": log,
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
    Ok(if gate { ExitCode::from(Kind::Gate.exit()) } else { ExitCode::SUCCESS })
}

/// Writes a record as a page or as JSON, by the ending of the file.
pub(super) fn write_report(record: &Record, report: &Target) -> Result<(), RunError> {
    let html = report.path.extension().is_some_and(|ending| ending == "html");
    let text = if html {
        secateur::report::html(record)
            .map_err(|error| RunError::new(Kind::Other, "SEC-CL-001", error.to_string()))?
    } else {
        secateur::report::json(record)
    };
    report.text(&text)
}

/// The record of a pruning.
fn record(pruned: &Pruned, input: &Path, seconds: f64) -> Record {
    let pes = &pruned.pes;
    let open = pruning::waiting(pes);
    let open = open.iter().take(50).map(|(path, reason)| format!("{path} is open: {reason}."));
    let unused = pruned.unused.iter().map(|choice| format!("{choice} met no decision."));
    let warnings = open.chain(unused).collect();
    let figures = vec![structure(pruned), decisions(pruned)];
    bare_record("prune", input, pes, seconds, figures, warnings)
}

/// The drawn structure.
pub(super) fn structure(pruned: &Pruned) -> Named {
    Named {
        title: "Structure".into(),
        caption: "One bar marks an aspect; what is left open is crossed out.".into(),
        figure: draw::figure(&Document::Pes(Box::new(pruned.pes.clone()))),
    }
}

/// The decisions that led to a structure.
pub(super) fn decisions(pruned: &Pruned) -> Named {
    let rows = pruned.log.iter().take(SHOWN).map(|d| {
        vec![d.path.clone(), d.point.clone(), d.chosen.clone(), d.reason.word().to_owned()]
    });
    let columns = ["entity", "decision", "taken", "why"].map(str::to_owned).to_vec();
    Named {
        title: "Decisions".into(),
        caption: format!(
            "The first {} of {} decisions, in the order in which they were taken.",
            pruned.log.len().min(SHOWN),
            pruned.decisions
        ),
        figure: Figure::Table { columns, rows: rows.collect() },
    }
}

/// A record of a structure that one was pruned to.
pub(super) fn bare_record(
    method: &str,
    input: &Path,
    pes: &Pes,
    seconds: f64,
    figures: Vec<Named>,
    warnings: Vec<String>,
) -> Record {
    let name = input.display().to_string();
    let entities = pes.entities();
    let budget = Budget::Keep(entities as usize);
    let recipe = Recipe::new("ses", &name, method, budget, Scope::Global);
    let cost = record::Cost {
        parameters: entities,
        nonzeros: entities,
        bytes: 0,
        operations: 0,
        seconds: None,
    };
    Record {
        format: record::FORMAT,
        run: record::Run {
            command: crate::commands::prune::command(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            recipe,
            inputs: Vec::new(),
            instruction_set: "plain".to_owned(),
            threads: 1,
            model: format!("{}: {} entities", pes.name, pes.entities()),
            seconds: Some(seconds),
            peak_memory_bytes: None,
        },
        groups: Vec::new(),
        cost: record::Change { before: cost.clone(), after: cost },
        quality: Vec::new(),
        warnings,
        figures,
    }
}
