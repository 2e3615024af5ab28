//! Tokens from a language model, one after the other, with cached keys and values.

use secateur_checkpoint::{BlockOptions, Checkpoint};
use secateur_exec::segments::positions;
use secateur_exec::{Ports, Session};
use secateur_graph::{Graph, ValueId};
use secateur_tensor::Tensor;

use crate::error::NeuralError;
use crate::measure::perplexity::ports;

/// A model that goes on with a sequence.
#[derive(Debug)]
pub struct Generator {
    embed: Session,
    blocks: Vec<CachedBlock>,
    head: Session,
    /// Tokens that are in the cache.
    past: usize,
}

#[derive(Debug)]
struct CachedBlock {
    session: Session,
    cache: Cache,
    key: Tensor,
    value: Tensor,
}

/// The values of a block's graph that carry the cache.
#[derive(Clone, Copy, Debug)]
struct Cache {
    past: [ValueId; 2],
    present: [ValueId; 2],
}

impl Cache {
    fn of(graph: &Graph) -> Self {
        let input = |name| graph.input(name).expect("a block with a cache takes it");
        let output = |name| graph.output(name).expect("a block with a cache gives it");
        Self {
            past: [input("past_key"), input("past_value")],
            present: [output("present_key"), output("present_value")],
        }
    }
}

impl Generator {
    /// Loads a model for sequences of up to `length` tokens.
    ///
    /// # Errors
    /// [`NeuralError`] when the model cannot be loaded.
    pub fn new(model: &Checkpoint, length: usize) -> Result<Self, NeuralError> {
        let options = BlockOptions { positions: length, cache: true };
        let kv = model.dims.heads.kv * model.dims.heads.width;
        let block = |index| {
            let session = Session::new(model.block(index, options)?.graph)?;
            let cache = Cache::of(session.graph());
            let empty = || Tensor::zeros(vec![1, 0, kv]);
            Ok(CachedBlock { session, cache, key: empty(), value: empty() })
        };
        Ok(Self {
            embed: Session::new(model.embed()?.graph)?,
            blocks: (0..model.dims.layers).map(block).collect::<Result<_, NeuralError>>()?,
            head: Session::new(model.head()?.graph)?,
            past: 0,
        })
    }

    /// Takes in tokens and gives the logits of the next one, `[vocabulary]`.
    ///
    /// # Errors
    /// [`NeuralError`] when the model cannot be run.
    pub fn advance(&mut self, ids: &[i64]) -> Result<Vec<f32>, NeuralError> {
        let count = ids.len();
        let at = positions(1, count, self.past);
        let ids = Tensor::i64(vec![1, count], ids.to_vec());
        let mut x = run(&mut self.embed, &[], &ids, None)?;
        for block in &mut self.blocks {
            let past = [(block.cache.past[0], &block.key), (block.cache.past[1], &block.value)];
            let Ports { input, positions, output } = ports(block.session.graph());
            let mut inputs = vec![(input, &x)];
            inputs.extend(positions.map(|id| (id, &at)));
            inputs.extend(past);
            let [key, value] = block.cache.present;
            let mut results = block.session.run(&inputs, &[output, key, value], None)?.into_iter();
            let mut next = || results.next().expect("as many results as were wanted");
            (x, block.key, block.value) = (next(), next(), next());
        }
        self.past += count;
        let width = x.shape()[2];
        let last = x.as_f32()[(count - 1) * width..].to_vec();
        let last = Tensor::f32(vec![1, 1, width], last);
        Ok(run(&mut self.head, &[], &last, None)?.into_f32())
    }

    /// The tokens that follow `prompt` when the likeliest is taken each time.
    ///
    /// # Errors
    /// [`NeuralError`] when the model cannot be run.
    pub fn greedy(&mut self, prompt: &[i64], count: usize) -> Result<Vec<i64>, NeuralError> {
        let mut logits = self.advance(prompt)?;
        let mut tokens = Vec::with_capacity(count);
        for step in 0..count {
            let best = likeliest(&logits);
            tokens.push(best);
            if step + 1 < count {
                logits = self.advance(&[best])?;
            }
        }
        Ok(tokens)
    }
}

fn run(
    session: &mut Session,
    more: &[(ValueId, &Tensor)],
    x: &Tensor,
    at: Option<&Tensor>,
) -> Result<Tensor, NeuralError> {
    let ports = ports(session.graph());
    let mut inputs = vec![(ports.input, x)];
    inputs.extend(ports.positions.zip(at));
    inputs.extend_from_slice(more);
    Ok(session.run(&inputs, &[ports.output], None)?.remove(0))
}

/// The first of the largest values.
fn likeliest(logits: &[f32]) -> i64 {
    let mut best = 0;
    for (at, value) in logits.iter().enumerate() {
        if *value > logits[best] {
            best = at;
        }
    }
    best as i64
}

/// Logits `[windows, tokens, vocabulary]` of token ids `[windows, tokens]`, without a cache.
///
/// # Errors
/// [`NeuralError`] when the model cannot be run.
pub fn logits(model: &Checkpoint, ids: &[i64], tokens: usize) -> Result<Vec<f32>, NeuralError> {
    let count = ids.len() / tokens;
    let at = positions(count, tokens, 0);
    let ids = Tensor::i64(vec![count, tokens], ids.to_vec());
    let mut x = run(&mut Session::new(model.embed()?.graph)?, &[], &ids, None)?;
    for index in 0..model.dims.layers {
        let options = BlockOptions { positions: tokens, cache: false };
        let mut session = Session::new(model.block(index, options)?.graph)?;
        x = run(&mut session, &[], &x, Some(&at))?;
    }
    Ok(run(&mut Session::new(model.head()?.graph)?, &[], &x, None)?.into_f32())
}
