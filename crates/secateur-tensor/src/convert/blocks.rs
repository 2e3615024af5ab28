//! Block-quantized values of GGUF, read into f32.
//!
//! A block holds 32 or 256 values as small integers and the scales they share. Scales are f16;
//! a value is computed in f32 as `scale * integer`, plus or minus an offset where the type has
//! one, in the order of operations of the format's reference, so that results are equal to the
//! bit. Layouts: ggml's `ggml-common.h` (`block_q4_0` to `block_q6_K`).
//!
//! Every function reads whole blocks: `bytes` holds as many blocks as `values` holds runs of 32
//! or 256 values.

use half::f16;

/// The f16 at byte `at` of a block.
#[inline]
fn scale(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

/// Scale, then 16 bytes: low nibbles are values 0 to 15, high nibbles 16 to 31; less 8.
pub(super) fn q4_0(bytes: &[u8], values: &mut [f32]) {
    for (block, out) in bytes.as_chunks::<18>().0.iter().zip(values.as_chunks_mut::<32>().0) {
        let d = scale(block, 0);
        let (low, high) = out.split_at_mut(16);
        for ((q, low), high) in block[2..].iter().zip(low).zip(high) {
            *low = d * f32::from((q & 15) as i8 - 8);
            *high = d * f32::from((q >> 4) as i8 - 8);
        }
    }
}

/// Scale, offset, then nibbles as in Q4_0, from 0.
pub(super) fn q4_1(bytes: &[u8], values: &mut [f32]) {
    for (block, out) in bytes.as_chunks::<20>().0.iter().zip(values.as_chunks_mut::<32>().0) {
        let (d, m) = (scale(block, 0), scale(block, 2));
        let (low, high) = out.split_at_mut(16);
        for ((q, low), high) in block[4..].iter().zip(low).zip(high) {
            *low = d * f32::from(q & 15) + m;
            *high = d * f32::from(q >> 4) + m;
        }
    }
}

/// Adds the fifth bits to nibbles: the nibbles of 16 bytes and 32 bits, lowest bit first, give
/// 32 integers from 0 to 31.
#[inline]
fn five_bits(nibbles: &[u8], high: &[u8]) -> [u8; 32] {
    let high = u32::from_le_bytes([high[0], high[1], high[2], high[3]]);
    let mut fives = [0; 32];
    for (i, q) in nibbles.iter().enumerate().take(16) {
        fives[i] = (q & 15) | (((high >> i) & 1) << 4) as u8;
        fives[i + 16] = (q >> 4) | (((high >> (i + 16)) & 1) << 4) as u8;
    }
    fives
}

/// Scale, 32 fifth bits, then nibbles as in Q4_0; less 16.
pub(super) fn q5_0(bytes: &[u8], values: &mut [f32]) {
    for (block, out) in bytes.as_chunks::<22>().0.iter().zip(values.as_chunks_mut::<32>().0) {
        let d = scale(block, 0);
        for (q, value) in five_bits(&block[6..], &block[2..6]).iter().zip(out) {
            *value = d * f32::from(*q as i8 - 16);
        }
    }
}

/// Scale, offset, 32 fifth bits, then nibbles as in Q4_0, from 0.
pub(super) fn q5_1(bytes: &[u8], values: &mut [f32]) {
    for (block, out) in bytes.as_chunks::<24>().0.iter().zip(values.as_chunks_mut::<32>().0) {
        let (d, m) = (scale(block, 0), scale(block, 2));
        for (q, value) in five_bits(&block[8..], &block[4..8]).iter().zip(out) {
            *value = d * f32::from(*q) + m;
        }
    }
}

/// Scale, then 32 signed bytes.
pub(super) fn q8_0(bytes: &[u8], values: &mut [f32]) {
    for (block, out) in bytes.as_chunks::<34>().0.iter().zip(values.as_chunks_mut::<32>().0) {
        let d = scale(block, 0);
        for (q, value) in block[2..].iter().zip(out) {
            *value = d * f32::from(*q as i8);
        }
    }
}

/// The inverse of [`q8_0`], as the format's reference has it: the largest absolute value becomes
/// 127, halves are rounded away from zero.
pub(super) fn to_q8_0(values: &[f32], bytes: &mut [u8]) {
    for (values, block) in values.as_chunks::<32>().0.iter().zip(bytes.as_chunks_mut::<34>().0) {
        let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let d = largest / 127.0;
        let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
        block[..2].copy_from_slice(&f16::from_f32(d).to_le_bytes());
        for (q, value) in block[2..].iter_mut().zip(values) {
            *q = (value * inverse).round() as i8 as u8;
        }
    }
}

/// The eight scales and eight offsets of Q4_K and Q5_K, six bits each in twelve bytes: those of
/// the first four sub-blocks in the low bits of bytes 0 to 3 and 4 to 7, the others as nibbles
/// in bytes 8 to 11 with their high bits on top of the first eight bytes.
#[inline]
fn scales_and_offsets(packed: &[u8]) -> ([u8; 8], [u8; 8]) {
    let (mut scales, mut offsets) = ([0; 8], [0; 8]);
    for i in 0..4 {
        scales[i] = packed[i] & 63;
        offsets[i] = packed[i + 4] & 63;
        scales[i + 4] = (packed[i + 8] & 15) | ((packed[i] >> 6) << 4);
        offsets[i + 4] = (packed[i + 8] >> 4) | ((packed[i + 4] >> 6) << 4);
    }
    (scales, offsets)
}

/// Scale of scales, scale of offsets, 12 bytes of both, then four times 32 bytes: their low
/// nibbles are one sub-block of 32 values, their high nibbles the next.
pub(super) fn q4_k(bytes: &[u8], values: &mut [f32]) {
    for (block, out) in bytes.as_chunks::<144>().0.iter().zip(values.as_chunks_mut::<256>().0) {
        let (d, m) = (scale(block, 0), scale(block, 2));
        let (scales, offsets) = scales_and_offsets(&block[4..16]);
        let pairs = out.as_chunks_mut::<64>().0.iter_mut();
        for (j, (out, nibbles)) in pairs.zip(block[16..].as_chunks::<32>().0).enumerate() {
            let (d0, m0) = (d * f32::from(scales[2 * j]), m * f32::from(offsets[2 * j]));
            let (d1, m1) = (d * f32::from(scales[2 * j + 1]), m * f32::from(offsets[2 * j + 1]));
            let (low, high) = out.split_at_mut(32);
            for ((q, low), high) in nibbles.iter().zip(low).zip(high) {
                *low = d0 * f32::from(q & 15) - m0;
                *high = d1 * f32::from(q >> 4) - m1;
            }
        }
    }
}

/// As Q4_K, with 32 bytes of fifth bits before the nibbles: bit `s` of byte `i` belongs to value
/// `i` of sub-block `s`.
pub(super) fn q5_k(bytes: &[u8], values: &mut [f32]) {
    for (block, out) in bytes.as_chunks::<176>().0.iter().zip(values.as_chunks_mut::<256>().0) {
        let (d, m) = (scale(block, 0), scale(block, 2));
        let (scales, offsets) = scales_and_offsets(&block[4..16]);
        let (fifths, nibbles) = block[16..].split_at(32);
        let pairs = out.as_chunks_mut::<64>().0.iter_mut();
        for (j, (out, nibbles)) in pairs.zip(nibbles.as_chunks::<32>().0).enumerate() {
            let (d0, m0) = (d * f32::from(scales[2 * j]), m * f32::from(offsets[2 * j]));
            let (d1, m1) = (d * f32::from(scales[2 * j + 1]), m * f32::from(offsets[2 * j + 1]));
            let (bit0, bit1) = (1 << (2 * j), 2 << (2 * j));
            let (low, high) = out.split_at_mut(32);
            for (((q, fifth), low), high) in nibbles.iter().zip(fifths).zip(low).zip(high) {
                let (f0, f1) =
                    (if fifth & bit0 > 0 { 16 } else { 0 }, if fifth & bit1 > 0 { 16 } else { 0 });
                *low = d0 * f32::from((q & 15) | f0) - m0;
                *high = d1 * f32::from((q >> 4) | f1) - m1;
            }
        }
    }
}

/// 128 bytes of nibbles, 64 bytes of two high bits each, 16 signed scales, scale of scales; less
/// 32. Each half of a block has 128 values: its nibbles are 64 bytes, low ones first, and byte
/// `i` of its 32 bytes of high bits belongs to the values `i`, `i + 32`, `i + 64`, `i + 96`.
pub(super) fn q6_k(bytes: &[u8], values: &mut [f32]) {
    for (block, out) in bytes.as_chunks::<210>().0.iter().zip(values.as_chunks_mut::<256>().0) {
        let d = scale(block, 208);
        for (half, out) in out.as_chunks_mut::<128>().0.iter_mut().enumerate() {
            let nibbles = &block[half * 64..][..64];
            let highs = &block[128 + half * 32..][..32];
            let scales = &block[192 + half * 8..][..8];
            for (quarter, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
                let nibbles = &nibbles[quarter % 2 * 32..][..32];
                let (shift, high_shift) = (quarter / 2 * 4, quarter * 2);
                for (part, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
                    let d = d * f32::from(scales[quarter * 2 + part] as i8);
                    let nibbles = &nibbles[part * 16..][..16];
                    let highs = &highs[part * 16..][..16];
                    for ((q, high), value) in nibbles.iter().zip(highs).zip(out) {
                        let q = ((q >> shift) & 15) | (((high >> high_shift) & 3) << 4);
                        *value = d * f32::from(q as i8 - 32);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod golden;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::convert::decode;
    use crate::dtype::DType;

    const TYPES: [DType; 8] = [
        DType::Q4_0,
        DType::Q4_1,
        DType::Q5_0,
        DType::Q5_1,
        DType::Q8_0,
        DType::Q4K,
        DType::Q5K,
        DType::Q6K,
    ];

    fn bytes_of_hex(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
        digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect()
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|v| v.to_bits()).collect()
    }

    #[test]
    fn blocks_equal_the_reference_to_the_bit() {
        assert_eq!(golden::GOLDEN.len(), TYPES.len());
        for (dtype, hex, expect) in golden::GOLDEN {
            let expect: Vec<f32> = expect.split_whitespace().map(|v| v.parse().unwrap()).collect();
            let mut values = vec![0.0; expect.len()];
            decode(*dtype, &bytes_of_hex(hex), &mut values);
            assert_eq!(
                bits(&values),
                bits(&expect),
                "{dtype}: the values are those of gguf-py 0.19.0"
            );
        }
    }

    /// Value `i` of one block, bit by bit, after the layouts of ggml.
    fn value(dtype: DType, block: &[u8], i: usize) -> f32 {
        let nibble = |from: usize, i: usize| {
            let byte = block[from + i % 16];
            f32::from(if i < 16 { byte & 15 } else { byte >> 4 })
        };
        let bit = |from: usize, i: usize| f32::from(block[from + i / 8] >> (i % 8) & 1);
        let d = scale(block, 0);
        match dtype {
            DType::Q4_0 => d * (nibble(2, i) - 8.0),
            DType::Q4_1 => d * nibble(4, i) + scale(block, 2),
            DType::Q5_0 => d * (nibble(6, i) + 16.0 * bit(2, i) - 16.0),
            DType::Q5_1 => d * (nibble(8, i) + 16.0 * bit(4, i)) + scale(block, 2),
            DType::Q8_0 => d * f32::from(i8::from_le_bytes([block[2 + i]])),
            DType::Q4K | DType::Q5K => {
                let (sub, inside) = (i / 32, i % 32);
                let packed = &block[4..16];
                let (scale_, offset) = if sub < 4 {
                    (packed[sub] & 63, packed[sub + 4] & 63)
                } else {
                    let both = packed[sub + 4];
                    (both & 15 | packed[sub - 4] >> 6 << 4, both >> 4 | packed[sub] >> 6 << 4)
                };
                let from = if dtype == DType::Q4K { 16 } else { 48 };
                let byte = block[from + sub / 2 * 32 + inside];
                let mut q = if sub % 2 == 0 { byte & 15 } else { byte >> 4 };
                if dtype == DType::Q5K {
                    q += 16 * (block[16 + inside] >> sub & 1);
                }
                d * f32::from(scale_) * f32::from(q) - scale(block, 2) * f32::from(offset)
            }
            DType::Q6K => {
                let (half, quarter, inside) = (i / 128, i / 32 % 4, i % 32);
                let byte = block[half * 64 + quarter % 2 * 32 + inside];
                let low = if quarter < 2 { byte & 15 } else { byte >> 4 };
                let high = block[128 + half * 32 + inside] >> (2 * quarter) & 3;
                let scale_ = i8::from_le_bytes([block[192 + i / 16]]);
                scale(block, 208) * f32::from(scale_) * (f32::from(low + 16 * high) - 32.0)
            }
            other => panic!("{other} is no block type"),
        }
    }

    proptest! {
        /// Every block of bytes gives what the layout says, whatever its neighbors are.
        #[test]
        fn blocks_follow_their_layouts(
            seed in proptest::collection::vec(any::<u8>(), 3 * 210),
            dtype in proptest::sample::select(&TYPES[..]),
        ) {
            let (per_block, size) = dtype.block();
            let bytes = &seed[..3 * size];
            let mut values = vec![0.0; 3 * per_block];
            decode(dtype, bytes, &mut values);
            for (i, v) in values.iter().enumerate() {
                let expect = value(dtype, &bytes[i / per_block * size..][..size], i % per_block);
                // Random scales are also infinite or no number: then both must be no number.
                prop_assert!(
                    v.to_bits() == expect.to_bits() || v.is_nan() && expect.is_nan(),
                    "{dtype} value {i}: {v}, expected {expect}"
                );
            }
        }
    }
}
