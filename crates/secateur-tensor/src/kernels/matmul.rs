//! Products of matrices.

#![expect(clippy::inline_always, reason = "bodies are compiled anew for each instruction set")]

use std::marker::PhantomData;

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use pulp::NullaryFnOnce;
use rayon::prelude::*;

use super::isa;
use crate::convert;
use crate::dtype::DType;
use crate::stored::Stored;

/// Rows of the result that one task computes.
const ROWS: usize = 256;
/// Columns of the result that one task computes.
const COLUMNS: usize = 512;
/// Products that are summed before they are added to the result: sums of short runs round less,
/// at no cost in speed. (On SmolLM2 the largest error of a logit against f64 falls from 6.8e-4
/// to 4.7e-4.)
const INNER: usize = 96;

/// `y = x w^T (+ bias)` for `x: [rows, inner]`, `w: [columns, inner]`, `bias: [columns]`, into
/// `y: [rows, columns]`: a linear layer with its weight as checkpoints store it.
///
/// The result is cut into tiles of a fixed size, each computed by one thread, so it is the same
/// bits for any number of threads.
///
/// # Panics
/// When lengths do not fit.
pub fn matmul_transposed(x: &[f32], w: &[f32], bias: Option<&[f32]>, inner: usize, y: &mut [f32]) {
    assert!(
        inner > 0 && x.len().is_multiple_of(inner) && w.len().is_multiple_of(inner),
        "rows of {inner} values"
    );
    let (rows, columns) = (x.len() / inner, w.len() / inner);
    let x = MatRef::from_row_major_slice(x, rows, inner);
    let w = MatRef::from_row_major_slice(w, columns, inner);
    in_tiles(x, w, bias, MatMut::from_row_major_slice_mut(y, rows, columns));
}

/// `y = x w^T (+ bias)` in tiles of a fixed size.
fn in_tiles(x: MatRef<'_, f32>, w: MatRef<'_, f32>, bias: Option<&[f32]>, y: MatMut<'_, f32>) {
    let w = w.transpose();
    let tiles = y.par_row_chunks_mut(ROWS).enumerate().flat_map(|(r, band)| {
        let tiles = band.par_col_chunks_mut(COLUMNS).enumerate();
        tiles.map(move |(c, tile)| (r * ROWS, c * COLUMNS, tile))
    });
    tiles.for_each(|(row, column, y)| {
        let x = x.subrows(row, y.nrows());
        let w = w.subcols(column, y.ncols());
        product(x, w, bias.map(|bias| &bias[column..]), y);
    });
}

/// The same with a weight `[columns, inner]` of any float type, left at rest: values are decoded
/// where they are needed, so a weight of half the bytes is read in half the time. For more than
/// a few rows the result is that of [`matmul_transposed`] on the decoded weight, bit by bit.
///
/// # Panics
/// When lengths do not fit, or the weight is not of floats.
pub fn matmul_stored(x: &[f32], w: &Stored, bias: Option<&[f32]>, y: &mut [f32]) {
    let &[columns, inner] = w.shape() else { panic!("a weight [columns, inner]") };
    assert!(inner > 0 && x.len().is_multiple_of(inner), "rows of {inner} values");
    let rows = x.len() / inner;
    assert_eq!(y.len(), rows * columns, "result");
    if rows == 0 || columns == 0 {
        return;
    }
    if rows <= FEW {
        few_rows(x, w, rows, y);
        if let Some(bias) = bias {
            add_to_rows(MatMut::from_row_major_slice_mut(y, rows, columns), bias);
        }
        return;
    }
    let x = MatRef::from_row_major_slice(x, rows, inner);
    let mut y = MatMut::from_row_major_slice_mut(y, rows, columns);
    let panel = (PANEL / inner / COLUMNS).max(1) * COLUMNS;
    let row_bytes = w.bytes().len() / columns;
    let mut decoded = Vec::new();
    for first in (0..columns).step_by(panel) {
        let count = panel.min(columns - first);
        decoded.resize(count * inner, 0.0);
        let bytes = &w.bytes()[first * row_bytes..(first + count) * row_bytes];
        convert::decode(w.dtype(), bytes, &mut decoded);
        let w = MatRef::from_row_major_slice(&decoded, count, inner);
        let bias = bias.map(|bias| &bias[first..first + count]);
        in_tiles(x, w, bias, y.as_mut().subcols_mut(first, count));
    }
}

