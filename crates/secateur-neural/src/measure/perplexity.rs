//! Perplexity of a language model on windows of token ids.
//!
//! Each window stands alone, without special tokens; its first token is not predicted.
//! Perplexity is `exp(total negative log-likelihood / total predictions)`.

use secateur_checkpoint::{BlockOptions, Checkpoint};
use secateur_core::record::Measured;
use secateur_core::{Progress, Random, interval};
use secateur_exec::segments::{advance, feed};
use secateur_exec::{Activations, ExecError, Feed, Ports, Session};
use secateur_graph::Graph;
use secateur_tensor::{Tensor, kernels};

use crate::data::Windows;
use crate::error::NeuralError;

/// Tokens whose logits are held at a time.
const HEAD_TOKENS: usize = 128;
/// Resamples of the bootstrap.
const RESAMPLES: usize = 1000;

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Perplexity {
    /// Perplexity over all windows.
    pub value: f64,
    /// 95 % bootstrap interval over windows, with two windows or more.
    pub interval: Option<[f64; 2]>,
    /// Windows.
    pub windows: usize,
    /// Tokens of a window.
    pub seq_len: usize,
    /// Predictions over all windows.
    pub predictions: usize,
    /// Mean loss of each window, in nats per prediction.
    pub losses: Vec<f64>,
}

impl Perplexity {
    /// As a record has it.
    pub fn measured(&self) -> Measured {
        Measured { value: self.value, interval: self.interval }
    }
}

/// Measures perplexity.
///
/// # Errors
/// [`NeuralError`] when the model cannot be run, or its values overflow.
pub fn perplexity(
    model: &Checkpoint,
    windows: &Windows,
    progress: &mut dyn Progress,
) -> Result<Perplexity, NeuralError> {
    model.head()?;
    let last = hidden(model, windows, progress)?;
    let losses = losses(model, windows, &last)?;
    let tokens = windows.tokens;
    if let Some(window) = losses.iter().position(|loss| !loss.is_finite()) {
        let path = model.path.clone();
        let block = model.dims.layers;
        crate::family::check_finite(model)?;
        progress.warn(&format!("window {window} has a loss that is not finite"));
        return Err(NeuralError::NotFinite { path, block });
    }
    let mean = |items: &[&f64]| (items.iter().copied().sum::<f64>() / items.len() as f64).exp();
    let interval = interval::bootstrap(&losses, RESAMPLES, &mut Random::new(0), mean);
    Ok(Perplexity {
        value: (losses.iter().sum::<f64>() / losses.len() as f64).exp(),
        interval,
        windows: windows.count(),
        seq_len: tokens,
        predictions: windows.count() * (tokens - 1),
        losses,
    })
}

/// Activations of all windows before the head.
fn hidden(
    model: &Checkpoint,
    windows: &Windows,
    progress: &mut dyn Progress,
) -> Result<Activations, NeuralError> {
    let mut now = embed(model, windows)?;
    progress.begin("block", model.dims.layers);
    for block in 0..model.dims.layers {
        let options = BlockOptions { positions: windows.tokens, cache: false };
        let mut session = Session::new(model.block(block, options)?.graph)?;
        let ports = ports(session.graph());
        advance(&mut session, ports, &mut now, None)?;
        progress.step(block + 1, "");
    }
    Ok(now)
}

/// The embedding of all windows, in memory.
pub(crate) fn embed(model: &Checkpoint, windows: &Windows) -> Result<Activations, NeuralError> {
    let mut to = Activations::in_memory(windows.count(), windows.tokens, model.dims.width);
    embed_into(model, windows, &mut to)?;
    Ok(to)
}

/// The embedding of all windows.
pub(crate) fn embed_into(
    model: &Checkpoint,
    windows: &Windows,
    to: &mut Activations,
) -> Result<(), NeuralError> {
    let mut session = Session::new(model.embed()?.graph)?;
    let from = Feed::Ids { ids: &windows.ids, tokens: windows.tokens };
    let ports = ports(session.graph());
    Ok(feed(&mut session, ports, from, to)?)
}

/// The ports of a segment of a language model.
pub(crate) fn ports(graph: &Graph) -> Ports {
    let input = graph.input("x").or_else(|| graph.input("input_ids"));
    Ports {
        input: input.expect("a segment takes x or input_ids"),
        positions: graph.input("position_ids"),
        types: graph.input("token_type_ids"),
        output: graph.output("y").expect("a segment gives y"),
    }
}

/// Mean loss of each window.
fn losses(
    model: &Checkpoint,
    windows: &Windows,
    last: &Activations,
) -> Result<Vec<f64>, NeuralError> {
    let mut session = Session::new(model.head()?.graph)?;
    let ports = ports(session.graph());
    let (tokens, width) = (windows.tokens, model.dims.width);
    let mut window = Tensor::zeros(vec![0]);
    let mut means = Vec::with_capacity(windows.count());
    for (at, ids) in windows.ids.chunks_exact(tokens).enumerate() {
        last.read(at, 1, &mut window).map_err(ExecError::Spill)?;
        let mut total = 0.0;
        for first in (0..tokens - 1).step_by(HEAD_TOKENS) {
            let count = HEAD_TOKENS.min(tokens - 1 - first);
            let rows = &window.as_f32()[first * width..(first + count) * width];
            let x = Tensor::f32(vec![1, count, width], rows.to_vec());
            let logits = session.run(&[(ports.input, &x)], &[ports.output], None)?.remove(0);
            let targets: Vec<u32> =
                ids[first + 1..=first + count].iter().map(|&id| id as u32).collect();
            let mut losses = vec![0.0; count];
            kernels::token_losses(logits.as_f32(), &targets, &mut losses);
            total += losses.iter().sum::<f64>();
            session.recycle(logits);
        }
        means.push(total / (tokens - 1) as f64);
    }
    Ok(means)
}
