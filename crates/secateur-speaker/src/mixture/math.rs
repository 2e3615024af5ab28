//! Exponential and logarithm without branches, which the compiler turns into vector code.
//!
//! Only additions, multiplications, divisions and bit operations in a fixed order: the values are
//! the same on every machine and for every width of vectors. Errors below 2 units in the last
//! place. The reductions are those of fdlibm (Sun Microsystems, 1993).

/// Adding and subtracting this rounds to an integer, to be found in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts; multiples of the first up to 2^11 are exact.
const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// e^x for x of at most zero; numbers below -300 count as -300: sums of less would be subnormal,
/// and slow.
#[inline(always)]
pub(crate) fn exp_below_zero(x: f64) -> f64 {
    let kept = if x < -300.0 { -300.0 } else { x };
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
    value * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// The natural logarithm of a normal positive number.
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    // The mantissa into [sqrt(1/2), sqrt(2)): one added to the exponent where it is larger.
    let lifted = bits.wrapping_add(0x3ff0_0000_0000_0000 - 0x3fe6_a09e_667f_3bcd);
    let exponent = lifted >> 52;
    let mantissa = (lifted & 0x000f_ffff_ffff_ffff).wrapping_add(0x3fe6_a09e_667f_3bcd);
    // Small whole numbers to f64 by way of the mantissa of 2^52.
    let whole = f64::from_bits(exponent | 0x4330_0000_0000_0000) - 4_503_599_627_370_496.0;
    let k = whole - 1023.0;
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
    let half = 0.5 * f * f;
    k * LN2_HIGH - ((half - (s * (half + p * z) + k * LN2_LOW)) - f)
}

#[cfg(test)]
mod tests {
    use secateur_core::Random;

    use super::*;

    #[test]
    fn values_are_those_of_the_standard_library() {
        let mut random = Random::new(3);
        for _ in 0..200_000 {
            let x = -300.0 * random.uniform();
            let expect = x.exp();
            assert!((exp_below_zero(x) - expect).abs() <= 2.0 * f64::EPSILON * expect, "{x}");
            let x = 1.0 + 1000.0 * random.uniform();
            assert!((ln(x) - x.ln()).abs() <= 2.0 * f64::EPSILON * x.ln().max(1e-3), "{x}");
        }
        assert_eq!(exp_below_zero(0.0), 1.0);
        assert_eq!(ln(1.0), 0.0);
        assert!(exp_below_zero(f64::NEG_INFINITY) < 1e-130);
    }
}
