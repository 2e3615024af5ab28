//! `secateur prune`.

use std::process::ExitCode;

use secateur::core::recipe::{Allocation, Calibration, Sampling};
use secateur::core::record::{Change, Cost, Record};
use secateur::core::{Budget, Family, Job, OnExisting, Recipe, RunError};
use secateur::neural::plan::{Plan, plan};
use secateur::neural::prune::Work;
use serde_json::json;

use super::Manner;
use crate::args::{AllocationWord, FormatWord, PruneArgs};
use crate::out;

/// Calibration windows unless told otherwise.
const SAMPLES: usize = 128;
/// Tokens of a window unless told otherwise.
const SEQ_LEN: usize = 2048;

pub(crate) fn run(args: &PruneArgs, manner: Manner) -> Result<ExitCode, RunError> {
    if super::network::is_network(&args.model) {
        return super::network::prune(args, manner);
    }
    if args.target.is_some() || args.images.is_some() || args.granularity.is_some() {
        return Err(super::network::only_networks());
    }
    let recipe = recipe(args)?;
    if args.dry_run {
        let work = Work::new(&recipe)?;
        let plan = plan(&work, args.max_memory)?;
        if manner.json {
            out::json(&plan);
        } else {
            show_plan(&plan, args);
        }
        return Ok(ExitCode::SUCCESS);
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
    let record = secateur::neural::Neural.run(&recipe, &job, &mut manner.progress())?;
    if manner.json {
        out::json(&summary(&record, &args.output.display().to_string()));
    } else {
        show(&record, args);
    }
    Ok(ExitCode::SUCCESS)
}

/// The command as it was typed, without `--resume`, so that it can be typed again.
pub(crate) fn command() -> Vec<String> {
    let mut words: Vec<String> =
        std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some(program) = words.first_mut() {
        "secateur".clone_into(program);
    }
    words.retain(|word| word != "--resume");
    words
}

fn recipe(args: &PruneArgs) -> Result<Recipe, RunError> {
    let budget = args.pattern.or(args.sparsity.map(Budget::Sparsity));
    let budget = budget.expect("the command line asks for one of the two");
    let model = args.model.display().to_string();
    let method = args.method.as_deref().unwrap_or("wanda");
    let mut recipe = secateur::neural_recipe(&model, method, budget)?;
    if let Some(scope) = args.scope {
        recipe.scope = scope.into();
    }
    let by_ending = match args.output.extension() {
        Some(ending) if ending.eq_ignore_ascii_case("gguf") => FormatWord::Gguf,
        _ => FormatWord::Hf,
    };
    recipe.layout = args.format.unwrap_or(by_ending).into();
    recipe.allocation = match args.allocation {
        AllocationWord::Uniform => Allocation::Uniform,
        AllocationWord::Owl => {
            Allocation::Owl { threshold: args.owl_threshold, band: args.owl_band }
        }
    };
    recipe.precision = args.precision.into();
    recipe.on_singular = args.on_singular.into();
    recipe.embeddings.clone_from(&args.embeddings);
    recipe.layers.clone_from(&args.layers);
    recipe.skip.clone_from(&args.skip);
    recipe.seed = args.seed;
    recipe.dtype = args.dtype.into();
    recipe.options = args.option.iter().cloned().collect();
    let seq_len = args.seq_len.unwrap_or(SEQ_LEN);
    if !args.calibration.is_empty() {
        recipe.calibration = Some(Calibration {
            files: args.calibration.clone(),
            samples: args.samples.unwrap_or(SAMPLES),
            seq_len,
            sampling: args.sampling.into(),
        });
    }
    if !args.perplexity.is_empty() {
        recipe.evaluation = Some(evaluation(&args.perplexity, args.windows, seq_len));
    }
    Ok(recipe)
}

/// Windows one after the other from the start.
pub(crate) fn evaluation(files: &[String], windows: Option<usize>, seq_len: usize) -> Calibration {
    let samples = windows.unwrap_or(usize::MAX);
    Calibration { files: files.to_vec(), samples, seq_len, sampling: Sampling::First }
}

fn show_plan(plan: &Plan, args: &PruneArgs) {
    let share = |part: u64| part as f64 / plan.parameters as f64 * 100.0;
    out::line(&format!("model        {}", plan.model));
    out::line(&format!("method       {}, {}", plan.method, plan.budget));
    out::line(&format!(
        "layers       {} pruned, {} skipped; {} weights, {:.1} % of the model",
        plan.layers,
        plan.skipped,
        out::count(plan.weights),
        share(plan.weights)
    ));
    if let Some([windows, tokens]) = plan.calibration {
        out::line(&format!("calibration  {windows} windows of {tokens} tokens"));
    }
    out::line(&format!(
        "output       {} in {}",
        out::bytes(plan.output_bytes),
        args.output.display()
    ));
    out::line(&format!("memory       {}", out::bytes(plan.memory_bytes)));
    if plan.spilled_bytes > 0 {
        let spilled = out::bytes(plan.spilled_bytes);
        out::line(&format!("disk         {spilled} beside the output while the run lasts"));
    }
    out::line(&format!("time         about {:.0} s, a guess", plan.seconds.ceil()));
    for warning in &plan.warnings {
        out::note(&format!("warning: {}", out::clean(warning)));
    }
}

/// What `--json` prints.
/// What a network cost before and after.
pub(crate) fn network_cost(record: &Record) -> &Change<Cost> {
    record.cost.network().expect("the neural family writes the costs of networks")
}

fn summary(record: &Record, output: &str) -> serde_json::Value {
    let quality = record.quality.iter().find(|q| q.metric == "perplexity");
    let embeddings = record.quality.iter().find(|q| q.metric != "perplexity");
    let value = |side: fn(
        &secateur::core::record::Quality,
    ) -> &Option<secateur::core::record::Measured>| {
        quality.and_then(|q| side(q).as_ref()).map(|m| m.value)
    };
    let skipped = record.groups.iter().filter(|g| g.skipped.is_some()).count();
    let cost = network_cost(record);
    json!({
        "output": output,
        "method": record.run.recipe.method,
        "sparsity": record.sparsity(),
        "layers_pruned": record.groups.len() - skipped,
        "layers_skipped": skipped,
        "parameters": cost.after.parameters,
        "nonzeros": [cost.before.nonzeros, cost.after.nonzeros],
        "bytes": [cost.before.bytes, cost.after.bytes],
        "perplexity": [value(|q| &q.before), value(|q| &q.after)],
        "embedding_cosine": embeddings.and_then(|q| q.after.as_ref()).map(|m| m.value),
        "seconds": record.run.seconds,
        "peak_memory_bytes": record.run.peak_memory_bytes,
        "warnings": record.warnings,
    })
}

fn show(record: &Record, args: &PruneArgs) {
    let (kept, cut) = record.totals();
    let out_name = args.output.display();
    out::line(&format!(
        "cut {} of {} weights ({:.2} %) in {} layers by {}",
        out::count(cut),
        out::count(kept + cut),
        record.sparsity() * 100.0,
        record.groups.iter().filter(|g| g.skipped.is_none()).count(),
        record.run.recipe.method
    ));
    for quality in &record.quality {
        if let (Some(before), Some(after)) = (&quality.before, &quality.after) {
            out::line(&format!(
                "{} {:.4} before, {:.4} after ({:+.1} %)",
                quality.metric,
                before.value,
                after.value,
                (after.value / before.value - 1.0) * 100.0
            ));
        }
    }
    if record.quality.is_empty() {
        let measure = format!("secateur eval {out_name} --perplexity test.txt");
        out::line(&format!("quality not measured; measure it: {measure}"));
    }
    let memory = record
        .run
        .peak_memory_bytes
        .map_or(String::new(), |m| format!(", {} at most", out::bytes(m)));
    let seconds = record.run.seconds.unwrap_or(0.0);
    let report = if args.output.is_dir() {
        args.output.join("report.html")
    } else {
        args.output.with_extension("report.html")
    };
    out::line(&format!("{seconds:.1} s{memory}; report: {}", report.display()));
}
