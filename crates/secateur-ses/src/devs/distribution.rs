//! Distributions of durations, from their written form.

use std::fmt;

use secateur_core::Random;

/// A distribution of numbers that are not negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Constant(f64),
    /// Exponential with a mean.
    Exponential(f64),
    /// Uniform from the first to the second.
    Uniform(f64, f64),
    /// Normal with mean and standard deviation; values below 0 are drawn again.
    Normal(f64, f64),
    /// Lognormal with the mean and the standard deviation of the values themselves.
    Lognormal(f64, f64),
    /// Triangular: least, most likely, greatest.
    Triangular(f64, f64, f64),
    /// The sum of so many exponential numbers, with the mean of the sum.
    Erlang(u32, f64),
    /// Weibull with shape and scale.
    Weibull(f64, f64),
}

/// The written forms, for errors.
pub(super) const FORMS: &str = "a number that is not negative, or one of constant(value), \
     exponential(mean), uniform(low, high), normal(mean, deviation), lognormal(mean, deviation), \
     triangular(low, mode, high), erlang(count, mean), weibull(shape, scale)";

/// Largest number that is taken: what is drawn stays finite.
const LARGEST: f64 = 1e100;
/// Least shape of a Weibull distribution, for the same reason.
const SHAPE_LEAST: f64 = 0.05;
/// Most summands of an Erlang number.
const ERLANG_MAX: f64 = 1000.0;

impl Distribution {
    /// Reads a written form: a number, or a name with numbers in parentheses. `None` for what is
    /// no distribution, or one that can be negative or infinite.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(value) = text.parse::<f64>() {
            return Self::valid(Self::Constant(value));
        }
        let (name, rest) = text.split_once('(')?;
        let inner = rest.strip_suffix(')')?;
        let numbers = inner.split(',').map(|n| n.trim().parse::<f64>().ok());
        let numbers = numbers.collect::<Option<Vec<f64>>>()?;
        let distribution = match (name.trim(), &numbers[..]) {
            ("constant", &[value]) => Self::Constant(value),
            ("exponential", &[mean]) => Self::Exponential(mean),
            ("uniform", &[low, high]) => Self::Uniform(low, high),
            ("normal", &[mean, deviation]) => Self::Normal(mean, deviation),
            ("lognormal", &[mean, deviation]) => Self::Lognormal(mean, deviation),
            ("triangular", &[low, mode, high]) => Self::Triangular(low, mode, high),
            ("erlang", &[count, mean]) => {
                let whole = count.fract() == 0.0 && (1.0..=ERLANG_MAX).contains(&count);
                Self::Erlang(whole.then_some(count as u32)?, mean)
            }
            ("weibull", &[shape, scale]) => Self::Weibull(shape, scale),
            _ => return None,
        };
        Self::valid(distribution)
    }

    fn valid(self) -> Option<Self> {
        let fine = |value: f64| (0.0..=LARGEST).contains(&value);
        let good = match self {
            Self::Constant(value) | Self::Exponential(value) => fine(value),
            Self::Uniform(low, high) => fine(low) && fine(high) && low <= high,
            Self::Normal(mean, deviation) => fine(mean) && fine(deviation),
            Self::Lognormal(mean, deviation) => {
                fine(mean) && fine(deviation) && (deviation / mean).powi(2).is_finite()
            }
            Self::Triangular(low, mode, high) => {
                fine(low) && fine(high) && low <= mode && mode <= high
            }
            Self::Erlang(_, mean) => fine(mean),
            Self::Weibull(shape, scale) => shape >= SHAPE_LEAST && fine(shape) && fine(scale),
        };
        good.then_some(self)
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Constant(value) => value,
            Self::Exponential(mean)
            | Self::Normal(mean, _)
            | Self::Lognormal(mean, _)
            | Self::Erlang(_, mean) => mean,
            Self::Uniform(low, high) => f64::midpoint(low, high),
            Self::Triangular(low, mode, high) => (low + mode + high) / 3.0,
            Self::Weibull(shape, scale) => scale * gamma(1.0 + 1.0 / shape),
        }
    }

    /// Draws a number.
    pub fn draw(&self, random: &mut Random) -> f64 {
        match *self {
            Self::Constant(value) => value,
            Self::Exponential(mean) => exponential(mean, random),
            Self::Uniform(low, high) => low + (high - low) * random.uniform(),
            Self::Normal(mean, deviation) => loop {
                let value = mean + deviation * random.normal();
                if value >= 0.0 {
                    break value;
                }
            },
            Self::Lognormal(mean, deviation) => {
                let variance = (1.0 + (deviation / mean).powi(2)).ln();
                (mean.ln() - variance / 2.0 + variance.sqrt() * random.normal()).exp()
            }
            Self::Triangular(low, mode, high) => {
                let (u, wide) = (random.uniform(), high - low);
                if u * wide < mode - low {
                    low + (u * wide * (mode - low)).sqrt()
                } else {
                    high - ((1.0 - u) * wide * (high - mode)).sqrt()
                }
            }
            Self::Erlang(count, mean) => {
                let each = mean / f64::from(count);
                (0..count).map(|_| exponential(each, random)).sum()
            }
            Self::Weibull(shape, scale) => {
                scale * (-(1.0 - random.uniform()).ln()).powf(1.0 / shape)
            }
        }
    }
}

