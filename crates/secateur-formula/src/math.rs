//! Elementary functions without branches, which the compiler turns into vector code.
//!
//! Only additions, multiplications, divisions and bit operations in a fixed order: the values are
//! the same on every machine and for every width of vectors.
//! Errors: [`exp`] and [`ln`] below 2 units in the last place; [`sin`] and [`cos`] below 2e-16 in
//! absolute terms up to `1e5`, where they hand over to the standard library; [`pow`] below
//! `3e-16 (1 + |y ln x|)`, relative, and
//! a unit per multiplication where the exponent is a small whole number.
//!
//! Source of the reductions and of the series of the logarithm: the method of fdlibm (Sun
//! Microsystems, 1993), with coefficients computed anew as series.

/// Adding and subtracting this rounds to an integer, to be found in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts; multiples of the first up to 2^11 are exact.
const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// 2^k for whole k in -1022..=1023, given as `k + ROUND`.
#[inline(always)]
fn power_of_two(shifted: f64) -> f64 {
    f64::from_bits((shifted.to_bits().wrapping_add(1023)) << 52)
}

/// e^x; 0 below -746, infinite above 709.79.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let kept = if x > 710.0 { 710.0 } else { x };
    let kept = if kept < -746.0 { -746.0 } else { kept };
    let shifted = kept * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (kept - k * LN2_HIGH) - k * LN2_LOW;
    // Taylor to r^13 on |r| <= 0.3466: the rest is below 3e-17.
    let mut p = 1.0 / 6_227_020_800.0;
    p = p * r + 1.0 / 479_001_600.0;
    p = p * r + 1.0 / 39_916_800.0;
    p = p * r + 1.0 / 3_628_800.0;
    p = p * r + 1.0 / 362_880.0;
    p = p * r + 1.0 / 40_320.0;
    p = p * r + 1.0 / 5_040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    let value = 1.0 + (r + r * r * p);
    // In two halves, so that the largest and the subnormal results are reached.
    let half = k * 0.5 + ROUND;
    let rest = (k - (half - ROUND)) + ROUND;
    value * power_of_two(half) * power_of_two(rest)
}

/// The natural logarithm; NaN below zero, minus infinity at zero.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    let tiny = x < f64::MIN_POSITIVE;
    let scaled = if tiny { x * 18_014_398_509_481_984.0 } else { x };
    let bits = scaled.to_bits();
    // The mantissa into [sqrt(1/2), sqrt(2)): one added to the exponent where it is larger.
    let lifted = bits.wrapping_add(0x3ff0_0000_0000_0000 - 0x3fe6_a09e_667f_3bcd);
    let exponent = lifted >> 52;
    let mantissa = (lifted & 0x000f_ffff_ffff_ffff).wrapping_add(0x3fe6_a09e_667f_3bcd);
    // Small whole numbers to f64 by way of the mantissa of 2^52.
    let whole = f64::from_bits(exponent | 0x4330_0000_0000_0000) - 4_503_599_627_370_496.0;
    let k = whole - 1023.0 - if tiny { 54.0 } else { 0.0 };
    let f = f64::from_bits(mantissa) - 1.0;
    // ln(1 + f) = 2 artanh(s), s = f / (2 + f); written so that the leading terms are exact.
    let s = f / (2.0 + f);
    let z = s * s;
    let mut p = 2.0 / 21.0;
    p = p * z + 2.0 / 19.0;
    p = p * z + 2.0 / 17.0;
    p = p * z + 2.0 / 15.0;
    p = p * z + 2.0 / 13.0;
    p = p * z + 2.0 / 11.0;
    p = p * z + 2.0 / 9.0;
    p = p * z + 2.0 / 7.0;
    p = p * z + 2.0 / 5.0;
    p = p * z + 2.0 / 3.0;
    let rest = p * z;
    let half = 0.5 * f * f;
    let value = k * LN2_HIGH - ((half - (s * (half + rest) + k * LN2_LOW)) - f);
    let value = if x == f64::INFINITY { x } else { value };
    let value = if x == 0.0 { f64::NEG_INFINITY } else { value };
    if x >= 0.0 { value } else { f64::NAN }
}

/// Largest whole exponent that is worked out by multiplications.
const MULTIPLIED_MAX: f64 = 64.0;

