//! From a word to its value.

use secateur::core::Budget;
use secateur::core::recipe::{Target, TargetCost};

pub(super) fn sparsity(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "expected a number such as 0.5".to_owned())?;
    match value {
        v if v > 0.0 && v < 1.0 => Ok(v),
        0.0 => Err("0 cuts nothing; give the share to cut, e.g. 0.5".to_owned()),
        1.0 => Err("1 cuts everything; give the share to cut, e.g. 0.5".to_owned()),
        v if v > 1.0 && v <= 100.0 => Err(format!("a share between 0 and 1, e.g. {}", v / 100.0)),
        _ => Err("expected a share between 0 and 1, e.g. 0.5".to_owned()),
    }
}

pub(super) fn part(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("the share to keep lies between 0 and 1, e.g. 0.5".to_owned()),
    }
}

pub(super) fn target(text: &str) -> Result<Target, String> {
    let expected =
        "expected COST=SHARE, e.g. macs=0.5 to keep half; costs are macs, params, size and latency";
    let (cost, share) = text.split_once('=').ok_or_else(|| expected.to_owned())?;
    let cost = match cost {
        "macs" => TargetCost::Macs,
        "params" => TargetCost::Params,
        "size" => TargetCost::Size,
        "latency" => TargetCost::Latency,
        _ => return Err(expected.to_owned()),
    };
    match share.parse::<f64>() {
        Ok(kept) if kept > 0.0 && kept < 1.0 => Ok(Target { cost, kept }),
        Ok(kept) if kept > 1.0 && kept < 100.0 => {
            Err(format!("the share to keep lies between 0 and 1, e.g. {}", kept / 100.0))
        }
        _ => Err("the share to keep lies between 0 and 1, e.g. 0.5".to_owned()),
    }
}

fn shape(text: &str) -> Option<Vec<usize>> {
    let sizes = text.split(['x', ',']).map(|size| size.trim().parse().ok().filter(|n| *n > 0));
    sizes.collect()
}

pub(super) fn image(text: &str) -> Result<[usize; 3], String> {
    let sizes = shape(text).and_then(|sizes| sizes.try_into().ok());
    sizes.ok_or_else(|| "expected channels, height and width, e.g. 3x32x32".to_owned())
}

pub(super) fn input_shape(text: &str) -> Result<(String, Vec<usize>), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let pair = pair.and_then(|(name, sizes)| Some((name.to_owned(), shape(sizes)?)));
    pair.ok_or_else(|| "expected NAME=SHAPE, e.g. image=1x3x224x224".to_owned())
}

pub(super) fn pattern(text: &str) -> Result<Budget, String> {
    let parts = text.split_once(':').and_then(|(n, m)| Some((n.parse().ok()?, m.parse().ok()?)));
    match parts {
        Some((keep, of)) if keep >= 1 && keep < of && of <= 1024 => Ok(Budget::NofM { keep, of }),
        Some((keep, of)) => {
            Err(format!("{keep}:{of} keeps {keep} of {of}; N must be at least 1 and below M"))
        }
        None => Err("expected N:M, e.g. 2:4 to keep 2 of every 4".to_owned()),
    }
}

pub(super) fn option(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let pair = pair.map(|(name, value)| (name.to_owned(), value.to_owned()));
    pair.ok_or_else(|| "expected NAME=VALUE, e.g. power=0.5".to_owned())
}

pub(super) fn times(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(m) if m > 0.0 && f64::is_finite(m) => Ok(m),
        _ => Err("expected a number above zero, e.g. 5".to_owned()),
    }
}

pub(super) fn band(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(l) if (0.0..=0.5).contains(&l) => Ok(l),
        _ => Err("expected a share between 0 and 0.5, e.g. 0.08".to_owned()),
    }
}

pub(super) fn temperature(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(t) if t >= 0.0 && f64::is_finite(t) => Ok(t),
        _ => Err("a temperature is a number that is not negative, e.g. 0.8".to_owned()),
    }
}

pub(super) fn probability(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(p) if p > 0.0 && p <= 1.0 => Ok(p),
        _ => Err("expected a share above 0 and at most 1, e.g. 0.95".to_owned()),
    }
}

pub(super) fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err("expected a count above zero".to_owned()),
    }
}

pub(super) fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(t) if t >= 0.0 && f64::is_finite(t) => Ok(t),
        _ => Err("expected a number that is not negative, e.g. 1e-4".to_owned()),
    }
}

pub(super) fn memory(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text[digits.len()..].to_ascii_lowercase();
    let factor = match unit.as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "m" | "mib" => f64::from(1 << 20),
        "g" | "gib" => f64::from(1 << 30),
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        _ => return Err("expected a size such as 1500MiB or 2GiB".to_owned()),
    };
    match digits.parse::<f64>() {
        Ok(n) if n > 0.0 && n * factor < 1e18 => Ok((n * factor) as u64),
        _ => Err("expected a size such as 1500MiB or 2GiB".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_shares_and_patterns() {
        assert_eq!(memory("1500MiB"), Ok(1500 << 20));
        assert_eq!(memory("2g"), Ok(2 << 30));
        assert!(memory("2 apples").is_err() && memory("-1G").is_err());
        assert_eq!(sparsity("0.5"), Ok(0.5));
        for bad in ["0", "1", "1.5", "-0.1", "NaN", "inf", "half"] {
            assert!(sparsity(bad).is_err(), "{bad}");
        }
        assert_eq!(sparsity("50").unwrap_err(), "a share between 0 and 1, e.g. 0.5");
        assert_eq!(pattern("2:4"), Ok(Budget::NofM { keep: 2, of: 4 }));
        for bad in ["4:2", "0:4", "2", "2:0", "a:b", "2:4:8", "4:4"] {
            assert!(pattern(bad).is_err(), "{bad}");
        }
    }
}
