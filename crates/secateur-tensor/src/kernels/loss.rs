//! Cross-entropy of rows of logits.

use rayon::prelude::*;

use super::exp::exp;
use super::isa::vectorize;
use super::softmax::max_of;

/// Negative log-likelihood in nats of `targets[row]` under the softmax of each row of
/// `logits: [rows, vocabulary]`, into `losses: [rows]`. The sum of exponentials is kept in f64.
///
/// # Panics
/// When a target is no column, or lengths do not fit.
pub fn token_losses(logits: &[f32], targets: &[u32], losses: &mut [f64]) {
    assert_eq!(targets.len(), losses.len(), "a loss for each target");
    if targets.is_empty() {
        return;
    }
    let vocabulary = logits.len() / targets.len();
    logits.par_chunks(vocabulary).zip(targets).zip(losses).for_each(|((row, &target), loss)| {
        let (max, sum) = vectorize(|| log_sum(row));
        *loss = f64::from(max) + sum.ln() - f64::from(row[target as usize]);
    });
}

/// The largest value, and the sum of `e^(x - max)`.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled with the instruction set of its caller")]
fn log_sum(row: &[f32]) -> (f32, f64) {
    let max = max_of(row);
    let mut total = 0.0_f64;
    for block in row.chunks(256) {
        let mut lanes = [0.0_f32; 16];
        let (chunks, rest) = block.as_chunks::<16>();
        for chunk in chunks {
            for (lane, value) in lanes.iter_mut().zip(chunk) {
                *lane += exp(*value - max);
            }
        }
        total += lanes.iter().map(|&v| f64::from(v)).sum::<f64>();
        total += rest.iter().map(|&v| f64::from(exp(v - max))).sum::<f64>();
    }
    (max, total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_agree_with_double_precision() {
        let logits: Vec<f32> = (0..2 * 1000).map(|i| ((i * 7919) % 997) as f32 / 50.0).collect();
        let mut losses = [0.0; 2];
        token_losses(&logits, &[3, 999], &mut losses);
        for (row, (&target, &loss)) in [3_usize, 999].iter().zip(&losses).enumerate() {
            let row = &logits[row * 1000..][..1000];
            let sum: f64 = row.iter().map(|&v| f64::from(v).exp()).sum();
            let expect = sum.ln() - f64::from(row[target]);
            assert!((loss - expect).abs() < 1e-6, "{loss} {expect}");
        }
    }
}
