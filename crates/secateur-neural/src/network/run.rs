//! A pruning of a whole network, from file to file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use secateur_core::figure::{Figure, Points, Series};
use secateur_core::prune::{Evidence, Job, OnExisting};
use secateur_core::recipe::{self, Granularity as Cutting, Scope};
use secateur_core::record::{
    self, Change, Cost, Group, Input, Measured, Named, Quality, Record, Run,
};
use secateur_core::{Budget, Progress, Recipe};
use secateur_graph::{Fact, Granularity, Graph, Origin};
use secateur_onnx::Network;
use secateur_store::{Disk, Existing, Files, Output, hash_file};
use secateur_tensor::kernels::isa;
use serde_json::{Value, json};

use super::accuracy::{Accuracy, accuracy};
use super::check;
use super::error::NetworkError;
use super::images::{Images, Wishes};
use super::inspect::frozen_output;
use super::latency::{Table, time};
use super::model::{Costs, Model};
use super::observe;
use super::oracle;
use super::plan::{Part, Plan, Target, Wish, plan};
use super::recalibrate::recalibrate;
use super::reconstruct::reconstruct;
use super::score::{Criterion, score};
use super::weights;
use crate::criteria;
use crate::error::NeuralError;
use crate::family::VERSION;
use crate::options::{Choice, refuse_unknown};

/// Seconds that a network is timed for, before and after.
const TIMED: f64 = 0.5;

/// Runs a recipe.
///
/// # Errors
/// [`NeuralError`]; an output that was there before is untouched.
pub fn run(recipe: &Recipe, job: &Job, progress: &mut dyn Progress) -> Result<Record, NeuralError> {
    run_on(recipe, job, &(Arc::new(Disk) as Arc<dyn Files>), progress)
}

/// What a recipe asks of a network.
fn asked(recipe: &Recipe) -> Result<&recipe::Network, NetworkError> {
    recipe.network.as_ref().ok_or_else(|| NetworkError::Needs {
        what: "a recipe for an ONNX file".to_owned(),
        needs: "the part `network`".to_owned(),
    })
}

/// Images of a recipe, for a model.
///
/// # Errors
/// [`NetworkError::Images`].
pub fn images(asked: &recipe::Images, model: &Model) -> Result<Images, NetworkError> {
    let wishes = Wishes {
        image: asked.image,
        classes: asked.classes,
        mean: asked.mean.clone(),
        std: asked.std.clone(),
        resize: asked.resize,
        samples: asked.samples,
    };
    if model.graph().inputs.len() != 1 {
        return Err(NetworkError::Needs {
            what: "images".to_owned(),
            needs: format!("a network with one input, this one has {}", model.graph().inputs.len()),
        });
    }
    Images::open(Path::new(&asked.path), &wishes, &model.shapes[0])
}

/// What a run made of a network.
struct Done {
    graph: Graph,
    facts: Vec<Option<Fact>>,
    groups: Vec<Group>,
    parts: Vec<Part>,
    keep: Option<Vec<bool>>,
    difference: Option<f64>,
    plan: Value,
    warnings: Vec<String>,
}

/// Runs a recipe over given file operations, for tests of failing disks.
///
/// # Errors
/// [`NeuralError`]; an output that was there before is untouched.
pub fn run_on(
    recipe: &Recipe,
    job: &Job,
    files: &Arc<dyn Files>,
    progress: &mut dyn Progress,
) -> Result<Record, NeuralError> {
    let clock = Instant::now();
    let asked = asked(recipe)?;
    refuse_unknown(&recipe.options, &[])?;
    let granularity = match asked.granularity {
        Cutting::HeadDim => Granularity::Inner,
        Cutting::Weight | Cutting::Channel => Granularity::Outer,
    };
    let mut model = Model::open(Path::new(&recipe.model), &asked.inputs, granularity)?;
    model.network.document.check_writable().map_err(NetworkError::from)?;
    for warning in &model.network.document.warnings {
        progress.warn(warning);
    }
    check::finite(&model)?;
    let calibration = asked.calibration.as_ref().map(|asked| images(asked, &model)).transpose()?;
    let evaluation = asked.evaluation.as_ref().map(|asked| images(asked, &model)).transpose()?;
    let inputs = inputs(recipe, &model, calibration.as_ref(), evaluation.as_ref())?;
    let paths = sources(&model, calibration.as_ref(), evaluation.as_ref());
    let identity = crate::family::identity(recipe, &inputs);
    let existing = match job.existing {
        OnExisting::Refuse => Existing::Refuse,
        OnExisting::Replace => Existing::Replace,
        OnExisting::Resume => Existing::Resume,
    };
    let earlier = earlier_plan(recipe, asked, &job.output, &inputs);
    let output = Output::begin_file(Arc::clone(files), &job.output, existing, &paths, &identity)?;
    let mut held = Vec::new();
    let mut done = loop {
        match make(recipe, asked, &model, calibration.as_ref(), earlier.as_ref(), progress) {
            Ok(done) => break done,
            Err(error) => {
                let Some(warning) = hold(&mut model, &error) else {
                    output.abandon()?;
                    return Err(error);
                };
                progress.warn(&warning);
                held.push(warning);
            }
        }
    };
    done.warnings.extend(held);
    let finished = Finished {
        recipe,
        job,
        model: &model,
        done: &done,
        inputs: &inputs,
        evaluation: evaluation.as_ref(),
        clock,
    };
    finish(&finished, output, progress)
}

