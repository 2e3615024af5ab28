//! One block at work.

use secateur_checkpoint::{BlockOptions, Linear};
use secateur_core::recipe::Precision;
use secateur_exec::segments::{advance, observe};
use secateur_exec::{Activations, Feed, Session, Weights};
use secateur_graph::{Graph, Origin};
use secateur_tensor::{Bytes, DType, Stored, Tensor, convert};

use super::evidence::Squares;
use super::{Work, shape_of};
use crate::error::NeuralError;
use crate::measure::perplexity::ports;

/// What a block keeps of its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// Values that are computed with.
    F32,
    /// The same in half the memory, decoded as they are multiplied.
    Bf16,
    /// Nothing: the block never runs.
    Nothing,
}

/// A block at work.
pub(super) struct Block {
    index: usize,
    kept: Kept,
    pub(super) session: Session,
    pub(super) linears: Vec<Linear>,
}

impl Block {
    /// Opens block `index` of the model.
    pub(super) fn open(work: &Work<'_>, index: usize) -> Result<Self, NeuralError> {
        let options = BlockOptions { positions: work.tokens(), cache: false };
        let segment = work.model.block(index, options)?;
        let kept = match work.recipe.precision {
            _ if work.calibration.is_none() => Kept::Nothing,
            Precision::F32 => Kept::F32,
            Precision::Bf16 => Kept::Bf16,
        };
        let weights = match kept {
            Kept::F32 => Weights::AtWork,
            Kept::Bf16 | Kept::Nothing => Weights::AtRest,
        };
        let session = Session::with(segment.graph, weights)?;
        let mut block = Self { index, kept, session, linears: segment.linears };
        if kept == Kept::Bf16 {
            for at in 0..block.linears.len() {
                let id = block.linears[at].weight;
                if stored(block.session.graph(), id).dtype().block() != (1, 2) {
                    let exact = block.take(at);
                    block.put(at, exact);
                }
            }
        }
        Ok(block)
    }

    /// The weight of layer `at` as its file has it, where nothing needs it once it is pruned.
    pub(super) fn at_rest(&self, at: usize) -> Option<&Stored> {
        let weight = || stored(self.session.graph(), self.linears[at].weight);
        (self.kept == Kept::Nothing).then(weight)
    }

    /// The exact weight `[out, inner]` of layer `at`, to be put back.
    pub(super) fn take(&mut self, at: usize) -> Vec<f32> {
        let id = self.linears[at].weight;
        match self.kept {
            Kept::F32 => self.session.weight_mut(id).take_f32(),
            Kept::Bf16 | Kept::Nothing => {
                stored(self.session.graph(), id).to_f32().expect("the session has checked its type")
            }
        }
    }

    /// Works with another weight from now on.
    pub(super) fn put(&mut self, at: usize, weight: Vec<f32>) {
        let id = self.linears[at].weight;
        let shape = shape_of(self.session.graph(), &self.linears[at]);
        let tensor = self.session.weight_mut(id);
        match self.kept {
            Kept::F32 => tensor.put_f32(weight),
            Kept::Nothing => {}
            Kept::Bf16 => {
                let bytes = Bytes::owned(convert::encode(DType::BF16, &weight));
                let stored = Stored::new(DType::BF16, shape.to_vec(), bytes);
                *tensor = Tensor::stored(stored.expect("bytes of this shape"));
            }
        }
    }

    /// Shows all windows to the evidence.
    pub(super) fn observe(
        &mut self,
        work: &Work<'_>,
        from: &Activations,
        evidence: &mut Squares,
    ) -> Result<(), NeuralError> {
        evidence.windows = from.windows;
        let ports = ports(self.session.graph());
        observe(&mut self.session, ports, Feed::Activations(from), evidence)?;
        self.check(work, evidence)
    }

    /// Sends all windows through, and shows them to the evidence on the way if there is any.
    pub(super) fn advance(
        &mut self,
        work: &Work<'_>,
        activations: &mut Activations,
        evidence: Option<&mut Squares>,
    ) -> Result<(), NeuralError> {
        let ports = ports(self.session.graph());
        let Some(evidence) = evidence else {
            return Ok(advance(&mut self.session, ports, activations, None)?);
        };
        evidence.windows = activations.windows;
        advance(&mut self.session, ports, activations, Some(&mut *evidence))?;
        self.check(work, evidence)
    }

    fn check(&self, work: &Work<'_>, evidence: &Squares) -> Result<(), NeuralError> {
        if evidence.is_finite() {
            return Ok(());
        }
        Err(NeuralError::NotFinite { path: work.model.path.clone(), block: self.index })
    }
}

fn stored(graph: &Graph, id: secateur_graph::ValueId) -> &Stored {
    match &graph.value(id).origin {
        Origin::Weight(stored) => stored,
        Origin::Constant(_) | Origin::Input | Origin::Node(_) => {
            unreachable!("a linear layer has a weight")
        }
    }
}
