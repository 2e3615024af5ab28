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

    /// Whether both are the same bytes in memory, and so the same values.
    pub fn is(&self, other: &Self) -> bool {
        self.dtype == other.dtype && self.shape == other.shape && self.bytes.is(&other.bytes)
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

    /// The tensor at work: floats as f32, integers as i64.
    ///
    /// # Errors
    /// [`StoredError::NotNumeric`] for types that nothing is computed from.
    pub fn to_tensor(&self) -> Result<Tensor, StoredError> {
        fn wide<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> i64) -> Vec<i64> {
            bytes.as_chunks::<N>().0.iter().map(|b| read(*b)).collect()
        }
        let bytes = &self.bytes;
        let values = match self.dtype {
            DType::I64 => wide(bytes, i64::from_le_bytes),
            DType::U64 => wide(bytes, |b| u64::from_le_bytes(b) as i64),
            DType::I32 => wide(bytes, |b| i32::from_le_bytes(b).into()),
            DType::U32 => wide(bytes, |b| u32::from_le_bytes(b).into()),
            DType::I16 => wide(bytes, |b| i16::from_le_bytes(b).into()),
            DType::U16 => wide(bytes, |b| u16::from_le_bytes(b).into()),
            DType::I8 => wide(bytes, |b| i8::from_le_bytes(b).into()),
            DType::U8 => wide(bytes, |b| u8::from_le_bytes(b).into()),
            DType::Bool => {
                let values = bytes.iter().map(|b| *b != 0).collect();
                return Ok(Tensor::bool(self.shape.clone(), values));
            }
            _ => return Ok(Tensor::f32(self.shape.clone(), self.to_f32()?)),
        };
        Ok(Tensor::i64(self.shape.clone(), values))
    }

    /// Integers, kept as they are.
    ///
    /// # Panics
    /// When the number of values does not fit the shape.
    pub fn of_i64(shape: Vec<usize>, values: &[i64]) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Self::new(DType::I64, shape, Bytes::owned(bytes)).expect("as many values as the shape says")
    }

    /// The same bytes under another shape of as many values.
    ///
    /// # Errors
    /// [`StoredError::Length`] when the shape holds another number of values.
    pub fn reshaped(&self, shape: Vec<usize>) -> Result<Self, StoredError> {
        Self::new(self.dtype, shape, self.bytes.clone())
    }

    /// What is left when only the given indices of an axis are kept, in their order.
    ///
    /// # Errors
    /// [`StoredError::NotNumeric`] for values in blocks.
    ///
    /// # Panics
    /// When there is no such axis or index.
    pub fn select(&self, axis: usize, kept: &[usize]) -> Result<Self, StoredError> {
        if self.dtype.is_block() {
            return Err(StoredError::NotNumeric { dtype: self.dtype });
        }
        let size = self.dtype.block().1;
        let outer: usize = self.shape[..axis].iter().product();
        let run = self.shape[axis + 1..].iter().product::<usize>() * size;
        let mut bytes = Vec::with_capacity(outer * kept.len() * run);
        for row in 0..outer {
            for &index in kept {
                assert!(index < self.shape[axis], "index {index} of an axis");
                let start = (row * self.shape[axis] + index) * run;
                bytes.extend_from_slice(&self.bytes[start..start + run]);
            }
        }
        let mut shape = self.shape.clone();
        shape[axis] = kept.len();
        Self::new(self.dtype, shape, Bytes::owned(bytes))
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
    fn selected_indices_of_any_axis_are_kept_in_order() {
        let x = Stored::of_f32(vec![2, 3, 2], &(0..12).map(|v| v as f32).collect::<Vec<_>>());
        let middle = x.select(1, &[0, 2]).unwrap();
        assert_eq!(middle.shape(), [2, 2, 2]);
        assert_eq!(middle.to_f32().unwrap(), [0.0, 1.0, 4.0, 5.0, 6.0, 7.0, 10.0, 11.0]);
        assert_eq!(x.select(0, &[1]).unwrap().to_f32().unwrap()[0], 6.0);
        assert_eq!(x.select(2, &[1]).unwrap().to_f32().unwrap(), [1.0, 3.0, 5.0, 7.0, 9.0, 11.0]);
    }

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
