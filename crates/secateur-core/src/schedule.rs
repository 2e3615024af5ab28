//! How much is cut when, for gradual pruning.

use serde::{Deserialize, Serialize};

/// Sparsity over steps.
///
/// Source: M. Zhu, S. Gupta, 2017, "To prune, or not to prune", equation 1 (cubic); linear is
/// the same with power 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// All at the first step.
    OneShot {
        /// Sparsity, 0 to 1.
        sparsity: f64,
    },
    /// In equal parts.
    Linear {
        /// From, how far, and when.
        ramp: Ramp,
    },
    /// Fast at first, slow at the end: `s_f + (s_i - s_f) (1 - t)^3`.
    Cubic {
        /// From, how far, and when.
        ramp: Ramp,
    },
}

/// A ramp of sparsity: `updates + 1` steps from `begin` on, `every` apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// Sparsity before.
    pub initial: f64,
    /// Sparsity after.
    pub last: f64,
    /// First step at which the mask is set.
    pub begin: usize,
    /// Steps between updates, at least 1.
    pub every: usize,
    /// Updates after the first.
    pub updates: usize,
}

impl Schedule {
    /// Sparsity at a step.
    pub fn at(&self, step: usize) -> f64 {
        match self {
            Self::OneShot { sparsity } => *sparsity,
            Self::Linear { ramp } => ramp.at(step, 1),
            Self::Cubic { ramp } => ramp.at(step, 3),
        }
    }

    /// The steps at which the mask is set, in order.
    pub fn steps(&self) -> impl Iterator<Item = usize> {
        let (begin, every, updates) = match self {
            Self::OneShot { .. } => (0, 1, 0),
            Self::Linear { ramp } | Self::Cubic { ramp } => (ramp.begin, ramp.every, ramp.updates),
        };
        (0..=updates).map(move |k| begin + k * every)
    }
}

impl Ramp {
    fn at(&self, step: usize, power: i32) -> f64 {
        if step < self.begin {
            return self.initial;
        }
        let span = (self.updates * self.every) as f64;
        let done = if span == 0.0 { 1.0 } else { ((step - self.begin) as f64 / span).min(1.0) };
        self.last + (self.initial - self.last) * (1.0 - done).powi(power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden values of the published formula, to four decimals.
    const CUBIC_80: [f64; 11] =
        [0.0, 0.2168, 0.3904, 0.5256, 0.6272, 0.7, 0.7488, 0.7784, 0.7936, 0.7992, 0.8];
    const CUBIC_90: [f64; 11] =
        [0.0, 0.2439, 0.4392, 0.5913, 0.7056, 0.7875, 0.8424, 0.8757, 0.8928, 0.8991, 0.9];

    #[test]
    fn cubic_matches_the_published_values_and_ends_exactly() {
        for (last, golden) in [(0.8, CUBIC_80), (0.9, CUBIC_90)] {
            let ramp = Ramp { initial: 0.0, last, begin: 100, every: 7, updates: 10 };
            let schedule = Schedule::Cubic { ramp };
            for (step, expect) in schedule.steps().zip(golden) {
                assert!((schedule.at(step) - expect).abs() < 5e-5, "step {step}");
            }
            assert_eq!(schedule.at(99), 0.0);
            assert_eq!(schedule.at(170), last);
            assert_eq!(schedule.at(10_000), last);
            assert_eq!(schedule.steps().last(), Some(170));
        }
    }

    #[test]
    fn linear_and_one_shot() {
        let ramp = Ramp { initial: 0.2, last: 0.6, begin: 0, every: 1, updates: 4 };
        assert!((Schedule::Linear { ramp }.at(1) - 0.3).abs() < 1e-12);
        assert_eq!(Schedule::OneShot { sparsity: 0.5 }.steps().collect::<Vec<_>>(), [0]);
    }
}