/// Files that the run reads.
fn sources(
    model: &Model,
    calibration: Option<&Images>,
    evaluation: Option<&Images>,
) -> Vec<PathBuf> {
    let mut paths = vec![model.path.clone()];
    let external = &model.network.document.external.files;
    paths.extend(external.iter().map(|file| file.path.clone()));
    paths.extend([calibration, evaluation].into_iter().flatten().flat_map(|i| i.files.clone()));
    paths
}

fn inputs(
    recipe: &Recipe,
    model: &Model,
    calibration: Option<&Images>,
    evaluation: Option<&Images>,
) -> Result<Vec<Input>, NeuralError> {
    let mut inputs = Vec::new();
    let mut add = |role: &str, path: &Path, name: String| -> Result<(), NeuralError> {
        let hash = hash_file(path)?;
        let (bytes, blake3) = (hash.bytes, hash.blake3);
        inputs.push(Input { role: role.to_owned(), name, bytes, blake3 });
        Ok(())
    };
    add("model", &model.path, recipe.model.clone())?;
    for file in &model.network.document.external.files {
        add("model", &file.path, file.path.display().to_string())?;
    }
    for (role, images) in [("calibration", calibration), ("evaluation", evaluation)] {
        for file in images.iter().flat_map(|images| &images.files) {
            add(role, file, file.display().to_string())?;
        }
    }
    Ok(inputs)
}

/// The plan of an output that is there already and was asked for the same: a target of latency is
/// measured once, so that a rerun gives the same file.
fn earlier_plan(
    recipe: &Recipe,
    asked: &recipe::Network,
    output: &Path,
    inputs: &[Input],
) -> Option<Value> {
    let latency = asked.target.is_some_and(|t| t.cost == recipe::TargetCost::Latency);
    let manifest = secateur_store::read_manifest(output).ok().flatten().filter(|_| latency)?;
    let same = manifest["recipe"] == json!(recipe) && manifest["inputs"] == json!(inputs);
    same.then(|| manifest["plan"].clone())
}

fn make(
    recipe: &Recipe,
    asked: &recipe::Network,
    model: &Model,
    calibration: Option<&Images>,
    earlier: Option<&Value>,
    progress: &mut dyn Progress,
) -> Result<Done, NeuralError> {
    match asked.granularity {
        Cutting::Weight => cut_weights(recipe, asked, model, calibration, progress),
        Cutting::Channel | Cutting::HeadDim => {
            Ok(cut_channels(recipe, asked, model, calibration, earlier, progress)?)
        }
    }
}

/// Leaves a node that could not follow a cut as it is, so that the rest can be planned again.
/// Gives the warning; none where something else is wrong.
fn hold(model: &mut Model, error: &NeuralError) -> Option<String> {
    let NeuralError::Network(NetworkError::Shrink { error, .. }) = error else { return None };
    let text = format!("channels around one node stay as they are, for it cannot follow: {error}");
    model.hold(error.node()).then_some(text)
}

fn choice(recipe: &Recipe) -> Choice {
    Choice { layers: recipe.layers.clone(), skip: recipe.skip.clone() }
}