/// Values of a weight at rest that are decoded at a time for many rows.
const PANEL: usize = 1 << 20;
/// Rows of `x` up to which a weight is multiplied as it is decoded.
const FEW: usize = 8;
/// Values of a weight that are decoded at a time: they stay in the nearest cache.
const DECODED: usize = 4096;
/// Columns that one task computes for few rows.
const COLUMNS_OF_FEW: usize = 128;

fn few_rows(x: &[f32], w: &Stored, rows: usize, y: &mut [f32]) {
    let (columns, inner) = (w.shape()[0], w.shape()[1]);
    let row_bytes = w.bytes().len() / columns;
    let at_a_time = (DECODED / inner).max(1);
    let step = if w.dtype() == DType::F16 { F16::STEP } else { Bf16::STEP };
    let scaled: Vec<f32> = if rows == 1 { x.iter().map(|x| x * step).collect() } else { vec![] };
    let mut by_column = vec![0.0; columns * rows];
    let tasks = by_column.par_chunks_mut(COLUMNS_OF_FEW * rows).enumerate();
    tasks.for_each_init(Vec::new, |decoded, (task, results)| {
        if rows == 1 && matches!(w.dtype(), DType::BF16 | DType::F16) {
            let first = task * COLUMNS_OF_FEW * row_bytes;
            let bytes = &w.bytes()[first..first + results.len() * row_bytes];
            let done = match w.dtype() {
                DType::BF16 => one_row::<Bf16>(&scaled, bytes, results),
                _ => one_row::<F16>(&scaled, bytes, results),
            };
            if done {
                return;
            }
        }
        for (part, results) in results.chunks_mut(at_a_time * rows).enumerate() {
            let count = results.len() / rows;
            decoded.resize(count * inner, 0.0);
            let first = task * COLUMNS_OF_FEW + part * at_a_time;
            decode_rows(w, first, count, decoded);
            if isa::fuses() {
                isa::run(Dots::<true> { x, inner, weights: decoded, results });
            } else {
                isa::run(Dots::<false> { x, inner, weights: decoded, results });
            }
        }
    });
    if rows == 1 {
        y.copy_from_slice(&by_column);
        return;
    }
    for (column, results) in by_column.chunks_exact(rows).enumerate() {
        for (row, result) in results.iter().enumerate() {
            y[row * columns + column] = *result;
        }
    }
}

fn decode_rows(w: &Stored, first: usize, count: usize, values: &mut [f32]) {
    let row = w.bytes().len() / w.shape()[0];
    convert::decode_chunk(w.dtype(), &w.bytes()[first * row..(first + count) * row], values);
}

/// Products of one row with rows of weights of two bytes. Says no where a weight is not finite:
/// the results are then of no use.
fn one_row<H: Half>(x: &[f32], bytes: &[u8], results: &mut [f32]) -> bool {
    if isa::fuses() {
        isa::run(DotsOfHalves::<H, true>::new(x, bytes, results))
    } else {
        isa::run(DotsOfHalves::<H, false>::new(x, bytes, results))
    }
}

/// Products of rows of `x` with rows of weights, `[weights, rows]`.
struct Dots<'a, const FUSED: bool> {
    x: &'a [f32],
    inner: usize,
    weights: &'a [f32],
    results: &'a mut [f32],
}

// A type and not a closure: only what is sure to be inlined is compiled for the instruction set.
impl<const FUSED: bool> NullaryFnOnce for Dots<'_, FUSED> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let rows = self.x.len() / self.inner;
        let weights = self.weights.chunks_exact(self.inner);
        for (results, weight) in self.results.chunks_exact_mut(rows).zip(weights) {
            for (result, x) in results.iter_mut().zip(self.x.chunks_exact(self.inner)) {
                *result = dot::<FUSED>(x, weight);
            }
        }
    }
}

