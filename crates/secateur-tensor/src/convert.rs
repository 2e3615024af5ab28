//! The one place where values change type.
//!
//! Rounding is to nearest, ties to even, once. Block types are read only; their layouts are in
//! [`blocks`](crate::convert::blocks).

pub mod blocks;

#[cfg(test)]
use half::bf16;
use half::f16;
use rayon::prelude::*;

use crate::dtype::DType;
use crate::kernels::isa::vectorize;

/// Values that one task converts.
const CHUNK: usize = 64 * 1024;

/// Decodes floats of any type into f32.
///
/// # Panics
/// When `dtype` is not a float type or lengths do not fit.
pub fn decode(dtype: DType, bytes: &[u8], values: &mut [f32]) {
    let (per_block, block_bytes) = dtype.block();
    assert_eq!(values.len() / per_block * block_bytes, bytes.len(), "{dtype} bytes");
    let chunk = CHUNK / per_block * per_block;
    let chunk_bytes = chunk / per_block * block_bytes;
    values
        .par_chunks_mut(chunk)
        .zip(bytes.par_chunks(chunk_bytes))
        .for_each(|(values, bytes)| decode_chunk(dtype, bytes, values));
}

/// The same on this thread, for small pieces.
pub(crate) fn decode_chunk(dtype: DType, bytes: &[u8], values: &mut [f32]) {
    match dtype {
        DType::F32 => {
            for (value, b) in values.iter_mut().zip(bytes.as_chunks().0) {
                *value = f32::from_le_bytes(*b);
            }
        }
        DType::F64 => {
            for (value, b) in values.iter_mut().zip(bytes.as_chunks().0) {
                *value = f64::from_le_bytes(*b) as f32;
            }
        }
        DType::F16 => vectorize(|| {
            for (value, b) in values.iter_mut().zip(bytes.as_chunks().0) {
                *value = half_to_f32(u16::from_le_bytes(*b));
            }
        }),
        DType::BF16 => {
            vectorize(|| {
                for (value, b) in values.iter_mut().zip(bytes.as_chunks().0) {
                    *value = f32::from_bits(u32::from(u16::from_le_bytes(*b)) << 16);
                }
            });
        }
        DType::Q4_0 => blocks::q4_0(bytes, values),
        DType::Q4_1 => blocks::q4_1(bytes, values),
        DType::Q5_0 => blocks::q5_0(bytes, values),
        DType::Q5_1 => blocks::q5_1(bytes, values),
        DType::Q8_0 => blocks::q8_0(bytes, values),
        DType::Q4K => blocks::q4_k(bytes, values),
        DType::Q5K => blocks::q5_k(bytes, values),
        DType::Q6K => blocks::q6_k(bytes, values),
        DType::Bool
        | DType::U8
        | DType::I8
        | DType::U16
        | DType::I16
        | DType::U32
        | DType::I32
        | DType::U64
        | DType::I64
        | DType::F8E4M3
        | DType::F8E5M2 => panic!("{dtype} is no float type that is computed with"),
    }
}

/// An f16 as f32, exactly, without branches, so that many are converted at once: the bits moved to
/// their places in an f32 are the value times 2^-112, also where an f16 is subnormal.
#[inline(always)]
fn half_to_f32(half: u16) -> f32 {
    const UP: f32 = f32::from_bits((112 + 127) << 23);
    let half = u32::from(half);
    let size = (f32::from_bits((half & 0x7fff) << 13) * UP).to_bits();
    // Infinity and NaN have the largest exponent.
    let special = if half & 0x7c00 == 0x7c00 { 0x7f80_0000 } else { 0 };
    f32::from_bits(size | special | (half & 0x8000) << 16)
}

/// The nearest bf16, of two the even one, without branches; NaN stays NaN.
#[inline]
fn bf16_of(value: f32) -> u16 {
    let bits = value.to_bits();
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
    (if value.is_nan() { bits >> 16 | 0x40 } else { rounded }) as u16
}

