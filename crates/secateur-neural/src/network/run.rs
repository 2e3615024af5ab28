//! A pruning of a whole network, from file to file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use secateur_core::prune::{Evidence, Job, OnExisting};
use secateur_core::recipe::{self, Granularity as Cutting};
use secateur_core::record::{Group, Input, Record};
use secateur_core::{Progress, Recipe};
use secateur_graph::{Fact, Granularity, Graph, Origin};
use secateur_onnx::Network;
use secateur_store::{Disk, Existing, Files, Output, hash_file};
use secateur_tensor::kernels::isa;
use serde_json::{Value, json};

use super::accuracy::accuracy;
use super::check;
use super::choose::{choice, choose, earlier_plan};
use super::cut::{Proof, Smaller, cut, recover};
use super::error::NetworkError;
use super::images::{Images, Wishes};
use super::inspect::frozen_output;
use super::latency::beside;
use super::model::Model;
use super::plan::{Part, Plan};
use super::recalibrate::recalibrate;
use super::record::record;
use super::score::Criterion;
use super::weights;
use crate::criteria;
use crate::error::NeuralError;
use crate::family::VERSION;
use crate::options::refuse_unknown;

/// Seconds that a network is timed for, before and after.
const TIMED: f64 = 0.2;

/// Runs a recipe.
///
/// # Errors
/// [`NeuralError`]; an output that was there before is untouched.
pub fn run(recipe: &Recipe, job: &Job, progress: &mut dyn Progress) -> Result<Record, NeuralError> {
    run_on(recipe, job, &(Arc::new(Disk) as Arc<dyn Files>), progress)
}

/// What a recipe asks of a network.
pub(super) fn asked(recipe: &Recipe) -> Result<&recipe::Network, NetworkError> {
    recipe.network.as_ref().ok_or_else(|| NetworkError::Needs {
        what: "a recipe for an ONNX file".to_owned(),
        needs: "the part `network`".to_owned(),
    })
}

/// How far heads are taken apart.
pub(super) fn granularity(cutting: Cutting) -> Granularity {
    match cutting {
        Cutting::HeadDim => Granularity::Inner,
        Cutting::Weight | Cutting::Channel => Granularity::Outer,
    }
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
pub(super) struct Done {
    pub(super) graph: Graph,
    pub(super) facts: Vec<Option<Fact>>,
    pub(super) groups: Vec<Group>,
    pub(super) parts: Vec<Part>,
    pub(super) keep: Option<Vec<bool>>,
    pub(super) proof: Proof,
    pub(super) plan: Value,
    pub(super) warnings: Vec<String>,
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
    let path = Path::new(&recipe.model);
    let mut model = Model::open(path, &asked.inputs, granularity(asked.granularity))?;
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

fn cut_channels(
    recipe: &Recipe,
    asked: &recipe::Network,
    model: &Model,
    calibration: Option<&Images>,
    earlier: Option<&Value>,
    progress: &mut dyn Progress,
) -> Result<Done, NetworkError> {
    let criterion = Criterion::find(&recipe.method)?;
    let (Plan { keep, parts }, missed) = choose(recipe, asked, model, calibration, earlier)?;
    let smaller = cut(model, &keep, asked.absorb)?;
    let mut warnings = Vec::new();
    let odd = odd_widths(model, asked, &parts);
    for text in missed.iter().chain(&smaller.proof.why).chain(&odd) {
        progress.warn(text);
        warnings.push(text.clone());
    }
    let Smaller { mut graph, facts, proof } = smaller;
    let fits = criterion == Criterion::LeastSquares;
    if let Some(images) = calibration.filter(|_| fits || asked.recalibrate) {
        if fits {
            progress.begin("layer", model.layers.len());
        }
        let mut done = 0;
        let (healed, count) = recover(model, &graph, &keep, criterion, images, |name| {
            done += 1;
            progress.step(done, name);
        })?;
        if fits && count == 0 {
            warnings.push("no layer could be fitted".to_owned());
        }
        graph = healed;
    }
    if progress.stopped() {
        return Err(NetworkError::Interrupted);
    }
    let groups = groups(model, &parts, &graph);
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
    Ok(Done { graph, facts, groups, parts, keep: Some(keep), proof, plan, warnings })
}

/// A warning of widths that other runtimes are slow on, unless they were asked for.
fn odd_widths(model: &Model, asked: &recipe::Network, parts: &[Part]) -> Option<String> {
    const BLOCK: usize = 8;
    let is_odd = |part: &&Part| {
        let convolution = part.made_by.iter().any(|at| model.layers[*at].op == "Conv");
        convolution && part.kept < part.channels && !(part.kept * part.width).is_multiple_of(BLOCK)
    };
    let count = parts.iter().filter(is_odd).count();
    (asked.align.is_none() && count > 0).then(|| {
        format!(
            "{count} of {} groups are left with widths that are no multiple of {BLOCK}; runtimes \
             that work on blocks of channels, such as onnxruntime, may run them slower than \
             before (--align {BLOCK} keeps multiples, --align 1 is silent)",
            parts.len()
        )
    })
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
        proof: Proof::default(),
        plan,
        warnings: Vec::new(),
    })
}

pub(super) struct Finished<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) job: &'a Job,
    pub(super) model: &'a Model,
    pub(super) done: &'a Done,
    pub(super) inputs: &'a [Input],
    pub(super) evaluation: Option<&'a Images>,
    pub(super) clock: Instant,
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
    let times = beside(model, model.graph(), small.graph(), TIMED).ok();
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
