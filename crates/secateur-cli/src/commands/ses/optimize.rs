//! `secateur ses optimize`.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use secateur::core::figure::{Figure, Points};
use secateur::core::record::{CostRow, Input, Measured, Named, Quality, Record, Unit};
use secateur::core::{Kind, RunError};
use secateur::ses::devs::models::Registry;
use secateur::ses::family::Family;
use secateur::ses::optimize::{Found, Objective, Scored, Search, fronts, optimize};
use secateur::ses::prune::{Choices, Pruned, Request, prune};
use serde_json::{Value, json};

use super::files::{self, Origin, Target};
use super::prune::usage;
use super::simulate::{at, estimate, experiment, shown};
use super::{Manner, report};
use crate::args::ses::OptimizeArgs;
use crate::out;

/// Members that the terminal shows.
const SHOWN: usize = 10;
/// Members that the page lists.
const LISTED: usize = 1000;

pub(super) fn run(args: &OptimizeArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let started = Instant::now();
    let path = args.family.structure.as_path();
    let place = |out: &PathBuf| Target::result(out, args.force, &[path]);
    let output = args.output.as_ref().map(place).transpose()?;
    let page = |out: &PathBuf| report::place(out, args.force, &[path]);
    let report = args.report.as_ref().map(page).transpose()?;
    let search = search(args)?;
    let mut choices = Choices::default();
    for choice in &args.choose {
        choices.choose(choice).map_err(usage)?;
    }
    let ses = files::structure(path)?;
    let input = files::input(path)?;
    let request = Request {
        choices,
        variables: args.family.define.clone(),
        depth: args.family.depth,
        ..Request::default()
    };
    let mut progress = manner.progress();
    let found = optimize(&ses, &request, &Registry::ready(), &search, &mut progress);
    let found = found.map_err(at(path))?;
    let Some(best) = found.ranked.first() else {
        if found.stopped {
            let message = "stopped before a member was simulated; nothing was written";
            return Err(RunError::new(Kind::Interrupted, "SEC-SE-016", message).at(path));
        }
        let message = "no member could be simulated";
        return Err(RunError::new(Kind::Input, "SEC-SE-016", message).at(path));
    };
    let chosen = Family::new(&ses, &request)
        .and_then(|family| family.request(&best.member))
        .and_then(|request| prune(&ses, &request))
        .map_err(files::at(path))?;
    let mut written = Vec::new();
    if let Some(output) = &output {
        let decisions = (&chosen.log[..], chosen.decisions);
        let asked = asked(args, &search, &found);
        let origin = Origin { command: "optimize", input: &input, asked, decisions };
        output.pes(&chosen.pes, &origin)?;
        written.push(output.path.display().to_string());
    }
    if let Some(report) = &report {
        let costs = costs(&found, &report::costs_of_pruning(&ses, &request, &chosen.pes));
        let record = record(args, &search, &found, &chosen, &input, costs, started);
        report::write(&record, report)?;
        written.push(report.path.display().to_string());
    }
    let seconds = started.elapsed().as_secs_f64();
    if manner.json {
        print_json(&search, &found, &written, seconds);
    } else {
        show(&search, &found, &written, seconds);
    }
    if found.stopped {
        out::note("stopped: the best of those that were simulated until then");
        return Ok(ExitCode::from(Kind::Interrupted.exit()));
    }
    Ok(ExitCode::SUCCESS)
}

fn search(args: &OptimizeArgs) -> Result<Search, RunError> {
    let of = |maximize| {
        move |quantity: &secateur::ses::optimize::Quantity| Objective {
            quantity: quantity.clone(),
            maximize,
        }
    };
    let most = args.maximize.iter().map(of(true));
    let objectives: Vec<Objective> = most.chain(args.minimize.iter().map(of(false))).collect();
    if objectives.len() > 2 {
        let message = "there are more than two objectives";
        return Err(RunError::new(Kind::Usage, "SEC-CL-006", message));
    }
    let experiment = experiment(&args.run, args.replications);
    Ok(Search { objectives, budget: args.budget, experiment })
}

/// The search as the manifest has it.
fn asked(args: &OptimizeArgs, search: &Search, found: &Found) -> Value {
    json!({
        "define": args.family.define,
        "choose": args.choose,
        "depth": args.family.depth,
        "objectives": objectives(search),
        "budget": args.budget,
        "replications": args.replications,
        "until": args.run.until,
        "warmup": args.run.warmup,
        "seed": args.run.seed,
        "stopped": found.stopped,
    })
}

fn objectives(search: &Search) -> Vec<Value> {
    let one = |objective: &Objective| json!({ "measure": objective.quantity.to_string(), "maximize": objective.maximize });
    search.objectives.iter().map(one).collect()
}

/// What was chosen where, in short: without the root, the names of specializations, and the
/// choices that all members have.
fn choices(scored: &Scored, common: &[&str]) -> String {
    let short = |choice: &str| {
        let (place, child) = choice.rsplit_once('=')?;
        let path = place.trim_start_matches('/').rsplit_once('/')?.0;
        Some(format!("{} = {child}", path.split_once('/').map_or(path, |(_, rest)| rest)))
    };
    let own = scored.member.choices.iter().map(String::as_str);
    let own = own.filter(|choice| !common.contains(choice));
    own.map(|choice| short(choice).unwrap_or_else(|| choice.to_owned()))
        .collect::<Vec<_>>()
        .join(", ")
}

