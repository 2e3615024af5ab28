//! Tokens from a language model, one after the other, with cached keys and values.

use secateur_checkpoint::{BlockOptions, Checkpoint};
use secateur_exec::{Session, Weights};
use secateur_graph::{Graph, ValueId};
use secateur_tensor::Tensor;

use crate::error::NeuralError;
use crate::measure::perplexity::ports;
use crate::sample::likeliest;

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
            let session = Session::with(model.block(index, options)?.graph, Weights::AtRest)?;
            let cache = Cache::of(session.graph());
            let empty = || Tensor::zeros(vec![1, 0, kv]);
            Ok(CachedBlock { session, cache, key: empty(), value: empty() })
        };
        Ok(Self {
            embed: Session::new(model.embed()?.graph)?,
            blocks: (0..model.dims.layers).map(block).collect::<Result<_, NeuralError>>()?,
            head: Session::with(model.head()?.graph, Weights::AtRest)?,
            past: 0,
        })
    }

    /// Takes in tokens and gives the logits of the next one, `[vocabulary]`.
    ///
    /// # Errors
    /// [`NeuralError`] when the model cannot be run.
    pub fn advance(&mut self, ids: &[i64]) -> Result<Vec<f32>, NeuralError> {
        let count = ids.len();
        let ids = Tensor::i64(vec![1, count], ids.to_vec());
        let mut x = run(&mut self.embed, &ids, self.past)?;
        for block in &mut self.blocks {
            let past = [(block.cache.past[0], &block.key), (block.cache.past[1], &block.value)];
            let ports = ports(block.session.graph());
            let [key, value] = block.cache.present;
            let wanted = [ports.output, key, value];
            let results = ports.run(&mut block.session, &x, self.past, &past, &wanted, None)?;
            let mut results = results.into_iter();
            let mut next = || results.next().expect("as many results as were wanted");
            (x, block.key, block.value) = (next(), next(), next());
        }
        self.past += count;
        let width = x.shape()[2];
        let last = x.as_f32()[(count - 1) * width..].to_vec();
        let last = Tensor::f32(vec![1, 1, width], last);
        Ok(run(&mut self.head, &last, 0)?.into_f32())
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

/// The output of a segment for what begins at position `start`.
fn run(session: &mut Session, x: &Tensor, start: usize) -> Result<Tensor, NeuralError> {
    let ports = ports(session.graph());
    Ok(ports.run(session, x, start, &[], &[ports.output], None)?.remove(0))
}

/// Logits `[windows, tokens, vocabulary]` of token ids `[windows, tokens]`, without a cache.
///
/// # Errors
/// [`NeuralError`] when the model cannot be run, or is an encoder.
pub fn logits(model: &Checkpoint, ids: &[i64], tokens: usize) -> Result<Vec<f32>, NeuralError> {
    let mut head = Session::new(model.head()?.graph)?;
    let x = last_hidden(model, ids, tokens)?;
    Ok(run(&mut head, &x, 0)?.into_f32())
}

/// What the last block gives, `[windows, tokens, width]`, for token ids `[windows, tokens]`.
///
/// # Errors
/// [`NeuralError`] when the model cannot be run.
pub fn last_hidden(model: &Checkpoint, ids: &[i64], tokens: usize) -> Result<Tensor, NeuralError> {
    let ids = Tensor::i64(vec![ids.len() / tokens, tokens], ids.to_vec());
    let mut x = run(&mut Session::new(model.embed()?.graph)?, &ids, 0)?;
    for index in 0..model.dims.layers {
        let options = BlockOptions { positions: tokens, cache: false };
        x = run(&mut Session::new(model.block(index, options)?.graph)?, &x, 0)?;
    }
    Ok(x)
}
