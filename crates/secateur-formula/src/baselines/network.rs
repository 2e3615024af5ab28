//! A neural network of one hidden layer of sigmoids, trained by back-propagation.
//!
//! After Peng, Yeh and Lien, 2009 (Computers and Concrete 6(3):203-223), who compare with such a
//! network; details reconstructed: steps by iRPROP- (C. Igel and M. Huesken, 2000, "Improving the
//! Rprop learning algorithm") over all rows in place of momentum, early stopping, and the best of
//! several starts. The output is a sigmoid too, so that no prediction is far outside of what was
//! learned.

use rayon::prelude::*;
use secateur_core::Random;

use super::{Fitted, Model, Rows};
use crate::evaluate::Columns;
use crate::math;
use crate::metrics::rmse;
use crate::split::by_share;
use crate::table::TableError;

/// How a network is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Sigmoids in the hidden layer.
    pub hidden: usize,
    /// Starts; the one with the least error on the rows held out is taken.
    pub restarts: usize,
    /// Most passes over the rows.
    pub epochs: usize,
    /// Passes without a gain on the rows held out after which a start ends.
    pub patience: usize,
    /// Share of rows that are held out for stopping and choosing, by group.
    pub held_out: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { hidden: 8, restarts: 5, epochs: 4000, patience: 400, held_out: 0.2 }
    }
}

/// A trained network. Inputs are brought to -1 to 1 and the target to 0.1 to 0.9 by their ranges
/// in the rows that were learned from.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    hidden: usize,
    /// Lowest value and range of each input.
    inputs: Vec<[f64; 2]>,
    target: [f64; 2],
    /// For each hidden unit the weights of the inputs and one added; then those of the output.
    weights: Vec<f64>,
}

/// Trains a network.
///
/// # Errors
/// [`TableError::Split`] when there are too few groups to hold some out.
pub fn network(rows: &Rows, settings: &Settings) -> Result<Fitted, TableError> {
    let split = by_share(rows.groups, settings.held_out, rows.seed)?;
    let all = Scaled::new(rows);
    let train = all.of_rows(&split.train);
    let held_out = all.of_rows(&split.test);
    let starts: Vec<(f64, Vec<f64>)> = (0..settings.restarts.max(1))
        .into_par_iter()
        .map(|start| {
            let random = Random::stream(rows.seed, 1 + start as u64);
            descend(&train, &held_out, settings, random)
        })
        .collect();
    let best = starts.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).expect("there is a start");
    let width = all.inputs.len();
    let network =
        Network { hidden: settings.hidden, inputs: all.ranges, target: all.range, weights: best.1 };
    Ok(Fitted {
        parameters: network.weights.len(),
        text: format!("neural network {width}-{}-1 of sigmoids", settings.hidden),
        notes: Vec::new(),
        model: Model::Network(network),
    })
}

impl Network {
    /// A prediction for each row.
    ///
    /// # Panics
    /// When an input is not there.
    pub fn predict(&self, inputs: Columns) -> Vec<f64> {
        let pairs = inputs.columns.iter().zip(&self.inputs);
        let scaled: Vec<Vec<f64>> = pairs.map(|(column, range)| inward(column, *range)).collect();
        let mut sigmoids = vec![vec![0.0; inputs.rows]; self.hidden];
        let mut out = vec![0.0; inputs.rows];
        forward(&scaled, &self.weights, &mut sigmoids, &mut out);
        let outward = |value: &f64| self.target[0] + self.target[1] * (value - LOW) / INSIDE;
        out.iter().map(outward).collect()
    }
}

/// Where the lowest target lies in the range of a sigmoid, and how much of it all take.
const LOW: f64 = 0.1;
const INSIDE: f64 = 0.8;

fn range(values: &[f64]) -> [f64; 2] {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    [low, if high > low { high - low } else { 1.0 }]
}

fn inward(values: &[f64], [low, range]: [f64; 2]) -> Vec<f64> {
    values.iter().map(|value| 2.0 * ((value - low) / range) - 1.0).collect()
}

/// Rows as a network sees them.
struct Scaled {
    inputs: Vec<Vec<f64>>,
    target: Vec<f64>,
    ranges: Vec<[f64; 2]>,
    range: [f64; 2],
}

impl Scaled {
    fn new(rows: &Rows) -> Self {
        let ranges: Vec<[f64; 2]> = rows.inputs.columns.iter().map(|c| range(c)).collect();
        let whole = range(rows.target);
        let pairs = rows.inputs.columns.iter().zip(&ranges);
        Self {
            inputs: pairs.map(|(column, range)| inward(column, *range)).collect(),
            target: rows
                .target
                .iter()
                .map(|value| LOW + INSIDE * (value - whole[0]) / whole[1])
                .collect(),
            ranges,
            range: whole,
        }
    }

    fn of_rows(&self, rows: &[usize]) -> Self {
        let of = |values: &Vec<f64>| rows.iter().map(|row| values[*row]).collect();
        Self {
            inputs: self.inputs.iter().map(of).collect(),
            target: of(&self.target),
            ranges: Vec::new(),
            range: self.range,
        }
    }
}

