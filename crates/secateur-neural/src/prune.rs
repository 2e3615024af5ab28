//! The streaming run: a model on disk is pruned block by block into a new directory.
//!
//! Order: check everything that can be checked without values; hash and check the inputs;
//! begin the output; copy what is not pruned; then for each block in order gather evidence on
//! the dense block, prune it, write it, journal it, and run it again for the next block.
//!
//! What a resumed run computes again is the way of the calibration windows through the blocks
//! that are done, from their weights as written; so it continues with the same bits.

mod allot;
mod block;
mod evidence;
mod linear;
mod places;
mod stream;

pub(crate) use linear::band;

use std::collections::HashSet;
use std::sync::Arc;

use secateur_checkpoint::blocks::WeightOrder;
use secateur_checkpoint::write::{self, PlannedFile};
use secateur_checkpoint::{BlockOptions, Checkpoint, CheckpointError, Linear};
use secateur_core::prune::{Evidence, Job, OnExisting};
use secateur_core::recipe::{Allocation, Keep, Layout, Scope};
use secateur_core::record::{Measured, Record};
use secateur_core::{Budget, Progress, Recipe};
use secateur_store::{Disk, Existing, Files, Output};
use secateur_tensor::DType;
use serde_json::{Value, json};

use crate::criteria::{self, LayerCriterion, Pruner};
use crate::data::{self, Windows};
use crate::error::NeuralError;
use crate::family::{self, Ran};
use crate::options::Choice;
use crate::plan::{self, Spill};
use crate::summary::{Histograms, LayerSummary};

/// Runs a recipe.
///
/// # Errors
/// [`NeuralError`]; an output that was there before is untouched.
pub fn run(recipe: &Recipe, job: &Job, progress: &mut dyn Progress) -> Result<Record, NeuralError> {
    run_on(recipe, job, &(Arc::new(Disk) as Arc<dyn Files>), progress)
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
    run_work(&Work::new(recipe)?, job, files, progress)
}

/// Runs what was checked before.
///
/// # Errors
/// [`NeuralError`]; an output that was there before is untouched.
pub fn run_work(
    work: &Work<'_>,
    job: &Job,
    files: &Arc<dyn Files>,
    progress: &mut dyn Progress,
) -> Result<Record, NeuralError> {
    let clock = std::time::Instant::now();
    for warning in work.warnings() {
        progress.warn(&warning);
    }
    let spill = work.memory(job)?;
    let sources = work.sources()?;
    let stamps: Vec<_> = sources.iter().map(|(_, path)| family::stamp(path)).collect();
    let (inputs, nonzeros) = family::inputs(work, &sources)?;
    let identity = family::identity(work.recipe, &inputs);
    // The model's folder too: nothing is written into it.
    let mut paths: Vec<_> = sources.iter().map(|(_, path)| path.clone()).collect();
    paths.push(work.model.path.clone());
    let existing = match job.existing {
        OnExisting::Refuse => Existing::Refuse,
        OnExisting::Replace => Existing::Replace,
        OnExisting::Resume => Existing::Resume,
    };
    let begin = match work.recipe.layout {
        Layout::Hf => Output::begin,
        Layout::Gguf | Layout::Onnx => Output::begin_file,
    };
    let mut output = begin(Arc::clone(files), &job.output, existing, &paths, &identity)?;
    match stream::stream(work, job, spill, &mut output, progress) {
        Ok(done) => {
            family::check_unchanged(&sources, &stamps)?;
            let ran = Ran { work, job, inputs: &inputs, nonzeros, done, clock };
            family::finish(&ran, output, progress)
        }
        Err(error) => {
            // What can be mended outside keeps its finished blocks; bad input would fail again.
            if !error.keeps_output() {
                output.abandon()?;
            }
            Err(error)
        }
    }
}

