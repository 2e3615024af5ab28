//! The streaming run: a model on disk is pruned block by block into a new directory.
//!
//! Order: check everything that can be checked without values; hash and check the inputs;
//! begin the output; copy what is not pruned; then for each block in order gather evidence on
//! the dense block, prune it, write it, journal it, and run it again for the next block.
//!
//! What a resumed run computes again is the way of the calibration windows through the blocks
//! that are done, from their weights as written; so it continues with the same bits.

use std::collections::HashMap;
use std::sync::Arc;

use secateur_checkpoint::blocks::WeightOrder;
use secateur_checkpoint::write::{self, PlannedFile, PlannedTensor};
use secateur_checkpoint::{BlockOptions, Checkpoint, Linear};
use secateur_core::prune::{Evidence, Job, OnExisting};
use secateur_core::recipe::{Keep, Scope};
use secateur_core::record::{Measured, Record};
use secateur_core::{Budget, Mask, Progress, Recipe};
use secateur_exec::segments::{advance, observe};
use secateur_exec::{Activations, Feed, Observer, Session};
use secateur_graph::{NodeId, ValueId};
use secateur_store::{Disk, Existing, Files, Output, OutputFile};
use secateur_tensor::{Bytes, DType, Stored, Tensor, convert, kernels};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::criteria::{self, LayerCriterion, Pruner};
use crate::data::{self, Windows};
use crate::error::NeuralError;
use crate::family::{self, Ran};
use crate::layer::{Inputs, Layer, Moments};
use crate::measure::perplexity::{embed_into, perplexity, ports};
use crate::options::Choice;
use crate::plan::{self, Spill};
use crate::summary::{Histograms, LayerSummary, map};

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
    let inputs = family::inputs(work, &sources)?;
    let identity = family::identity(work.recipe, &inputs);
    // The model's folder too: nothing is written into it.
    let mut paths: Vec<_> = sources.iter().map(|(_, path)| path.clone()).collect();
    paths.push(work.model.path.clone());
    let existing = match job.existing {
        OnExisting::Refuse => Existing::Refuse,
        OnExisting::Replace => Existing::Replace,
        OnExisting::Resume => Existing::Resume,
    };
    let mut output = Output::begin(Arc::clone(files), &job.output, existing, &paths, &identity)?;
    match stream(work, job, spill, &mut output, progress) {
        Ok(done) => {
            family::check_unchanged(&sources, &inputs)?;
            let ran = Ran { work, job, inputs: &inputs, done, clock };
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
    /// The weight files of the output.
    pub files: Vec<PlannedFile>,
    pruner: Pruner,
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

/// The first journaled step.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CopyStep {
    before: Option<Measured>,
}

/// The journaled step of a block.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockStep {
    block: usize,
    layers: Vec<LayerSummary>,
    histograms: Histograms,
}

impl<'a> Work<'a> {
    /// Opens the model and checks recipe, layers and data against each other.
    ///
    /// # Errors
    /// [`NeuralError`] with the first thing that does not fit.
    pub fn new(recipe: &'a Recipe) -> Result<Self, NeuralError> {
        let entry = criteria::find(&recipe.method)?;
        Self::with_pruner(recipe, (entry.make)(recipe)?)
    }

    /// The same with a criterion that is in no list.
    ///
    /// # Errors
    /// [`NeuralError`] with the first thing that does not fit.
    pub fn with_criterion(
        recipe: &'a Recipe,
        criterion: Box<LayerCriterion>,
    ) -> Result<Self, NeuralError> {
        Self::with_pruner(recipe, Pruner::Criterion(criterion))
    }

    fn with_pruner(recipe: &'a Recipe, pruner: Pruner) -> Result<Self, NeuralError> {
        let model = secateur_checkpoint::open(recipe.model.as_ref())?;
        let choice = Choice { layers: recipe.layers.clone(), skip: recipe.skip.clone() };
        check_layers(&model, recipe, &choice)?;
        let read = |data| data::windows(data, &model, recipe.seed);
        let calibration = match (pruner.needs(), &recipe.calibration) {
            (Evidence::Nothing, _) => None,
            (_, Some(data)) => Some(read(data)?),
            (_, None) => return Err(NeuralError::NoCalibration { method: recipe.method.clone() }),
        };
        let evaluation = recipe.evaluation.as_ref().map(read).transpose()?;
        if evaluation.is_some() {
            // An encoder predicts nothing that perplexity could be measured on.
            model.head()?;
        }
        let files = write::plan(&model, wanted_type(recipe.dtype));
        Ok(Self { recipe, model, choice, calibration, evaluation, files, pruner })
    }

