//! How long a move may take.

use std::time::Duration;

use crate::board::Color;

/// Kept back for what lies between the engine and the clock.
const LAG: f64 = 0.1;

/// What follows when the main time is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Overtime {
    /// The game is lost.
    None,
    /// So many stones are to be played in so many seconds, again and again.
    Canadian { seconds: f64, stones: u32 },
    /// A move that takes less than a period costs nothing, each further period is lost.
    ByoYomi { seconds: f64, periods: u32 },
}

impl Overtime {
    /// Seconds and stones (or periods) at the beginning of it.
    fn begin(self) -> (f64, u32) {
        match self {
            Self::None => (0.0, 0),
            Self::Canadian { seconds, stones } => (seconds, stones),
            Self::ByoYomi { seconds, periods } => (seconds, periods),
        }
    }

    /// Seconds for each move of it.
    fn per_move(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Canadian { seconds, stones } => seconds / f64::from(stones),
            Self::ByoYomi { seconds, .. } => seconds,
        }
    }
}

/// Time of both players, in seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    /// `None` without any clock.
    overtime: Option<Overtime>,
    /// What is left to each player, and the stones or periods (zero in main time).
    left: [(f64, u32); 2],
}

impl Clock {
    /// Starts both clocks; `None` takes them away. An overtime without time, stones or periods is
    /// none.
    pub(super) fn set(&mut self, main: f64, overtime: Option<Overtime>) {
        self.overtime = overtime.map(|overtime| {
            let (seconds, count) = overtime.begin();
            if seconds > 0.0 && count > 0 { overtime } else { Overtime::None }
        });
        let Some(overtime) = self.overtime else { return };
        self.left = if main > 0.0 { [(main, 0); 2] } else { [overtime.begin(); 2] };
    }

    pub(super) fn tell(&mut self, color: Color, seconds: f64, count: u32) {
        self.left[color.at()] = (seconds, count);
    }

    /// The time for a move when about `moves` more are to come; `None` without a clock.
    pub(super) fn share(&self, color: Color, moves: usize) -> Option<Duration> {
        let overtime = self.overtime?;
        let (seconds, count) = self.left[color.at()];
        let share = match overtime {
            Overtime::Canadian { .. } if count > 0 => seconds / f64::from(count) - LAG,
            Overtime::ByoYomi { seconds: period, .. } if count > 0 => seconds.min(period) - LAG,
            _ => {
                // In main time the overtime of a move is a floor, as long as it lies within.
                let later = (overtime.per_move() - LAG).max(0.0);
                let main = (seconds - LAG) / moves.max(10) as f64;
                main.max(later.min(seconds + later - LAG))
            }
        };
        Some(Duration::from_secs_f64(share.clamp(0.01, 86_400.0)))
    }

    /// Takes used time off, as long as nobody tells what is left.
    pub(super) fn spend(&mut self, color: Color, seconds: f64) {
        let Some(overtime) = self.overtime else { return };
        let (left, count) = &mut self.left[color.at()];
        *left -= seconds;
        match overtime {
            Overtime::Canadian { .. } if *count > 1 => *count -= 1,
            Overtime::Canadian { .. } if *count == 1 || *left <= 0.0 => {
                (*left, *count) = overtime.begin();
            }
            Overtime::ByoYomi { seconds: period, periods } if *count > 0 || *left <= 0.0 => {
                let before = if *count > 0 { *count } else { periods };
                // The first period covers what reaches into it.
                let lost = (-*left / period).ceil().max(0.0) as u32;
                let lost = if *count > 0 { lost } else { lost.saturating_sub(1) };
                (*left, *count) = (period, before.saturating_sub(lost).max(1));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(clock: &Clock, moves: usize) -> Option<f64> {
        clock.share(Color::Black, moves).map(|share| share.as_secs_f64())
    }

    const CANADIAN: Overtime = Overtime::Canadian { seconds: 100.0, stones: 10 };
    const BYO_YOMI: Overtime = Overtime::ByoYomi { seconds: 5.1, periods: 3 };

    #[test]
    fn shares_follow_absolute_canadian_and_no_time() {
        let mut clock = Clock::default();
        assert_eq!(seconds(&clock, 30), None);
        clock.set(0.0, Some(Overtime::Canadian { seconds: 1.0, stones: 1 }));
        assert!((seconds(&clock, 30).unwrap() - 0.9).abs() < 1e-9);
        clock.set(300.1, Some(Overtime::None));
        assert!((seconds(&clock, 30).unwrap() - 10.0).abs() < 1e-9);
        clock.spend(Color::Black, 150.0);
        assert!((seconds(&clock, 30).unwrap() - 5.0).abs() < 1e-9);
        clock.set(60.0, Some(CANADIAN));
        clock.tell(Color::Black, 50.0, 5);
        assert!((seconds(&clock, 30).unwrap() - 9.9).abs() < 1e-9);
        clock.set(60.0, None);
        assert_eq!(seconds(&clock, 30), None);
    }

    #[test]
    fn overtime_begins_when_main_time_ends() {
        let mut clock = Clock::default();
        clock.set(20.0, Some(CANADIAN));
        clock.spend(Color::Black, 21.0);
        assert_eq!(clock.left[0], (100.0, 10));
        clock.spend(Color::Black, 40.0);
        assert_eq!(clock.left[0], (60.0, 9));
        assert_eq!(clock.left[1], (20.0, 0));
    }

    #[test]
    fn periods_are_lost_one_by_one() {
        let mut clock = Clock::default();
        clock.set(20.0, Some(BYO_YOMI));
        assert!((seconds(&clock, 30).unwrap() - 5.0).abs() < 1e-9, "the floor of a period");
        clock.spend(Color::Black, 21.0);
        assert_eq!(clock.left[0], (5.1, 3), "one second of the first period");
        assert!((seconds(&clock, 30).unwrap() - 5.0).abs() < 1e-9);
        clock.spend(Color::Black, 5.0);
        assert_eq!(clock.left[0], (5.1, 3));
        clock.spend(Color::Black, 6.0);
        assert_eq!(clock.left[0], (5.1, 2));
        clock.set(0.0, Some(BYO_YOMI));
        assert_eq!(clock.left[1], (5.1, 3));
    }
}