fn exponential(mean: f64, random: &mut Random) -> f64 {
    -mean * (1.0 - random.uniform()).ln()
}

/// The gamma function of a number above 1 (Lanczos, g = 7).
fn gamma(x: f64) -> f64 {
    const C: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let t = x + 7.5;
    let sum: f64 = (1..9).map(|i| C[i] / (x + i as f64)).sum::<f64>() + C[0];
    std::f64::consts::TAU.sqrt() * t.powf(x + 0.5) * (-t).exp() * sum
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(value) => write!(f, "{value}"),
            Self::Exponential(mean) => write!(f, "exponential({mean})"),
            Self::Uniform(low, high) => write!(f, "uniform({low}, {high})"),
            Self::Normal(mean, deviation) => write!(f, "normal({mean}, {deviation})"),
            Self::Lognormal(mean, deviation) => write!(f, "lognormal({mean}, {deviation})"),
            Self::Triangular(low, mode, high) => write!(f, "triangular({low}, {mode}, {high})"),
            Self::Erlang(count, mean) => write!(f, "erlang({count}, {mean})"),
            Self::Weibull(shape, scale) => write!(f, "weibull({shape}, {scale})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: [&str; 8] = [
        "2.5",
        "exponential(3)",
        "uniform(1, 2)",
        "normal(10, 2)",
        "lognormal(2, 1)",
        "triangular(1, 2, 6)",
        "erlang(3, 4.5)",
        "weibull(2, 3)",
    ];

    #[test]
    fn what_is_written_is_read_and_has_its_mean() {
        for text in WRITTEN {
            let distribution = Distribution::parse(text).expect(text);
            assert_eq!(distribution.to_string(), text);
            let mut random = Random::new(9);
            let draws: Vec<f64> = (0..40_000).map(|_| distribution.draw(&mut random)).collect();
            assert!(draws.iter().all(|d| *d >= 0.0 && d.is_finite()), "{text}");
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let spread = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / draws.len() as f64;
            // Five standard errors of the mean.
            let near = 5.0 * (spread / draws.len() as f64).sqrt() + 1e-12;
            assert!((mean - distribution.mean()).abs() < near, "{text}: {mean}");
        }
    }

    #[test]
    fn nonsense_is_no_distribution() {
        for text in [
            "",
            "-1",
            "nan",
            "inf",
            "uniform(2, 1)",
            "exponential",
            "exponential(1, 2)",
            "normal(x, 1)",
            "erlang(0, 1)",
            "erlang(2.5, 1)",
            "gauss(1, 2)",
            "weibull(0, 1)",
            "lognormal(0, 0)",
            "exponential(1e200)",
        ] {
            assert_eq!(Distribution::parse(text), None, "{text}");
        }
    }
}