/// Whether powers to this exponent are products.
#[inline(always)]
pub fn is_product(y: f64) -> bool {
    y.abs() <= MULTIPLIED_MAX && y == y.floor()
}

/// x^k for small whole k, by squaring.
#[inline(always)]
pub fn power_by_products(x: f64, k: f64) -> f64 {
    let mut rest = k.abs() as u32;
    let mut square = x;
    let mut value = 1.0;
    while rest > 0 {
        if rest & 1 == 1 {
            value *= square;
        }
        square *= square;
        rest >>= 1;
    }
    if k < 0.0 { 1.0 / value } else { value }
}

/// x^y. A negative base has a value for whole exponents only; anything to the power 0 is 1.
/// Whole exponents up to 64 are worked out by multiplications.
#[inline(always)]
pub fn pow(x: f64, y: f64) -> f64 {
    if is_product(y) { power_by_products(x, y) } else { power_by_logarithm(x, y) }
}

/// x^y by way of the logarithm.
#[inline(always)]
pub fn power_by_logarithm(x: f64, y: f64) -> f64 {
    let size = exp(y * ln(x.abs()));
    let whole = y == y.floor();
    let odd = whole && y * 0.5 != (y * 0.5).floor();
    let signed = if odd { -size } else { size };
    let value = if x < 0.0 { if whole { signed } else { f64::NAN } } else { size };
    let zero = if y > 0.0 { 0.0 } else { f64::INFINITY };
    let value = if x == 0.0 { zero } else { value };
    let value = if x == 1.0 { 1.0 } else { value };
    if y.is_nan() { y } else { value }
}

/// Sizes up to which [`sin`] and [`cos`] reduce by themselves.
pub const TURNS_MAX: f64 = 1e5;
/// pi / 2 in three parts; multiples of the first two up to 2^20 are exact.
const HALF_PI: [f64; 3] =
    [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_6e-21];

/// Sine and cosine of a number of at most pi / 4.
#[inline(always)]
fn sin_cos_small(r: f64) -> (f64, f64) {
    let z = r * r;
    let mut s = -1.0 / 1_307_674_368_000.0;
    s = s * z + 1.0 / 6_227_020_800.0;
    s = s * z - 1.0 / 39_916_800.0;
    s = s * z + 1.0 / 362_880.0;
    s = s * z - 1.0 / 5_040.0;
    s = s * z + 1.0 / 120.0;
    s = s * z - 1.0 / 6.0;
    let mut c = 1.0 / 20_922_789_888_000.0;
    c = c * z - 1.0 / 87_178_291_200.0;
    c = c * z + 1.0 / 479_001_600.0;
    c = c * z - 1.0 / 3_628_800.0;
    c = c * z + 1.0 / 40_320.0;
    c = c * z - 1.0 / 720.0;
    c = c * z + 1.0 / 24.0;
    (r + r * z * s, 1.0 - 0.5 * z + z * z * c)
}

/// Sine, `quarter` quarters of a turn further on, of an angle of at most [`TURNS_MAX`].
#[inline(always)]
pub fn turned(x: f64, quarter: u64) -> f64 {
    let shifted = x * std::f64::consts::FRAC_2_PI + ROUND;
    let k = shifted - ROUND;
    let r = ((x - k * HALF_PI[0]) - k * HALF_PI[1]) - k * HALF_PI[2];
    let turn = shifted.to_bits().wrapping_add(quarter);
    let (sine, cosine) = sin_cos_small(r);
    let value = if turn & 1 == 0 { sine } else { cosine };
    if turn & 2 == 0 { value } else { -value }
}

/// The sine of an angle in radians.
#[inline(always)]
pub fn sin(x: f64) -> f64 {
    if x.abs() > TURNS_MAX { x.sin() } else { turned(x, 0) }
}

/// The cosine of an angle in radians.
#[inline(always)]
pub fn cos(x: f64) -> f64 {
    if x.abs() > TURNS_MAX { x.cos() } else { turned(x, 1) }
}

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    let size = x.abs();
    let fallen = exp(-2.0 * size);
    let large = (1.0 - fallen) / (1.0 + fallen);
    // Series where the difference above would cancel.
    let z = x * x;
    let mut p = 62.0 / 2835.0;
    p = 17.0 / 315.0 - p * z;
    p = 2.0 / 15.0 - p * z;
    p = 1.0 / 3.0 - p * z;
    let small = size - size * z * p;
    let value = if size < 0.02 { small } else { large };
    if x < 0.0 { -value } else { value }
}

