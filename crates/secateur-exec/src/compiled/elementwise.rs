//! Steps that go over values once.

use rayon::prelude::*;
use secateur_tensor::kernels::Activation;
use secateur_tensor::kernels::isa::vectorize;

/// Values that one task works on; they stay in the nearest cache for what follows.
const CHUNK: usize = 4 * 1024;
/// Values below which one thread goes over all.
const ALONE: usize = 64 * 1024;

/// A function of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
}

/// `x * factor + summand`, for values `[outer, channels, inner]`.
#[derive(Clone, Debug)]
pub(super) struct Scaling {
    pub(super) factor: Vec<f32>,
    pub(super) summand: Vec<f32>,
    pub(super) inner: usize,
}

/// Calls a function on pieces of values, in parallel where there are many.
fn pieces(y: &mut [f32], size: usize, work: impl Fn(usize, &mut [f32]) + Sync + Send) {
    if y.len() < ALONE {
        y.chunks_mut(size).enumerate().for_each(|(at, y)| work(at, y));
    } else {
        y.par_chunks_mut(size).enumerate().for_each(|(at, y)| work(at, y));
    }
}

/// Applies an activation in place.
pub(super) fn activate(activation: Activation, y: &mut [f32]) {
    if activation != Activation::None {
        pieces(y, CHUNK, |_, y| activation.apply(y));
    }
}

impl Arithmetic {
    /// `y = activation(f(y, x))`
    pub(super) fn run(self, x: &[f32], activation: Activation, y: &mut [f32]) {
        pieces(y, CHUNK, |at, y| {
            let x = &x[at * CHUNK..][..y.len()];
            vectorize(|| {
                let pairs = y.iter_mut().zip(x);
                match self {
                    Self::Add => pairs.for_each(|(y, x)| *y += x),
                    Self::Sub => pairs.for_each(|(y, x)| *y -= x),
                    Self::Mul => pairs.for_each(|(y, x)| *y *= x),
                    Self::Div => pairs.for_each(|(y, x)| *y /= x),
                }
            });
            activation.apply(y);
        });
    }
}

impl Scaling {
    /// `y = activation(y * factor + summand)`
    pub(super) fn run(&self, activation: Activation, y: &mut [f32]) {
        let channels = self.factor.len();
        if channels == 1 {
            let (factor, summand) = (self.factor[0], self.summand[0]);
            pieces(y, CHUNK, |_, y| {
                vectorize(|| y.iter_mut().for_each(|y| *y = *y * factor + summand));
                activation.apply(y);
            });
        } else if self.inner > 1 {
            let inner = self.inner;
            let size = if inner < CHUNK { CHUNK / inner * inner } else { inner };
            pieces(y, size, |at, y| {
                let first = at * size / inner;
                for (plane, y) in y.chunks_mut(inner).enumerate() {
                    let channel = (first + plane) % channels;
                    let (factor, summand) = (self.factor[channel], self.summand[channel]);
                    vectorize(|| y.iter_mut().for_each(|y| *y = *y * factor + summand));
                    activation.apply(y);
                }
            });
        } else {
            pieces(y, (CHUNK / channels).max(1) * channels, |_, y| {
                vectorize(|| {
                    for y in y.chunks_exact_mut(channels) {
                        for ((y, factor), summand) in
                            y.iter_mut().zip(&self.factor).zip(&self.summand)
                        {
                            *y = *y * factor + summand;
                        }
                    }
                });
                activation.apply(y);
            });
        }
    }
}