/// Encodes f32 values as f32, f16, bf16 or f64.
///
/// # Panics
/// When `dtype` is another type.
pub fn encode(dtype: DType, values: &[f32]) -> Vec<u8> {
    let (block, size) = dtype.block();
    let mut bytes = vec![0; values.len() / block * size];
    encode_into(dtype, values, &mut bytes);
    bytes
}

/// Encodes f32 values as f32, f16, bf16, f64 or whole blocks of q8_0 into a buffer of the right
/// length.
///
/// # Panics
/// When `dtype` is another type or lengths do not fit.
pub fn encode_into(dtype: DType, values: &[f32], bytes: &mut [u8]) {
    let (block, size) = dtype.block();
    assert!(values.len().is_multiple_of(block), "whole blocks");
    assert_eq!(values.len() / block * size, bytes.len(), "{dtype} bytes");
    values
        .par_chunks(CHUNK)
        .zip(bytes.par_chunks_mut(CHUNK / block * size))
        .for_each(|(values, bytes)| encode_chunk(dtype, values, bytes));
}

fn encode_chunk(dtype: DType, values: &[f32], bytes: &mut [u8]) {
    match dtype {
        DType::F32 => {
            for (b, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
                *b = value.to_le_bytes();
            }
        }
        DType::F64 => {
            for (b, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
                *b = f64::from(*value).to_le_bytes();
            }
        }
        DType::F16 => {
            for (b, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
                *b = f16::from_f32(*value).to_le_bytes();
            }
        }
        DType::BF16 => vectorize(|| {
            for (b, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
                *b = bf16_of(*value).to_le_bytes();
            }
        }),
        DType::Q8_0 => blocks::to_q8_0(values, bytes),
        _ => panic!("values are not written as {dtype}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_types_go_there_and_back() {
        let values: Vec<f32> = (0..1000).map(|i| (i as f32 - 500.0) / 64.0).collect();
        for dtype in [DType::F32, DType::F64, DType::F16, DType::BF16] {
            let bytes = encode(dtype, &values);
            let mut back = vec![0.0; values.len()];
            decode(dtype, &bytes, &mut back);
            let exact = dtype != DType::BF16;
            for (a, b) in values.iter().zip(&back) {
                // bf16 keeps eight bits of the significand.
                assert!(if exact { a == b } else { (a - b).abs() <= a.abs() / 256.0 }, "{a} {b}");
            }
            assert_eq!(encode(dtype, &back), bytes, "rounded once, then stable");
        }
    }

    #[test]
    fn unaligned_halves_are_read() {
        let bytes = encode(DType::F16, &[1.0, 2.0, -3.5]);
        let mut shifted = vec![0_u8];
        shifted.extend_from_slice(&bytes);
        let mut values = [0.0; 3];
        decode(DType::F16, &shifted[1..], &mut values);
        assert_eq!(values, [1.0, 2.0, -3.5]);
    }

    #[test]
    fn every_bf16_is_rounded_as_in_the_library() {
        for at in (0..=u32::MAX).step_by(65_521) {
            let value = f32::from_bits(at);
            assert_eq!(bf16_of(value), bf16::from_f32(value).to_bits(), "{at:x}");
        }
        for bits in [0x7f7f_ffff, 0x7f80_0000, 0xff80_0001, 0x8000_8000, 0x0000_7fff_u32] {
            let value = f32::from_bits(bits);
            assert_eq!(bf16_of(value), bf16::from_f32(value).to_bits(), "{bits:x}");
        }
    }

    #[test]
    fn every_f16_is_the_same_f32_as_in_the_library() {
        for bits in 0..=u16::MAX {
            let (ours, expect) = (half_to_f32(bits), f16::from_bits(bits).to_f32());
            let both_nan = ours.is_nan() && expect.is_nan();
            assert!(both_nan || ours.to_bits() == expect.to_bits(), "{bits:#06x}");
        }
    }
}
