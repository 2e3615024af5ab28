//! NetScore: quality and cost of a network in one number.

/// The convention, in words.
pub const CONVENTION: &str =
    "20 log10(a^2 / sqrt(p m)), a top-1 in %, p 10^6 parameters, m 10^9 MACs";

/// `20 log10(a^2 / (p^0.5 m^0.5))` in decibels, with `a` the top-1 accuracy in percent, `p`
/// parameters in millions and `m` multiply-accumulates in 10^9 for one image. `top1` is a share;
/// none where one of the three is zero.
///
/// A. Wong, 2018, "NetScore: towards universal metrics for large-scale performance analysis of
/// deep neural networks for practical on-device edge usage", section 2, with alpha 2, beta and
/// gamma 0.5.
pub fn netscore(top1: f64, parameters: u64, macs: u64) -> Option<f64> {
    if top1 <= 0.0 || parameters == 0 || macs == 0 {
        return None;
    }
    let (p, m) = (parameters as f64 / 1e6, macs as f64 / 1e9);
    Some(40.0 * (top1 * 100.0).log10() - 10.0 * p.log10() - 10.0 * m.log10())
}

#[cfg(test)]
mod tests {
    use super::netscore;

    fn near(found: Option<f64>, expect: f64) {
        let found = found.expect("there is a score");
        assert!((found - expect).abs() < 5e-4, "{found}, not {expect}");
    }

    #[test]
    fn published_networks() {
        // 71.878 % of ImageNet, 3.50 million parameters, 0.33 x 10^9 multiply-accumulates.
        near(netscore(0.71878, 3_500_000, 330_000_000), 73.638);
        // 69.758 %, 11.69, 1.82.
        near(netscore(0.69758, 11_690_000, 1_820_000_000), 60.464);
    }

    #[test]
    fn halves_and_percents() {
        let dense = netscore(0.93, 4_000_000, 600_000_000).expect("a score");
        near(netscore(0.93, 2_000_000, 300_000_000), dense + 6.0206);
        near(netscore(0.92, 4_000_000, 600_000_000), dense - 0.1878);
    }

    #[test]
    fn nothing_has_no_score() {
        assert_eq!(netscore(0.0, 1, 1), None);
        assert_eq!(netscore(0.5, 0, 1), None);
        assert_eq!(netscore(0.5, 1, 0), None);
    }
}