/// Chooses the channels to keep.
fn choose(
    recipe: &Recipe,
    asked: &recipe::Network,
    model: &Model,
    calibration: Option<&Images>,
    earlier: Option<&Value>,
) -> Result<Plan, NetworkError> {
    let criterion = Criterion::find(&recipe.method)?;
    let needed = |what: &str| NetworkError::Needs {
        what: what.to_owned(),
        needs: "calibration images (--calibration FILE)".to_owned(),
    };
    if criterion.needs_images() && calibration.is_none() {
        return Err(needed(&format!("method {}", criterion.name())));
    }
    let moments = match calibration.filter(|_| criterion.needs_images()) {
        Some(images) => Some(observe::moments(model, images)?),
        None => None,
    };
    let scores = score(model, criterion, moments.as_ref(), recipe.seed)?;
    let wish = Wish {
        sparsity: match recipe.budget {
            Budget::Sparsity(share) if asked.target.is_none() => Some(share),
            _ => None,
        },
        target: asked.target.map(|t| Target { cost: t.cost.name(), kept: t.kept }),
        global: recipe.scope == Scope::Global,
        min_keep: asked.min_keep,
        align: asked.align,
        choice: choice(recipe),
    };
    let mut table = Table::default();
    let kind = asked.target.map(|target| target.cost);
    let mut cost = |keep: &[bool]| match kind {
        Some(recipe::TargetCost::Latency) => table.seconds(model, keep),
        Some(recipe::TargetCost::Params) => model.costs(Some(keep)).parameters as f64,
        Some(recipe::TargetCost::Size) => model.costs(Some(keep)).bytes as f64,
        Some(recipe::TargetCost::Macs) | None => model.macs(Some(keep)) as f64,
    };
    match earlier.and_then(|plan| of_earlier(model, &wish, plan)) {
        Some(plan) => Ok(plan),
        None => plan(model, &scores, &wish, &mut cost),
    }
}

/// What a cut of channels would leave.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Preview {
    /// Multiply-accumulates before and after.
    pub macs: [u64; 2],
    /// Parameters before and after.
    pub parameters: [u64; 2],
    /// Bytes of the constants before and after.
    pub bytes: [u64; 2],
    /// The groups.
    pub groups: Vec<PreviewGroup>,
}

/// A group of channels.
#[derive(Clone, Debug, serde::Serialize)]
pub struct PreviewGroup {
    /// Name: that of the first layer that makes the channels.
    pub name: String,
    /// Channels.
    pub channels: usize,
    /// Channels that would be kept.
    pub kept: usize,
    /// Why it would be left alone.
    pub skipped: Option<String>,
}

/// What a recipe for channels would leave; nothing is written.
///
/// # Errors
/// [`NetworkError`] as a run would give it.
pub fn preview(recipe: &Recipe) -> Result<Preview, NetworkError> {
    let asked = asked(recipe)?;
    let granularity = match asked.granularity {
        Cutting::HeadDim => Granularity::Inner,
        Cutting::Weight | Cutting::Channel => Granularity::Outer,
    };
    let model = Model::open(Path::new(&recipe.model), &asked.inputs, granularity)?;
    let calibration = asked.calibration.as_ref().map(|asked| images(asked, &model)).transpose()?;
    let Plan { keep, parts } = choose(recipe, asked, &model, calibration.as_ref(), None)?;
    let (before, after) = (model.costs(None), model.costs(Some(&keep)));
    let groups = parts.into_iter().map(|part| {
        let Part { name, channels, kept, skipped, .. } = part;
        PreviewGroup { name, channels, kept, skipped }
    });
    Ok(Preview {
        macs: [before.macs, after.macs],
        parameters: [before.parameters, after.parameters],
        bytes: [before.bytes, after.bytes],
        groups: groups.collect(),
    })
}

