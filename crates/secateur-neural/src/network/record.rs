//! What a run did, as a record.

use secateur_core::Budget;
use secateur_core::figure::{Figure, Points, Series};
use secateur_core::record::{self, Change, Cost, Measured, Named, Quality, Record, Run};
use secateur_graph::{Origin, ValueId};
use secateur_tensor::Stored;
use secateur_tensor::kernels::isa;

use super::accuracy::Accuracy;
use super::images::Images;
use super::inspect::frozen_output;
use super::model::{Costs, Layer, Model};
use super::netscore::{CONVENTION, netscore};
use super::oracle;
use super::plan::Part;
use super::run::{Done, Finished};
use crate::family::VERSION;

/// The record of a finished run; `small` is the network as it was written.
pub(super) fn record(
    finished: &Finished<'_>,
    small: &Model,
    qualities: Option<&(Accuracy, Accuracy)>,
    times: Option<[f64; 2]>,
) -> Record {
    let Finished { model, done, recipe, job, .. } = finished;
    let cost = |model: &Model, seconds| {
        let Costs { macs, parameters, bytes } = model.costs(None);
        Cost { parameters, nonzeros: nonzeros(model), bytes, operations: macs, seconds }
    };
    let mut warnings = model.network.document.warnings.clone();
    warnings.extend(done.warnings.iter().cloned());
    if let Budget::NofM { keep, of } = recipe.budget
        && done.keep.is_none()
    {
        warnings.push(format!(
            "{keep}:{of} holds along the rows of each weight as stored: kernel places of one \
             input channel are neighbors, so hardware that skips zeros along channels gains \
             nothing from convolutions larger than 1 x 1"
        ));
    }
    Record {
        format: record::FORMAT,
        run: Run {
            command: job.command.clone(),
            version: VERSION.to_owned(),
            recipe: (*recipe).clone(),
            inputs: finished.inputs.to_vec(),
            instruction_set: isa::level().to_owned(),
            threads: rayon::current_num_threads(),
            model: summary(model),
            seconds: Some(finished.clock.elapsed().as_secs_f64()),
            peak_memory_bytes: crate::family::peak_memory(),
        },
        groups: done.groups.clone(),
        cost: record::Costs::Network(Change {
            before: cost(model, times.map(|t| t[0])),
            after: cost(small, times.map(|t| t[1])),
        }),
        quality: qualities.map_or(Vec::new(), |(a, b)| quality(finished, small, [a, b])),
        warnings,
        figures: figures(finished, small, qualities),
    }
}

/// One line on a network.
pub(super) fn summary(model: &Model) -> String {
    let proto = &model.network.document.model;
    let graph = proto.graph.as_ref().map_or("", |graph| graph.name());
    format!(
        "ONNX network {graph}, opset {}, {} nodes, {} layers with weights",
        model.network.document.opset(),
        model.graph().nodes().len(),
        model.layers.len()
    )
}

fn weight_of(model: &Model, id: ValueId) -> Option<&Stored> {
    match &model.graph().value(id).origin {
        Origin::Weight(stored) => Some(stored),
        Origin::Constant(_) | Origin::Input | Origin::Node(_) => None,
    }
}

/// Values other than zero of what counts as parameters.
fn nonzeros(model: &Model) -> u64 {
    let of = |id| weight_of(model, id).map_or(0, crate::family::count_nonzeros);
    model.parameters(None).into_iter().map(|(id, _)| of(id)).sum()
}

/// Multiply-accumulates whose weight is not zero.
fn effective_macs(model: &Model, all: u64) -> u64 {
    let zeros = |layer: &Layer| {
        let weight = weight_of(model, layer.weight);
        let of = |stored: &Stored| {
            1.0 - crate::family::count_nonzeros(stored) as f64 / stored.len().max(1) as f64
        };
        layer.macs as f64 * weight.map_or(0.0, of)
    };
    all.saturating_sub(model.layers.iter().map(zeros).sum::<f64>() as u64)
}

fn quality(
    finished: &Finished<'_>,
    small: &Model,
    [before, after]: [&Accuracy; 2],
) -> Vec<Quality> {
    let protocol = finished.evaluation.map_or(Vec::new(), Images::protocol);
    let row = |metric: &str, protocol: &[(String, String)], values: [Option<Measured>; 2]| {
        let [before, after] = values;
        let (metric, protocol) = (metric.to_owned(), protocol.to_vec());
        Quality { metric, lower_is_better: false, protocol, before, after }
    };
    let plain = |value| Measured { value, interval: None };
    let top1 = |of: &Accuracy| Some(Measured { value: of.top1, interval: Some(of.top1_interval) });
    let mut all = vec![row("top-1", &protocol, [top1(before), top1(after)])];
    if let (Some(a), Some(b)) = (before.top5, after.top5) {
        all.push(row("top-5", &protocol, [Some(plain(a)), Some(plain(b))]));
    }
    let convention = |counted: &str| {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        [pair("convention", CONVENTION), pair("counted", counted)]
    };
    let dense = |model: &Model, of: &Accuracy| {
        let Costs { macs, parameters, .. } = model.costs(None);
        netscore(of.top1, parameters, macs).map(plain)
    };
    let scores = [dense(finished.model, before), dense(small, after)];
    all.push(row("NetScore", &convention("all parameters"), scores));
    let sparse = |model: &Model, of: &Accuracy| {
        let macs = effective_macs(model, model.costs(None).macs);
        netscore(of.top1, nonzeros(model), macs).map(plain)
    };
    if finished.done.keep.is_none() {
        let scores = [sparse(finished.model, before), sparse(small, after)];
        all.push(row("NetScore without zeros", &convention("parameters other than zero and their multiply-accumulates, which no dense kernel skips"), scores));
    }
    all
}

