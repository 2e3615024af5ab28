//! Linear scaling: the best `a + b f` for a column f.

use pulp::{Arch, NullaryFnOnce};

/// What is known of the column that is to be met.
#[derive(Clone, Debug)]
pub struct Target {
    /// The values.
    pub values: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// Sum of squares about the mean.
    pub spread: f64,
}

impl Target {
    /// The target of these values.
    pub fn new(values: Vec<f64>) -> Self {
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        let spread = values.iter().map(|y| (y - mean) * (y - mean)).sum();
        Self { values, mean, spread }
    }
}

/// `a + b f`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// What is added, in units of the target.
    pub a: f64,
    /// The factor.
    pub b: f64,
}

impl Scale {
    /// Nothing added, factor one.
    pub const NONE: Self = Self { a: 0.0, b: 1.0 };
}

/// The best `a + b f` and its sum of squared errors; `None` when a value is not finite. A column
/// without spread gets factor 0.
pub fn fit(f: &[f64], target: &Target) -> Option<(Scale, f64)> {
    Arch::new().dispatch(Fit { f, target })
}

struct Fit<'a> {
    f: &'a [f64],
    target: &'a Target,
}

impl NullaryFnOnce for Fit<'_> {
    type Output = Option<(Scale, f64)>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        let Self { f, target } = self;
        let mean = sum(f) / f.len() as f64;
        if !mean.is_finite() {
            return None;
        }
        let (spread, together) = moments(f, mean, &target.values, target.mean);
        // Below this the spread is rounding of the mean.
        let least = 1e-26 * mean * mean * f.len() as f64;
        let b = if spread > least { together / spread } else { 0.0 };
        let a = target.mean - b * mean;
        let error = errors(f, Scale { a, b }, &target.values);
        (error.is_finite() && a.is_finite()).then_some((Scale { a, b }, error))
    }
}

const LANES: usize = 8;

#[inline(always)]
fn total(lanes: [f64; LANES]) -> f64 {
    (lanes[0] + lanes[4]) + (lanes[1] + lanes[5]) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
}

/// Sum over a column, in a fixed order that vectors can follow.
#[inline(always)]
fn sum(x: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for x in chunks {
        for lane in 0..LANES {
            lanes[lane] += x[lane];
        }
    }
    for (lane, x) in rest.iter().enumerate() {
        lanes[lane] += x;
    }
    total(lanes)
}

/// Sums of squares and of products about the means.
#[inline(always)]
fn moments(f: &[f64], f_mean: f64, y: &[f64], y_mean: f64) -> (f64, f64) {
    let mut squares = [0.0; LANES];
    let mut products = [0.0; LANES];
    let mut add = |lane: usize, f: f64, y: f64| {
        squares[lane] += (f - f_mean) * (f - f_mean);
        products[lane] += (f - f_mean) * (y - y_mean);
    };
    let (f, f_rest) = f.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    for (f, y) in f.iter().zip(y) {
        for lane in 0..LANES {
            add(lane, f[lane], y[lane]);
        }
    }
    for (lane, (f, y)) in f_rest.iter().zip(y_rest).enumerate() {
        add(lane, *f, *y);
    }
    (total(squares), total(products))
}

/// Sum of squared errors of a scaled column.
#[inline(always)]
fn errors(f: &[f64], scale: Scale, y: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let mut add = |lane: usize, f: f64, y: f64| {
        let rest = y - (scale.a + scale.b * f);
        lanes[lane] += rest * rest;
    };
    let (f, f_rest) = f.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    for (f, y) in f.iter().zip(y) {
        for lane in 0..LANES {
            add(lane, f[lane], y[lane]);
        }
    }
    for (lane, (f, y)) in f_rest.iter().zip(y_rest).enumerate() {
        add(lane, *f, *y);
    }
    total(lanes)
}

/// Sum of products of two columns, in a fixed order that vectors can follow.
#[inline(always)]
pub(crate) fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    for (x, y) in x.iter().zip(y) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    for (lane, (x, y)) in x_rest.iter().zip(y_rest).enumerate() {
        lanes[lane] += x * y;
    }
    total(lanes)
}