fn cut_channels(
    recipe: &Recipe,
    asked: &recipe::Network,
    model: &Model,
    calibration: Option<&Images>,
    earlier: Option<&Value>,
    progress: &mut dyn Progress,
) -> Result<Done, NetworkError> {
    let criterion = Criterion::find(&recipe.method)?;
    let Plan { keep, parts } = choose(recipe, asked, model, calibration, earlier)?;
    let fail = |error| NetworkError::Shrink { path: model.path.clone(), error };
    let (mut small, facts) =
        model.coupling.shrink(model.graph(), &model.facts, &keep).map_err(fail)?;
    let mut warnings = Vec::new();
    // A network that cannot be run is proven by the shapes alone.
    let difference = match oracle::check(model, &small, &facts, &keep, oracle::TOLERANCE) {
        Ok(difference) => Some(difference),
        Err(NetworkError::Runner { error, .. }) => {
            let text = format!("the cut was checked by shapes only, since {error}");
            progress.warn(&text);
            warnings.push(text);
            None
        }
        Err(error) => return Err(error),
    };
    if let Some(images) = calibration {
        if criterion == Criterion::LeastSquares {
            progress.begin("layer", model.layers.len());
            let mut done = 0;
            let (fitted, count) = reconstruct(model, &small, &keep, images, |name| {
                done += 1;
                progress.step(done, name);
            })?;
            if count == 0 {
                warnings.push("no layer could be fitted".to_owned());
            }
            small = fitted;
        } else if asked.recalibrate {
            small = recalibrate(model, &small, images)?.0;
        }
    }
    if progress.stopped() {
        return Err(NetworkError::Interrupted);
    }
    let groups = groups(model, &parts, &small);
    let cut = |part: &Part| -> Vec<usize> {
        let classes = &model.coupling.groups[part.group].classes;
        (0..classes.len()).filter(|at| !keep[classes[*at]]).collect()
    };
    let plan = json!(
        parts
            .iter()
            .map(|part| json!({ "name": part.name, "channels": part.channels, "cut": cut(part) }))
            .collect::<Vec<_>>()
    );
    Ok(Done { graph: small, facts, groups, parts, keep: Some(keep), difference, plan, warnings })
}

/// A plan as a manifest has it; none where it does not fit the network.
fn of_earlier(model: &Model, wish: &Wish, plan: &Value) -> Option<Plan> {
    let mut parts = super::plan::parts(model, &wish.choice).ok()?;
    let listed = plan.as_array().filter(|listed| listed.len() == parts.len())?;
    let mut keep = vec![true; model.coupling.classes.len()];
    for (part, entry) in parts.iter_mut().zip(listed) {
        let classes = &model.coupling.groups[part.group].classes;
        if entry["name"] != json!(part.name) || entry["channels"] != json!(part.channels) {
            return None;
        }
        for at in entry["cut"].as_array()? {
            keep[*classes.get(at.as_u64()? as usize)?] = false;
        }
        part.kept = classes.iter().filter(|class| keep[**class]).count();
    }
    Some(Plan { keep, parts })
}

fn groups(model: &Model, parts: &[Part], small: &Graph) -> Vec<Group> {
    let mut groups: Vec<Group> = parts
        .iter()
        .map(|part| {
            let made_by: Vec<&str> =
                part.made_by.iter().map(|at| model.layers[*at].name.as_str()).collect();
            let name = match made_by.len() {
                0 | 1 => part.name.clone(),
                n => format!("{} and {} more", part.name, n - 1),
            };
            Group {
                name,
                shape: vec![part.channels],
                dtype: "channels".to_owned(),
                kept: part.kept as u64,
                cut: (part.channels - part.kept) as u64,
                score_kept: part.skipped.is_none().then_some(part.score_kept),
                skipped: part.skipped.clone(),
            }
        })
        .collect();
    // Layers whose channels nothing can cut, with the node that froze them.
    for layer in &model.layers {
        let made = parts
            .iter()
            .any(|part| part.made_by.iter().any(|at| model.layers[*at].node == layer.node));
        if !made && let Some(why) = frozen_output(model, layer) {
            let channels = layer.shape[layer.out_axis];
            let value = small.node(layer.node).inputs.get(1).copied().flatten();
            let dtype = value.map_or(String::new(), |id| match &small.value(id).origin {
                Origin::Weight(stored) => stored.dtype().to_string(),
                Origin::Constant(_) | Origin::Input | Origin::Node(_) => String::new(),
            });
            groups.push(Group {
                name: layer.name.clone(),
                shape: vec![channels],
                dtype,
                kept: channels as u64,
                cut: 0,
                score_kept: None,
                skipped: Some(why),
            });
        }
    }
    groups
}

