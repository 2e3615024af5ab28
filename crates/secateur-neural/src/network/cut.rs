//! A network without some of its channels: made smaller, proven, healed.

use std::collections::HashMap;

use secateur_core::recipe::Absorb;
use secateur_graph::{Fact, Graph};

use super::absorb::{Absorbed, absorb};
use super::error::NetworkError;
use super::images::Images;
use super::model::Model;
use super::oracle::{self, Constants};
use super::recalibrate::recalibrate;
use super::reconstruct::reconstruct;
use super::score::Criterion;

/// A smaller network and how it was proven.
#[derive(Debug)]
pub struct Smaller {
    /// The network.
    pub graph: Graph,
    /// What is known of its values.
    pub facts: Vec<Option<Fact>>,
    /// That it computes what the masked original computes.
    pub proof: Proof,
}

/// How near a smaller network comes to the masked original.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// Largest difference of an output as a share of its largest value; none when the network
    /// cannot be run.
    pub difference: Option<f64>,
    /// Why only shapes were checked.
    pub why: Option<String>,
    /// Layers that took constants of cut channels.
    pub absorbed: usize,
    /// Where constants go on into the padding of a layer: the difference from a masked original
    /// whose padding stays zero.
    pub border: Option<f64>,
}

/// Cuts classes (`false` in `keep`) out of a network and proves the result.
///
/// # Errors
/// [`NetworkError::Shrink`] when a node cannot follow, [`NetworkError::Oracle`] when the result
/// computes something else.
pub fn cut(model: &Model, keep: &[bool], how: Absorb) -> Result<Smaller, NetworkError> {
    let fail = |error| NetworkError::Shrink { path: model.path.clone(), error };
    let (graph, facts) = model.coupling.shrink(model.graph(), &model.facts, keep).map_err(fail)?;
    let found = match oracle::outputs(model, &graph, &facts, None) {
        Ok(found) => found,
        // A network that cannot be run is proven by the shapes alone.
        Err(NetworkError::Runner { error, .. }) => {
            let why = Some(format!("the cut was checked by shapes only, since {error}"));
            return Ok(Smaller { graph, facts, proof: Proof { why, ..Proof::default() } });
        }
        Err(error) => return Err(error),
    };
    if let Some(Absorbed { graph, facts, constants, layers }) =
        absorb(model, &graph, &facts, keep, how)?
    {
        let found = oracle::outputs(model, &graph, &facts, None)?;
        match oracle::check(model, &found, keep, &constants, oracle::TOLERANCE) {
            Ok(difference) => {
                let border = if constants.border.is_empty() {
                    None
                } else {
                    let within = Constants { border: HashMap::new(), ..constants };
                    Some(oracle::check(model, &found, keep, &within, f64::INFINITY)?)
                };
                let difference = Some(difference);
                let proof = Proof { difference, why: None, absorbed: layers, border };
                return Ok(Smaller { graph, facts, proof });
            }
            // Something on the way does not pass constants on as they are; they stay zero.
            Err(NetworkError::Oracle { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let zero = Constants::default();
    let difference = oracle::check(model, &found, keep, &zero, oracle::TOLERANCE)?;
    let proof = Proof { difference: Some(difference), ..Proof::default() };
    Ok(Smaller { graph, facts, proof })
}

/// Makes what is left of a network fit again: statistics of batch normalization are taken anew,
/// and by least squares weights are fitted. Says how many layers were fitted.
///
/// # Errors
/// [`NetworkError`] when a network cannot be run.
pub fn recover(
    model: &Model,
    graph: &Graph,
    keep: &[bool],
    criterion: Criterion,
    images: &Images,
    progress: impl FnMut(&str),
) -> Result<(Graph, usize), NetworkError> {
    if criterion == Criterion::LeastSquares {
        return reconstruct(model, graph, keep, images, progress);
    }
    Ok((recalibrate(model, graph, images)?.0, 0))
}
