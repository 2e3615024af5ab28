//! Axes: a range of values, its place in pixels, and ticks at 1, 2 or 5 times a power of ten.

use crate::number;

/// Values beyond this are drawn at it, so that spans cannot overflow.
const FAR: f64 = 1e300;

/// One axis.
pub(crate) struct Axis {
    low: f64,
    high: f64,
    log: bool,
    /// Values with their labels, ascending.
    pub(crate) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From `low` to `high`, widened to whole steps, about `about` of them.
    pub(crate) fn rounded(low: f64, high: f64, about: usize) -> Self {
        let (low, high) = spread(low, high);
        let step = step(low, high, about);
        let from = (low / step + 1e-9).floor();
        let to = (high / step - 1e-9).ceil();
        let mut axis = Self { low: from * step, high: to * step, log: false, ticks: Vec::new() };
        axis.ticks = labeled(from, to, step);
        axis
    }

    /// From `low` to `high` exactly, with the ticks that lie inside.
    pub(crate) fn exact(low: f64, high: f64, about: usize) -> Self {
        let (low, high) = spread(low, high);
        let step = step(low, high, about);
        let ticks = labeled((low / step - 1e-9).ceil(), (high / step + 1e-9).floor(), step);
        Self { low, high, log: false, ticks }
    }

    /// Decades from `low` to `high`, both above zero, widened to 1, 2 or 5 times a power of ten.
    pub(crate) fn decades(low: f64, high: f64) -> Self {
        let low = low.clamp(1e-300, FAR);
        let high = high.clamp(low, FAR);
        let (low, mut high) = (below(low), above(high));
        if low >= high {
            high = low * 10.0;
        }
        let (from, to) = (low.log10().floor() as i32 - 1, high.log10().ceil() as i32 + 1);
        let inside = |v: &f64| *v >= low * 0.999 && *v <= high * 1.001;
        let short = high / low < 300.0;
        let times: &[f64] = if short { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let every = if short { 1 } else { ((to - from) as usize).div_ceil(8).max(1) };
        let decades = (from..=to).filter(|e| e.rem_euclid(every as i32) == 0);
        let values = decades.flat_map(|e| times.iter().map(move |t| t * 10f64.powi(e)));
        let ticks = values.filter(inside).map(|v| (v, decade_label(v, high))).collect();
        Self { low, high, log: true, ticks }
    }

    /// The same axis, beginning at `low`; for counts in decades, where a count of one must show.
    pub(crate) fn starting(mut self, low: f64) -> Self {
        self.low = low;
        self.ticks.retain(|(v, _)| *v >= low);
        self
    }

    /// Where a value lies, 0 at the low end and 1 at the high end; values outside stay at the
    /// ends.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let share = if self.log {
            let (low, high) = (self.low.log10(), self.high.log10());
            (value.max(1e-300).log10() - low) / (high - low)
        } else {
            (value.clamp(-FAR, FAR) - self.low) / (self.high - self.low)
        };
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
    }

    /// The widest label, pixels.
    pub(crate) fn widest(&self, size: f64) -> f64 {
        self.ticks.iter().map(|(_, label)| crate::text::width(label, size)).fold(0.0, f64::max)
    }
}

/// A range with some width: a single value gets room on both sides.
fn spread(low: f64, high: f64) -> (f64, f64) {
    let (low, high) = (low.clamp(-FAR, FAR), high.clamp(-FAR, FAR));
    let (low, high) = if low <= high { (low, high) } else { (high, low) };
    let size = low.abs().max(high.abs());
    if high - low > size * 1e-9 && high - low > 1e-290 {
        return (low, high);
    }
    let room = if size > 1e-280 { size * 0.1 } else { 1.0 };
    (low - room, high + room)
}

/// 1, 2 or 5 times a power of ten, near `(high - low) / about`.
fn step(low: f64, high: f64, about: usize) -> f64 {
    let rough = (high - low) / about.max(1) as f64;
    let size = 10f64.powf(rough.log10().floor());
    let times = match rough / size {
        r if r < 1.5 => 1.0,
        r if r < 3.5 => 2.0,
        r if r < 7.5 => 5.0,
        _ => 10.0,
    };
    times * size
}