fn cut_weights(
    recipe: &Recipe,
    asked: &recipe::Network,
    model: &Model,
    calibration: Option<&Images>,
    progress: &mut dyn Progress,
) -> Result<Done, NeuralError> {
    let entry = criteria::find(&recipe.method)?;
    let pruner = (entry.make)(recipe)?;
    let needs = pruner.needs();
    if needs > Evidence::Activations {
        return Err(NetworkError::UnknownMethod {
            name: recipe.method.clone(),
            granularity: "weights of a network",
            known: "magnitude, random, ria, wanda, wanda-cumulative".to_owned(),
        }
        .into());
    }
    if model.layers.is_empty() {
        let why = "no convolution or linear layer has constant weights of floats".to_owned();
        return Err(NetworkError::NothingToCut { path: model.path.clone(), why }.into());
    }
    let chosen = model.chosen(&choice(recipe))?;
    let columns = match (needs, calibration) {
        (Evidence::Nothing, _) => None,
        (_, Some(images)) => Some(weights::columns(model, &chosen, images)?),
        (_, None) => {
            return Err(NetworkError::Needs {
                what: format!("method {}", recipe.method),
                needs: "calibration images (--calibration FILE)".to_owned(),
            }
            .into());
        }
    };
    let wanted = choice(recipe);
    let skipped: Vec<Option<String>> =
        model.layers.iter().map(|layer| wanted.skipped(&layer.name)).collect();
    progress.begin("layer", 1);
    let (mut graph, cuts) =
        weights::cut(model, &pruner, recipe.budget, recipe.scope, &skipped, columns.as_ref())?;
    if cuts.iter().all(|cut| cut.cut == 0) {
        let why = cuts.iter().find_map(|cut| cut.skipped.clone());
        let why = why.unwrap_or_else(|| "every layer is too small for this share".to_owned());
        return Err(NetworkError::NoChange { what: recipe.budget.to_string(), why }.into());
    }
    if let Some(images) = calibration.filter(|_| asked.recalibrate) {
        graph = recalibrate(model, &graph, images)?.0;
    }
    let groups = model
        .layers
        .iter()
        .zip(&cuts)
        .map(|(layer, cut)| {
            let dtype = match &graph.value(layer.weight).origin {
                Origin::Weight(stored) => stored.dtype().to_string(),
                Origin::Constant(_) | Origin::Input | Origin::Node(_) => String::new(),
            };
            Group {
                name: layer.name.clone(),
                shape: layer.shape.clone(),
                dtype,
                kept: cut.kept,
                cut: cut.cut,
                score_kept: cut.skipped.is_none().then_some(cut.score_kept),
                skipped: cut.skipped.clone(),
            }
        })
        .collect::<Vec<_>>();
    let listed: Vec<Value> = model
        .layers
        .iter()
        .zip(&cuts)
        .map(|(layer, cut)| json!({ "name": layer.name, "kept": cut.kept, "cut": cut.cut }))
        .collect();
    let plan = json!(listed);
    Ok(Done {
        graph,
        facts: model.facts.clone(),
        groups,
        parts: Vec::new(),
        keep: None,
        difference: None,
        plan,
        warnings: Vec::new(),
    })
}

struct Finished<'a> {
    recipe: &'a Recipe,
    job: &'a Job,
    model: &'a Model,
    done: &'a Done,
    inputs: &'a [Input],
    evaluation: Option<&'a Images>,
    clock: Instant,
}

fn finish(
    finished: &Finished<'_>,
    output: Output,
    progress: &mut dyn Progress,
) -> Result<Record, NeuralError> {
    let Finished { model, done, job, .. } = finished;
    let name = job.output.file_name().map_or("out.onnx".into(), std::ffi::OsStr::to_string_lossy);
    let document = model.network.patched(&done.graph, &done.facts);
    let encoded = document.encode(&name).map_err(NetworkError::from)?;
    output.write(&name, &encoded.model)?;
    if let Some(data) = &encoded.data {
        let file = output.create(&data.name, data.len)?;
        for (offset, part) in &data.parts {
            file.write_at(*offset, part)?;
        }
        progress.warn(&data.why);
    }
    // What was written must open again, and the model must be as it was.
    let written = Network::open(&output.partial().join(&*name)).map_err(NetworkError::from)?;
    let granularity = Granularity::Outer;
    let asked = asked(finished.recipe)?;
    let small = Model::of(written, &asked.inputs, granularity)?;
    model.network.document.check_unchanged().map_err(NetworkError::from)?;
    let qualities = match finished.evaluation {
        Some(images) => {
            progress.begin("evaluation", 2);
            let before = accuracy(model, model.graph(), images)?;
            progress.step(1, &format!("top-1 {:.1} % before", before.top1 * 100.0));
            let after = accuracy(&small, small.graph(), images)?;
            progress.step(2, &format!("top-1 {:.1} % after", after.top1 * 100.0));
            Some((before, after))
        }
        None => None,
    };
    let seconds = |model: &Model| {
        let batch = model.shapes.first().and_then(|s| s.first()).copied().unwrap_or(1);
        time(model, model.graph(), batch, TIMED).ok().map(|timing| timing.median / 1e3)
    };
    let times = [seconds(model), seconds(&small)];
    let record = record(finished, &small, qualities.as_ref(), times);
    let manifest = json!({
        "format": 1,
        "program": "secateur",
        "version": VERSION,
        "instruction_set": isa::level(),
        "recipe": finished.recipe,
        "inputs": finished.inputs,
        "plan": done.plan,
        "files": output.hashes()?,
    });
    let page = secateur_report::html(&record).map_err(|error| NetworkError::Expect {
        path: job.output.clone(),
        reason: format!("the report cannot be drawn: {error}"),
    })?;
    let json = secateur_report::json(&record);
    let reports = [("report.json", json.as_bytes()), ("report.html", page.as_bytes())];
    output.finish(&manifest, &reports)?;
    Ok(record)
}