    /// What the user should know before the run.
    pub fn warnings(&self) -> Vec<String> {
        let data = [&self.calibration, &self.evaluation].into_iter().flatten();
        let mut warnings = self.model.warnings.clone();
        warnings.extend(data.flat_map(|windows| windows.warnings.clone()));
        let types = self.model.tensors.types();
        if self.recipe.dtype == Keep::Keep && types.iter().any(|(t, _)| t.is_block()) {
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
        plan::memory(self).spill(job.max_memory)
    }

    /// Files that the run reads, with their roles.
    fn sources(&self) -> Result<Vec<(&'static str, std::path::PathBuf)>, NeuralError> {
        let model = self.model.files()?.into_iter().map(|path| ("model", path));
        let data = |role, windows: &Option<Windows>| -> Vec<(&'static str, std::path::PathBuf)> {
            windows.iter().flat_map(|w| w.files.clone()).map(|path| (role, path)).collect()
        };
        let calibration = data("calibration", &self.calibration);
        Ok(model.chain(calibration).chain(data("evaluation", &self.evaluation)).collect())
    }

    /// Tokens of a calibration window; 1 without calibration.
    pub fn tokens(&self) -> usize {
        self.calibration.as_ref().map_or(1, |windows| windows.tokens)
    }

    /// What the method must have seen.
    pub(crate) fn needs(&self) -> Evidence {
        self.pruner.needs()
    }

    fn group(&self, linear_shape: [usize; 2]) -> usize {
        let [out, inner] = linear_shape;
        match (self.recipe.budget, self.recipe.scope) {
            (Budget::NofM { .. }, _) | (_, Scope::Row) => inner,
            (_, Scope::Layer) => out * inner,
        }
    }
}

fn wanted_type(keep: Keep) -> Option<DType> {
    match keep {
        Keep::Keep => None,
        Keep::F32 => Some(DType::F32),
        Keep::F16 => Some(DType::F16),
        Keep::Bf16 => Some(DType::BF16),
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

/// Where each tensor goes in the output.
struct Places<'a> {
    files: Vec<OutputFile>,
    tensors: HashMap<&'a str, (usize, &'a PlannedTensor)>,
}

impl<'a> Places<'a> {
    fn new(planned: &'a [PlannedFile], output: &Output) -> Result<Self, NeuralError> {
        let mut files = Vec::new();
        let mut tensors = HashMap::new();
        for (at, file) in planned.iter().enumerate() {
            files.push(output.create(&file.name, file.len)?);
            tensors.extend(file.tensors.iter().map(|t| (t.name.as_str(), (at, t))));
        }
        Ok(Self { files, tensors })
    }

    fn of(&self, name: &str) -> (&OutputFile, &'a PlannedTensor) {
        let (file, tensor) = self.tensors[name];
        (&self.files[file], tensor)
    }