/// Values of the hidden units and of the output, column by column.
fn forward(inputs: &[Vec<f64>], weights: &[f64], sigmoids: &mut [Vec<f64>], out: &mut [f64]) {
    let width = inputs.len() + 1;
    let (hidden, output) = weights.split_at(sigmoids.len() * width);
    out.fill(output[sigmoids.len()]);
    for ((unit, weights), factor) in sigmoids.iter_mut().zip(hidden.chunks(width)).zip(output) {
        unit.fill(weights[width - 1]);
        for (input, weight) in inputs.iter().zip(weights) {
            for (value, input) in unit.iter_mut().zip(input) {
                *value += weight * input;
            }
        }
        for value in unit.iter_mut() {
            *value = 1.0 / (1.0 + math::exp(-*value));
        }
        for (out, value) in out.iter_mut().zip(&*unit) {
            *out += factor * value;
        }
    }
    for value in out {
        *value = 1.0 / (1.0 + math::exp(-*value));
    }
}

/// The slope of half the mean squared error by each weight; `errors` are output less target, by the
/// slope of the output.
fn backward(
    inputs: &[Vec<f64>],
    weights: &[f64],
    sigmoids: &[Vec<f64>],
    errors: &[f64],
    slopes: &mut [f64],
) {
    let width = inputs.len() + 1;
    let (_, output) = weights.split_at(sigmoids.len() * width);
    let n = errors.len() as f64;
    let (hidden_slopes, output_slopes) = slopes.split_at_mut(sigmoids.len() * width);
    let mut through = vec![0.0; errors.len()];
    for (unit, value) in sigmoids.iter().enumerate() {
        output_slopes[unit] = crate::scale::dot(value, errors) / n;
        for ((through, value), error) in through.iter_mut().zip(value).zip(errors) {
            *through = error * output[unit] * value * (1.0 - value);
        }
        let slopes = &mut hidden_slopes[unit * width..(unit + 1) * width];
        for (slope, input) in slopes.iter_mut().zip(inputs) {
            *slope = crate::scale::dot(input, &through) / n;
        }
        slopes[width - 1] = through.iter().sum::<f64>() / n;
    }
    output_slopes[sigmoids.len()] = errors.iter().sum::<f64>() / n;
}

/// Steps of a weight in iRPROP-: first, smallest, largest; and by what they grow and shrink.
const STEP: [f64; 3] = [0.01, 1e-8, 1.0];
const GROW: f64 = 1.2;
const SHRINK: f64 = 0.5;

/// One start: the least error on the rows held out, and the weights there.
fn descend(
    train: &Scaled,
    held_out: &Scaled,
    settings: &Settings,
    mut random: Random,
) -> (f64, Vec<f64>) {
    let width = train.inputs.len() + 1;
    let spread = 1.0 / (width as f64).sqrt();
    let count = settings.hidden * width + settings.hidden + 1;
    let mut weights: Vec<f64> = (0..count).map(|_| spread * random.normal()).collect();
    let units = |rows: &Scaled| vec![vec![0.0; rows.target.len()]; settings.hidden];
    let (mut sigmoids, mut held_sigmoids) = (units(train), units(held_out));
    let mut out = vec![0.0; train.target.len()];
    let mut held = vec![0.0; held_out.target.len()];
    let mut slopes = vec![0.0; count];
    let mut before = vec![0.0; count];
    let mut steps = vec![STEP[0]; count];
    let (mut best, mut since) = ((f64::INFINITY, weights.clone()), 0);
    for _ in 0..settings.epochs {
        forward(&held_out.inputs, &weights, &mut held_sigmoids, &mut held);
        let error = rmse(&held_out.target, &held);
        if error < best.0 {
            (best, since) = ((error, weights.clone()), 0);
        } else {
            since += 1;
            if since > settings.patience {
                break;
            }
        }
        forward(&train.inputs, &weights, &mut sigmoids, &mut out);
        for (out, target) in out.iter_mut().zip(&train.target) {
            *out = (*out - target) * *out * (1.0 - *out);
        }
        backward(&train.inputs, &weights, &sigmoids, &out, &mut slopes);
        for index in 0..count {
            let turn = before[index] * slopes[index];
            if turn > 0.0 {
                steps[index] = (steps[index] * GROW).min(STEP[2]);
            } else if turn < 0.0 {
                steps[index] = (steps[index] * SHRINK).max(STEP[1]);
                slopes[index] = 0.0;
            }
            if slopes[index] != 0.0 {
                weights[index] -= steps[index] * slopes[index].signum();
            }
            before[index] = slopes[index];
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_differences() {
        let mut random = Random::new(5);
        let mut column = |n: usize| (0..n).map(|_| random.normal()).collect::<Vec<f64>>();
        let inputs = vec![column(20), column(20)];
        let target = column(20);
        let weights = column(3 * 3 + 4);
        let mut sigmoids = vec![vec![0.0; 20]; 3];
        let mut out = vec![0.0; 20];
        let mut half_square = |weights: &[f64], sigmoids: &mut [Vec<f64>]| {
            forward(&inputs, weights, sigmoids, &mut out);
            let pairs = || out.iter().zip(&target);
            let errors = pairs().map(|(o, t)| (o - t) * o * (1.0 - o)).collect::<Vec<f64>>();
            (pairs().map(|(o, t)| (o - t) * (o - t)).sum::<f64>() / 40.0, errors)
        };
        let (_, errors) = half_square(&weights, &mut sigmoids);
        let mut slopes = vec![0.0; weights.len()];
        backward(&inputs, &weights, &sigmoids, &errors, &mut slopes);
        for index in 0..weights.len() {
            let mut at = |by: f64| {
                let mut moved = weights.clone();
                moved[index] += by;
                half_square(&moved, &mut sigmoids).0
            };
            let expect = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((slopes[index] - expect).abs() < 1e-8, "{index}: {} {expect}", slopes[index]);
        }
    }
}