/// A run, checked as far as that goes without values.
pub struct Work<'a> {
    /// What is asked for.
    pub recipe: &'a Recipe,
    /// The model.
    pub model: Checkpoint,
    /// Which layers.
    pub choice: Choice,
    /// Calibration windows, when the method needs them.
    pub calibration: Option<Windows>,
    /// Evaluation windows, when quality is to be measured.
    pub evaluation: Option<Windows>,
    /// Sentences whose embeddings are compared, when quality is to be measured so.
    pub sentences: Option<Vec<String>>,
    /// The weight files of the output.
    pub files: Vec<PlannedFile>,
    /// What the output cannot hold, each a sentence.
    unwritten: Vec<String>,
    pruner: Pruner,
    /// Whether the scores of a row hang on that row alone.
    row_wise: bool,
}

/// What a finished stream knows.
#[derive(Debug)]
pub struct Done {
    /// Layers in the order of the model.
    pub layers: Vec<LayerSummary>,
    /// Histograms over all pruned layers.
    pub histograms: Histograms,
    /// Quality of the input model.
    pub before: Option<Measured>,
}

impl<'a> Work<'a> {
    /// Opens the model and checks recipe, layers and data against each other.
    ///
    /// # Errors
    /// [`NeuralError`] with the first thing that does not fit.
    pub fn new(recipe: &'a Recipe) -> Result<Self, NeuralError> {
        let entry = criteria::find(&recipe.method)?;
        let row_wise = entry.laws.contains(&"row_wise");
        Self::with_pruner(recipe, (entry.make)(recipe)?, row_wise)
    }

    /// The same with a criterion that is in no list.
    ///
    /// # Errors
    /// [`NeuralError`] with the first thing that does not fit.
    pub fn with_criterion(
        recipe: &'a Recipe,
        criterion: Box<LayerCriterion>,
    ) -> Result<Self, NeuralError> {
        Self::with_pruner(recipe, Pruner::Criterion(criterion), false)
    }

    fn with_pruner(
        recipe: &'a Recipe,
        pruner: Pruner,
        row_wise: bool,
    ) -> Result<Self, NeuralError> {
        check_recipe(recipe, &pruner)?;
        let model = secateur_checkpoint::open(recipe.model.as_ref())?;
        let choice = Choice { layers: recipe.layers.clone(), skip: recipe.skip.clone() };
        check_layers(&model, recipe, &choice)?;
        let read = |data| data::windows(data, &model, recipe.seed);
        let (method, owl) = (recipe.method.clone(), recipe.allocation != Allocation::Uniform);
        let calibration = match (pruner.needs(), owl, &recipe.calibration) {
            (Evidence::Nothing, false, _) => None,
            (_, _, Some(data)) => Some(read(data)?),
            (Evidence::Nothing, true, None) => {
                return Err(NeuralError::NoCalibration { what: "allocation owl".to_owned() });
            }
            (_, _, None) => {
                return Err(NeuralError::NoCalibration { what: format!("method {method}") });
            }
        };
        let evaluation = recipe.evaluation.as_ref().map(read).transpose()?;
        if evaluation.is_some() {
            // An encoder predicts nothing that perplexity could be measured on.
            model.head()?;
        }
        let sentences = recipe.embeddings.as_ref().map(|file| data::sentences(file.as_ref()));
        let sentences = sentences.transpose()?;
        if sentences.is_some() && !model.architecture.encoder() {
            let name = model.architecture.name();
            return Err(NeuralError::Combination {
                what: format!("embeddings are those of an encoder, and {name} is none"),
                mend: "measure --perplexity instead",
            });
        }
        let wanted = wanted_type(recipe.dtype);
        let (files, unwritten) = match recipe.layout {
            Layout::Onnx => {
                return Err(NeuralError::Combination {
                    what: "a language model has no form as ONNX here".to_owned(),
                    mend: "write a directory or a .gguf file",
                });
            }
            Layout::Hf => (write::plan(&model, wanted), Vec::new()),
            Layout::Gguf => {
                let pruned = pruned_weights(&model, &choice)?;
                let planned =
                    write::gguf::plan(&model, wanted, &|name| pruned.contains(name), "model.gguf");
                let (file, warnings) = planned.map_err(CheckpointError::from)?;
                (vec![file], warnings)
            }
        };
        Ok(Self {
            recipe,
            model,
            choice,
            calibration,
            evaluation,
            sentences,
            files,
            unwritten,
            pruner,
            row_wise,
        })
    }

