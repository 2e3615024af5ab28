//! Where each tensor goes in the output, and in which form.

use std::collections::HashMap;

use secateur_checkpoint::blocks::WeightOrder;
use secateur_checkpoint::tensors::RowOrder;
use secateur_checkpoint::write::{PlannedFile, PlannedTensor};
use secateur_checkpoint::{Linear, Source};
use secateur_store::{Output, OutputFile};
use secateur_tensor::{Bytes, DType, Stored, convert};

use crate::error::NeuralError;

/// The files of an output, and the place of each tensor in them.
pub(super) struct Places<'a> {
    files: Vec<OutputFile>,
    tensors: HashMap<&'a str, (usize, &'a PlannedTensor)>,
}

impl<'a> Places<'a> {
    /// Creates the files. `name` is that of an output which is one file.
    pub(super) fn new(
        planned: &'a [PlannedFile],
        output: &Output,
        name: Option<&str>,
    ) -> Result<Self, NeuralError> {
        let mut files = Vec::new();
        let mut tensors = HashMap::new();
        for (at, file) in planned.iter().enumerate() {
            files.push(output.create(name.unwrap_or(&file.name), file.len)?);
            tensors.extend(file.tensors.iter().map(|t| (t.name.as_str(), (at, t))));
        }
        Ok(Self { files, tensors })
    }

    fn of(&self, name: &str) -> (&OutputFile, &'a PlannedTensor) {
        let (file, tensor) = self.tensors[name];
        (&self.files[file], tensor)
    }

    pub(super) fn sync(&self) -> Result<(), NeuralError> {
        self.files.iter().try_for_each(|file| Ok(file.sync()?))
    }

    /// Writes what lies before and between the tensors.
    pub(super) fn write_heads(&self, planned: &[PlannedFile]) -> Result<(), NeuralError> {
        for (file, planned) in self.files.iter().zip(planned) {
            file.write_at(0, &planned.head)?;
            for constant in &planned.constants {
                file.write_at(constant.offset, constant.bytes())?;
            }
        }
        Ok(())
    }

    /// Writes a tensor that is not pruned, or not yet: the same bytes where type and order stay.
    pub(super) fn copy(&self, name: &str, source: &Source) -> Result<(), NeuralError> {
        let Some(&(file, planned)) = self.tensors.get(name) else {
            // A buffer that the output's format has no place for.
            return Ok(());
        };
        let file = &self.files[file];
        let stored = if source.rows == planned.rows {
            source.stored.clone()
        } else {
            planned.rows.to_file(&source.load())
        };
        if stored.dtype() == planned.dtype {
            file.write_at(planned.offset, stored.bytes())?;
            return Ok(());
        }
        write_converted(file, planned, &stored)
    }

    /// Writes the weight of a layer, `[out, inner]`, and leaves the values as they were rounded.
    pub(super) fn write_weight(
        &self,
        linear: &Linear,
        shape: [usize; 2],
        weight: &mut [f32],
    ) -> Result<(), NeuralError> {
        let (file, planned) = self.of(&format!("{}.weight", linear.name));
        let bytes = convert::encode(planned.dtype, weight);
        convert::decode(planned.dtype, &bytes, weight);
        let stored = stored(planned.dtype, &shape, bytes);
        let stored = planned.rows.to_file(&turned(linear.order, &stored));
        file.write_at(planned.offset, stored.bytes())?;
        Ok(())
    }

    /// Whether rows of the weight of a layer can be written one after the other.
    pub(super) fn takes_rows(&self, linear: &Linear) -> bool {
        let (_, planned) = self.of(&format!("{}.weight", linear.name));
        linear.order == WeightOrder::OutIn && planned.rows == RowOrder::Same
    }

    /// Writes some rows of the weight of a layer, `[rows, inner]`, and leaves the values as they
    /// were rounded.
    pub(super) fn write_rows(
        &self,
        linear: &Linear,
        first: usize,
        weight: &mut [f32],
    ) -> Result<(), NeuralError> {
        let (file, planned) = self.of(&format!("{}.weight", linear.name));
        let bytes = convert::encode(planned.dtype, weight);
        convert::decode(planned.dtype, &bytes, weight);
        let row = planned.len / planned.shape[0] as u64;
        file.write_at(planned.offset + first as u64 * row, &bytes)?;
        Ok(())
    }

    /// Reads back the weight of a layer, `[out, inner]`.
    pub(super) fn read_weight(
        &self,
        linear: &Linear,
        weight: &mut [f32],
    ) -> Result<(), NeuralError> {
        let (file, planned) = self.of(&format!("{}.weight", linear.name));
        let mut bytes = vec![0; planned.len as usize];
        file.read_at(planned.offset, &mut bytes)?;
        let stored = planned.rows.to_model(&stored(planned.dtype, &planned.shape, bytes));
        convert::decode(planned.dtype, turned(linear.order, &stored).bytes(), weight);
        Ok(())
    }
}

fn stored(dtype: DType, shape: &[usize], bytes: Vec<u8>) -> Stored {
    Stored::new(dtype, shape.to_vec(), Bytes::owned(bytes)).expect("bytes of the planned type")
}

/// A weight turned from the file's order to `[out, in]` or back.
fn turned(order: WeightOrder, stored: &Stored) -> Stored {
    match order {
        WeightOrder::OutIn => stored.clone(),
        WeightOrder::InOut => {
            stored.transposed().expect("a matrix of one of the types that are written")
        }
    }
}

/// Writes a tensor in another type, a stretch of rows at a time.
fn write_converted(
    file: &OutputFile,
    planned: &PlannedTensor,
    stored: &Stored,
) -> Result<(), NeuralError> {
    const VALUES: usize = 1 << 20;
    let row: usize = stored.shape().iter().skip(1).product::<usize>().max(1);
    let rows = stored.len() / row;
    let stretch = (VALUES / row).max(1);
    let (row_bytes, written) =
        (stored.bytes().len() / rows.max(1), planned.len as usize / rows.max(1));
    let mut values = Vec::new();
    for first in (0..rows).step_by(stretch) {
        let count = stretch.min(rows - first);
        values.resize(count * row, 0.0);
        let bytes = &stored.bytes()[first * row_bytes..(first + count) * row_bytes];
        convert::decode(stored.dtype(), bytes, &mut values);
        let offset = planned.offset + (first * written) as u64;
        file.write_at(offset, &convert::encode(planned.dtype, &values))?;
    }
    Ok(())
}
