//! What each channel is worth.
//!
//! A channel is a class of the coupling. A criterion scores the filters of every layer that
//! makes the channel (or the columns of every layer that reads it); the score of the channel is
//! the mean over these layers, each divided by its own mean, so that layers compare.

use std::ops::Range;

use rayon::prelude::*;
use secateur_core::Random;
use secateur_core::prune::Method;
use secateur_graph::ops::Op;
use secateur_graph::{Origin, Slot};

use super::error::NetworkError;
use super::model::{Layer, Model};
use super::observe::Moments;

/// A criterion for channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// Scale of the batch normalization.
    BnScale,
    /// Distance of a filter to all others of its layer.
    Fpgm,
    /// Sum of absolute weights.
    L1,
    /// Root of the sum of squared weights.
    L2,
    /// What a channel adds to the layers that read it; these are then fitted to what is left.
    LeastSquares,
    /// A number drawn for each channel.
    Random,
    /// Weights that read a channel times the norm of the channel on calibration images.
    Wanda,
}

impl Criterion {
    /// All, sorted by name.
    pub const ALL: [Self; 7] = [
        Self::BnScale,
        Self::Fpgm,
        Self::L1,
        Self::L2,
        Self::LeastSquares,
        Self::Random,
        Self::Wanda,
    ];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::BnScale => "bn-scale",
            Self::Fpgm => "fpgm",
            Self::L1 => "l1",
            Self::L2 => "l2",
            Self::LeastSquares => "least-squares",
            Self::Random => "random",
            Self::Wanda => "wanda",
        }
    }

    /// Whether calibration images are needed.
    pub fn needs_images(self) -> bool {
        matches!(self, Self::Wanda | Self::LeastSquares)
    }

    /// The criterion of a name.
    ///
    /// # Errors
    /// [`NetworkError::UnknownMethod`].
    pub fn find(name: &str) -> Result<Self, NetworkError> {
        Self::ALL.into_iter().find(|criterion| criterion.name() == name).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|criterion| criterion.name()).collect();
            let known = known.join(", ");
            NetworkError::UnknownMethod { name: name.to_owned(), granularity: "channels", known }
        })
    }
}

/// The methods for channels as the user sees them, sorted by name.
pub const METHODS: &[Method] = &[
    Method {
        name: "bn-scale",
        summary: "those with the smallest scale of batch normalization",
        page: include_str!("pages/bn_scale.md"),
    },
    Method {
        name: "fpgm",
        summary: "filters nearest to all others of their layer",
        page: include_str!("pages/fpgm.md"),
    },
    Method {
        name: "l1",
        summary: "filters with the smallest sum of absolute weights",
        page: include_str!("pages/l1.md"),
    },
    Method {
        name: "l2",
        summary: "filters with the smallest norm",
        page: include_str!("pages/l2.md"),
    },
    Method {
        name: "least-squares",
        summary: "those that matter least on images; what reads them is fitted anew",
        page: include_str!("pages/least_squares.md"),
    },
];

