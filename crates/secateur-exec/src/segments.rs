//! All windows through one segment.

use secateur_graph::ValueId;
use secateur_tensor::Tensor;

use crate::activations::Activations;
use crate::observe::Observer;
use crate::session::{ExecError, Session};

/// Tokens that go through a segment at a time, at least one window. Fixed, so that results do
/// not depend on memory or threads.
pub const BATCH_TOKENS: usize = 1024;

/// Where a segment's windows come from.
#[derive(Clone, Copy, Debug)]
pub enum Feed<'a> {
    /// Token ids `[windows, tokens]`.
    Ids {
        /// The ids, window by window.
        ids: &'a [i64],
        /// Tokens of a window.
        tokens: usize,
    },
    /// The activations before the segment.
    Activations(&'a Activations),
}

/// The values of a segment's graph that a feed connects.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Ids or activations.
    pub input: ValueId,
    /// Positions `[batch, sequence]`, when the segment asks for them.
    pub positions: Option<ValueId>,
    /// Token types `[batch, sequence]`, all zero, when the segment asks for them.
    pub types: Option<ValueId>,
    /// What comes out.
    pub output: ValueId,
}

impl Ports {
    /// Runs the segment on ids or activations `[batch, sequence, ..]` whose first position is
    /// `start`, with `more` inputs, and gives the wanted values.
    ///
    /// # Errors
    /// [`ExecError`] of the run.
    pub fn run(
        self,
        session: &mut Session,
        x: &Tensor,
        start: usize,
        more: &[(ValueId, &Tensor)],
        wanted: &[ValueId],
        observer: Option<&mut dyn Observer>,
    ) -> Result<Vec<Tensor>, ExecError> {
        let (batch, sequence) = (x.shape()[0], x.shape()[1]);
        let positions = positions(batch, sequence, start);
        let types = Tensor::i64(vec![batch, sequence], vec![0; batch * sequence]);
        let mut inputs = vec![(self.input, x)];
        inputs.extend(self.positions.map(|id| (id, &positions)));
        inputs.extend(self.types.map(|id| (id, &types)));
        inputs.extend_from_slice(more);
        session.run(&inputs, wanted, observer)
    }
}

impl Feed<'_> {
    /// Windows, and tokens of a window.
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Self::Ids { ids, tokens } => (ids.len() / tokens, *tokens),
            Self::Activations(a) => (a.windows, a.tokens),
        }
    }

    fn batch(&self, first: usize, count: usize) -> Result<Tensor, ExecError> {
        match self {
            Self::Ids { ids, tokens } => {
                let ids = ids[first * tokens..(first + count) * tokens].to_vec();
                Ok(Tensor::i64(vec![count, *tokens], ids))
            }
            Self::Activations(activations) => {
                let mut x = Tensor::zeros(vec![0]);
                activations.read(first, count, &mut x)?;
                Ok(x)
            }
        }
    }
}

/// Shows the observer all windows at the nodes it wants; only what these need is computed.
///
/// # Errors
/// [`ExecError`] of a run or of spilled activations.
pub fn observe(
    session: &mut Session,
    ports: Ports,
    from: Feed<'_>,
    observer: &mut dyn Observer,
) -> Result<(), ExecError> {
    let (windows, tokens) = from.shape();
    for (first, count) in batches(windows, tokens) {
        let input = from.batch(first, count)?;
        ports.run(session, &input, 0, &[], &[], Some(&mut *observer))?;
    }
    Ok(())
}

/// Feeds all windows through a segment into activations; see [`advance`] for blocks.
///
/// # Errors
/// [`ExecError`] of a run or of spilled activations.
pub fn feed(
    session: &mut Session,
    ports: Ports,
    from: Feed<'_>,
    to: &mut Activations,
) -> Result<(), ExecError> {
    let (windows, tokens) = from.shape();
    for (first, count) in batches(windows, tokens) {
        let input = from.batch(first, count)?;
        let y = ports.run(session, &input, 0, &[], &[ports.output], None)?.remove(0);
        to.write(first, &y)?;
        session.recycle(y);
    }
    Ok(())
}

/// Replaces the activations before a segment by those after it, batch by batch; an observer
/// sees the nodes it wants on the way.
///
/// # Errors
/// [`ExecError`] of a run or of spilled activations.
pub fn advance(
    session: &mut Session,
    ports: Ports,
    activations: &mut Activations,
    mut observer: Option<&mut dyn Observer>,
) -> Result<(), ExecError> {
    let tokens = activations.tokens;
    let mut x = Tensor::zeros(vec![0]);
    for (first, count) in batches(activations.windows, tokens) {
        activations.read(first, count, &mut x)?;
        let seen = observer.as_mut().map(|observer| &mut **observer as &mut dyn Observer);
        let y = ports.run(session, &x, 0, &[], &[ports.output], seen)?.remove(0);
        activations.write(first, &y)?;
        session.recycle(y);
    }
    Ok(())
}

/// First window and number of windows of each batch.
fn batches(windows: usize, tokens: usize) -> impl Iterator<Item = (usize, usize)> {
    let batch = (BATCH_TOKENS / tokens).max(1);
    (0..windows).step_by(batch).map(move |first| (first, batch.min(windows - first)))
}

/// Positions `start, start + 1, ..` of each sequence, `[batch, sequence]`.
fn positions(batch: usize, sequence: usize, start: usize) -> Tensor {
    let one = (start..start + sequence).map(|p| p as i64);
    let all = std::iter::repeat_n(one, batch).flatten().collect();
    Tensor::i64(vec![batch, sequence], all)
}
