//! `secateur ses optimize`.

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::Instant;

use secateur::core::figure::{Figure, Points};
use secateur::core::record::{Measured, Named, Quality, Record};
use secateur::core::{Kind, RunError};
use secateur::ses::devs::models::Registry;
use secateur::ses::family::Family;
use secateur::ses::optimize::{Found, Quantity, Scored, Search, optimize};
use secateur::ses::prune::{Pruned, Request, prune};
use serde_json::json;

use super::files::{self, Target};
use super::simulate::{at, estimate, experiment, shown};
use super::{Manner, prune as pruning};
use crate::args::ses::{OptimizeArgs, QuantityArg};
use crate::out;

/// Members that the terminal shows.
const SHOWN: usize = 10;
/// Members that the page lists.
const LISTED: usize = 1000;

pub(super) fn run(args: &OptimizeArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let started = Instant::now();
    let path = args.family.structure.as_path();
    let place = |out: &std::path::PathBuf| Target::new(out, args.force, &[path]);
    let output = args.output.as_ref().map(place).transpose()?;
    let page = |out: &std::path::PathBuf| pruning::report_at(out, args.force, &[path]);
    let report = args.report.as_ref().map(page).transpose()?;
    let search = search(args)?;
    let ses = files::structure(path)?;
    let request = Request {
        variables: args.family.define.clone(),
        depth: args.family.depth,
        ..Request::default()
    };
    let found = optimize(&ses, &request, &Registry::ready(), &search).map_err(at(path))?;
    let Some(best) = found.ranked.first() else {
        let message = "no member could be simulated";
        return Err(RunError::new(Kind::Input, "SEC-SE-016", message).at(path));
    };
    let chosen = Family::new(&ses, &request)
        .and_then(|family| family.request(&best.member))
        .and_then(|request| prune(&ses, &request))
        .map_err(files::at(path))?;
    let mut written = Vec::new();
    if let Some(output) = &output {
        output.result(&chosen.pes)?;
        written.push(output.path.display().to_string());
    }
    let seconds = started.elapsed().as_secs_f64();
    if let Some(report) = &report {
        pruning::write_report(&record(args, &search, &found, &chosen, seconds), report)?;
        written.push(report.path.display().to_string());
    }
    if manner.json {
        print_json(&search, &found, &written, seconds);
    } else {
        show(&search, &found, &written, seconds);
    }
    Ok(ExitCode::SUCCESS)
}

fn search(args: &OptimizeArgs) -> Result<Search, RunError> {
    let wanted = |arg: QuantityArg, maximize| (arg.quantity(), maximize);
    let (quantity, maximize) = match (args.maximize, args.minimize) {
        (Some(arg), _) => wanted(arg, true),
        (None, Some(arg)) => wanted(arg, false),
        (None, None) => {
            let message = "give --maximize or --minimize with a measure";
            return Err(RunError::new(Kind::Usage, "SEC-CL-006", message));
        }
    };
    let experiment = experiment(&args.run, args.replications);
    Ok(Search { quantity, maximize, budget: args.budget, experiment })
}

fn choices(scored: &Scored) -> String {
    let choices = &scored.member.choices;
    if choices.is_empty() { "(no choice)".to_owned() } else { choices.join(" ") }
}

fn print_json(search: &Search, found: &Found, written: &[String], seconds: f64) {
    let ranked: Vec<_> = found
        .ranked
        .iter()
        .map(|scored| {
            json!({
                "number": scored.member.number.to_string(),
                "choices": scored.member.choices,
                "entities": scored.entities,
                "estimate": estimate(&scored.estimate),
                "difference": scored.difference.as_ref().map(estimate),
            })
        })
        .collect();
    let refused: Vec<_> = found
        .refused
        .iter()
        .map(|(member, why)| json!({ "number": member.number.to_string(), "choices": member.choices, "reason": why }))
        .collect();
    let rounds: Vec<_> = found
        .rounds
        .iter()
        .map(|round| json!({ "members": round.members, "replications": round.replications }))
        .collect();
    out::json(&json!({
        "measure": search.quantity.word(),
        "maximize": search.maximize,
        "family": found.family.to_string(),
        "exhaustive": found.exhaustive,
        "rounds": rounds,
        "ranked": ranked,
        "refused": refused,
        "written": written,
        "seconds": seconds,
    }));
}

/// Choices that all members have.
fn common(found: &Found) -> Vec<&str> {
    let Some((best, others)) = found.ranked.split_first() else { return Vec::new() };
    if others.is_empty() {
        return Vec::new();
    }
    let sets: Vec<HashSet<&String>> =
        others.iter().map(|scored| scored.member.choices.iter().collect()).collect();
    let all = |choice: &&String| sets.iter().all(|set| set.contains(choice));
    best.member.choices.iter().filter(all).map(String::as_str).collect()
}

