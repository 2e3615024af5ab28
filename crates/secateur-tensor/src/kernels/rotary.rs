//! Rotary position embedding.

use rayon::prelude::*;

use super::isa::vectorize;

/// Which values of a head form a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// Value `i` with value `i + rotated / 2` (Llama, GPT-NeoX in Hugging Face's layout).
    Halves,
    /// Value `2 i` with value `2 i + 1` (GPT-J, the original order).
    Neighbors,
}

/// The angles of rotary embedding, one row per position.
#[derive(Clone, Copy, Debug)]
pub struct Angles<'a> {
    /// Cosines, `[positions, half]`.
    pub cos: &'a [f32],
    /// Sines, `[positions, half]`.
    pub sin: &'a [f32],
    /// Pairs that are rotated in each head.
    pub half: usize,
}

/// Rotates the first `2 * half` values of every head, in place; the others stay.
///
/// `x: [rows, heads * head_width]`, `positions: [rows]`, each a row of the angles.
///
/// Source: J. Su et al., 2021, "RoFormer: enhanced transformer with rotary position embedding".
///
/// # Panics
/// When a position has no angles, or lengths do not fit.
pub fn rotary(
    x: &mut [f32],
    positions: &[i64],
    head_width: usize,
    angles: Angles<'_>,
    pairing: Pairing,
) {
    let half = angles.half;
    if x.is_empty() || half == 0 {
        return;
    }
    let row = x.len() / positions.len();
    x.par_chunks_exact_mut(row).zip(positions).with_min_len(16).for_each(|(x, &position)| {
        let at = position as usize * half;
        let (cos, sin) = (&angles.cos[at..at + half], &angles.sin[at..at + half]);
        vectorize(|| {
            for head in x.chunks_exact_mut(head_width) {
                match pairing {
                    Pairing::Halves => halves(head, cos, sin, half),
                    Pairing::Neighbors => neighbors(head, cos, sin, half),
                }
            }
        });
    });
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled with the instruction set of its caller")]
fn halves(head: &mut [f32], cos: &[f32], sin: &[f32], half: usize) {
    let (low, rest) = head.split_at_mut(half);
    let high = &mut rest[..half];
    for ((a, b), (c, s)) in low.iter_mut().zip(high).zip(cos.iter().zip(sin)) {
        (*a, *b) = (*a * c - *b * s, *b * c + *a * s);
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled with the instruction set of its caller")]
fn neighbors(head: &mut [f32], cos: &[f32], sin: &[f32], half: usize) {
    let pairs = head[..2 * half].as_chunks_mut::<2>().0;
    for ([a, b], (c, s)) in pairs.iter_mut().zip(cos.iter().zip(sin)) {
        (*a, *b) = (*a * c - *b * s, *b * c + *a * s);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotated(x: &[f32], cos: &[f32], sin: &[f32], pairing: Pairing) -> Vec<f32> {
        let mut x = x.to_vec();
        let angles = Angles { cos, sin, half: cos.len() };
        let width = x.len();
        rotary(&mut x, &[0], width, angles, pairing);
        x
    }

    #[test]
    fn a_quarter_turn_in_both_pairings() {
        let x = [1.0, 2.0, 3.0, 4.0, 9.0];
        let turn = |pairing| rotated(&x, &[0.0, 1.0], &[1.0, 0.0], pairing);
        assert_eq!(turn(Pairing::Halves), [-3.0, 2.0, 1.0, 4.0, 9.0]);
        assert_eq!(turn(Pairing::Neighbors), [-2.0, 1.0, 3.0, 4.0, 9.0]);
    }

    #[test]
    fn the_pairings_are_one_rotation_in_two_orders() {
        let x: Vec<f32> = (0..16).map(|v| v as f32 * 0.37 - 2.0).collect();
        let angles: Vec<f32> = (0..8).map(|v| v as f32 * 0.2).collect();
        let (cos, sin): (Vec<f32>, Vec<f32>) = angles.iter().map(|a| (a.cos(), a.sin())).unzip();
        let interleave =
            |x: &[f32]| -> Vec<f32> { (0..16).map(|i| x[i / 2 + (i % 2) * 8]).collect() };
        let halves = rotated(&x, &cos, &sin, Pairing::Halves);
        let neighbors = rotated(&interleave(&x), &cos, &sin, Pairing::Neighbors);
        assert_eq!(interleave(&halves), neighbors);
    }
}
