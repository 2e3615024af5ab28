//! How sure the result of a match is: interval, Elo difference, sequential test.
//!
//! The score of a game is 1 for a win, 1/2 for a draw, 0 for a loss.

use serde::{Deserialize, Serialize};

use crate::error::GoError;

/// Standard normal quantile of a two-sided 95 % interval.
const Z_95: f64 = 1.959_963_984_540_054;

/// The 95 % Wilson interval of the share of `score` in `games`; `[0, 1]` without games. Draws
/// count one half, which makes the interval wider than it need be where there are many.
///
/// Source: E. B. Wilson, 1927, "Probable inference, the law of succession, and statistical
/// inference".
pub fn wilson(score: f64, games: u64) -> [f64; 2] {
    if games == 0 {
        return [0.0, 1.0];
    }
    let n = games as f64;
    let p = score / n;
    let z2 = Z_95 * Z_95;
    let center = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z_95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    [(center - half).max(0.0), (center + half).min(1.0)]
}

/// The difference in Elo at which the expected score is `share`; `None` for 0 and 1, where it has
/// no bound.
///
/// Source: A. Elo, 1978, "The rating of chessplayers", with the logistic curve.
pub fn elo(share: f64) -> Option<f64> {
    (0.0 < share && share < 1.0).then(|| -400.0 * (1.0 / share - 1.0).log10())
}

/// The expected score at a difference in Elo: the inverse of [`elo`].
pub fn expected(elo: f64) -> f64 {
    1.0 / (1.0 + 10_f64.powf(-elo / 400.0))
}

/// A sequential probability ratio test of two differences in Elo.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sprt {
    /// The difference under H0, in Elo, the first player over the second.
    pub elo0: f64,
    /// The difference under H1; above that of H0.
    pub elo1: f64,
    /// Chance of accepting H1 when H0 is true; above 0, below 0.5.
    pub alpha: f64,
    /// Chance of accepting H0 when H1 is true; above 0, below 0.5.
    pub beta: f64,
}

/// What a sequential test says so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// More games are needed.
    Continue,
    /// The difference is at most `elo0`.
    AcceptH0,
    /// The difference is at least `elo1`.
    AcceptH1,
}

/// State of a sequential test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SprtState {
    /// The logarithm of the likelihood ratio of H1 over H0.
    pub ratio: f64,
    /// H0 is accepted at or below this.
    pub lower: f64,
    /// H1 is accepted at or above this.
    pub upper: f64,
    /// What follows.
    pub verdict: Verdict,
}

impl Sprt {
    /// # Errors
    /// [`GoError::Option`] for hypotheses in the wrong order and chances of error outside of 0 to
    /// one half.
    pub fn check(&self) -> Result<(), GoError> {
        let is_ordered = self.elo0.is_finite() && self.elo1.is_finite() && self.elo0 < self.elo1;
        let is_chance = |chance: f64| 0.0 < chance && chance < 0.5;
        let (option, expected, got) = if !is_ordered {
            ("elo1", "a number above elo0", format!("{} and {}", self.elo0, self.elo1))
        } else if !is_chance(self.alpha) || !is_chance(self.beta) {
            let got = format!("{} and {}", self.alpha, self.beta);
            ("alpha and beta", "above 0 and below 0.5", got)
        } else {
            return Ok(());
        };
        Err(GoError::Option { option, expected, got })
    }

    /// The state after these games: the generalized test on wins, draws and losses, with the
    /// shares of the three replaced by those most likely under each hypothesis. Without draws it
    /// is Wald's test of a proportion. A number that is zero is taken for 0.001, so that the
    /// ratio is finite.
    ///
    /// Sources: A. Wald, 1945, "Sequential tests of statistical hypotheses"; X. Li, J. Liu and
    /// Z. Ying, 2014, "Generalized sequential probability ratio test for separate families of
    /// hypotheses"; M. Van den Bergh, 2019, the note on it for fishtest.
    pub fn state(&self, wins: u64, draws: u64, losses: u64) -> SprtState {
        let lower = (self.beta / (1.0 - self.alpha)).ln();
        let upper = ((1.0 - self.beta) / self.alpha).ln();
        let ratio = if wins + draws + losses == 0 {
            0.0
        } else {
            let counts = [losses, draws, wins].map(|n| if n == 0 { 1e-3 } else { n as f64 });
            let [p0, p1] = [self.elo0, self.elo1].map(|elo| most_likely(counts, expected(elo)));
            (0..3).map(|at| counts[at] * (p1[at] / p0[at]).ln()).sum()
        };
        let verdict = if ratio >= upper {
            Verdict::AcceptH1
        } else if ratio <= lower {
            Verdict::AcceptH0
        } else {
            Verdict::Continue
        };
        SprtState { ratio, lower, upper, verdict }
    }
}

