//! Speakers from outside: laws of identification, banks, goldens.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail the test, and say what was skipped"
)]

mod bank;
mod evaluated;
mod golden;
mod laws;

use std::path::PathBuf;

use secateur_core::Random;
use secateur_speaker::features::Frames;
use secateur_speaker::mixture::Mixture;

/// A mixture around the origin.
pub fn drawn_mixture(random: &mut Random, components: usize, width: usize) -> Mixture {
    let mut numbers = |n: usize| (0..n).map(|_| 2.0 * random.normal()).collect::<Vec<_>>();
    let means = numbers(components * width);
    let variances = numbers(components * width).iter().map(|v| 0.5 + v * v).collect();
    let weights: Vec<f64> = numbers(components).iter().map(|v| 0.1 + v * v).collect();
    let all: f64 = weights.iter().sum();
    Mixture { width, weights: weights.iter().map(|w| w / all).collect(), means, variances }
}

/// Frames of a mixture.
pub fn drawn_frames(random: &mut Random, mixture: &Mixture, count: usize) -> Frames {
    let width = mixture.width;
    let mut values = Vec::with_capacity(count * width);
    for _ in 0..count {
        let wanted = random.uniform();
        let mut sum = 0.0;
        let chosen = mixture.weights.iter().position(|w| {
            sum += w;
            wanted < sum
        });
        let chosen = chosen.unwrap_or(mixture.components() - 1);
        for d in 0..width {
            let place = chosen * width + d;
            values.push(mixture.means[place] + mixture.variances[place].sqrt() * random.normal());
        }
    }
    Frames { width, values }
}

/// The folder of test data; `None` says so.
fn data() -> Option<PathBuf> {
    let found = std::env::var_os("SECATEUR_TEST_DATA").map(PathBuf::from);
    if found.is_none() {
        println!("skipped: no test data");
    }
    found
}
