//! How long a network takes on this machine.

use std::collections::HashMap;
use std::time::Instant;

use secateur_core::Random;
use secateur_exec::Compiled;
use secateur_exec::runner::sample_input;
use secateur_graph::ops::Op;
use secateur_graph::{Graph, Slot};
use secateur_tensor::Tensor;
use secateur_tensor::kernels::{self, Activation, ConvShape, Epilogue, PackedConv};
use serde::Serialize;

use super::error::NetworkError;
use super::model::Model;

/// Times of a network.
#[derive(Clone, Debug, Serialize)]
pub struct Timing {
    /// Images at a time.
    pub batch: usize,
    /// Runs that were timed.
    pub runs: usize,
    /// Milliseconds of a run: the middle one.
    #[serde(rename = "median_ms")]
    pub median: f64,
    /// The fastest.
    #[serde(rename = "least_ms")]
    pub least: f64,
    /// 95 of 100 are faster.
    #[serde(rename = "p95_ms")]
    pub p95: f64,
}

/// Random inputs of a model.
pub fn sample(model: &Model, shapes: &[Vec<usize>]) -> Vec<Tensor> {
    let mut random = Random::new(0);
    let of = |(id, shape): (&secateur_graph::ValueId, &Vec<usize>)| {
        let kind = model.graph().value(*id).fact.kind;
        sample_input(kind, shape, || random.normal() as f32)
    };
    model.graph().inputs.iter().zip(shapes).map(of).collect()
}

/// Times runs of a graph for about `seconds`, after some that do not count.
///
/// # Errors
/// [`NetworkError::Runner`] when the network cannot be run.
pub fn time(
    model: &Model,
    graph: &Graph,
    batch: usize,
    seconds: f64,
) -> Result<Timing, NetworkError> {
    let shapes = match model.batch(batch) {
        Some(shapes) => shapes,
        None if model.shapes.iter().all(|shape| shape.first() == Some(&batch)) => {
            model.shapes.clone()
        }
        None => {
            return Err(NetworkError::Needs {
                what: format!("--batch {batch}"),
                needs: format!(
                    "a network whose first axis is open; this one takes {:?}",
                    model.shapes[0]
                ),
            });
        }
    };
    let fail = |error| NetworkError::Runner { path: model.path.clone(), error };
    let mut network = Compiled::new(graph, &shapes).map_err(fail)?;
    let inputs = sample(model, &shapes);
    let inputs: Vec<&Tensor> = inputs.iter().collect();
    let mut run = || {
        let start = Instant::now();
        std::hint::black_box(network.run(&inputs));
        start.elapsed().as_secs_f64() * 1e3
    };
    run();
    let first = run().max(1e-3);
    let runs = ((seconds * 1e3 / first) as usize).clamp(5, 2000);
    let mut times: Vec<f64> = (0..runs).map(|_| run()).collect();
    times.sort_by(f64::total_cmp);
    Ok(Timing {
        batch,
        runs,
        median: times[runs / 2],
        least: times[0],
        p95: times[(runs * 95 / 100).min(runs - 1)],
    })
}

/// Seconds of a run of two graphs at the shapes of the model, the middle ones: both run in turn
/// for about `seconds`, so that what else the machine does falls on both.
///
/// # Errors
/// [`NetworkError::Runner`] when a network cannot be run.
pub fn beside(
    model: &Model,
    whole: &Graph,
    part: &Graph,
    seconds: f64,
) -> Result<[f64; 2], NetworkError> {
    let fail = |error| NetworkError::Runner { path: model.path.clone(), error };
    let mut both = [
        Compiled::new(whole, &model.shapes).map_err(fail)?,
        Compiled::new(part, &model.shapes).map_err(fail)?,
    ];
    let inputs = sample(model, &model.shapes);
    let inputs: Vec<&Tensor> = inputs.iter().collect();
    let mut run = |at: usize| {
        let start = Instant::now();
        std::hint::black_box(both[at].run(&inputs));
        start.elapsed().as_secs_f64()
    };
    let first = (0..2).map(|_| run(0) + run(1)).fold(f64::INFINITY, f64::min);
    let rounds = ((seconds / first.max(1e-6)) as usize).clamp(7, 1000);
    let mut times: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (at, times) in times.iter_mut().enumerate() {
            times.push(run(at));
        }
    }
    let middle = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    Ok(times.each_mut().map(middle))
}