/// Values of two bytes.
trait Half {
    /// What [`Half::scaled`] values must be multiplied with, in two equal steps.
    const STEP: f32;
    /// The value over the square of the step, exactly.
    fn scaled(bits: u16) -> f32;
    /// The bits of a value that are all set when it is not finite and [`Half::scaled`] gets it
    /// wrong; zero where it never does.
    const SPECIAL: u16;
}

struct Bf16;
struct F16;

impl Half for Bf16 {
    const STEP: f32 = 1.0;
    const SPECIAL: u16 = 0;

    #[inline(always)]
    fn scaled(bits: u16) -> f32 {
        f32::from_bits(u32::from(bits) << 16)
    }
}

impl Half for F16 {
    /// The exponent of an f16 counts from 15, that of an f32 from 127: half of the difference.
    const STEP: f32 = f32::from_bits((127 + 56) << 23);
    const SPECIAL: u16 = 0x7c00;

    #[inline(always)]
    fn scaled(bits: u16) -> f32 {
        // The sign is smeared over the bits above the exponent, and wiped off again.
        let bits = i32::from(bits as i16) << 13;
        f32::from_bits(bits as u32 & 0x8fff_e000)
    }
}

/// Products of one row with rows of weights of two bytes, decoded on the way.
struct DotsOfHalves<'a, H, const FUSED: bool> {
    x: &'a [f32],
    bytes: &'a [u8],
    results: &'a mut [f32],
    half: PhantomData<H>,
}

impl<'a, H: Half, const FUSED: bool> DotsOfHalves<'a, H, FUSED> {
    /// `x` is multiplied with the step of the weights' type already.
    fn new(x: &'a [f32], bytes: &'a [u8], results: &'a mut [f32]) -> Self {
        Self { x, bytes, results, half: PhantomData }
    }
}

impl<H: Half, const FUSED: bool> NullaryFnOnce for DotsOfHalves<'_, H, FUSED> {
    /// Whether all weights were finite.
    type Output = bool;

    #[inline(always)]
    fn call(self) -> bool {
        let mut special = 0;
        let rows = self.bytes.chunks_exact(2 * self.x.len());
        for (result, bytes) in self.results.iter_mut().zip(rows) {
            let halves = bytes.as_chunks::<2>().0;
            if H::SPECIAL != 0 {
                // A loop of its own, while the row comes into the nearest cache.
                let bits = halves.iter().map(|b| u16::from_le_bytes(*b) & H::SPECIAL);
                special = bits.fold(special, |found, bits| found | u16::from(bits == H::SPECIAL));
            }
            let (x, x_rest) = self.x.as_chunks::<LANES>();
            let (w, w_rest) = halves.as_chunks::<LANES>();
            let mut lanes = [0.0_f32; LANES];
            for (x, w) in x.iter().zip(w) {
                for lane in 0..LANES {
                    let weight = H::scaled(u16::from_le_bytes(w[lane]));
                    lanes[lane] = multiply_add::<FUSED>(x[lane], weight, lanes[lane]);
                }
            }
            let rest = x_rest.iter().zip(w_rest);
            let rest = rest.map(|(x, w)| x * H::scaled(u16::from_le_bytes(*w)));
            *result = (sum(lanes) + rest.sum::<f32>()) * H::STEP;
        }
        special == 0
    }
}

/// Lanes of a sum of products.
const LANES: usize = 32;

