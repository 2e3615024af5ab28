//! What differs between two networks.

use std::collections::HashMap;

use secateur_graph::Origin;
use serde::Serialize;

use super::model::{Costs, Model};

/// What differs between two networks.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// Multiply-accumulates of both.
    pub macs: [u64; 2],
    /// Parameters of both.
    pub parameters: [u64; 2],
    /// Bytes of the constants of both.
    pub bytes: [u64; 2],
    /// Nodes of both.
    pub nodes: [usize; 2],
    /// Layers that are in both, or in one.
    pub layers: Vec<LayerDifference>,
    /// Constants that are the same bytes in both.
    pub same: usize,
    /// Constants that are in both with other values or another shape.
    pub changed: usize,
    /// Names of constants that are in the first only.
    pub gone: Vec<String>,
    /// Names of constants that are in the second only.
    pub new: Vec<String>,
}

/// A layer in two networks.
#[derive(Clone, Debug, Serialize)]
pub struct LayerDifference {
    /// Name.
    pub name: String,
    /// Dimensions of the weight in both.
    pub shapes: [Option<Vec<usize>>; 2],
    /// Multiply-accumulates in both.
    pub macs: [u64; 2],
    /// Share of zeros in both.
    pub zeros: [f64; 2],
}

/// Compares two models by the names of their layers and constants.
pub fn compare(a: &Model, b: &Model) -> Difference {
    let pair = |of: fn(&Costs) -> u64| [of(&a.costs(None)), of(&b.costs(None))];
    let zeros = |model: &Model, layer: &super::model::Layer| {
        let values = super::score::values(model, layer);
        values.iter().filter(|v| **v == 0.0).count() as f64 / values.len().max(1) as f64
    };
    let mut layers: Vec<LayerDifference> = Vec::new();
    for layer in &a.layers {
        let other = b.layers.iter().find(|l| l.name == layer.name);
        layers.push(LayerDifference {
            name: layer.name.clone(),
            shapes: [Some(layer.shape.clone()), other.map(|l| l.shape.clone())],
            macs: [layer.macs, other.map_or(0, |l| l.macs)],
            zeros: [zeros(a, layer), other.map_or(0.0, |l| zeros(b, l))],
        });
    }
    for layer in &b.layers {
        if !a.layers.iter().any(|l| l.name == layer.name) {
            layers.push(LayerDifference {
                name: layer.name.clone(),
                shapes: [None, Some(layer.shape.clone())],
                macs: [0, layer.macs],
                zeros: [0.0, zeros(b, layer)],
            });
        }
    }
    let constants = |model: &Model| -> HashMap<String, Vec<u8>> {
        let weights = model.graph().values().iter().filter_map(|value| match &value.origin {
            Origin::Weight(stored) => {
                let shape = stored.shape().iter().flat_map(|n| n.to_le_bytes());
                let bytes: Vec<u8> = shape.chain(stored.bytes().iter().copied()).collect();
                Some((value.name.clone(), bytes))
            }
            Origin::Constant(_) | Origin::Input | Origin::Node(_) => None,
        });
        weights.collect()
    };
    let (left, right) = (constants(a), constants(b));
    let both = left.iter().filter_map(|(name, x)| Some((x, right.get(name)?)));
    let (same, changed) =
        both.fold(
            (0, 0),
            |(same, other), (x, y)| if x == y { (same + 1, other) } else { (same, other + 1) },
        );
    let only = |a: &HashMap<String, Vec<u8>>, b: &HashMap<String, Vec<u8>>| {
        let mut names: Vec<String> =
            a.keys().filter(|name| !b.contains_key(*name)).cloned().collect();
        names.sort();
        names
    };
    Difference {
        macs: pair(|costs| costs.macs),
        parameters: pair(|costs| costs.parameters),
        bytes: pair(|costs| costs.bytes),
        nodes: [a.graph().nodes().len(), b.graph().nodes().len()],
        layers,
        same,
        changed,
        gone: only(&left, &right),
        new: only(&right, &left),
    }
}