    /// What the user should know before the run.
    pub fn warnings(&self) -> Vec<String> {
        let data = [&self.calibration, &self.evaluation].into_iter().flatten();
        let mut warnings = self.model.warnings.clone();
        warnings.extend(self.unwritten.iter().cloned());
        warnings.extend(data.flat_map(|windows| windows.warnings.clone()));
        let types = self.model.tensors.types();
        let blocks = types.iter().any(|(t, _)| t.is_block());
        if self.recipe.dtype == Keep::Keep && self.recipe.layout == Layout::Hf && blocks {
            warnings.push(
                "block-quantized weights have no form in safetensors and are written as f16; \
                 --dtype f32 keeps them exactly"
                    .to_owned(),
            );
        }
        if let Budget::NofM { keep, of } = self.recipe.budget
            && (keep, of) != (2, 4)
        {
            warnings.push(format!("no current GPU runs {keep}:{of} faster; 2:4 it does"));
        }
        warnings
    }

    fn memory(&self, job: &Job) -> Result<Spill, NeuralError> {
        plan::memory(self)?.spill(job.max_memory)
    }

    /// Files that the run reads, with their roles.
    fn sources(&self) -> Result<Vec<(&'static str, std::path::PathBuf)>, NeuralError> {
        let model = self.model.files()?.into_iter().map(|path| ("model", path));
        let data = |role, windows: &Option<Windows>| -> Vec<(&'static str, std::path::PathBuf)> {
            windows.iter().flat_map(|w| w.files.clone()).map(|path| (role, path)).collect()
        };
        let calibration = data("calibration", &self.calibration);
        let sentences = self.recipe.embeddings.iter().map(|file| ("evaluation", file.into()));
        let evaluation = data("evaluation", &self.evaluation);
        Ok(model.chain(calibration).chain(evaluation).chain(sentences).collect())
    }

    /// Tokens of a calibration window; 1 without calibration.
    pub fn tokens(&self) -> usize {
        self.calibration.as_ref().map_or(1, |windows| windows.tokens)
    }

    /// Whether no layer is ever in memory as a whole.
    pub(crate) fn in_bands(&self) -> Result<bool, NeuralError> {
        let fit = self.row_wise && self.calibration.is_none() && self.recipe.layout == Layout::Hf;
        if !fit || self.recipe.scope == Scope::Global {
            return Ok(false);
        }
        let segment = self.model.block(0, BlockOptions { positions: 1, cache: false })?;
        Ok(segment.linears.iter().all(|linear| linear.order == WeightOrder::OutIn))
    }

    /// What the method must have seen.
    pub(crate) fn needs(&self) -> Evidence {
        self.pruner.needs()
    }

    fn group(&self, linear_shape: [usize; 2]) -> usize {
        let [out, inner] = linear_shape;
        match (self.recipe.budget, self.recipe.scope) {
            (Budget::NofM { .. }, _) | (_, Scope::Row) => inner,
            (_, Scope::Layer | Scope::Global) => out * inner,
        }
    }

    /// The name of an output that is one file.
    pub(crate) fn file_name(&self, job: &Job) -> Option<String> {
        let name = job.output.file_name().map(|name| name.to_string_lossy().into_owned());
        name.filter(|_| self.recipe.layout == Layout::Gguf)
    }

    /// Names of the weights that are pruned.
    fn pruned_weights(&self) -> Result<HashSet<String>, NeuralError> {
        pruned_weights(&self.model, &self.choice)
    }
}

