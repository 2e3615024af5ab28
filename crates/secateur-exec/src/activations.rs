//! Values of all windows between two segments.

use std::fs::File;
use std::io;
use std::path::Path;

use secateur_tensor::{DType, Tensor, convert};

/// Activations `[windows, tokens, width]`, in memory or in a file.
#[derive(Debug)]
pub struct Activations {
    /// Windows.
    pub windows: usize,
    /// Tokens of a window.
    pub tokens: usize,
    /// Values of a token.
    pub width: usize,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Memory(Vec<f32>),
    /// Values of another type, encoded.
    Encoded(DType, Vec<u8>),
    File(DType, File),
}

impl Activations {
    /// Zeros in memory, as f32.
    pub fn in_memory(windows: usize, tokens: usize, width: usize) -> Self {
        Self::in_memory_as(DType::F32, windows, tokens, width)
    }

    /// Zeros in memory, kept as f32 or bf16.
    pub fn in_memory_as(dtype: DType, windows: usize, tokens: usize, width: usize) -> Self {
        let values = windows * tokens * width;
        let place = match dtype {
            DType::F32 => Place::Memory(vec![0.0; values]),
            dtype => Place::Encoded(dtype, vec![0; values * dtype.block().1]),
        };
        Self { windows, tokens, width, place }
    }

    /// Zeros in a new file, kept as f32 or bf16. The file loses its name at once where the
    /// system allows it, so that it is gone with the process, however that ends.
    ///
    /// # Errors
    /// Those of making the file, among them a full disk.
    pub fn in_file_as(
        dtype: DType,
        path: &Path,
        windows: usize,
        tokens: usize,
        width: usize,
    ) -> io::Result<Self> {
        let file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
        if cfg!(unix) {
            std::fs::remove_file(path)?;
        }
        file.set_len(Self::bytes(dtype, windows, tokens, width))?;
        Ok(Self { windows, tokens, width, place: Place::File(dtype, file) })
    }

    /// Bytes that these activations take.
    pub fn bytes(dtype: DType, windows: usize, tokens: usize, width: usize) -> u64 {
        (windows * tokens * width * dtype.block().1) as u64
    }

    /// Reads windows `first .. first + count` into `to`, shaped `[count, tokens, width]`.
    ///
    /// # Errors
    /// Those of reading the file.
    pub fn read(&self, first: usize, count: usize, to: &mut Tensor) -> io::Result<()> {
        to.resize_f32(&[count, self.tokens, self.width]);
        let window = self.tokens * self.width;
        let range = first * window..(first + count) * window;
        match &self.place {
            Place::Memory(values) => to.as_f32_mut().copy_from_slice(&values[range]),
            Place::Encoded(dtype, bytes) => {
                let size = dtype.block().1;
                let bytes = &bytes[range.start * size..range.end * size];
                convert::decode(*dtype, bytes, to.as_f32_mut());
            }
            Place::File(dtype, file) => {
                let size = dtype.block().1;
                let mut bytes = vec![0; range.len() * size];
                read_exact_at(file, &mut bytes, (range.start * size) as u64)?;
                convert::decode(*dtype, &bytes, to.as_f32_mut());
            }
        }
        Ok(())
    }

    /// Writes windows from `first` on.
    ///
    /// # Errors
    /// Those of writing the file, among them a full disk.
    pub fn write(&mut self, first: usize, from: &Tensor) -> io::Result<()> {
        let start = first * self.tokens * self.width;
        let values = from.as_f32();
        match &mut self.place {
            Place::Memory(all) => all[start..start + values.len()].copy_from_slice(values),
            Place::Encoded(dtype, all) => {
                let size = dtype.block().1;
                let bytes = &mut all[start * size..(start + values.len()) * size];
                convert::encode_into(*dtype, values, bytes);
            }
            Place::File(dtype, file) => {
                let offset = (start * dtype.block().1) as u64;
                write_all_at(file, &convert::encode(*dtype, values), offset)?;
            }
        }
        Ok(())
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(not(unix))]
fn read_exact_at(mut file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(bytes)
}

#[cfg(not(unix))]
fn write_all_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_file_hold_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let mut places = [
            Activations::in_memory(5, 2, 3),
            Activations::in_memory_as(DType::BF16, 5, 2, 3),
            Activations::in_file_as(DType::F32, &folder.path().join("a"), 5, 2, 3).unwrap(),
            Activations::in_file_as(DType::BF16, &folder.path().join("b"), 5, 2, 3).unwrap(),
        ];
        let window = |at: usize| -> Vec<f32> { (0..6).map(|v| (at * 10 + v) as f32).collect() };
        for place in &mut places {
            for at in [3, 0, 4] {
                place.write(at, &Tensor::f32(vec![1, 2, 3], window(at))).unwrap();
            }
            let mut got = Tensor::zeros(vec![0]);
            place.read(3, 2, &mut got).unwrap();
            assert_eq!(got.shape(), [2, 2, 3]);
            assert_eq!(got.as_f32(), [window(3), window(4)].concat());
        }
    }
}
