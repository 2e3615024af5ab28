//! Choosing the next token from logits.

use secateur_core::Random;

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Logits are divided by this; 0 takes the likeliest token.
    pub temperature: f64,
    /// Only this many of the likeliest tokens are drawn from, when given.
    pub top_k: Option<usize>,
    /// Only the likeliest tokens that make up this share of the probability are drawn from.
    pub top_p: f64,
}

impl Choice {
    /// The likeliest token.
    pub const GREEDY: Self = Self { temperature: 0.0, top_k: None, top_p: 1.0 };

    /// The next token. First temperature, then `top_k`, then `top_p`, as the common
    /// implementations do; at least one token is left.
    ///
    /// Source: A. Holtzman et al., 2020, "The curious case of neural text degeneration".
    pub fn next(&self, logits: &[f32], random: &mut Random) -> i64 {
        if self.temperature <= 0.0 {
            return likeliest(logits);
        }
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_unstable_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
        order.truncate(self.top_k.unwrap_or(usize::MAX).max(1));
        let largest = f64::from(logits[order[0]]);
        let weight = |&at: &usize| ((f64::from(logits[at]) - largest) / self.temperature).exp();
        let mut weights: Vec<f64> = order.iter().map(weight).collect();
        let all: f64 = weights.iter().sum();
        let mut share = 0.0;
        let enough = weights.iter().position(|weight| {
            share += weight / all;
            share >= self.top_p
        });
        weights.truncate(enough.map_or(weights.len(), |last| last + 1));
        let mut left = random.uniform() * weights.iter().sum::<f64>();
        let drawn = weights.iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        order[drawn.unwrap_or(weights.len() - 1)] as i64
    }
}

/// The first of the largest values.
pub fn likeliest(logits: &[f32]) -> i64 {
    let mut best = 0;
    for (at, value) in logits.iter().enumerate() {
        if *value > logits[best] {
            best = at;
        }
    }
    best as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 4] = [0.0, 2.0, 1.0, 2.0];

    fn counts(choice: Choice) -> [usize; 4] {
        let mut random = Random::new(1);
        let mut counts = [0; 4];
        for _ in 0..20_000 {
            counts[choice.next(&LOGITS, &mut random) as usize] += 1;
        }
        counts
    }

    #[test]
    fn without_temperature_the_first_of_the_likeliest_is_taken() {
        assert_eq!(counts(Choice::GREEDY), [0, 20_000, 0, 0]);
    }

    #[test]
    fn tokens_are_drawn_by_their_probability() {
        for temperature in [0.5, 1.0, 2.0] {
            let counts = counts(Choice { temperature, ..Choice::GREEDY });
            let weights = LOGITS.map(|l| (f64::from(l) / temperature).exp());
            let all: f64 = weights.iter().sum();
            for (count, weight) in counts.iter().zip(weights) {
                // Five standard deviations of a share at most.
                assert!((*count as f64 / 20_000.0 - weight / all).abs() < 0.018, "{counts:?}");
            }
        }
    }

    #[test]
    fn unlikely_tokens_are_never_drawn() {
        let choice = Choice { temperature: 1.0, top_k: None, top_p: 1.0 };
        let two = counts(Choice { top_k: Some(2), ..choice });
        assert_eq!((two[0], two[2]), (0, 0));
        // The two likeliest have 80 % together.
        assert_eq!(counts(Choice { top_p: 0.3, ..choice })[3], 0);
        let two = counts(Choice { top_p: 0.75, ..choice });
        assert!(two[1] > 0 && two[3] > 0 && two[2] == 0);
        let three = counts(Choice { top_p: 0.9, ..choice });
        assert!(three[2] > 0 && three[0] == 0);
    }
}
