//! How long a move may take.

use std::time::Duration;

use crate::board::Color;

/// Kept back for what lies between the engine and the clock.
const LAG: f64 = 0.1;

/// Time of both players, in seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    /// Overtime of a period and its stones; `None` without any clock.
    period: Option<(f64, u32)>,
    /// What is left to each player, and the stones of the period (zero in main time).
    left: [(f64, u32); 2],
}

impl Clock {
    /// Absolute time when `stones` and `period` are zero, no limit when only `stones` is.
    pub(super) fn set(&mut self, main: f64, period: f64, stones: u32) {
        if period > 0.0 && stones == 0 {
            self.period = None;
            return;
        }
        self.period = Some((period, stones));
        self.left = if main > 0.0 { [(main, 0); 2] } else { [(period, stones); 2] };
    }

    pub(super) fn tell(&mut self, color: Color, seconds: f64, stones: u32) {
        self.left[color.at()] = (seconds, stones);
    }

    /// The time for a move when about `moves` more are to come; `None` without a clock.
    pub(super) fn share(&self, color: Color, moves: usize) -> Option<Duration> {
        let (period, per) = self.period?;
        let (seconds, stones) = self.left[color.at()];
        let share = if stones > 0 {
            seconds / f64::from(stones) - LAG
        } else {
            let overtime = if per > 0 { period / f64::from(per) - LAG } else { 0.0 };
            let main = (seconds - LAG) / moves.max(10) as f64;
            // In main time the overtime of a move is a floor, as long as it lies within.
            main.max(overtime.min(seconds + overtime - LAG))
        };
        Some(Duration::from_secs_f64(share.clamp(0.01, 86_400.0)))
    }

    /// Takes used time off, as long as nobody tells what is left.
    pub(super) fn spend(&mut self, color: Color, seconds: f64) {
        let Some((period, per)) = self.period else { return };
        let (left, stones) = &mut self.left[color.at()];
        *left -= seconds;
        if *stones > 1 {
            *stones -= 1;
        } else if *stones == 1 || (*left <= 0.0 && per > 0) {
            (*left, *stones) = (period, per);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(clock: &Clock, moves: usize) -> Option<f64> {
        clock.share(Color::Black, moves).map(|share| share.as_secs_f64())
    }

    #[test]
    fn shares_follow_absolute_canadian_and_no_time() {
        let mut clock = Clock::default();
        assert_eq!(seconds(&clock, 30), None);
        clock.set(0.0, 1.0, 1);
        assert!((seconds(&clock, 30).unwrap() - 0.9).abs() < 1e-9);
        clock.set(300.1, 0.0, 0);
        assert!((seconds(&clock, 30).unwrap() - 10.0).abs() < 1e-9);
        clock.spend(Color::Black, 150.0);
        assert!((seconds(&clock, 30).unwrap() - 5.0).abs() < 1e-9);
        clock.set(60.0, 100.0, 10);
        clock.tell(Color::Black, 50.0, 5);
        assert!((seconds(&clock, 30).unwrap() - 9.9).abs() < 1e-9);
        clock.set(60.0, 10.0, 0);
        assert_eq!(seconds(&clock, 30), None);
    }
}