/// A sum of products in lanes, in a fixed order.
#[inline(always)]
fn dot<const FUSED: bool>(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut lanes = [0.0_f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            lanes[lane] = multiply_add::<FUSED>(a[lane], b[lane], lanes[lane]);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sum(lanes) + rest
}

/// `a * b + c`, rounded once where the machine does so in one instruction.
#[inline(always)]
fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
fn sum(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// One tile of the result.
fn product(x: MatRef<'_, f32>, w: MatRef<'_, f32>, bias: Option<&[f32]>, mut y: MatMut<'_, f32>) {
    let inner = x.ncols();
    for first in (0..inner).step_by(INNER) {
        let part = INNER.min(inner - first);
        let (x, w) = (x.subcols(first, part), w.subrows(first, part));
        let add = if first == 0 { Accum::Replace } else { Accum::Add };
        matmul(y.as_mut(), add, x, w, 1.0, Par::Seq);
    }
    if let Some(bias) = bias {
        add_to_rows(y, bias);
    }
}

/// Adds a vector to every row.
fn add_to_rows(y: MatMut<'_, f32>, bias: &[f32]) {
    for row in y.row_iter_mut() {
        for (y, b) in row.iter_mut().zip(bias) {
            *y += b;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::Bytes;

    /// The plain twin, summed in f64.
    fn plain(x: &[f32], w: &[f32], bias: &[f32], inner: usize) -> Vec<f64> {
        let mut y = Vec::new();
        for x in x.chunks(inner) {
            for (w, b) in w.chunks(inner).zip(bias) {
                let dot: f64 = x.iter().zip(w).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                y.push(dot + f64::from(*b));
            }
        }
        y
    }

    fn sample(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + seed) % 1009) as f32 / 504.5 - 1.0).collect()
    }

    #[test]
    fn a_linear_layer_agrees_with_its_twin_for_any_number_of_threads() {
        for (rows, columns, inner) in [(1, 7, 5), (3, 600, 40), (300, 530, 17), (257, 1, 64)] {
            let (x, w) = (sample(rows * inner, 1), sample(columns * inner, 2));
            let bias = sample(columns, 3);
            let expect = plain(&x, &w, &bias, inner);
            let mut results = Vec::new();
            for threads in 1..=3 {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let mut y = vec![0.0; rows * columns];
                pool.install(|| matmul_transposed(&x, &w, Some(&bias), inner, &mut y));
                results.push(y);
            }
            // Rounding of `inner` products of values up to 1.
            let tolerance = inner as f64 * 1e-6;
            for (got, expect) in results[0].iter().zip(&expect) {
                assert!((f64::from(*got) - expect).abs() < tolerance, "{got} {expect}");
            }
            assert_eq!(results[0], results[1]);
            assert_eq!(results[0], results[2]);
        }
    }

    #[test]
    fn small_and_infinite_weights_of_two_bytes_count() {
        // The smallest f16, the largest, and one that is infinite.
        for bits in [1_u16, 0x8003, 0x0400, 0x7bff, 0x7c00, 0xfc00] {
            let expect = half::f16::from_bits(bits).to_f32() * 3.0;
            let bytes = Bytes::owned(bits.to_le_bytes().repeat(64));
            let w = Stored::new(DType::F16, vec![1, 64], bytes).unwrap();
            let (mut x, mut y) = (vec![0.0; 64], vec![0.0]);
            x[5] = 3.0;
            matmul_stored(&x, &w, None, &mut y);
            let infinite = expect.is_infinite() && !y[0].is_finite();
            assert!(y[0] == expect || infinite, "{bits:x}: {} {expect}", y[0]);
        }
    }

    #[test]
    fn a_weight_at_rest_gives_what_it_gives_at_work() {
        for dtype in [DType::F32, DType::F16, DType::BF16] {
            for (rows, columns, inner) in
                [(1, 7, 5), (1, 300, 577), (3, 600, 77), (8, 130, 4100), (9, 530, 40)]
            {
                let bytes = Bytes::owned(convert::encode(dtype, &sample(columns * inner, 2)));
                let w = Stored::new(dtype, vec![columns, inner], bytes).unwrap();
                let (x, bias) = (sample(rows * inner, 1), sample(columns, 3));
                let at_work = w.to_f32().unwrap();
                let (mut got, mut same) = (vec![0.0; rows * columns], vec![0.0; rows * columns]);
                matmul_stored(&x, &w, Some(&bias), &mut got);
                matmul_transposed(&x, &at_work, Some(&bias), inner, &mut same);
                if rows > FEW {
                    assert_eq!(got, same);
                }
                let tolerance = inner as f64 * 1e-6;
                for (got, expect) in got.iter().zip(plain(&x, &at_work, &bias, inner)) {
                    assert!((f64::from(*got) - expect).abs() < tolerance, "{got} {expect}");
                }
            }
        }
    }
}
