//! A tensor as a file holds it.

use rayon::prelude::*;

use crate::convert;
use crate::dtype::DType;
use crate::mapping::Bytes;
use crate::tensor::Tensor;

/// A tensor at rest: row-major, little-endian, logical axes in order.
#[derive(Clone, Debug)]
pub struct Stored {
    dtype: DType,
    shape: Vec<usize>,
    bytes: Bytes,
}

/// Why a stored tensor cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoredError {
    /// Bytes do not fit type and shape.
    #[error("{dtype} values of shape {shape:?} need {needed} bytes, there are {found}")]
    Length {
        /// The type.
        dtype: DType,
        /// The shape.
        shape: Vec<usize>,
        /// Bytes needed; `more than memory holds` is shown as the largest number.
        needed: usize,
        /// Bytes found.
        found: usize,
    },
    /// The values are of a type that nothing is computed from.
    #[error("values of type {dtype} cannot be computed with")]
    NotNumeric {
        /// The type.
        dtype: DType,
    },
}

impl Stored {
    /// A stored tensor over bytes of exactly the right length.
    ///
    /// # Errors
    /// [`StoredError::Length`] when the bytes do not fit type and shape.
    pub fn new(dtype: DType, shape: Vec<usize>, bytes: Bytes) -> Result<Self, StoredError> {
        let needed = dtype.bytes(&shape).unwrap_or(usize::MAX);
        if needed != bytes.len() {
            return Err(StoredError::Length { dtype, shape, needed, found: bytes.len() });
        }
        Ok(Self { dtype, shape, bytes })
    }

    /// f32 values, kept as they are.
    ///
    /// # Panics
    /// When the number of values does not fit the shape.
    pub fn of_f32(shape: Vec<usize>, values: &[f32]) -> Self {
        let bytes = Bytes::owned(convert::encode(DType::F32, values));
        Self::new(DType::F32, shape, bytes).expect("as many values as the shape says")
    }

    /// Type of the values.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Logical axes, outermost first; for a linear weight `[out, in]`.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes as the file has them.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The values as f32.
    ///
    /// # Errors
    /// [`StoredError::NotNumeric`] for types that are not floats.
    pub fn to_f32(&self) -> Result<Vec<f32>, StoredError> {
        let mut values = vec![0.0; self.len()];
        self.read_f32(&mut values)?;
        Ok(values)
    }

    /// Writes the values as f32 into a buffer of the right length.
    ///
    /// # Errors
    /// [`StoredError::NotNumeric`] for types that are not floats.
    ///
    /// # Panics
    /// When the buffer has another length.
    pub fn read_f32(&self, values: &mut [f32]) -> Result<(), StoredError> {
        if !self.dtype.is_float() {
            return Err(StoredError::NotNumeric { dtype: self.dtype });
        }
        convert::decode(self.dtype, &self.bytes, values);
        Ok(())
    }

    /// Writes rows of the outermost axis as f32, from row `row` on and as many as the buffer holds.
    ///
    /// # Errors
    /// [`StoredError::NotNumeric`] for types that are not floats.
    ///
    /// # Panics
    /// When there are no such rows, or the buffer does not hold whole rows.
    pub fn read_rows_f32(&self, row: usize, values: &mut [f32]) -> Result<(), StoredError> {
        if !self.dtype.is_float() {
            return Err(StoredError::NotNumeric { dtype: self.dtype });
        }
        let size = self.bytes.len() / self.shape[0];
        let rows = values.len() * self.shape[0] / self.len().max(1);
        convert::decode(self.dtype, &self.bytes[row * size..(row + rows) * size], values);
        Ok(())
    }

    /// A matrix `[a, b]` as `[b, a]`.
    ///
    /// # Errors
    /// [`StoredError::NotNumeric`] for values in blocks, which have no transpose, and for what
    /// is no matrix.
    pub fn transposed(&self) -> Result<Self, StoredError> {
        let &[rows, columns] = self.shape.as_slice() else {
            return Err(StoredError::NotNumeric { dtype: self.dtype });
        };
        let mut bytes = vec![0; self.bytes.len()];
        match self.dtype.block() {
            (1, 2) => transpose::<2>(&self.bytes, &mut bytes, rows, columns),
            (1, 4) => transpose::<4>(&self.bytes, &mut bytes, rows, columns),
            (1, 8) => transpose::<8>(&self.bytes, &mut bytes, rows, columns),
            _ => return Err(StoredError::NotNumeric { dtype: self.dtype }),
        }
        Self::new(self.dtype, vec![columns, rows], Bytes::owned(bytes))
    }

    /// The tensor at work.
    ///
    /// # Errors
    /// [`StoredError::NotNumeric`] for types that are not floats.
    pub fn to_tensor(&self) -> Result<Tensor, StoredError> {
        Ok(Tensor::f32(self.shape.clone(), self.to_f32()?))
    }
}

/// Writes the transpose of `[rows, columns]` values of `N` bytes, square by square so that both
/// sides stay in the cache.
fn transpose<const N: usize>(from: &[u8], to: &mut [u8], rows: usize, columns: usize) {
    const SIDE: usize = 32;
    let from = from.as_chunks::<N>().0;
    let bands = to.par_chunks_mut(rows * N * SIDE).enumerate();
    bands.for_each(|(band, to)| {
        let to = to.as_chunks_mut::<N>().0;
        let first = band * SIDE;
        for top in (0..rows).step_by(SIDE) {
            for row in top..rows.min(top + SIDE) {
                for (at, column) in (first..columns.min(first + SIDE)).enumerate() {
                    to[at * rows + row] = from[row * columns + column];
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transpose_swaps_rows_and_columns() {
        let (rows, columns) = (70, 33);
        let values: Vec<f32> = (0..rows * columns).map(|v| v as f32).collect();
        let turned = Stored::of_f32(vec![rows, columns], &values).transposed().unwrap();
        assert_eq!(turned.shape(), [columns, rows]);
        let got = turned.to_f32().unwrap();
        for row in 0..rows {
            for column in 0..columns {
                assert_eq!(got[column * rows + row], values[row * columns + column]);
            }
        }
    }
}