/// 1, -1 or 0, or NaN.
#[inline(always)]
pub fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        x
    }
}

/// The smaller; NaN when one is.
#[inline(always)]
pub fn min(x: f64, y: f64) -> f64 {
    if x.is_nan() || x < y { x } else { y }
}

/// The larger; NaN when one is.
#[inline(always)]
pub fn max(x: f64, y: f64) -> f64 {
    if x.is_nan() || x > y { x } else { y }
}

/// `x` within plus and minus `most`.
#[inline(always)]
pub fn clamp(x: f64, most: f64) -> f64 {
    let x = if x > most { most } else { x };
    if x < -most { -most } else { x }
}

#[cfg(test)]
mod tests {
    use secateur_core::Random;

    use super::*;

    /// Largest relative difference from the standard library over many numbers.
    fn worst(ours: fn(f64) -> f64, theirs: fn(f64) -> f64, from: f64, to: f64) -> f64 {
        let mut random = Random::new(3);
        (0..200_000)
            .map(|_| from + (to - from) * random.uniform())
            .map(|x| ((ours(x) - theirs(x)) / theirs(x).abs().max(f64::MIN_POSITIVE)).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn values_are_those_of_the_standard_library() {
        let unit = f64::EPSILON;
        assert!(worst(exp, f64::exp, -700.0, 700.0) < 2.0 * unit);
        assert!(worst(exp, f64::exp, -1.0, 1.0) < 2.0 * unit);
        assert!(worst(ln, f64::ln, 1e-9, 4.0) < 2.0 * unit);
        assert!(worst(ln, f64::ln, 1.0, 1e12) < 2.0 * unit);
        assert!(worst(tanh, f64::tanh, -5.0, 5.0) < 60.0 * unit);
        for (ours, theirs) in [(sin as fn(f64) -> f64, f64::sin as fn(f64) -> f64), (cos, f64::cos)]
        {
            let mut random = Random::new(5);
            for range in [1.0, 100.0, 9e4] {
                for _ in 0..100_000 {
                    let x = range * (2.0 * random.uniform() - 1.0);
                    assert!((ours(x) - theirs(x)).abs() < 2.5e-16, "{x}");
                }
            }
            assert_eq!(ours(1e7), theirs(1e7));
        }
        let mut random = Random::new(4);
        for _ in 0..200_000 {
            let (x, y) = (random.uniform() * 50.0, random.uniform() * 40.0 - 20.0);
            let (found, expect) = (pow(x, y), x.powf(y));
            let allowed = 4e-16 * (1.0 + (y * x.ln()).abs()) * expect;
            assert!((found - expect).abs() <= allowed, "{x}^{y}: {found} {expect}");
        }
    }

    #[test]
    fn edges_are_those_of_the_standard_library() {
        let edges = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            2.0,
            -2.0,
            3.0,
            -3.0,
            0.5,
            -0.5,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            f64::MIN_POSITIVE,
            5e-324,
            f64::MAX,
            -745.2,
            -746.5,
            709.7,
            709.9,
        ];
        let near = |found: f64, expect: f64| {
            let same = found == expect || found.is_nan() && expect.is_nan();
            same || (found - expect).abs() <= 4.0 * f64::EPSILON * expect.abs().max(1e-300)
        };
        for x in edges {
            assert!(near(exp(x), x.exp()), "exp {x}: {} {}", exp(x), x.exp());
            assert!(near(ln(x), x.ln()), "ln {x}: {} {}", ln(x), x.ln());
            for y in [0.0_f64, 1.0, -1.0, 2.0, 3.0, -3.0, 0.5, -0.5, 1e300] {
                if x == f64::NEG_INFINITY && y != y.floor() {
                    assert!(pow(x, y).is_nan(), "as for every negative base");
                    continue;
                }
                let (found, expect) = (pow(x, y), x.powf(y));
                // The sign of a zero or of an infinity out of a zero is not kept.
                let (found, expect) =
                    if x == 0.0 { (found.abs(), expect.abs()) } else { (found, expect) };
                // Very small and very large numbers lose digits on the way by the logarithm.
                let same = near(found, expect) || (found - expect).abs() <= 2e-13 * expect.abs();
                assert!(same, "{x}^{y}: {found} {expect}");
            }
        }
    }
}