fn show(search: &Search, found: &Found, written: &[String], seconds: f64) {
    let how = if found.exhaustive { "all that keep the constraints" } else { "drawn uniformly" };
    let first = found.rounds.first().map_or(0, |round| round.members);
    let rounds = match found.rounds.len() {
        1 => "one round".to_owned(),
        more => format!("{more} rounds"),
    };
    out::line(&format!(
        "{} of {} members simulated, {how}, in {rounds} and {seconds:.1} s",
        out::count(first as u64),
        found.family
    ));
    let common = common(found);
    let rows = found.ranked.iter().take(SHOWN).enumerate().map(|(rank, scored)| {
        let choices: Vec<&str> = scored
            .member
            .choices
            .iter()
            .map(String::as_str)
            .filter(|choice| !common.contains(choice))
            .collect();
        vec![
            (rank + 1).to_string(),
            shown(&scored.estimate),
            scored.difference.as_ref().map_or_else(|| "-".to_owned(), shown),
            out::count(scored.entities),
            out::clean(&choices.join(" ")),
        ]
    });
    let heads = ["rank", search.quantity.word(), "against the best", "entities", "choices"];
    out::print(&out::table(&heads, rows.collect(), &[0, 1, 2, 3]));
    if !common.is_empty() {
        out::line(&out::clean(&format!("all have: {}", common.join(" "))));
    }
    if found.ranked.len() > SHOWN {
        out::line(&format!("... and {} more; --report lists them", found.ranked.len() - SHOWN));
    }
    for (member, why) in found.refused.iter().take(3) {
        out::note(&out::clean(&format!("warning: member {}: {why}", member.number)));
    }
    if found.refused.len() > 3 {
        out::note(&format!("warning: {} members could not be simulated", found.refused.len()));
    }
    if !written.is_empty() {
        out::line(&format!("written: {}", written.join(", ")));
    }
}

fn record(
    args: &OptimizeArgs,
    search: &Search,
    found: &Found,
    chosen: &Pruned,
    seconds: f64,
) -> Record {
    let word = search.quantity.word();
    let figures = vec![
        trade_off(search.quantity, found),
        ranking(word, found),
        pruning::decisions(chosen),
        pruning::structure(chosen),
    ];
    let refused = found.refused.iter().take(20);
    let warnings =
        refused.map(|(member, why)| format!("Member {} was left out: {why}.", member.number));
    let path = &args.family.structure;
    let mut record =
        pruning::bare_record("optimize", path, &chosen.pes, seconds, figures, warnings.collect());
    record.run.recipe.seed = args.run.seed;
    record.quality =
        found.ranked.first().map(|best| quality(args, search, found, best)).into_iter().collect();
    record
}

/// The measure of the best, with how it was got.
fn quality(args: &OptimizeArgs, search: &Search, found: &Found, best: &Scored) -> Quality {
    let half = best.estimate.half.is_finite();
    let pairs = [
        ("until", args.run.until.to_string()),
        ("warmup", args.run.warmup.to_string()),
        ("replications", best.estimate.replications.to_string()),
        ("seed", args.run.seed.to_string()),
        ("members", found.family.to_string()),
        ("simulated", found.ranked.len().to_string()),
    ];
    Quality {
        metric: search.quantity.word().to_owned(),
        lower_is_better: !search.maximize,
        protocol: pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        before: None,
        after: Some(Measured {
            value: best.estimate.mean,
            interval: half.then(|| best.estimate.interval()),
        }),
    }
}

fn trade_off(quantity: Quantity, found: &Found) -> Named {
    let point = |scored: &Scored| [scored.entities as f64, scored.estimate.mean];
    let series = |name: &str, members: &[Scored]| Points {
        name: name.to_owned(),
        points: members.iter().map(point).collect(),
    };
    let (best, others) = found.ranked.split_at(1.min(found.ranked.len()));
    Named {
        title: "What size buys".into(),
        caption: "Each point is a member of the family, by its size and the mean of its measure."
            .into(),
        figure: Figure::Scatter {
            x: "entities".into(),
            y: quantity.word().into(),
            series: vec![series("members", others), series("best", best)],
        },
    }
}

fn ranking(word: &str, found: &Found) -> Named {
    let columns =
        ["rank", word, "95 % interval", "against the best", "replications", "entities", "choices"];
    let rows = found.ranked.iter().take(LISTED).enumerate().map(|(rank, scored)| {
        let [low, high] = scored.estimate.interval();
        let interval = if low.is_finite() {
            format!("{} to {}", super::simulate::short(low), super::simulate::short(high))
        } else {
            "-".to_owned()
        };
        vec![
            (rank + 1).to_string(),
            super::simulate::short(scored.estimate.mean),
            interval,
            scored.difference.as_ref().map_or_else(|| "-".to_owned(), shown),
            scored.estimate.replications.to_string(),
            scored.entities.to_string(),
            choices(scored),
        ]
    });
    Named {
        title: "Members".into(),
        caption: format!(
            "The first {} of {}, the best first; differences are of replications with the same \
             random numbers.",
            found.ranked.len().min(LISTED),
            found.ranked.len()
        ),
        figure: Figure::Table {
            columns: columns.map(str::to_owned).to_vec(),
            rows: rows.collect(),
        },
    }
}