    fn sync(&self) -> Result<(), NeuralError> {
        self.files.iter().try_for_each(|file| Ok(file.sync()?))
    }
}

fn stream(
    work: &Work<'_>,
    job: &Job,
    spill: Spill,
    output: &mut Output,
    progress: &mut dyn Progress,
) -> Result<Done, NeuralError> {
    let places = Places::new(&work.files, output)?;
    let mut steps = output.steps().to_vec().into_iter();
    let before = match steps.next() {
        Some(step) => parse::<CopyStep>(step)?.before,
        None => copy_step(work, &places, output, progress)?,
    };
    let mut done: Vec<BlockStep> = steps.map(parse).collect::<Result<_, _>>()?;
    let mut activations = match &work.calibration {
        Some(windows) => Some(begin_activations(work, windows, spill, output)?),
        None => None,
    };
    let layers = work.model.dims.layers;
    progress.begin("block", layers);
    for block in 0..layers {
        let mut session = open_block(work, block)?;
        let is_done = block < done.len();
        if is_done {
            reload(work, &places, &mut session)?;
        } else {
            let step = prune_block(work, block, &mut session, activations.as_ref(), &places)?;
            places.sync()?;
            output.step(serde_json::to_value(&step).expect("a step is plain data"))?;
            done.push(step);
        }
        if let Some(activations) = &mut activations
            && block + 1 < layers
        {
            let ports = ports(session.session.graph());
            advance(&mut session.session, ports, activations)?;
        }
        progress.step(block + 1, &note(&done[block], is_done));
        if progress.stopped() && block + 1 < layers {
            let resume = format!("{} --resume", job.command.join(" "));
            return Err(NeuralError::Interrupted { done: done.len(), all: layers, resume });
        }
    }
    let mut histograms = Histograms::default();
    for step in &done {
        histograms.merge(&step.histograms);
    }
    let layers = done.into_iter().flat_map(|step| step.layers).collect();
    Ok(Done { layers, histograms, before })
}

fn parse<T: for<'de> Deserialize<'de>>(step: Value) -> Result<T, NeuralError> {
    serde_json::from_value(step).map_err(|error| NeuralError::Expect {
        path: "journal.jsonl".into(),
        what: format!("a step of the journal is of another version: {error}"),
    })
}

fn note(step: &BlockStep, resumed: bool) -> String {
    let (kept, cut) = step
        .layers
        .iter()
        .filter(|l| l.skipped.is_none())
        .fold((0, 0), |(k, c), l| (k + l.kept, c + l.cut));
    let share = if kept + cut == 0 { 0.0 } else { cut as f64 / (kept + cut) as f64 * 100.0 };
    format!("{share:.1} % cut{}", if resumed { ", done before" } else { "" })
}

/// Measures the input model if asked for, and writes everything that is not pruned.
fn copy_step(
    work: &Work<'_>,
    places: &Places<'_>,
    output: &mut Output,
    progress: &mut dyn Progress,
) -> Result<Option<Measured>, NeuralError> {
    let before = match &work.evaluation {
        Some(windows) => Some(perplexity(&work.model, windows, progress)?.measured()),
        None => None,
    };
    for (file, planned) in places.files.iter().zip(&work.files) {
        file.write_at(0, &planned.head)?;
    }
    let pruned = work.pruned_weights()?;
    for (name, source) in work.model.tensors.iter().filter(|(name, _)| !pruned.contains(*name)) {
        let (file, planned) = places.of(name);
        let stored = source.load();
        if stored.dtype() == planned.dtype {
            file.write_at(planned.offset, stored.bytes())?;
        } else {
            write_converted(file, planned, &stored)?;
        }
    }
    places.sync()?;
    let step = CopyStep { before: before.clone() };
    output.step(serde_json::to_value(&step).expect("a step is plain data"))?;
    Ok(before)
}

/// Writes a tensor in another type, a stretch of rows at a time.
fn write_converted(
    file: &OutputFile,
    planned: &PlannedTensor,
    stored: &secateur_tensor::Stored,
) -> Result<(), NeuralError> {
    const VALUES: usize = 1 << 20;
    let row: usize = stored.shape().iter().skip(1).product::<usize>().max(1);
    let rows = stored.len() / row;
    let stretch = (VALUES / row).max(1);
    let (row_bytes, size) = (stored.bytes().len() / rows.max(1), planned.dtype.block().1);
    let mut values = Vec::new();
    for first in (0..rows).step_by(stretch) {
        let count = stretch.min(rows - first);
        values.resize(count * row, 0.0);
        let bytes = &stored.bytes()[first * row_bytes..(first + count) * row_bytes];
        convert::decode(stored.dtype(), bytes, &mut values);
        let offset = planned.offset + (first * row * size) as u64;
        file.write_at(offset, &convert::encode(planned.dtype, &values))?;
    }
    Ok(())
}

impl Work<'_> {
    /// Names of the weights that are pruned.
    fn pruned_weights(&self) -> Result<std::collections::HashSet<String>, NeuralError> {
        let mut names = std::collections::HashSet::new();
        for block in 0..self.model.dims.layers {
            let segment = self.model.block(block, BlockOptions { positions: 1, cache: false })?;
            let pruned = segment.linears.iter().filter(|l| self.choice.skipped(&l.name).is_none());
            names.extend(pruned.map(|l| format!("{}.weight", l.name)));
        }
        Ok(names)
    }
}