/// Shares of losses, draws and wins that make the counts most likely among those whose expected
/// score is `mean`: `p = n / (N (1 + t (a - mean)))` for scores a, with t such that they sum to
/// one (the method of Lagrange). The sum falls in t on the interval between the poles.
fn most_likely(counts: [f64; 3], mean: f64) -> [f64; 3] {
    const SCORES: [f64; 3] = [0.0, 0.5, 1.0];
    let games: f64 = counts.iter().sum();
    // The slope of the sum: zero where the expected score is `mean`.
    let slope = |t: f64| -> f64 {
        let part = |at: usize| {
            let off = SCORES[at] - mean;
            counts[at] / games * off / (1.0 + t * off)
        };
        (0..3).map(part).sum()
    };
    let (mut low, mut high) = (-1.0 / (1.0 - mean), 1.0 / mean);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if slope(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    let t = f64::midpoint(low, high);
    std::array::from_fn(|at| counts[at] / (games * (1.0 + t * (SCORES[at] - mean))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(got: f64, expect: f64, tolerance: f64) {
        assert!((got - expect).abs() <= tolerance, "{got} is not {expect}");
    }

    /// Golden: statsmodels `proportion_confint(8, 10, method="wilson")`; halves lie between.
    #[test]
    fn wilson_is_that_of_whole_wins_and_takes_halves() {
        let [low, high] = wilson(8.0, 10);
        near(low, 0.490_162_5, 1e-6);
        near(high, 0.943_317_8, 1e-6);
        for (score, games) in [(0, 7), (3, 9), (512, 1024)] {
            assert_eq!(wilson(score as f64, games), secateur_core::interval::wilson(score, games));
        }
        assert!(wilson(7.5, 10)[0] < low && wilson(7.5, 10)[0] > wilson(7.0, 10)[0]);
        assert_eq!(wilson(0.0, 0), [0.0, 1.0]);
    }

    /// By the formula: 10 to 1 is 400 Elo, 3 to 1 is 400 log10 3.
    #[test]
    fn elo_is_logistic() {
        near(elo(10.0 / 11.0).unwrap(), 400.0, 1e-9);
        near(elo(0.75).unwrap(), 190.848_501_887_865, 1e-9);
        assert_eq!((elo(0.5), elo(0.0), elo(1.0)), (Some(0.0), None, None));
        // Golden: tests/elo_test.cpp of github.com/Disservin/fastchess (wins, losses, draws).
        for (wins, losses, draws, expect) in
            [(0, 36, 14, -315.34), (859, 772, 1329, 10.21), (1164, 1267, 3049, -6.53)]
        {
            let share =
                (f64::from(wins) + 0.5 * f64::from(draws)) / f64::from(wins + losses + draws);
            // Its two decimals are cut off.
            near(elo(share).unwrap(), expect, 0.01);
        }
        near(expected(elo(0.37).unwrap()), 0.37, 1e-12);
    }

    /// Golden: the run that the README of github.com/jw1912/SPRT shows for `--gsprt`.
    #[test]
    fn the_ratio_is_that_of_the_generalized_test() {
        let sprt = Sprt { elo0: 0.0, elo1: 3.0, alpha: 0.05, beta: 0.05 };
        let state = sprt.state(4307, 8620, 4063);
        near(state.ratio, 2.99, 0.005);
        near(state.lower, -2.94, 0.005);
        near(state.upper, 2.94, 0.005);
        assert_eq!(state.verdict, Verdict::AcceptH1);
    }

    /// By Wald's formula: W ln(p1 / p0) + L ln((1 - p1) / (1 - p0)).
    #[test]
    fn without_draws_it_is_walds_test() {
        let sprt = Sprt { elo0: -50.0, elo1: 20.0, alpha: 0.05, beta: 0.1 };
        let (p0, p1) = (expected(-50.0), expected(20.0));
        for (wins, losses) in [(10_u64, 12_u64), (70, 31), (1, 40), (200, 190)] {
            let wald =
                wins as f64 * (p1 / p0).ln() + losses as f64 * ((1.0 - p1) / (1.0 - p0)).ln();
            // The draws that are not there count 0.001.
            near(sprt.state(wins, 0, losses).ratio, wald, 0.01);
        }
        let (lower, upper) = ((0.1_f64 / 0.95).ln(), (0.9_f64 / 0.05).ln());
        let state = sprt.state(0, 0, 0);
        assert_eq!((state.ratio, state.lower, state.upper), (0.0, lower, upper));
        assert_eq!(sprt.state(60, 0, 0).verdict, Verdict::AcceptH1);
        assert_eq!(sprt.state(0, 0, 60).verdict, Verdict::AcceptH0);
        assert!(Sprt { elo0: 1.0, elo1: 1.0, ..sprt }.check().is_err());
        assert!(Sprt { alpha: f64::NAN, ..sprt }.check().is_err());
    }

    /// Chances of error in 2,000 matches of coin tosses lie near those that were asked for.
    #[test]
    fn wrong_decisions_are_as_rare_as_asked_for() {
        let sprt = Sprt { elo0: -50.0, elo1: 50.0, alpha: 0.05, beta: 0.05 };
        let mut random = secateur_core::Random::new(1);
        let mut wrong = 0;
        for _ in 0..2000 {
            let (mut wins, mut losses) = (0, 0);
            let verdict = loop {
                let won = random.uniform() < expected(-50.0);
                (wins, losses) = (wins + u64::from(won), losses + u64::from(!won));
                match sprt.state(wins, 0, losses).verdict {
                    Verdict::Continue => {}
                    verdict => break verdict,
                }
            };
            wrong += u32::from(verdict == Verdict::AcceptH1);
        }
        assert!((40..=110).contains(&wrong), "{wrong} of 2000");
    }
}