/// Names of the weights that are pruned.
fn pruned_weights(model: &Checkpoint, choice: &Choice) -> Result<HashSet<String>, NeuralError> {
    let mut names = HashSet::new();
    for block in 0..model.dims.layers {
        let segment = model.block(block, BlockOptions { positions: 1, cache: false })?;
        let pruned = segment.linears.iter().filter(|l| choice.skipped(&l.name).is_none());
        names.extend(pruned.map(|l| format!("{}.weight", l.name)));
    }
    Ok(names)
}

/// Refuses what does not go together.
fn check_recipe(recipe: &Recipe, pruner: &Pruner) -> Result<(), NeuralError> {
    let refuse = |what: &str, mend| Err(NeuralError::Combination { what: what.to_owned(), mend });
    let shares = recipe.allocation != Allocation::Uniform;
    let pattern = matches!(recipe.budget, Budget::NofM { .. });
    if pattern && (shares || recipe.scope == Scope::Global) {
        return refuse(
            "N:M keeps the same in every row, so there is nothing to share out",
            "give --sparsity instead, or leave out --scope global and --allocation",
        );
    }
    if recipe.scope == Scope::Global && shares {
        return refuse(
            "a global cut shares the budget out by itself",
            "leave out --allocation, or --scope global",
        );
    }
    if recipe.scope == Scope::Global && matches!(pruner, Pruner::Columns(_)) {
        return refuse(
            "sparsegpt scores weights as it changes them, so no cut over all layers can be found",
            "choose --scope row or layer, or --allocation owl",
        );
    }
    if recipe.layout == Layout::Hf && recipe.dtype == Keep::Q8_0 {
        return refuse("q8_0 has no form in safetensors", "write a GGUF file: -o OUT.gguf");
    }
    Ok(())
}

pub(crate) fn wanted_type(keep: Keep) -> Option<DType> {
    match keep {
        Keep::Keep => None,
        Keep::F32 => Some(DType::F32),
        Keep::F16 => Some(DType::F16),
        Keep::Bf16 => Some(DType::BF16),
        Keep::Q8_0 => Some(DType::Q8_0),
    }
}

/// Checks patterns and N:M against the names and shapes of all layers.
fn check_layers(model: &Checkpoint, recipe: &Recipe, choice: &Choice) -> Result<(), NeuralError> {
    let mut layers = Vec::new();
    for block in 0..model.dims.layers {
        let segment = model.block(block, BlockOptions { positions: 1, cache: false })?;
        for linear in &segment.linears {
            layers.push((linear.name.clone(), shape_of(&segment.graph, linear)));
        }
    }
    choice.check(&layers.iter().map(|(name, _)| name.as_str()))?;
    let mut pruned =
        layers.into_iter().filter(|(name, _)| choice.skipped(name).is_none()).peekable();
    if pruned.peek().is_none() {
        return Err(NeuralError::NothingToPrune);
    }
    if let Budget::NofM { keep, of } = recipe.budget
        && let Some((name, [_, inner])) = pruned.find(|(_, [_, inner])| inner % of != 0)
    {
        return Err(NeuralError::Indivisible { name, keep, of, inner });
    }
    Ok(())
}

/// `[out, in]` of a linear layer.
pub(crate) fn shape_of(graph: &secateur_graph::Graph, linear: &Linear) -> [usize; 2] {
    let shape = graph.value(linear.weight).fact.known_shape().expect("weights have known shapes");
    [shape[0], shape[1]]
}

/// The error of a run that was told to stop.
fn interrupted(work: &Work<'_>, job: &Job, done: usize) -> NeuralError {
    let resume = format!("{} --resume", job.command.join(" "));
    NeuralError::Interrupted { done, all: work.model.dims.layers, resume }
}

/// The manifest's rows on layers: what `verify` checks.
pub fn manifest_layers(layers: &[LayerSummary]) -> Value {
    let row = |layer: &LayerSummary| {
        json!({
            "name": layer.name,
            "shape": layer.shape,
            "kept": layer.kept,
            "cut": layer.cut,
            "nonzeros": layer.nonzeros,
            "skipped": layer.skipped,
        })
    };
    layers.iter().map(row).collect()
}