fn print_json(search: &Search, found: &Found, written: &[String], seconds: f64) {
    let ranked: Vec<_> = found
        .ranked
        .iter()
        .map(|scored| {
            let results: Vec<Value> = scored
                .results
                .iter()
                .map(|result| {
                    json!({
                        "estimate": estimate(&result.estimate),
                        "difference": result.difference.as_ref().map(estimate),
                    })
                })
                .collect();
            let same: Vec<String> = scored.same.iter().map(ToString::to_string).collect();
            json!({
                "number": scored.member.number.to_string(),
                "same": same,
                "choices": scored.member.choices,
                "entities": scored.entities,
                "front": scored.front,
                "results": results,
                "estimate": results[0]["estimate"],
                "difference": results[0]["difference"],
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
        "measure": search.objectives[0].quantity.to_string(),
        "maximize": search.objectives[0].maximize,
        "objectives": objectives(search),
        "family": found.family.to_string(),
        "exhaustive": found.exhaustive,
        "stopped": found.stopped,
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
    let how = if found.exhaustive {
        "all that keep the constraints and choices"
    } else {
        "drawn uniformly"
    };
    let rounds = match found.rounds.len() {
        1 => "one round".to_owned(),
        more => format!("{more} rounds"),
    };
    out::line(&format!(
        "{} of {} members simulated, {how}, in {rounds} and {seconds:.1} s",
        out::count(found.rounds.first().map_or(0, |round| round.members) as u64),
        found.family
    ));
    let common = common(found);
    let several = search.objectives.len() > 1;
    let mut heads = vec!["rank".to_owned()];
    for objective in &search.objectives {
        heads.push(objective.quantity.to_string());
        heads.push("against the first".to_owned());
    }
    heads.extend(several.then(|| "front".to_owned()));
    heads.extend(["entities", "equal", "choices"].map(str::to_owned));
    let rows = found.ranked.iter().take(SHOWN).enumerate().map(|(rank, scored)| {
        let mut row = vec![(rank + 1).to_string()];
        for result in &scored.results {
            row.push(shown(&result.estimate));
            row.push(result.difference.as_ref().map_or_else(|| "-".to_owned(), shown));
        }
        row.extend(several.then(|| if scored.front { "yes" } else { "-" }.to_owned()));
        row.push(out::count(scored.entities));
        row.push(equal(scored));
        let choices = scored.member.choices.iter().map(String::as_str);
        let own: Vec<&str> = choices.filter(|choice| !common.contains(choice)).collect();
        row.push(out::clean(&own.join(" ")));
        row
    });
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let numbers: Vec<usize> = (0..heads.len() - 1).collect();
    out::print(&out::table(&heads, rows.collect(), &numbers));
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

/// How many members have the structure, when there are more than this one.
fn equal(scored: &Scored) -> String {
    match scored.same.len() {
        0 => "-".to_owned(),
        others => format!("{} members", others + 1),
    }
}

/// What the search cost and what the best costs.
fn costs(found: &Found, of_pruning: &[CostRow]) -> Vec<CostRow> {
    let simulations: usize = found.ranked.iter().map(|scored| scored.results[0].values.len()).sum();
    let one =
        |label: &str, count: usize| CostRow::new(label, Unit::Count, None, Some(count as f64));
    let equal: usize = found.ranked.iter().map(|scored| scored.same.len()).sum();
    let mut rows = of_pruning.to_vec();
    rows.push(one("Structures simulated", found.ranked.len()));
    rows.extend((equal > 0).then(|| one("Members equal to one of them", equal)));
    rows.push(one("Simulations", simulations));
    rows
}

fn record(
    args: &OptimizeArgs,
    search: &Search,
    found: &Found,
    chosen: &Pruned,
    input: &Input,
    costs: Vec<CostRow>,
    started: Instant,
) -> Record {
    let mut figures = trade_offs(search, found);
    figures.extend([
        ranking(search, found),
        report::decisions(chosen),
        report::structure(&chosen.pes),
    ]);
    let stopped = found.stopped.then(|| {
        "The search was stopped; this is the best of what was simulated until then.".to_owned()
    });
    let refused = found.refused.iter().take(20);
    let refused =
        refused.map(|(member, why)| format!("Member {} was left out: {why}.", member.number));
    let warnings = stopped.into_iter().chain(refused).collect();
    let seconds = started.elapsed().as_secs_f64();
    let head = report::Head { method: "optimize", input, pes: &chosen.pes, costs, seconds };
    let mut record = report::record(head, figures, warnings);
    record.run.recipe.seed = args.run.seed;
    record.quality =
        found.ranked.first().map_or_else(Vec::new, |best| quality(args, search, found, best));
    record
}

/// The measures of the best, with how they were got.
fn quality(args: &OptimizeArgs, search: &Search, found: &Found, best: &Scored) -> Vec<Quality> {
    let of = |(objective, result): (&Objective, &secateur::ses::optimize::Measured)| {
        let half = result.estimate.half.is_finite();
        let pairs = [
            ("until", args.run.until.to_string()),
            ("warmup", args.run.warmup.to_string()),
            ("replications", result.estimate.replications.to_string()),
            ("seed", args.run.seed.to_string()),
            ("members", found.family.to_string()),
            ("simulated", found.ranked.len().to_string()),
        ];
        Quality {
            metric: objective.quantity.to_string(),
            lower_is_better: !objective.maximize,
            protocol: pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            before: None,
            after: Some(Measured {
                value: result.estimate.mean,
                interval: half.then(|| result.estimate.interval()),
            }),
        }
    };
    search.objectives.iter().zip(&best.results).map(of).collect()
}

/// One objective against the other, and the first against the size of the structure.
fn trade_offs(search: &Search, found: &Found) -> Vec<Named> {
    let loss = |objective: &Objective, value: f64| if objective.maximize { -value } else { value };
    let first = &search.objectives[0];
    let name = |objective: &Objective| objective.quantity.to_string();
    let mut figures = Vec::new();
    if let Some(second) = search.objectives.get(1) {
        let x = |scored: &Scored| scored.results[1].estimate.mean;
        let losses = |[x, y]: [f64; 2]| vec![loss(first, y), loss(second, x)];
        figures.push(Named {
            title: "The trade-off".into(),
            caption: "Each point is a structure of the family, by the means of its measures. No \
                      other is at least as good as one of the front in both and better in one."
                .into(),
            figure: cloud([name(second), name(first)], found, x, losses),
        });
    }
    let x = |scored: &Scored| scored.entities as f64;
    let losses = |[x, y]: [f64; 2]| vec![loss(first, y), x];
    figures.push(Named {
        title: "What size buys".into(),
        caption: "Each point is a structure of the family, by its entities and the mean of its \
                  measure; on the front are those that no other beats with as few entities."
            .into(),
        figure: cloud(["entities".to_owned(), name(first)], found, x, losses),
    });
    figures
}

/// The structures as points, those of the front and the first of the ranking marked. Only those of
/// the last round can be on the front: the others had fewer replications.
fn cloud(
    [x_name, y_name]: [String; 2],
    found: &Found,
    x: impl Fn(&Scored) -> f64,
    losses: impl Fn([f64; 2]) -> Vec<f64>,
) -> Figure {
    let replications = |scored: &Scored| scored.results[0].values.len();
    let last = found.ranked.first().map_or(0, replications);
    let point = |scored: &Scored| [x(scored), scored.results[0].estimate.mean];
    let points: Vec<[f64; 2]> = found.ranked.iter().map(point).collect();
    let stayed = found.ranked.iter().take_while(|scored| replications(scored) == last).count();
    let fronts = fronts(&points[..stayed].iter().map(|point| losses(*point)).collect::<Vec<_>>());
    let some = |name: &str, wanted: &dyn Fn(usize) -> bool| Points {
        name: name.to_owned(),
        points: (0..points.len()).filter(|at| wanted(*at)).map(|at| points[at]).collect(),
    };
    let series = [
        some("dominated", &|at| at > 0 && at < stayed && fronts[at] > 0),
        some("front", &|at| at > 0 && at < stayed && fronts[at] == 0),
        some("first of the ranking", &|at| at == 0),
        some("left in an earlier round", &|at| at >= stayed),
    ];
    let series = series.into_iter().filter(|series| !series.points.is_empty()).collect();
    Figure::Scatter { x: x_name, y: y_name, series }
}

fn ranking(search: &Search, found: &Found) -> Named {
    let mut columns = vec!["rank".to_owned()];
    for objective in &search.objectives {
        columns.extend([objective.quantity.to_string(), "against the first".to_owned()]);
    }
    let common = common(found);
    let last = ["front", "replications", "entities", "equal", "choices"];
    columns.extend(last.map(str::to_owned));
    let rows = found.ranked.iter().take(LISTED).enumerate().map(|(rank, scored)| {
        let mut row = vec![(rank + 1).to_string()];
        for result in &scored.results {
            row.push(shown(&result.estimate));
            row.push(result.difference.as_ref().map_or_else(|| "-".to_owned(), shown));
        }
        row.extend([
            if scored.front { "yes" } else { "-" }.to_owned(),
            scored.results[0].estimate.replications.to_string(),
            scored.entities.to_string(),
            equal(scored),
            choices(scored, &common),
        ]);
        row
    });
    let shared =
        if common.is_empty() { String::new() } else { format!(" All have {}.", common.join(", ")) };
    Named {
        title: "Members".into(),
        caption: format!(
            "The first {} of {}, the best first, with intervals of 95 %; differences are of \
             replications with the same random numbers. Members whose structures are the same up \
             to the order of copies have one row.{shared}",
            found.ranked.len().min(LISTED),
            found.ranked.len()
        ),
        figure: Figure::Table { columns, rows: rows.collect() },
    }
}
