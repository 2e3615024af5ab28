//! The commands on ONNX networks.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use secateur::core::recipe::{self, Granularity as Cutting, Images as Asked, Layout, Scope};
use secateur::core::record::Record;
use secateur::core::{Budget, Family, Job, Kind, OnExisting, Progress, Recipe, RunError};
use secateur::neural::network::accuracy::accuracy;
use secateur::neural::network::compare::compare;
use secateur::neural::network::inspect::{Inspected, inspect as look};
use secateur::neural::network::latency::{Timing, time};
use secateur::neural::network::netscore::{CONVENTION, netscore};
use secateur::neural::network::preview::preview;
use secateur::neural::network::score::Criterion;
use secateur::neural::network::sensitivity::{Curve, sensitivity as measure};
use secateur::neural::network::sweep::{COLUMNS, Swept, sweep};
use secateur::neural::network::{Model, check, images_of};
use secateur::neural::options::Choice;
use serde_json::json;

use super::Manner;
use super::prune::{command, network_cost};
use crate::args::{
    BenchArgs, EvalArgs, GranularityWord, PruneArgs, RecalibrateWord, SensitivityArgs, ShapeArgs,
    VerifyArgs,
};
use crate::out;

/// Images that a network is calibrated on unless told otherwise.
const SAMPLES: usize = 512;

/// Whether a path is an ONNX file: by its name, or by how it begins.
pub(crate) fn is_network(path: &Path) -> bool {
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx")) {
        return true;
    }
    let mut first = [0; 2];
    let read = std::fs::metadata(path).is_ok_and(|meta| meta.is_file())
        && std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok();
    // The version of the format, a small number, is the first field of a model.
    read && first[0] == 0x08 && (1..=32).contains(&first[1])
}

pub(crate) fn images_need_a_network() -> RunError {
    RunError::new(
        Kind::Usage,
        "SEC-NW-016",
        "--images measures networks, and this is a language model",
    )
    .hint("measure --perplexity instead")
}

pub(crate) fn only_networks() -> RunError {
    usage(
        "--target, --granularity and --images are for ONNX networks, and this is a language model",
        "give --sparsity or --pattern",
    )
}

fn open(path: &Path, shapes: &ShapeArgs) -> Result<Model, RunError> {
    Ok(Model::open(path, &shapes.inputs, secateur::graph::Granularity::Outer)?)
}

pub(crate) fn inspect(
    path: &Path,
    shapes: &ShapeArgs,
    manner: Manner,
) -> Result<ExitCode, RunError> {
    let found = look(&open(path, shapes)?);
    if manner.json {
        out::json(&found);
        return Ok(ExitCode::SUCCESS);
    }
    out::line(&format!(
        "model       {}, opset {}, IR version {}",
        out::clean(&found.producer),
        found.opset,
        found.ir_version
    ));
    for (word, values) in [("input", &found.inputs), ("output", &found.outputs)] {
        for (name, shape) in values {
            out::line(&format!("{word:<11} {}: {}", out::clean(name), out::clean(shape)));
        }
    }
    out::line(&format!(
        "parameters  {}, {}",
        out::count(found.parameters),
        out::bytes(found.bytes)
    ));
    let bound: Vec<String> = found.bound.iter().map(|shape| by(shape)).collect();
    out::line(&format!("MACs        {} at {}", out::count(found.macs), bound.join(", ")));
    let operators: Vec<String> =
        found.operators.iter().map(|(name, count)| format!("{name} x {count}")).collect();
    out::line(&format!("operators   {}", out::clean(&operators.join(", "))));
    for (name, why) in &found.opaque {
        out::line(&format!("not run     {}: {}", out::clean(name), out::clean(why)));
    }
    out::line("");
    show_layers(&found);
    show_groups(&found);
    for warning in &found.warnings {
        out::note(&format!("warning: {}", out::clean(warning)));
    }
    Ok(ExitCode::SUCCESS)
}

