//! The family of neural networks: identity, record and manifest of a run.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use secateur_checkpoint::write;
use secateur_core::figure::{Figure, Series};
use secateur_core::prune::{Family, Job, Method};
use secateur_core::record::{
    self, Change, Cost, Costs, Group, Input, Measured, Named, Quality, Record, Run,
};
use secateur_core::{Progress, Random, Recipe, RunError, interval};
use secateur_store::{Output, hash_file};
use secateur_tensor::kernels::isa::{self, vectorize};
use secateur_tensor::{DType, Stored};
use serde_json::{Value, json};

use crate::criteria;
use crate::data::Windows;
use crate::error::NeuralError;
use crate::measure::embeddings::{cosines, embeddings};
use crate::measure::perplexity::perplexity;
use crate::prune::{self, Done, Work, manifest_layers, wanted_type};

/// Version of the program, in records and manifests.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Neural networks.
#[derive(Clone, Copy, Debug)]
pub struct Neural;

impl Family for Neural {
    fn name(&self) -> &'static str {
        "neural"
    }

    fn methods(&self) -> &'static [Method] {
        criteria::METHODS
    }

    fn run(
        &self,
        recipe: &Recipe,
        job: &Job,
        progress: &mut dyn Progress,
    ) -> Result<Record, RunError> {
        if recipe.network.is_some() {
            return Ok(crate::network::run::run(recipe, job, progress)?);
        }
        Ok(prune::run(recipe, job, progress)?)
    }
}

/// A run that has gone through all blocks.
pub(crate) struct Ran<'a> {
    pub(crate) work: &'a Work<'a>,
    pub(crate) job: &'a Job,
    pub(crate) inputs: &'a [Input],
    /// Values of the input model that are not zero.
    pub(crate) nonzeros: u64,
    pub(crate) done: Done,
    pub(crate) clock: std::time::Instant,
}

