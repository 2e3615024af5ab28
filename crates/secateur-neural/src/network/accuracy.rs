//! How many images are recognized.

use secateur_core::interval::wilson;
use secateur_graph::Graph;
use serde::Serialize;

use super::error::NetworkError;
use super::images::Images;
use super::model::Model;
use super::observe::through;

/// How many images are recognized.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Accuracy {
    /// Images.
    pub images: usize,
    /// Share whose class has the largest output.
    pub top1: f64,
    /// Its 95 % interval (Wilson).
    pub top1_interval: [f64; 2],
    /// Share whose class is among the five largest outputs; absent for fewer than six classes.
    pub top5: Option<f64>,
    /// Number of classes.
    pub classes: usize,
    /// For each class the share of its images that were recognized; absent for classes without.
    pub recall: Vec<Option<f64>>,
    /// `[class][recognized as]`, for at most 50 classes.
    pub confusion: Option<Vec<Vec<u64>>>,
}

/// Classes up to which a confusion matrix is kept.
const CONFUSION_MAX: usize = 50;

/// Runs a graph of a model (its own, or one with the same inputs and outputs) on images.
///
/// # Errors
/// [`NetworkError`] when the network cannot be run, or its output is no list of classes.
pub fn accuracy(model: &Model, graph: &Graph, images: &Images) -> Result<Accuracy, NetworkError> {
    let (mut hits, mut hits5, mut seen) = (0_u64, 0_u64, 0_usize);
    let mut classes = 0;
    let mut per_class: Vec<[u64; 2]> = Vec::new();
    let mut confusion: Vec<Vec<u64>> = Vec::new();
    let mut each = |first: usize, logits: &secateur_tensor::Tensor| -> Result<(), NetworkError> {
        let rows = logits.shape()[0];
        let width = logits.len() / rows.max(1);
        let largest = images.labels.iter().max().copied().unwrap_or(0);
        if largest >= width {
            return Err(NetworkError::Images {
                path: images.path.clone(),
                reason: format!(
                    "an image has class {largest}, the network tells {width} classes apart"
                ),
                hint: "labels count from 0; these images are not what the network was trained on",
            });
        }
        classes = width;
        per_class.resize(width, [0, 0]);
        if width <= CONFUSION_MAX {
            confusion.resize(width, vec![0; width]);
        }
        for (at, row) in logits.as_f32().chunks_exact(width).enumerate() {
            let label = images.labels[first + at];
            let above = row.iter().filter(|v| **v > row[label]).count();
            let before = row[..label].iter().filter(|v| **v == row[label]).count();
            let rank = if row[label].is_nan() { width } else { above + before };
            let best = (0..width).fold(0, |best, c| if row[c] > row[best] { c } else { best });
            hits += u64::from(rank == 0);
            hits5 += u64::from(rank < 5);
            per_class[label][0] += u64::from(rank == 0);
            per_class[label][1] += 1;
            if width <= CONFUSION_MAX {
                confusion[label][best] += 1;
            }
            seen += 1;
        }
        Ok(())
    };
    through(model, graph, images, &[], |_, _| {}, &mut each)?;
    let share = |hits: u64| hits as f64 / seen.max(1) as f64;
    Ok(Accuracy {
        images: seen,
        top1: share(hits),
        top1_interval: wilson(hits, seen as u64),
        top5: (classes > 5).then(|| share(hits5)),
        classes,
        recall: per_class
            .iter()
            .map(|[hits, all]| (*all > 0).then(|| *hits as f64 / *all as f64))
            .collect(),
        confusion: (!confusion.is_empty()).then_some(confusion),
    })
}