/// The calibration windows after the embedding, in memory or beside the output.
fn begin_activations(
    work: &Work<'_>,
    windows: &Windows,
    spill: Spill,
    output: &Output,
) -> Result<Activations, NeuralError> {
    let (count, tokens, width) = (windows.count(), windows.tokens, work.model.dims.width);
    let mut to = match spill {
        Spill::Memory => Activations::in_memory(count, tokens, width),
        Spill::File => {
            let path = output.partial().join(".activations");
            let file = Activations::in_file(&path, count, tokens, width);
            file.map_err(secateur_exec::ExecError::Spill)?
        }
    };
    embed_into(&work.model, windows, &mut to)?;
    Ok(to)
}

/// A block at work.
struct Block {
    session: Session,
    linears: Vec<Linear>,
}

fn open_block(work: &Work<'_>, block: usize) -> Result<Block, NeuralError> {
    let options = BlockOptions { positions: work.tokens(), cache: false };
    let segment = work.model.block(block, options)?;
    Ok(Block { session: Session::new(segment.graph)?, linears: segment.linears })
}

/// Replaces the weights of a block by those that an earlier run has written.
fn reload(work: &Work<'_>, places: &Places<'_>, block: &mut Block) -> Result<(), NeuralError> {
    for linear in &block.linears {
        if work.choice.skipped(&linear.name).is_none() {
            let (file, planned) = places.of(&format!("{}.weight", linear.name));
            let mut bytes = vec![0; planned.len as usize];
            file.read_at(planned.offset, &mut bytes)?;
            let bytes = turned(linear.order, planned.dtype, &planned.shape, bytes);
            let weight = block.session.weight_mut(linear.weight).as_f32_mut();
            convert::decode(planned.dtype, &bytes, weight);
        }
    }
    Ok(())
}

fn prune_block(
    work: &Work<'_>,
    index: usize,
    block: &mut Block,
    activations: Option<&Activations>,
    places: &Places<'_>,
) -> Result<BlockStep, NeuralError> {
    let mut evidence = Squares::new(work, block);
    if let Some(activations) = activations {
        evidence.windows = activations.windows;
        let ports = ports(block.session.graph());
        observe(&mut block.session, ports, Feed::Activations(activations), &mut evidence)?;
        evidence.share_moments();
        if !evidence.sums.values().flatten().all(|sum| sum.is_finite()) {
            return Err(NeuralError::NotFinite { path: work.model.path.clone(), block: index });
        }
    }
    let mut layers = Vec::new();
    let mut histograms = Histograms::default();
    let count = block.linears.len();
    for (at, linear) in block.linears.iter().enumerate() {
        let number = index * count + at;
        let inputs = evidence.inputs(linear.input);
        let session = &mut block.session;
        layers.push(match work.choice.skipped(&linear.name) {
            Some(why) => skip(session, linear, why),
            None => prune_linear(work, number, linear, session, &inputs, places, &mut histograms)?,
        });
    }
    choose_map(&mut layers, work, index);
    Ok(BlockStep { block: index, layers, histograms })
}

/// Mask maps are kept of the first, middle and last block, of its first and last layer.
fn choose_map(layers: &mut [LayerSummary], work: &Work<'_>, index: usize) {
    let last = work.model.dims.layers - 1;
    let shown = [0, last / 2, last].contains(&index);
    let end = layers.len() - 1;
    for (at, layer) in layers.iter_mut().enumerate() {
        if !shown || (at != 0 && at != end) {
            layer.map = None;
        }
    }
}

fn skip(session: &Session, linear: &Linear, why: String) -> LayerSummary {
    let weight = session.weight(linear.weight).as_f32();
    let nonzeros = weight.iter().filter(|w| **w != 0.0).count() as u64;
    LayerSummary {
        name: linear.name.clone(),
        shape: shape_of(session.graph(), linear),
        kept: weight.len() as u64,
        cut: 0,
        nonzeros,
        score_kept: 1.0,
        skipped: Some(why),
        map: None,
    }
}