/// What is read of everything before a run: the inputs with their hashes, and the number of values
/// of the model that are not zero. Weights that are not finite are refused here.
pub(crate) fn inputs(
    work: &Work<'_>,
    sources: &[(&'static str, PathBuf)],
) -> Result<(Vec<Input>, u64), NeuralError> {
    let nonzeros = nonzeros_if_finite(&work.model)?;
    let input = |(role, path): &(&'static str, PathBuf)| {
        let hash = hash_file(path)?;
        let name = path.display().to_string();
        Ok(Input { role: (*role).to_owned(), name, bytes: hash.bytes, blake3: hash.blake3 })
    };
    let inputs: Result<_, NeuralError> = sources.par_iter().map(input).collect();
    Ok((inputs?, nonzeros))
}

/// Refuses NaN and infinite weights, with the tensor, their number and the first place.
///
/// # Errors
/// [`secateur_checkpoint::CheckpointError::NotFinite`] for the first such tensor.
pub fn check_finite(model: &secateur_checkpoint::Checkpoint) -> Result<(), NeuralError> {
    nonzeros_if_finite(model).map(|_| ())
}

/// Number of values of the model that are not zero, in the same pass.
fn nonzeros_if_finite(model: &secateur_checkpoint::Checkpoint) -> Result<u64, NeuralError> {
    let tensors: Vec<_> = model.tensors.iter().collect();
    let nonzeros = |(name, source): &(&str, &secateur_checkpoint::Source)| {
        let counts = counts(&source.stored);
        if counts.bad == 0 {
            return Ok(counts.nonzeros);
        }
        Err(secateur_checkpoint::CheckpointError::NotFinite {
            path: model.tensors.file_of(name).unwrap_or(&model.path).to_owned(),
            name: (*name).to_owned(),
            count: counts.bad,
            first: counts.first_bad,
        })
    };
    let all: Vec<Result<u64, _>> = tensors.par_iter().map(nonzeros).collect();
    let mut sum = 0;
    for nonzeros in all {
        sum += nonzeros?;
    }
    Ok(sum)
}

/// Why values that are not finite came out of block `block`: a damaged weight where there is one,
/// else an overflow.
pub fn not_finite_values(model: &secateur_checkpoint::Checkpoint, block: usize) -> NeuralError {
    let overflow = NeuralError::NotFinite { path: model.path.clone(), block };
    check_finite(model).err().unwrap_or(overflow)
}

/// What stands in a stored tensor.
#[derive(Clone, Copy, Default)]
struct Counts {
    nonzeros: u64,
    /// Values that are not finite.
    bad: usize,
    /// The place of the first of these.
    first_bad: usize,
}

/// Counts the values of a stored tensor; of types that are not computed with all are nonzero.
fn counts(stored: &Stored) -> Counts {
    fn count<const N: usize>(
        bytes: &[u8],
        zero: impl Fn([u8; N]) -> bool + Sync,
        bad: impl Fn([u8; N]) -> bool + Sync,
    ) -> Counts {
        const PART: usize = 1 << 16;
        let values = bytes.as_chunks::<N>().0;
        let part = |part: &[[u8; N]]| {
            vectorize(|| {
                // Short sums, of which many fit into a register.
                let sums = part.chunks(1 << 12).map(|part| {
                    let count = |(zeros, bads): (u32, u32), value: &[u8; N]| {
                        (zeros + u32::from(zero(*value)), bads + u32::from(bad(*value)))
                    };
                    part.iter().fold((0, 0), count)
                });
                sums.fold((0, 0), |(a, b), (zeros, bads)| (a + zeros as usize, b + bads as usize))
            })
        };
        let sum = |a: (usize, usize), b: (usize, usize)| (a.0 + b.0, a.1 + b.1);
        let (zeros, bads) = values.par_chunks(PART).map(part).reduce(|| (0, 0), sum);
        // Almost no tensor has any.
        let first = if bads == 0 { None } else { values.iter().position(|b| bad(*b)) };
        Counts { nonzeros: (values.len() - zeros) as u64, bad: bads, first_bad: first.unwrap_or(0) }
    }
    let bytes = stored.bytes();
    match stored.dtype() {
        DType::F16 => count(
            bytes,
            |b| u16::from_le_bytes(b) & 0x7fff == 0,
            |b| u16::from_le_bytes(b) & 0x7c00 == 0x7c00,
        ),
        DType::BF16 => count(
            bytes,
            |b| u16::from_le_bytes(b) & 0x7fff == 0,
            |b| u16::from_le_bytes(b) & 0x7f80 == 0x7f80,
        ),
        DType::F32 => count(
            bytes,
            |b| u32::from_le_bytes(b) & 0x7fff_ffff == 0,
            |b| u32::from_le_bytes(b) & 0x7f80_0000 == 0x7f80_0000,
        ),
        DType::F64 => {
            count(bytes, |b| f64::from_le_bytes(b) == 0.0, |b| !f64::from_le_bytes(b).is_finite())
        }
        dtype if dtype.is_block() => match stored.to_f32() {
            Ok(values) => Counts {
                nonzeros: values.iter().filter(|v| **v != 0.0).count() as u64,
                bad: values.iter().filter(|v| !v.is_finite()).count(),
                first_bad: values.iter().position(|v| !v.is_finite()).unwrap_or(0),
            },
            Err(_) => Counts { nonzeros: stored.len() as u64, ..Counts::default() },
        },
        _ => Counts { nonzeros: stored.len() as u64, ..Counts::default() },
    }
}

/// Length of a file and the time of its last change, as far as the system tells.
pub(crate) type Stamp = (Option<u64>, Option<std::time::SystemTime>);

/// What a change of a file would change.
pub(crate) fn stamp(path: &Path) -> Stamp {
    match std::fs::metadata(path) {
        Ok(meta) => (Some(meta.len()), meta.modified().ok()),
        Err(_) => (None, None),
    }
}

/// Fails when an input has changed since its stamp was taken.
pub(crate) fn check_unchanged(
    sources: &[(&'static str, PathBuf)],
    stamps: &[Stamp],
) -> Result<(), NeuralError> {
    for ((_, path), before) in sources.iter().zip(stamps) {
        if stamp(path) != *before {
            return Err(NeuralError::Changed { path: path.clone() });
        }
    }
    Ok(())
}

/// What makes a run this run: the first line of the journal.
pub(crate) fn identity(recipe: &Recipe, inputs: &[Input]) -> Value {
    json!({
        "program": "secateur",
        "version": VERSION,
        "instruction_set": isa::level(),
        "recipe": recipe,
        "inputs": inputs,
    })
}

/// Writes what is beside the weights, measures, and puts the output in place.
pub(crate) fn finish(
    ran: &Ran<'_>,
    output: Output,
    progress: &mut dyn Progress,
) -> Result<Record, NeuralError> {
    let work = ran.work;
    let written = if let Some(name) = work.file_name(ran.job) {
        output.partial().join(name)
    } else {
        write_beside(work, &output)?;
        output.partial().to_owned()
    };
    // What was written must open again, whether it is measured or not.
    let written = secateur_checkpoint::open(&written)?;
    let after = match &work.evaluation {
        Some(windows) => Some(perplexity(&written, windows, progress)?.measured()),
        None => None,
    };
    let turned = match &work.sentences {
        Some(sentences) => Some(similarity(&work.model, &written, sentences)?),
        None => None,
    };
    let record = record(ran, after, turned);
    let manifest = json!({
        "format": 1,
        "program": "secateur",
        "version": VERSION,
        "instruction_set": isa::level(),
        "recipe": work.recipe,
        "inputs": ran.inputs,
        "layers": manifest_layers(&ran.done.layers),
        "files": output.hashes()?,
    });
    let page = secateur_report::html(&record).map_err(|error| NeuralError::Expect {
        path: ran.job.output.clone(),
        what: format!("the report cannot be drawn: {error}"),
    })?;
    let json = secateur_report::json(&record);
    let reports = [("report.json", json.as_bytes()), ("report.html", page.as_bytes())];
    output.finish(&manifest, &reports)?;
    Ok(record)
}

/// Everything of a directory but the weights.
fn write_beside(work: &Work<'_>, output: &Output) -> Result<(), NeuralError> {
    let wanted = wanted_type(work.recipe.dtype);
    output.write("config.json", &write::config(&work.model, wanted))?;
    for (name, content) in work.model.side_files()? {
        output.write(&name, &content)?;
    }
    if let Some(index) = write::index(&work.files) {
        let text = serde_json::to_vec_pretty(&index).expect("a JSON map can be written");
        output.write("model.safetensors.index.json", &text)?;
    }
    Ok(())
}

/// Mean cosine of the embeddings of sentences by two encoders.
fn similarity(
    before: &secateur_checkpoint::Checkpoint,
    after: &secateur_checkpoint::Checkpoint,
    sentences: &[String],
) -> Result<Measured, NeuralError> {
    let cosines = cosines(&embeddings(before, sentences)?, &embeddings(after, sentences)?);
    let mean = |items: &[&f64]| items.iter().copied().sum::<f64>() / items.len() as f64;
    let value = mean(&cosines.iter().collect::<Vec<_>>());
    let interval = interval::bootstrap(&cosines, 1000, &mut Random::new(0), mean);
    Ok(Measured { value, interval })
}

/// Values of a stored tensor that are not zero.
pub fn count_nonzeros(stored: &Stored) -> u64 {
    counts(stored).nonzeros
}

fn record(ran: &Ran<'_>, after: Option<Measured>, turned: Option<Measured>) -> Record {
    let work = ran.work;
    let (bytes, parameters) = work.model.tensors.size();
    let macs: u64 = ran.done.layers.iter().map(|l| (l.shape[0] * l.shape[1]) as u64).sum();
    let dims = &work.model.dims;
    let is_encoder = work.model.architecture.encoder();
    let head = if is_encoder { 0 } else { (dims.vocabulary * dims.width) as u64 };
    // Only pruned layers gain zeros; the file that was written need not be read again.
    let nonzeros = ran.nonzeros;
    let zeros_before = ran.done.histograms.weights_before.zeros;
    let pruned = ran.done.layers.iter().filter(|l| l.skipped.is_none());
    let zeros_after: u64 = pruned.map(|l| (l.shape[0] * l.shape[1]) as u64 - l.nonzeros).sum();
    let live: u64 = ran.done.layers.iter().map(|l| l.nonzeros).sum();
    let after_bytes = work.files.iter().flat_map(|f| &f.tensors).map(|t| t.len).sum();
    let cost = |nonzeros, bytes, operations| Cost {
        parameters,
        nonzeros,
        bytes,
        operations,
        seconds: None,
    };
    let calibration = work.recipe.calibration.as_ref().map(|data| (data, &work.calibration));
    let mut warnings = work.warnings();
    let fallbacks = ran.done.layers.iter().filter_map(|layer| layer.fallback.clone());
    warnings.extend(fallbacks);
    if let Some((_, None)) = calibration {
        warnings.push("calibration data was given, but this method does not use it".to_owned());
    }
    Record {
        format: record::FORMAT,
        run: Run {
            command: ran.job.command.clone(),
            version: VERSION.to_owned(),
            recipe: work.recipe.clone(),
            inputs: ran.inputs.to_vec(),
            instruction_set: isa::level().to_owned(),
            threads: rayon::current_num_threads(),
            model: work.model.summary(),
            seconds: Some(ran.clock.elapsed().as_secs_f64()),
            peak_memory_bytes: peak_memory(),
        },
        groups: groups(ran),
        cost: Costs::Network(Change {
            before: cost(nonzeros, bytes, macs + head),
            after: cost(nonzeros + zeros_before - zeros_after, after_bytes, live + head),
        }),
        quality: quality(work, ran.done.before.clone(), after, turned),
        warnings,
        figures: figures(&ran.done),
    }
}

fn groups(ran: &Ran<'_>) -> Vec<Group> {
    let type_of = |layer: &str| {
        let name = format!("{layer}.weight");
        let tensors = ran.work.files.iter().flat_map(|f| &f.tensors);
        tensors.into_iter().find(|t| t.name == name).map_or(String::new(), |t| t.dtype.to_string())
    };
    let group = |layer: &crate::summary::LayerSummary| Group {
        name: layer.name.clone(),
        shape: layer.shape.to_vec(),
        dtype: type_of(&layer.name),
        kept: layer.kept,
        cut: layer.cut,
        score_kept: layer.skipped.is_none().then_some(layer.score_kept),
        skipped: layer.skipped.clone(),
    };
    ran.done.layers.iter().map(group).collect()
}

fn quality(
    work: &Work<'_>,
    before: Option<Measured>,
    after: Option<Measured>,
    turned: Option<Measured>,
) -> Vec<Quality> {
    let perplexity = work.evaluation.as_ref().map(|windows| Quality {
        metric: "perplexity".to_owned(),
        lower_is_better: true,
        protocol: protocol(windows),
        before,
        after,
    });
    let embeddings = turned.map(|after| Quality {
        metric: "cosine of embeddings".to_owned(),
        lower_is_better: false,
        protocol: sentence_protocol(work),
        before: Some(Measured { value: 1.0, interval: None }),
        after: Some(after),
    });
    perplexity.into_iter().chain(embeddings).collect()
}

/// How embeddings were compared, for the card.
fn sentence_protocol(work: &Work<'_>) -> Vec<(String, String)> {
    let count = work.sentences.as_ref().map_or(0, Vec::len);
    let file = work.recipe.embeddings.clone().unwrap_or_default();
    let pair = |name: &str, value: String| (name.to_owned(), value);
    vec![
        pair("sentences", format!("{count}, one a line of {file}")),
        pair("embedding", "mean of the last hidden state, of length 1".to_owned()),
        pair("value", "mean cosine to the embedding by the input model".to_owned()),
        pair("interval", "95 %, bootstrap over sentences, 1000 resamples".to_owned()),
        pair("precision", "f32".to_owned()),
    ]
}

/// How perplexity was measured, for the card.
pub fn protocol(windows: &Windows) -> Vec<(String, String)> {
    let files: Vec<String> = windows.files.iter().map(|f| f.display().to_string()).collect();
    let pair = |name: &str, value: String| (name.to_owned(), value);
    vec![
        pair("text", files.join(", ")),
        pair("tokens in the text", windows.text_tokens.to_string()),
        pair("windows", windows.count().to_string()),
        pair("tokens in a window", windows.tokens.to_string()),
        pair("predictions", (windows.count() * (windows.tokens - 1)).to_string()),
        pair("special tokens", "none; each window stands alone".to_owned()),
        pair("formula", "exp(total negative log-likelihood / predictions)".to_owned()),
        pair("interval", "95 %, bootstrap over windows, 1000 resamples".to_owned()),
        pair("precision", "f32".to_owned()),
    ]
}

fn figures(done: &Done) -> Vec<Named> {
    let mut figures = done.histograms.figures();
    let pruned: Vec<_> = done.layers.iter().filter(|l| l.skipped.is_none()).collect();
    figures.push(Named {
        title: "Share of the score that is kept".to_owned(),
        caption: "Layers that keep little of their score lose most; they are the ones to skip or \
                  to prune less."
            .to_owned(),
        figure: Figure::Bars {
            labels: pruned.iter().map(|l| l.name.clone()).collect(),
            series: vec![Series {
                name: "score kept".to_owned(),
                values: pruned.iter().map(|l| l.score_kept * 100.0).collect(),
            }],
            unit: "%".to_owned(),
        },
    });
    for layer in &done.layers {
        figures.extend(layer.map.as_ref().map(|map| map.figure(&layer.name, layer.shape)));
    }
    figures.retain(|named| named.figure.check().is_ok());
    figures
}

/// Largest resident memory of this process, where the system tells.
pub fn peak_memory() -> Option<u64> {
    status_line("VmHWM:")
}

/// Resident memory of this process now, where the system tells.
pub fn resident_memory() -> Option<u64> {
    status_line("VmRSS:")
}

fn status_line(key: &str) -> Option<u64> {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
