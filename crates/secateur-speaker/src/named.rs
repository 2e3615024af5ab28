//! Rules as text: `ml`, `wmr:reciprocal`, `mwmr:m2=5:linear`.

use std::str::FromStr;

use crate::criteria::{Mwmr, Reading, Rule, Weights, Wmr};
use crate::error::SpeakerError;

/// Ranks that have a weight in the second reading of MWMR when no number is given.
const BEST: usize = 5;

impl FromStr for Rule {
    type Err = SpeakerError;

    /// # Errors
    /// [`SpeakerError::Option`] for a rule, reading or weights that are not known.
    fn from_str(text: &str) -> Result<Self, SpeakerError> {
        let mut words = text.split(':');
        let rule = words.next().unwrap_or_default();
        let words: Vec<&str> = words.collect();
        let found = match (rule, &words[..]) {
            ("ml", []) => Some(Self::Likelihood),
            ("wmr", []) => Some(Self::Wmr(Wmr::default())),
            ("wmr", [weights]) => read(weights).map(|weights| Self::Wmr(Wmr { weights })),
            ("mwmr", words) => mwmr(words).map(Self::Mwmr),
            _ => None,
        };
        found.ok_or_else(|| SpeakerError::Option {
            option: "a rule",
            expected: "ml, wmr[:WEIGHTS] or mwmr[:m1|m2[=K]][:WEIGHTS] with WEIGHTS exponential[=RHO], linear, reciprocal or top=K",
            got: text.to_owned(),
        })
    }
}

fn mwmr(words: &[&str]) -> Option<Mwmr> {
    let (reading, rest) = match words {
        ["m1", rest @ ..] => (Reading::Normalized, rest),
        [first, rest @ ..] if first.split('=').next() == Some("m2") => {
            let best = match first.split_once('=') {
                Some((_, best)) => best.parse().ok().filter(|best| *best > 0)?,
                None => BEST,
            };
            (Reading::Best(best), rest)
        }
        rest => (Reading::Normalized, rest),
    };
    let weights = match rest {
        [] => Mwmr::default().weights,
        [weights] => read(weights)?,
        _ => return None,
    };
    Some(Mwmr { reading, weights })
}

fn read(text: &str) -> Option<Weights> {
    let (name, number) = match text.split_once('=') {
        Some((name, number)) => (name, Some(number)),
        None => (text, None),
    };
    match (name, number) {
        ("exponential", None) => Some(Weights::Exponential(None)),
        ("exponential", Some(rho)) => {
            let rho = rho.parse().ok().filter(|rho: &f64| rho.is_finite() && *rho > 0.0)?;
            Some(Weights::Exponential(Some(rho)))
        }
        ("linear", None) => Some(Weights::Linear),
        ("reciprocal", None) => Some(Weights::Reciprocal),
        ("top", Some(best)) => best.parse().ok().filter(|best| *best > 0).map(Weights::Top),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read() {
        let check = |text: &str, expect: Rule| assert_eq!(text.parse::<Rule>().unwrap(), expect);
        check("ml", Rule::Likelihood);
        check("wmr", Rule::Wmr(Wmr { weights: Weights::Exponential(None) }));
        check("wmr:top=3", Rule::Wmr(Wmr { weights: Weights::Top(3) }));
        check("mwmr", Rule::Mwmr(Mwmr::default()));
        let of = |reading, weights| Rule::Mwmr(Mwmr { reading, weights });
        check("mwmr:reciprocal", of(Reading::Normalized, Weights::Reciprocal));
        check("mwmr:m1:linear", of(Reading::Normalized, Weights::Linear));
        check("mwmr:m2", of(Reading::Best(5), Weights::Exponential(None)));
        let rho = Weights::Exponential(Some(2.5));
        check("mwmr:m2=7:exponential=2.5", of(Reading::Best(7), rho));
        for bad in ["", "ML", "ml:linear", "wmr:top", "wmr:top=0", "wmr:exponential=-1", "mwmr:m3"]
        {
            assert!(bad.parse::<Rule>().is_err(), "{bad}");
        }
    }
}