fn by(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ")
}

fn show_layers(found: &Inspected) {
    let rows = found.layers.iter().map(|layer| {
        let numbers: Vec<String> = layer.groups.iter().map(ToString::to_string).collect();
        let held = match (&layer.frozen, numbers.is_empty()) {
            (Some(why), true) => format!("fixed: {why}"),
            _ => numbers.join(" "),
        };
        vec![
            layer.name.clone(),
            layer.op.clone(),
            by(&layer.shape),
            out::count(layer.macs),
            format!("{:.1} %", layer.macs as f64 / found.macs.max(1) as f64 * 100.0),
            format!("{:.1} %", layer.zeros * 100.0),
            held,
        ]
    });
    let heads = ["layer", "operator", "weight", "MACs", "share", "zeros", "channels in group"];
    out::print(&out::table(&heads, rows.collect(), &[3, 4, 5]));
}

fn show_groups(found: &Inspected) {
    if found.groups.is_empty() {
        out::line("no channels can be cut");
        return;
    }
    out::line("");
    let list = |names: &[String]| match names {
        [] => String::new(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    };
    let rows = found.groups.iter().map(|group| {
        vec![
            group.number.to_string(),
            group.channels.to_string(),
            list(&group.made_by),
            list(&group.read_by),
        ]
    });
    let heads = ["group", "channels", "made by", "read by"];
    out::print(&out::table(&heads, rows.collect(), &[0, 1]));
}

pub(crate) fn eval(args: &EvalArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let Some(path) = &args.images else {
        return Err(RunError::new(
            Kind::Usage,
            "SEC-NW-016",
            "a network from an ONNX file is measured on images",
        )
        .hint("give --images FILE"));
    };
    let model = open(&args.model, &args.shapes)?;
    let images = images_of(&args.preparation.images(path, args.samples), &model)?;
    let start = std::time::Instant::now();
    let found = accuracy(&model, model.graph(), &images)?;
    let seconds = start.elapsed().as_secs_f64();
    let protocol = images.protocol();
    let costs = model.costs(None);
    let score = netscore(found.top1, costs.parameters, costs.macs);
    if manner.json {
        let mut value = serde_json::to_value(&found).expect("results are plain data");
        value["netscore"] = json!(score);
        value["netscore_convention"] = json!(CONVENTION);
        value["seconds"] = json!(seconds);
        value["protocol"] = json!(protocol.into_iter().collect::<BTreeMap<_, _>>());
        out::json(&value);
        return Ok(ExitCode::SUCCESS);
    }
    let [low, high] = found.top1_interval;
    out::line(&format!(
        "top-1 {:.2} %  (95 %: {:.2} to {:.2})",
        found.top1 * 100.0,
        low * 100.0,
        high * 100.0
    ));
    if let Some(top5) = found.top5 {
        out::line(&format!("top-5 {:.2} %", top5 * 100.0));
    }
    if let Some(score) = score {
        out::line(&format!("NetScore {score:.2}  ({CONVENTION})"));
    }
    for (name, value) in &protocol {
        out::line(&format!("  {name}: {}", out::clean(value)));
    }
    out::line(&format!("  seconds: {seconds:.1}"));
    if found.classes <= 20 {
        out::line("");
        let recall = |r: &Option<f64>| r.map_or(String::new(), |r| format!("{:.1} %", r * 100.0));
        let mut heads = vec!["class".to_owned(), "recall".to_owned()];
        heads.extend((0..found.classes).map(|class| class.to_string()));
        let rows = (0..found.classes).map(|class| {
            let mut row = vec![class.to_string(), recall(&found.recall[class])];
            if let Some(confusion) = &found.confusion {
                row.extend(confusion[class].iter().map(ToString::to_string));
            }
            row
        });
        let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
        let right: Vec<usize> = (0..heads.len()).collect();
        out::print(&out::table(&heads, rows.collect(), &right));
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn bench(args: &BenchArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let model = open(&args.model, &args.shapes)?;
    let other = args.against.as_ref().map(|path| open(path, &args.shapes)).transpose()?;
    let run = |model: &Model, seconds| time(model, model.graph(), args.batch, seconds);
    // In turn, so that what else the machine does falls on both.
    let rounds = if other.is_some() { 3 } else { 1 };
    let mut times: Vec<Timing> = Vec::new();
    let mut others: Vec<Timing> = Vec::new();
    for _ in 0..rounds {
        times.push(run(&model, args.seconds / f64::from(rounds))?);
        if let Some(other) = &other {
            others.push(run(other, args.seconds / f64::from(rounds))?);
        }
    }
    let middle = |times: &mut Vec<Timing>| {
        times.sort_by(|a, b| a.median.total_cmp(&b.median));
        times.get(times.len() / 2).cloned()
    };
    let timing = middle(&mut times).expect("at least one round");
    let against = middle(&mut others);
    let threads = rayon::current_num_threads();
    if manner.json {
        out::json(&json!({ "timing": timing, "against": against, "threads": threads }));
        return Ok(ExitCode::SUCCESS);
    }
    let show = |timing: &Timing| {
        format!(
            "{:.3} ms (least {:.3}, 95 % under {:.3}), {:.1} images/s",
            timing.median,
            timing.least,
            timing.p95,
            timing.batch as f64 / timing.median * 1e3
        )
    };
    out::line(&format!("{}  {}", args.model.display(), show(&timing)));
    if let (Some(path), Some(against)) = (&args.against, &against) {
        out::line(&format!("{}  {}", path.display(), show(against)));
        out::line(&format!("ratio {:.2}", against.median / timing.median));
    }
    out::line(&format!("batch {}, {threads} threads, {} runs", timing.batch, timing.runs));
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn diff(a: &Path, b: &Path, manner: Manner) -> Result<ExitCode, RunError> {
    let none = ShapeArgs { inputs: Vec::new() };
    let found = compare(&open(a, &none)?, &open(b, &none)?);
    if manner.json {
        out::json(&found);
        return Ok(ExitCode::SUCCESS);
    }
    let pair = |[a, b]: [u64; 2], show: fn(u64) -> String| {
        if a == b {
            show(a)
        } else {
            format!("{} -> {} ({:.1} %)", show(a), show(b), b as f64 / a.max(1) as f64 * 100.0)
        }
    };
    out::line(&format!("MACs        {}", pair(found.macs, out::count)));
    out::line(&format!("parameters  {}", pair(found.parameters, out::count)));
    out::line(&format!("bytes       {}", pair(found.bytes, out::bytes)));
    let [before, after] = found.nodes;
    out::line(&format!("nodes       {before} -> {after}"));
    out::line(&format!(
        "constants   {} identical, {} changed, {} gone, {} new",
        found.same,
        found.changed,
        found.gone.len(),
        found.new.len()
    ));
    let changed: Vec<_> = found
        .layers
        .iter()
        .filter(|layer| layer.shapes[0] != layer.shapes[1] || layer.zeros[0] != layer.zeros[1])
        .collect();
    if !changed.is_empty() {
        out::line("");
        let shape =
            |shape: &Option<Vec<usize>>| shape.as_ref().map_or("none".to_owned(), |s| by(s));
        let rows = changed.iter().map(|layer| {
            let [before, after] = layer.macs;
            vec![
                layer.name.clone(),
                shape(&layer.shapes[0]),
                shape(&layer.shapes[1]),
                format!("{:.1} %", after as f64 / before.max(1) as f64 * 100.0),
                format!("{:.1} %", layer.zeros[1] * 100.0),
            ]
        });
        let heads = ["layer", "before", "after", "MACs left", "zeros"];
        out::print(&out::table(&heads, rows.collect(), &[3, 4]));
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn verify(args: &VerifyArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let model = open(&args.model, &args.shapes)?;
    let mut warnings = model.network.document.warnings.clone();
    let mut checks = secateur::neural::network::check::file(&model)?;
    if let Some(golden) = &args.expect {
        checks.extend(check::expect(&model, golden, args.tolerance, &mut warnings)?);
    }
    for warning in warnings {
        out::note(&format!("warning: {}", out::clean(&warning)));
    }
    let passed = checks.iter().all(|check| check.passed);
    if manner.json {
        out::json(&json!({ "passed": passed, "checks": checks }));
    } else {
        for check in &checks {
            let word = if check.passed { "ok    " } else { "FAILED" };
            out::line(&format!("{word}  {}: {}", check.name, out::clean(&check.detail)));
        }
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(Kind::Gate.exit()) })
}

pub(crate) fn sensitivity(args: &SensitivityArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let model = open(&args.model, &args.shapes)?;
    let methods = args.method.iter().map(|name| Criterion::find(name));
    let methods = methods.collect::<Result<Vec<_>, _>>()?;
    let images = images_of(&args.preparation.images(&args.images, args.samples), &model)?;
    let calibration = args
        .calibration
        .as_ref()
        .map(|path| images_of(&args.preparation.images(path, Some(SAMPLES)), &model));
    let calibration = calibration.transpose()?;
    let choice = Choice { layers: args.layers.clone(), skip: Vec::new() };
    let mut progress = manner.progress();
    let (dense, curves) = measure(
        &model,
        methods[0],
        &images,
        calibration.as_ref(),
        &args.shares,
        &choice,
        &mut progress,
    )?;
    let swept = if args.sweep.is_empty() {
        Vec::new()
    } else {
        let (images, calibration) = (&images, calibration.as_ref());
        sweep(&model, &methods, &args.sweep, images, calibration, &choice, &mut progress)?
    };
    if let Some(report) = &args.report {
        let page = secateur::neural::network::sensitivity::page(
            &model,
            dense,
            &curves,
            &swept,
            &images,
            command(),
        );
        let page = page.map_err(|error| RunError::new(Kind::Other, "SEC-CL-001", error))?;
        std::fs::write(report, page).map_err(|error| {
            let message = format!("the report cannot be written: {error}");
            RunError::new(Kind::Resources, "SEC-CL-005", message).at(report.clone())
        })?;
    }
    if manner.json {
        out::json(&json!({ "dense_top1": dense, "groups": curves, "sweep": swept }));
        return Ok(ExitCode::SUCCESS);
    }
    out::line(&format!("top-1 {:.2} % on {} images before any cut", dense * 100.0, images.len()));
    let mut heads = vec!["group".to_owned(), "channels".to_owned()];
    heads.extend(args.shares.iter().map(|share| format!("{:.0} % cut", share * 100.0)));
    let cell = |curve: &Curve, share: f64| {
        let found = curve.points.iter().find(|point| point.sparsity == share);
        found.map_or(String::new(), |point| format!("{:.1} %", point.top1 * 100.0))
    };
    let rows = curves.iter().map(|curve| {
        let mut row = vec![curve.name.clone(), curve.channels.to_string()];
        row.extend(args.shares.iter().map(|share| cell(curve, *share)));
        row
    });
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let right: Vec<usize> = (1..heads.len()).collect();
    out::print(&out::table(&heads, rows.collect(), &right));
    show_sweep(&swept);
    Ok(ExitCode::SUCCESS)
}

fn show_sweep(swept: &[Swept]) {
    if !swept.is_empty() {
        out::line("");
        out::print(&out::table(&COLUMNS, swept.iter().map(Swept::row).collect(), &[1, 2, 3, 4]));
    }
}

/// The recipe of a pruning.
fn recipe(args: &PruneArgs) -> Result<Recipe, RunError> {
    let word = args.granularity.unwrap_or(if args.target.is_some() {
        GranularityWord::Channel
    } else {
        GranularityWord::Weight
    });
    let granularity = Cutting::from(word);
    let by_channel = granularity != Cutting::Weight;
    if !by_channel && args.target.is_some() {
        return Err(usage("a cost is reached by cutting channels", "give --granularity channel"));
    }
    if by_channel && args.pattern.is_some() {
        return Err(usage("N:M keeps single weights", "give --granularity weight, or --sparsity"));
    }
    if args.calibration.len() > 1 {
        return Err(usage(
            "a network is calibrated on one file or folder of images",
            "give one to --calibration",
        ));
    }
    let method = args.method.as_deref().unwrap_or(if by_channel { "l2" } else { "magnitude" });
    let budget = args.pattern.or(args.sparsity.map(Budget::Sparsity));
    let budget = budget.unwrap_or(Budget::Sparsity(0.0));
    let scope = if by_channel {
        Criterion::find(method)?;
        Scope::Layer
    } else {
        secateur::neural::criteria::find(method)?.scope
    };
    let model = args.model.display().to_string();
    let mut recipe = Recipe::new("neural", &model, method, budget, scope);
    if let Some(scope) = args.scope {
        recipe.scope = scope.into();
    }
    recipe.layout = Layout::Onnx;
    recipe.layers.clone_from(&args.layers);
    recipe.skip.clone_from(&args.skip);
    recipe.seed = args.seed;
    recipe.options = args.option.iter().cloned().collect();
    let images = |path: &String, samples| -> Asked { args.preparation.images(path, samples) };
    let samples = Some(args.samples.unwrap_or(SAMPLES));
    recipe.network = Some(recipe::Network {
        granularity,
        target: args.target,
        min_keep: args.min_keep,
        align: args.align,
        calibration: args.calibration.first().map(|path| images(path, samples)),
        evaluation: args.images.as_ref().map(|path| images(path, None)),
        recalibrate: args.recalibrate == RecalibrateWord::Auto,
        absorb: args.absorb.into(),
        inputs: args.shapes.inputs.clone(),
    });
    Ok(recipe)
}

fn usage(what: &str, mend: &str) -> RunError {
    RunError::new(Kind::Usage, "SEC-NW-016", what).hint(mend)
}

pub(crate) fn prune(args: &PruneArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let recipe = recipe(args)?;
    if args.dry_run {
        return show_preview(&recipe, manner);
    }
    let existing = match (args.resume, args.force) {
        (true, _) => OnExisting::Resume,
        (false, true) => OnExisting::Replace,
        (false, false) => OnExisting::Refuse,
    };
    let job = Job {
        output: args.output.clone(),
        existing,
        max_memory: args.max_memory,
        command: command(),
    };
    let mut progress = manner.progress();
    if args.output.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("onnx")) {
        progress.warn("the output is an ONNX file, whatever its ending says");
    }
    let record = secateur::neural::Neural.run(&recipe, &job, &mut progress)?;
    if manner.json {
        out::json(&summary(&record, &args.output.display().to_string()));
    } else {
        show(&record, args);
    }
    Ok(ExitCode::SUCCESS)
}

/// What would be cut.
fn show_preview(recipe: &Recipe, manner: Manner) -> Result<ExitCode, RunError> {
    if recipe.network.as_ref().is_none_or(|network| network.granularity == Cutting::Weight) {
        return Err(usage(
            "--dry-run shows which channels would go, and weights are cut here",
            "secateur inspect shows the layers",
        ));
    }
    let found = preview(recipe)?;
    if manner.json {
        out::json(&found);
        return Ok(ExitCode::SUCCESS);
    }
    let line = |name: &str, [before, after]: [u64; 2], show: fn(u64) -> String| {
        let share = after as f64 / before.max(1) as f64 * 100.0;
        out::line(&format!("{name:<11} {} -> {} ({share:.1} %)", show(before), show(after)));
    };
    line("MACs", found.macs, out::count);
    line("parameters", found.parameters, out::count);
    line("bytes", found.bytes, out::bytes);
    out::line("");
    let rows = found.groups.iter().map(|group| {
        vec![
            group.name.clone(),
            group.channels.to_string(),
            group.kept.to_string(),
            group.skipped.clone().unwrap_or_default(),
        ]
    });
    out::print(&out::table(&["group", "channels", "kept", "left alone"], rows.collect(), &[1, 2]));
    Ok(ExitCode::SUCCESS)
}

fn summary(record: &Record, output: &str) -> serde_json::Value {
    let cost = network_cost(record);
    let pair = |of: fn(&secateur::core::record::Cost) -> u64| [of(&cost.before), of(&cost.after)];
    let quality = |metric: &str| {
        record
            .quality
            .iter()
            .find(|q| q.metric == metric)
            .map(|q| [q.before.as_ref().map(|m| m.value), q.after.as_ref().map(|m| m.value)])
    };
    json!({
        "output": output,
        "method": record.run.recipe.method,
        "sparsity": record.sparsity(),
        "macs": pair(|c| c.operations),
        "parameters": pair(|c| c.parameters),
        "nonzeros": pair(|c| c.nonzeros),
        "bytes": pair(|c| c.bytes),
        "milliseconds": [cost.before.seconds.map(|s| s * 1e3), cost.after.seconds.map(|s| s * 1e3)],
        "top1": quality("top-1"),
        "netscore": quality("NetScore"),
        "top5": quality("top-5"),
        "seconds": record.run.seconds,
        "peak_memory_bytes": record.run.peak_memory_bytes,
        "warnings": record.warnings,
    })
}

fn show(record: &Record, args: &PruneArgs) {
    let (kept, cut) = record.totals();
    let by_channel = record
        .run
        .recipe
        .network
        .as_ref()
        .is_some_and(|network| network.granularity != Cutting::Weight);
    out::line(&format!(
        "cut {} of {} {} ({:.2} %) in {} {} by {}",
        out::count(cut),
        out::count(kept + cut),
        if by_channel { "channels" } else { "weights" },
        record.sparsity() * 100.0,
        record.groups.iter().filter(|g| g.skipped.is_none()).count(),
        if by_channel { "groups" } else { "layers" },
        record.run.recipe.method
    ));
    let cost = network_cost(record);
    let line = |name: &str, before: u64, after: u64, show: fn(u64) -> String| {
        let share = after as f64 / before.max(1) as f64 * 100.0;
        out::line(&format!("{name:<11} {} -> {} ({share:.1} %)", show(before), show(after)));
    };
    line("MACs", cost.before.operations, cost.after.operations, out::count);
    line("parameters", cost.before.parameters, cost.after.parameters, out::count);
    if !by_channel {
        line("nonzeros", cost.before.nonzeros, cost.after.nonzeros, out::count);
    }
    line("bytes", cost.before.bytes, cost.after.bytes, out::bytes);
    if let (Some(before), Some(after)) = (cost.before.seconds, cost.after.seconds) {
        let (before, after) = (before * 1e3, after * 1e3);
        let share = after / before * 100.0;
        out::line(&format!("time        {before:.3} ms -> {after:.3} ms ({share:.1} %) a run"));
    }
    for quality in &record.quality {
        if let (Some(before), Some(after)) = (&quality.before, &quality.after) {
            let (name, before, after) = (&quality.metric, before.value, after.value);
            let text = if name.starts_with("top") {
                format!("{:.2} % -> {:.2} %", before * 100.0, after * 100.0)
            } else {
                format!("{before:.2} -> {after:.2}")
            };
            out::line(&format!("{name:<11} {text}"));
        }
    }
    if record.quality.is_empty() {
        let out_name = args.output.display();
        out::line(&format!(
            "quality not measured; measure it: secateur eval {out_name} --images test.bin"
        ));
    }
    let seconds = record.run.seconds.unwrap_or(0.0);
    let report = args.output.with_extension("report.html");
    out::line(&format!("{seconds:.1} s; report: {}", report.display()));
}