/// Scores of all classes of a model, larger means keep.
///
/// # Errors
/// [`NetworkError::Needs`] when a layer does not have what the criterion scores.
pub fn score(
    model: &Model,
    criterion: Criterion,
    moments: Option<&Moments>,
    seed: u64,
) -> Result<Vec<f32>, NetworkError> {
    let count = model.coupling.classes.len();
    match criterion {
        Criterion::Random => {
            let mut random = Random::new(seed);
            Ok((0..count).map(|_| random.uniform() as f32).collect())
        }
        Criterion::BnScale => scales(model),
        Criterion::L1 | Criterion::L2 | Criterion::Fpgm => {
            let of = |layer: &Layer| filters(model, layer, layer.out_axis, criterion);
            let mut parts: Vec<Vec<(usize, f64)>> = model.layers.par_iter().map(of).collect();
            // A channel that no layer makes is worth what the layers that read it make of it.
            let mut made = vec![false; count];
            parts.iter().flatten().for_each(|(class, _)| made[*class] = true);
            if made.contains(&false) {
                let of = |layer: &Layer| -> Vec<(usize, f64)> {
                    let mut read = if layer.groups == 1 {
                        filters(model, layer, layer.in_axis, criterion)
                    } else {
                        Vec::new()
                    };
                    read.retain(|(class, _)| !made[*class]);
                    read
                };
                let read: Vec<Vec<(usize, f64)>> = model.layers.par_iter().map(of).collect();
                parts.extend(read);
            }
            Ok(means(count, &parts))
        }
        Criterion::Wanda | Criterion::LeastSquares => {
            let moments = moments.ok_or_else(|| NetworkError::Needs {
                what: format!("method {}", criterion.name()),
                needs: "calibration images (--calibration FILE)".to_owned(),
            })?;
            let parts: Vec<Vec<(usize, f64)>> =
                model.layers.iter().map(|layer| read_by(model, layer, moments)).collect();
            Ok(means(count, &parts))
        }
    }
}

/// The mean over layers of what they give each class, each layer divided by its own mean.
fn means(count: usize, parts: &[Vec<(usize, f64)>]) -> Vec<f32> {
    let mut sums = vec![(0.0, 0_u32); count];
    for part in parts.iter().filter(|part| !part.is_empty()) {
        let mean = part.iter().map(|(_, value)| value).sum::<f64>() / part.len() as f64;
        let mean = if mean > 0.0 { mean } else { 1.0 };
        for (class, value) in part {
            sums[*class].0 += value / mean;
            sums[*class].1 += 1;
        }
    }
    sums.into_iter().map(|(sum, n)| (sum / f64::from(n.max(1))) as f32).collect()
}

/// Where the values of an index of an axis lie in a layer's weight.
fn runs(layer: &Layer, axis: usize, index: usize) -> impl Iterator<Item = Range<usize>> {
    let outer: usize = layer.shape[..axis].iter().product();
    let inner: usize = layer.shape[axis + 1..].iter().product();
    let size = layer.shape[axis];
    (0..outer).map(move |row| (row * size + index) * inner).map(move |at| at..at + inner)
}

/// The values of an index of an axis of a layer's weight.
pub(super) fn slices(layer: &Layer, weight: &[f32], axis: usize, index: usize) -> Vec<f32> {
    let mut slice = Vec::new();
    runs(layer, axis, index).for_each(|run| slice.extend_from_slice(&weight[run]));
    slice
}

/// The weight of a layer as f32.
pub(super) fn values(model: &Model, layer: &Layer) -> Vec<f32> {
    match &model.graph().value(layer.weight).origin {
        Origin::Weight(stored) => stored.to_f32().unwrap_or_default(),
        Origin::Constant(_) | Origin::Input | Origin::Node(_) => Vec::new(),
    }
}

/// The filters of each class on an axis of a layer's weight: `(class, indices)`.
pub(super) fn on_axis(model: &Model, layer: &Layer, axis: usize) -> Vec<(usize, Vec<usize>)> {
    let (node, input) = layer.read;
    let Some(place) = model.coupling.place(node, Slot::In(input)) else { return Vec::new() };
    group_by_class(model, place, axis, layer.shape[axis])
}

fn group_by_class(model: &Model, place: u32, axis: usize, size: usize) -> Vec<(usize, Vec<usize>)> {
    let mut found: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut at = vec![usize::MAX; model.coupling.classes.len()];
    for index in 0..size {
        if let Some(class) = model.coupling.class(place, axis as u32, index) {
            if at[class] == usize::MAX {
                at[class] = found.len();
                found.push((class, Vec::new()));
            }
            found[at[class]].1.push(index);
        }
    }
    found
}