/// Measured times of convolutions and products of this machine, by shape, and from them the time
/// of a network whose channels are partly cut. Widths between measured ones are interpolated.
#[derive(Debug, Default)]
pub struct Table {
    times: HashMap<ConvShape, f64>,
}

/// Widths are measured at multiples of this.
const STEP: usize = 16;

impl Table {
    /// Seconds that the convolutions and linear layers of a model take with some classes cut.
    pub fn seconds(&mut self, model: &Model, keep: &[bool]) -> f64 {
        let shapes = model.coupling.shapes(keep);
        let mut total = 0.0;
        for (id, node) in model.graph().numbered_nodes() {
            let of = |slot| model.coupling.place(id, slot).map(|p| shapes[p as usize].clone());
            let (Some(x), Some(w), Some(y)) = (of(Slot::In(0)), of(Slot::In(1)), of(Slot::Out(0)))
            else {
                continue;
            };
            let shape = match &node.op {
                Op::Conv(conv) => {
                    let mut conv = conv.clone();
                    if conv.groups > 1 {
                        conv.groups = x[1] / w[1].max(1);
                    }
                    conv.planar(&x, &w)
                }
                Op::Gemm(_) | Op::MatMul(_) if w.len() == 2 => {
                    let rows: usize = y[..y.len() - 1].iter().product();
                    Some(linear(rows, *x.last().unwrap_or(&1), *y.last().unwrap_or(&1)))
                }
                _ => None,
            };
            if let Some(shape) = shape {
                total += self.of(shape);
            }
        }
        total
    }

    fn of(&mut self, shape: ConvShape) -> f64 {
        let up = |n: usize| n.next_multiple_of(STEP);
        let down = |n: usize| (n / STEP * STEP).max(1);
        if shape.groups > 1 {
            let wide = |n: usize| {
                let each = shape.channels_in / shape.groups;
                ConvShape {
                    channels_in: n * each,
                    channels_out: n * (shape.channels_out / shape.groups),
                    groups: n,
                    ..shape
                }
            };
            let (low, high) = (down(shape.groups), up(shape.groups));
            return between(shape.groups, low, high, |n| self.measured(wide(n)));
        }
        let (in_low, in_high) = if shape.channels_in < STEP {
            (shape.channels_in, shape.channels_in)
        } else {
            (down(shape.channels_in), up(shape.channels_in))
        };
        let (out_low, out_high) = (down(shape.channels_out), up(shape.channels_out));
        between(shape.channels_out, out_low, out_high, |out| {
            between(shape.channels_in, in_low, in_high, |inner| {
                self.measured(ConvShape { channels_in: inner, channels_out: out, ..shape })
            })
        })
    }

    /// The median of a few runs of the kernel.
    fn measured(&mut self, shape: ConvShape) -> f64 {
        if let Some(time) = self.times.get(&shape) {
            return *time;
        }
        let each = shape.channels_in / shape.groups;
        let [kh, kw] = shape.kernel;
        let weights = vec![0.01; shape.channels_out * each * kh * kw];
        let packed = PackedConv::new(
            &weights,
            None,
            shape.channels_out,
            shape.channels_in,
            shape.kernel,
            shape.groups,
        );
        let x = vec![0.5; shape.batch * shape.height * shape.width * shape.channels_in];
        let pixels = shape.batch * shape.out_height() * shape.out_width();
        let mut y = vec![0.0; pixels * shape.channels_out];
        let epilogue = Epilogue { residual: None, activation: Activation::Relu };
        let mut times: Vec<f64> = (0..9)
            .map(|_| {
                let start = Instant::now();
                kernels::conv(&x, &shape, &packed, epilogue, &mut y);
                std::hint::black_box(&mut y);
                start.elapsed().as_secs_f64()
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let time = times[times.len() / 3];
        self.times.insert(shape, time);
        time
    }
}

fn linear(rows: usize, inner: usize, out: usize) -> ConvShape {
    ConvShape {
        batch: rows,
        height: 1,
        width: 1,
        channels_in: inner,
        channels_out: out,
        kernel: [1, 1],
        stride: [1, 1],
        pads: [0; 4],
        dilation: [1, 1],
        groups: 1,
    }
}

/// The value at `n` on the line between those at `low` and `high`.
fn between(n: usize, low: usize, high: usize, mut at: impl FnMut(usize) -> f64) -> f64 {
    let first = at(low);
    if high <= low || n <= low {
        return first;
    }
    let second = at(high);
    first + (second - first) * (n - low) as f64 / (high - low) as f64
}