/// Prunes one layer, writes it, and leaves it in the session as it was written.
fn prune_linear(
    work: &Work<'_>,
    number: usize,
    linear: &Linear,
    session: &mut Session,
    inputs: &Inputs,
    places: &Places<'_>,
    histograms: &mut Histograms,
) -> Result<LayerSummary, NeuralError> {
    let [out, inner] = shape_of(session.graph(), linear);
    let weight = session.weight_mut(linear.weight).take_f32();
    let group = work.group([out, inner]);
    let mut layer = Layer { name: linear.name.clone(), index: number, out, inner, weight, group };
    histograms.weights_before.add(&layer.weight);
    let budget = work.recipe.budget;
    let pruned = work
        .pruner
        .prune(&mut layer, inputs, budget)
        .map_err(|error| NeuralError::Prune { name: linear.name.clone(), error })?;
    histograms.weights_after.add(&layer.weight);
    histograms.add_scores(&pruned.scores, &pruned.mask);
    let (file, planned) = places.of(&format!("{}.weight", linear.name));
    let bytes = convert::encode(planned.dtype, &layer.weight);
    convert::decode(planned.dtype, &bytes, &mut layer.weight);
    let bytes = turned(linear.order, planned.dtype, &[out, inner], bytes);
    file.write_at(planned.offset, &bytes)?;
    let summary = summarize(&layer, &pruned.mask, pruned.scores.share_kept(&pruned.mask));
    session.weight_mut(linear.weight).put_f32(layer.weight);
    Ok(summary)
}

/// The bytes of a weight of the given shape, turned from the file's order to `[out, in]` or back.
fn turned(order: WeightOrder, dtype: DType, shape: &[usize], bytes: Vec<u8>) -> Bytes {
    let bytes = Bytes::owned(bytes);
    match order {
        WeightOrder::OutIn => bytes,
        WeightOrder::InOut => {
            let stored = Stored::new(dtype, shape.to_vec(), bytes);
            let turned = stored.and_then(|stored| stored.transposed());
            turned.expect("a matrix of one of the types that are written").bytes().clone()
        }
    }
}

fn summarize(layer: &Layer, mask: &Mask, score_kept: f64) -> LayerSummary {
    LayerSummary {
        name: layer.name.clone(),
        shape: [layer.out, layer.inner],
        kept: mask.kept() as u64,
        cut: mask.cut() as u64,
        nonzeros: layer.weight.iter().filter(|w| **w != 0.0).count() as u64,
        score_kept,
        skipped: None,
        map: Some(map(layer, mask)),
    }
}

/// Sums of squares of the inputs of linear layers, and where needed of their products; layers
/// with the same input share them.
#[derive(Default)]
struct Squares {
    /// Nodes that are looked at: the first of each input.
    nodes: HashMap<NodeId, ValueId>,
    sums: HashMap<ValueId, Vec<f64>>,
    /// Sums of products `[inner, inner]` while they are gathered, where they are needed.
    products: HashMap<ValueId, Vec<f32>>,
    moments: HashMap<ValueId, Arc<Moments>>,
    windows: usize,
}

impl Squares {
    fn new(work: &Work<'_>, block: &Block) -> Self {
        let mut seen = Self::default();
        let products = work.needs() == Evidence::Moments;
        for linear in &block.linears {
            let new = !seen.sums.contains_key(&linear.input);
            if new && work.choice.skipped(&linear.name).is_none() {
                let inner = shape_of(block.session.graph(), linear)[1];
                seen.nodes.insert(linear.node, linear.input);
                seen.sums.insert(linear.input, vec![0.0; inner]);
                if products {
                    seen.products.insert(linear.input, vec![0.0; inner * inner]);
                }
            }
        }
        seen
    }

    fn inputs(&self, input: ValueId) -> Inputs {
        let squares = self.sums.get(&input).cloned().unwrap_or_default();
        let moments = self.moments.get(&input).cloned();
        Inputs { squares, windows: self.windows, moments }
    }

    /// Makes the products that were gathered ready for the layers.
    fn share_moments(&mut self) {
        for (input, products) in self.products.drain() {
            let width = self.sums[&input].len();
            let moments = Moments::new(width, self.windows, products);
            self.moments.insert(input, Arc::new(moments));
        }
    }
}

impl Observer for Squares {
    fn wants(&self, node: NodeId) -> bool {
        self.nodes.contains_key(&node)
    }

    fn see(&mut self, node: NodeId, inputs: &[Option<&Tensor>]) {
        if let (Some(sums), Some(x)) = (self.sums.get_mut(&self.nodes[&node]), inputs[0]) {
            kernels::add_column_squares(x.as_f32(), sums);
            if let Some(products) = self.products.get_mut(&self.nodes[&node]) {
                kernels::add_gram(x.as_f32(), sums.len(), products);
            }
        }
    }
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