fn figures(
    finished: &Finished<'_>,
    small: &Model,
    qualities: Option<&(Accuracy, Accuracy)>,
) -> Vec<Named> {
    let Finished { model, done, .. } = finished;
    let named =
        |title: &str, caption: String, figure| Named { title: title.to_owned(), caption, figure };
    let mut figures = Vec::new();
    if !done.parts.is_empty() {
        let labels: Vec<String> = done.parts.iter().map(|part| part.name.clone()).collect();
        let series = |name: &str, of: fn(&Part) -> usize| Series {
            name: name.to_owned(),
            values: done.parts.iter().map(|part| of(part) as f64).collect(),
        };
        figures.push(named(
            "Channels",
            "Channels of each group before and after; a group is made by all layers that share its channels.".to_owned(),
            Figure::Bars {
                labels,
                series: vec![series("before", |p| p.channels), series("after", |p| p.kept)],
                unit: "channels".to_owned(),
            },
        ));
    }
    let whole: u64 = model.layers.iter().map(|layer| layer.macs).sum();
    let share = |macs: u64| macs as f64 / whole.max(1) as f64 * 100.0;
    let layers: Vec<(&super::model::Layer, Option<&super::model::Layer>)> = model
        .layers
        .iter()
        .map(|layer| {
            (
                layer,
                small
                    .layers
                    .iter()
                    .find(|l| l.node == layer.node)
                    .or_else(|| small.layers.iter().find(|l| l.name == layer.name)),
            )
        })
        .collect();
    let series = |name: &str, values: Vec<f64>| Series { name: name.to_owned(), values };
    figures.push(named(
        "Share of multiply-accumulates",
        "What each layer costs, in percent of the whole network before the cut.".to_owned(),
        Figure::Bars {
            labels: layers.iter().map(|(layer, _)| layer.name.clone()).collect(),
            series: vec![
                series("before", layers.iter().map(|(a, _)| share(a.macs)).collect()),
                series(
                    "after",
                    layers.iter().map(|(a, b)| share(b.map_or(a.macs, |b| b.macs))).collect(),
                ),
            ],
            unit: "%".to_owned(),
        },
    ));
    let by =
        |shape: &[usize]| shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ");
    let rows = layers.iter().map(|(a, b)| {
        vec![
            a.name.clone(),
            a.op.to_owned(),
            by(&a.shape),
            b.map_or(String::new(), |b| by(&b.shape)),
            frozen_output(model, a).unwrap_or_default(),
        ]
    });
    let columns = ["layer", "operator", "before", "after", "what holds its channels"];
    figures.push(named(
        "Layers",
        "Shapes of the weights, and what keeps output channels from being cut.".to_owned(),
        Figure::Table {
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            rows: rows.collect(),
        },
    ));
    if let Some((before, after)) = qualities {
        let points = |of: &Accuracy| -> Vec<[f64; 2]> {
            let recalls = of.recall.iter().enumerate();
            recalls.filter_map(|(class, r)| Some([class as f64, (*r)? * 100.0])).collect()
        };
        if before.classes <= 100 {
            figures.push(named(
                "Recall of each class",
                "Share of the images of each class that were recognized.".to_owned(),
                Figure::Scatter {
                    x: "class".to_owned(),
                    y: "recall, %".to_owned(),
                    series: vec![
                        Points { name: "before".to_owned(), points: points(before) },
                        Points { name: "after".to_owned(), points: points(after) },
                    ],
                },
            ));
        }
        if let Some(confusion) = &after.confusion {
            let values: Vec<f32> = confusion.iter().flatten().map(|n| *n as f32).collect();
            let high = values.iter().copied().fold(1.0, f32::max);
            figures.push(named(
                "Confusion after the cut",
                "Rows are classes, columns what their images were recognized as.".to_owned(),
                Figure::Heatmap {
                    rows: confusion.len(),
                    columns: confusion.len(),
                    values,
                    low: 0.0,
                    high,
                    legend: "images".to_owned(),
                },
            ));
        }
    }
    if let Some(difference) = done.proof.difference {
        figures.push(named(
            "Proof",
            "The smaller network beside the masked original, on random inputs.".to_owned(),
            Figure::Text { text: proof(done, difference) },
        ));
    }
    figures
}

/// What was proven, in words.
fn proof(done: &Done, difference: f64) -> String {
    let mut lines = vec![format!(
        "largest difference of an output: {difference:.2e} of its largest value (allowed: {:.0e})",
        oracle::TOLERANCE
    )];
    let absorbed = done.proof.absorbed;
    if absorbed > 0 {
        let layers = if absorbed == 1 { "layer" } else { "layers" };
        lines.push(format!(
            "{absorbed} {layers} took the constants of cut channels into their biases"
        ));
    }
    if let Some(border) = done.proof.border {
        lines.push(format!(
            "the constants go on into the padding of layers that pad; with zeros there the \
             difference is {border:.2e}"
        ));
    }
    lines.join("\n")
}