fn labeled(from: f64, to: f64, step: f64) -> Vec<(f64, String)> {
    // A guard for ranges at the edge of what f64 can tell apart.
    let count = (to - from).clamp(0.0, 50.0) as usize;
    let most = (from * step).abs().max((to * step).abs());
    let values = (0..=count).map(|k| (from + k as f64) * step);
    values.map(|v| (v, number::tick(v, step, most))).collect()
}

/// The largest of 1, 2 or 5 times a power of ten that is not above `v`.
fn below(v: f64) -> f64 {
    let size = 10f64.powi((v.log10() + 1e-9).floor() as i32);
    let fits = |times: &&f64| **times * size <= v * (1.0 + 1e-9);
    [5.0, 2.0, 1.0].iter().find(fits).map_or(size, |times| times * size)
}

fn above(v: f64) -> f64 {
    let size = 10f64.powi((v.log10() - 1e-9).floor() as i32);
    let fits = |times: &&f64| **times * size >= v * (1.0 - 1e-9);
    [1.0, 2.0, 5.0].iter().find(fits).map_or(10.0 * size, |times| times * size)
}

fn decade_label(v: f64, most: f64) -> String {
    match v {
        v if (1e3..1e6).contains(&v) && most >= 1e4 => format!("{} k", number::decimal(v / 1e3)),
        v if (1e6..1e15).contains(&v) => number::short(v.round() as u64),
        v if (1e-3..1e4).contains(&v) => number::decimal(v),
        v => number::tick(v, 1e-9, 1e16),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(axis: &Axis, expect: &str) {
        let labels: Vec<&str> = axis.ticks.iter().map(|(_, l)| l.as_str()).collect();
        assert_eq!(labels.join(" | "), expect);
    }

    #[test]
    fn ticks_are_one_two_or_five() {
        check(&Axis::rounded(0.0, 97.0, 5), "0 | 20 | 40 | 60 | 80 | 100");
        check(&Axis::rounded(-1.3, 1.2, 4), "−1.5 | −1 | −0.5 | 0 | 0.5 | 1 | 1.5");
        check(&Axis::rounded(0.0, 0.0043, 4), "0 | 0.001 | 0.002 | 0.003 | 0.004 | 0.005");
        check(&Axis::exact(0.3, 0.9, 5), "0.3 | 0.4 | 0.5 | 0.6 | 0.7 | 0.8 | 0.9");
        check(&Axis::rounded(0.0, 41_000.0, 4), "0 | 10 k | 20 k | 30 k | 40 k | 50 k");
    }

    #[test]
    fn decades_have_few_labels() {
        check(&Axis::decades(1.0, 20_000.0), "1 | 10 | 100 | 1 k | 10 k");
        check(&Axis::decades(3.0, 3.0), "2 | 5");
        check(&Axis::decades(0.9, 7.0), "0.5 | 1 | 2 | 5 | 10");
        check(&Axis::decades(1e-8, 1e-5), "10⁻⁸ | 10⁻⁷ | 10⁻⁶ | 10⁻⁵");
        let widest = Axis::decades(1e-300, 1e300);
        assert!((5..12).contains(&widest.ticks.len()), "{:?}", widest.ticks);
    }

    #[test]
    fn odd_ranges_still_give_an_axis() {
        for (low, high) in
            [(0.0, 0.0), (5.0, 5.0), (1e16, 1e16 + 2.0), (-f64::MAX, f64::MAX), (0.0, 5e-324)]
        {
            for axis in [Axis::rounded(low, high, 5), Axis::exact(low, high, 5)] {
                assert!(!axis.ticks.is_empty() && axis.ticks.len() < 20, "{low} {high}");
                for value in [low, high, 0.0] {
                    assert!((0.0..=1.0).contains(&axis.at(value)), "{low} {high}");
                }
            }
        }
    }

    #[test]
    fn places_are_shares_of_the_range() {
        let axis = Axis::rounded(0.0, 10.0, 5);
        assert_eq!(
            [axis.at(0.0), axis.at(5.0), axis.at(10.0), axis.at(99.0)],
            [0.0, 0.5, 1.0, 1.0]
        );
        let axis = Axis::decades(1.0, 100.0);
        assert!((axis.at(10.0) - 0.5).abs() < 1e-12);
    }
}
