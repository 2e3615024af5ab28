//! From sound to frames of cepstra.

/// Feature vectors in the order of time, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frames {
    /// Numbers of a frame.
    pub width: usize,
    /// All numbers, of shape `[frames, width]`.
    pub values: Vec<f64>,
}

impl Frames {
    /// Number of frames.
    pub fn len(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// A frame, of shape `[width]`.
    ///
    /// # Panics
    /// When it is not there.
    pub fn frame(&self, index: usize) -> &[f64] {
        &self.values[index * self.width..(index + 1) * self.width]
    }
}