/// Norms or distances of the slices of a layer's weight along an axis, for the classes on it.
fn filters(model: &Model, layer: &Layer, axis: usize, criterion: Criterion) -> Vec<(usize, f64)> {
    let classes = on_axis(model, layer, axis);
    if classes.is_empty() {
        return Vec::new();
    }
    let weight = values(model, layer);
    let sum = |indices: &[usize], of: fn(&[f32]) -> f64| -> f64 {
        indices.iter().flat_map(|&at| runs(layer, axis, at)).map(|run| of(&weight[run])).sum()
    };
    let scores: Vec<f64> = match criterion {
        Criterion::L1 => classes.iter().map(|(_, indices)| sum(indices, sizes)).collect(),
        Criterion::Fpgm => {
            let filter = |(_, indices): &(usize, Vec<usize>)| -> Vec<f32> {
                indices.iter().flat_map(|&at| slices(layer, &weight, axis, at)).collect()
            };
            let filters: Vec<Vec<f32>> = classes.iter().map(filter).collect();
            filters.iter().map(|a| filters.iter().map(|b| distance(a, b)).sum()).collect()
        }
        _ => classes.iter().map(|(_, indices)| sum(indices, squares).sqrt()).collect(),
    };
    classes.iter().map(|(class, _)| *class).zip(scores).collect()
}

/// Root of the sum of squares.
pub fn norm(values: &[f32]) -> f64 {
    squares(values).sqrt()
}

fn squares(values: &[f32]) -> f64 {
    in_lanes(values, |v| v * v)
}

fn sizes(values: &[f32]) -> f64 {
    in_lanes(values, f64::abs)
}

/// A sum in lanes, which the compiler turns into vectors.
fn in_lanes(values: &[f32], of: impl Fn(f64) -> f64) -> f64 {
    let (lanes, rest) = values.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for values in lanes {
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += of(f64::from(*value));
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(|value| of(f64::from(*value))).sum::<f64>()
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let square = |(a, b): (&f32, &f32)| f64::from(a - b) * f64::from(a - b);
    a.iter().zip(b).map(square).sum::<f64>().sqrt()
}

/// What a layer reads of each class: sizes of its weights times the norm of the channel.
fn read_by(model: &Model, layer: &Layer, moments: &Moments) -> Vec<(usize, f64)> {
    let Some(norms) = moments.norms(layer.node) else { return Vec::new() };
    if layer.groups != 1 {
        return Vec::new();
    }
    let classes = on_axis(model, layer, layer.in_axis);
    let weight = values(model, layer);
    let of = |index: &usize| {
        let size: f64 =
            slices(layer, &weight, layer.in_axis, *index).iter().map(|v| f64::from(v.abs())).sum();
        size * norms[*index]
    };
    classes.iter().map(|(class, indices)| (*class, indices.iter().map(of).sum())).collect()
}

/// Sizes of the scales of batch normalization, for the classes that they scale.
fn scales(model: &Model) -> Result<Vec<f32>, NetworkError> {
    let mut sums = vec![(0.0, 0_u32); model.coupling.classes.len()];
    for (id, node) in model.graph().numbered_nodes() {
        let (Op::BatchNormalization(_), Some(Some(scale))) = (&node.op, node.inputs.get(1)) else {
            continue;
        };
        let (Origin::Weight(stored), Some(place)) =
            (&model.graph().value(*scale).origin, model.coupling.place(id, Slot::In(1)))
        else {
            continue;
        };
        let scale = stored.to_f32().unwrap_or_default();
        for (class, indices) in group_by_class(model, place, 0, scale.len()) {
            for index in indices {
                sums[class].0 += f64::from(scale[index].abs());
                sums[class].1 += 1;
            }
        }
    }
    if sums.iter().all(|(_, n)| *n == 0) && !sums.is_empty() {
        return Err(NetworkError::Needs {
            what: "method bn-scale".to_owned(),
            needs: "batch normalization in the network; it may be folded into the convolutions (use l2)".to_owned(),
        });
    }
    // Channels without a scale are kept before all others.
    let of =
        |(sum, n): (f64, u32)| if n == 0 { f32::INFINITY } else { (sum / f64::from(n)) as f32 };
    Ok(sums.into_iter().map(of).collect())
}