fn record(
    finished: &Finished<'_>,
    small: &Model,
    qualities: Option<&(Accuracy, Accuracy)>,
    times: [Option<f64>; 2],
) -> Record {
    let Finished { model, done, recipe, job, .. } = finished;
    let cost = |model: &Model, seconds| {
        let Costs { macs, parameters, bytes } = model.costs(None);
        Cost { parameters, nonzeros: nonzeros(model), bytes, operations: macs, seconds }
    };
    let mut warnings = model.network.document.warnings.clone();
    warnings.extend(done.warnings.iter().cloned());
    if let Budget::NofM { keep, of } = recipe.budget
        && done.keep.is_none()
    {
        warnings.push(format!(
            "{keep}:{of} holds along the rows of each weight as stored: kernel places of one \
             input channel are neighbors, so hardware that skips zeros along channels gains \
             nothing from convolutions larger than 1 x 1"
        ));
    }
    Record {
        format: record::FORMAT,
        run: Run {
            command: job.command.clone(),
            version: VERSION.to_owned(),
            recipe: (*recipe).clone(),
            inputs: finished.inputs.to_vec(),
            instruction_set: isa::level().to_owned(),
            threads: rayon::current_num_threads(),
            model: summary(model),
            seconds: Some(finished.clock.elapsed().as_secs_f64()),
            peak_memory_bytes: crate::family::peak_memory(),
        },
        groups: done.groups.clone(),
        cost: Change { before: cost(model, times[0]), after: cost(small, times[1]) },
        quality: qualities.map_or(Vec::new(), |(before, after)| quality(finished, before, after)),
        warnings,
        figures: figures(finished, small, qualities),
    }
}

/// One line on a network.
pub fn summary(model: &Model) -> String {
    let proto = &model.network.document.model;
    let graph = proto.graph.as_ref().map_or("", |graph| graph.name());
    format!(
        "ONNX network {graph}, opset {}, {} nodes, {} layers with weights",
        model.network.document.opset(),
        model.graph().nodes().len(),
        model.layers.len()
    )
}

/// Values other than zero of what counts as parameters.
fn nonzeros(model: &Model) -> u64 {
    let of = |id: secateur_graph::ValueId| match &model.graph().value(id).origin {
        Origin::Weight(stored) => crate::family::count_nonzeros(stored),
        Origin::Constant(_) | Origin::Input | Origin::Node(_) => 0,
    };
    model.parameters(None).into_iter().map(|(id, _)| of(id)).sum()
}

fn quality(finished: &Finished<'_>, before: &Accuracy, after: &Accuracy) -> Vec<Quality> {
    let protocol = finished.evaluation.map_or(Vec::new(), Images::protocol);
    let measured =
        |of: &Accuracy| Some(Measured { value: of.top1, interval: Some(of.top1_interval) });
    let mut all = vec![Quality {
        metric: "top-1".to_owned(),
        lower_is_better: false,
        protocol: protocol.clone(),
        before: measured(before),
        after: measured(after),
    }];
    if let (Some(a), Some(b)) = (before.top5, after.top5) {
        let measured = |value| Some(Measured { value, interval: None });
        all.push(Quality {
            metric: "top-5".to_owned(),
            lower_is_better: false,
            protocol,
            before: measured(a),
            after: measured(b),
        });
    }
    all
}

