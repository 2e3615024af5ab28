//! Sums down the columns.

use rayon::prelude::*;

use super::isa::vectorize;

/// Rows summed in f32 lanes of f64 before the next part begins.
const ROWS: usize = 512;
/// Columns that one task works on.
const COLUMNS: usize = 64;

/// Adds the squares of each column of `x: [rows, width]` to `sums: [width]`, in f64, row by row.
pub fn add_column_squares(x: &[f32], sums: &mut [f64]) {
    let width = sums.len();
    if width == 0 {
        return;
    }
    assert_eq!(x.len() % width, 0, "whole rows");
    sums.par_chunks_mut(COLUMNS).enumerate().for_each(|(task, sums)| {
        let first = task * COLUMNS;
        vectorize(|| {
            for block in x.chunks(width * ROWS) {
                for row in block.chunks_exact(width) {
                    for (sum, &value) in sums.iter_mut().zip(&row[first..]) {
                        *sum += f64::from(value) * f64::from(value);
                    }
                }
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_add_up_in_parts() {
        let (rows, width) = (700, 130);
        let x: Vec<f32> = (0..rows * width).map(|i| ((i * 31) % 17) as f32 - 8.0).collect();
        let mut whole = vec![0.0; width];
        add_column_squares(&x, &mut whole);
        let mut parts = vec![0.0; width];
        for part in x.chunks(width * 99) {
            add_column_squares(part, &mut parts);
        }
        assert_eq!(whole, parts);
        let expect: f64 = (0..rows).map(|r| f64::from(x[r * width + 5]).powi(2)).sum();
        assert_eq!(whole[5], expect);
    }
}