fn figures(
    finished: &Finished<'_>,
    small: &Model,
    qualities: Option<&(Accuracy, Accuracy)>,
) -> Vec<Named> {
    let Finished { model, done, .. } = finished;
    let named =
        |title: &str, caption: String, figure| Named { title: title.to_owned(), caption, figure };
    let mut figures = Vec::new();
    if !done.parts.is_empty() {
        let labels: Vec<String> = done.parts.iter().map(|part| part.name.clone()).collect();
        let series = |name: &str, of: fn(&Part) -> usize| Series {
            name: name.to_owned(),
            values: done.parts.iter().map(|part| of(part) as f64).collect(),
        };
        figures.push(named(
            "Channels",
            "Channels of each group before and after; a group is made by all layers that share its channels.".to_owned(),
            Figure::Bars {
                labels,
                series: vec![series("before", |p| p.channels), series("after", |p| p.kept)],
                unit: "channels".to_owned(),
            },
        ));
    }
    let whole: u64 = model.layers.iter().map(|layer| layer.macs).sum();
    let share = |macs: u64| macs as f64 / whole.max(1) as f64 * 100.0;
    let layers: Vec<(&super::model::Layer, Option<&super::model::Layer>)> = model
        .layers
        .iter()
        .map(|layer| {
            (
                layer,
                small
                    .layers
                    .iter()
                    .find(|l| l.node == layer.node)
                    .or_else(|| small.layers.iter().find(|l| l.name == layer.name)),
            )
        })
        .collect();
    let series = |name: &str, values: Vec<f64>| Series { name: name.to_owned(), values };
    figures.push(named(
        "Share of multiply-accumulates",
        "What each layer costs, in percent of the whole network before the cut.".to_owned(),
        Figure::Bars {
            labels: layers.iter().map(|(layer, _)| layer.name.clone()).collect(),
            series: vec![
                series("before", layers.iter().map(|(a, _)| share(a.macs)).collect()),
                series(
                    "after",
                    layers.iter().map(|(a, b)| share(b.map_or(a.macs, |b| b.macs))).collect(),
                ),
            ],
            unit: "%".to_owned(),
        },
    ));
    let by =
        |shape: &[usize]| shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ");
    let rows = layers.iter().map(|(a, b)| {
        vec![
            a.name.clone(),
            a.op.to_owned(),
            by(&a.shape),
            b.map_or(String::new(), |b| by(&b.shape)),
            frozen_output(model, a).unwrap_or_default(),
        ]
    });
    let columns = ["layer", "operator", "before", "after", "what holds its channels"];
    figures.push(named(
        "Layers",
        "Shapes of the weights, and what keeps output channels from being cut.".to_owned(),
        Figure::Table {
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            rows: rows.collect(),
        },
    ));
    if let Some((before, after)) = qualities {
        let points = |of: &Accuracy| -> Vec<[f64; 2]> {
            let recalls = of.recall.iter().enumerate();
            recalls.filter_map(|(class, r)| Some([class as f64, (*r)? * 100.0])).collect()
        };
        if before.classes <= 100 {
            figures.push(named(
                "Recall of each class",
                "Share of the images of each class that were recognized.".to_owned(),
                Figure::Scatter {
                    x: "class".to_owned(),
                    y: "recall, %".to_owned(),
                    series: vec![
                        Points { name: "before".to_owned(), points: points(before) },
                        Points { name: "after".to_owned(), points: points(after) },
                    ],
                },
            ));
        }
        if let Some(confusion) = &after.confusion {
            let values: Vec<f32> = confusion.iter().flatten().map(|n| *n as f32).collect();
            let high = values.iter().copied().fold(1.0, f32::max);
            figures.push(named(
                "Confusion after the cut",
                "Rows are classes, columns what their images were recognized as.".to_owned(),
                Figure::Heatmap {
                    rows: confusion.len(),
                    columns: confusion.len(),
                    values,
                    low: 0.0,
                    high,
                    legend: "images".to_owned(),
                },
            ));
        }
    }
    if let Some(difference) = done.difference {
        figures.push(named(
            "Proof",
            "The smaller network beside the masked original, on random inputs.".to_owned(),
            Figure::Text {
                text: format!(
                    "largest difference of an output: {difference:.2e} of its largest value (allowed: {:.0e})",
                    oracle::TOLERANCE
                ),
            },
        ));
    }
    figures
}
