//! A tensor at work.

use crate::stored::Stored;

/// A dense row-major tensor: f32, i64 or boolean values, or a table that is read row by row.
#[derive(Clone, Debug)]
pub struct Tensor {
    shape: Vec<usize>,
    values: Values,
}

/// The values of a tensor.
#[derive(Clone, Debug)]
pub enum Values {
    /// Numbers to compute with.
    F32(Vec<f32>),
    /// Indices, sizes, token ids.
    I64(Vec<i64>),
    /// Conditions and masks.
    Bool(Vec<bool>),
    /// Floats at rest: an embedding table, of which few rows are ever read.
    Stored(Stored),
}

const NOT_FLOATS: &str = "other values where the graph's facts promise floats at work";

impl Tensor {
    /// A tensor of f32 values.
    ///
    /// # Panics
    /// When the number of values does not fit the shape.
    pub fn f32(shape: Vec<usize>, values: Vec<f32>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "values of shape {shape:?}");
        Self { shape, values: Values::F32(values) }
    }

    /// A tensor of i64 values.
    ///
    /// # Panics
    /// When the number of values does not fit the shape.
    pub fn i64(shape: Vec<usize>, values: Vec<i64>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "values of shape {shape:?}");
        Self { shape, values: Values::I64(values) }
    }

    /// A tensor of boolean values.
    ///
    /// # Panics
    /// When the number of values does not fit the shape.
    pub fn bool(shape: Vec<usize>, values: Vec<bool>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "values of shape {shape:?}");
        Self { shape, values: Values::Bool(values) }
    }

    /// Floats that stay at rest.
    pub fn stored(stored: Stored) -> Self {
        Self { shape: stored.shape().to_vec(), values: Values::Stored(stored) }
    }

    /// A tensor of f32 zeros.
    pub fn zeros(shape: Vec<usize>) -> Self {
        let len = shape.iter().product();
        Self { shape, values: Values::F32(vec![0.0; len]) }
    }

    /// Logical axes, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The values, to be changed.
    pub fn values_mut(&mut self) -> &mut Values {
        &mut self.values
    }

    /// The same values under another shape.
    ///
    /// # Panics
    /// When the number of values does not fit the shape.
    #[must_use]
    pub fn reshaped(mut self, shape: Vec<usize>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), self.len(), "values of shape {shape:?}");
        self.shape = shape;
        self
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The f32 values.
    ///
    /// # Panics
    /// When the values are integers; the facts of a graph are checked before it runs.
    pub fn as_f32(&self) -> &[f32] {
        match &self.values {
            Values::F32(values) => values,
            Values::I64(_) | Values::Bool(_) | Values::Stored(_) => panic!("{NOT_FLOATS}"),
        }
    }

    /// The f32 values, to be changed.
    ///
    /// # Panics
    /// When the values are integers.
    pub fn as_f32_mut(&mut self) -> &mut [f32] {
        match &mut self.values {
            Values::F32(values) => values,
            Values::I64(_) | Values::Bool(_) | Values::Stored(_) => panic!("{NOT_FLOATS}"),
        }
    }

    /// The i64 values.
    ///
    /// # Panics
    /// When the values are floats.
    pub fn as_i64(&self) -> &[i64] {
        match &self.values {
            Values::I64(values) => values,
            Values::F32(_) | Values::Bool(_) | Values::Stored(_) => {
                panic!("other values where the graph's facts promise integers")
            }
        }
    }

    /// The i64 values, to be changed.
    ///
    /// # Panics
    /// When the values are others.
    pub fn as_i64_mut(&mut self) -> &mut [i64] {
        match &mut self.values {
            Values::I64(values) => values,
            Values::F32(_) | Values::Bool(_) | Values::Stored(_) => {
                panic!("other values where the graph's facts promise integers")
            }
        }
    }

    /// The boolean values.
    ///
    /// # Panics
    /// When the values are others.
    pub fn as_bool(&self) -> &[bool] {
        match &self.values {
            Values::Bool(values) => values,
            Values::F32(_) | Values::I64(_) | Values::Stored(_) => {
                panic!("other values where the graph's facts promise conditions")
            }
        }
    }

    /// The boolean values, to be changed.
    ///
    /// # Panics
    /// When the values are others.
    pub fn as_bool_mut(&mut self) -> &mut [bool] {
        match &mut self.values {
            Values::Bool(values) => values,
            Values::F32(_) | Values::I64(_) | Values::Stored(_) => {
                panic!("other values where the graph's facts promise conditions")
            }
        }
    }

    /// Changes the shape, keeping room for reuse: values are kept where they were, new ones are
    /// zero. For buffers that are overwritten.
    pub fn resize_f32(&mut self, shape: &[usize]) {
        let len = shape.iter().product();
        self.shape.clear();
        self.shape.extend_from_slice(shape);
        match &mut self.values {
            Values::F32(values) => values.resize(len, 0.0),
            Values::I64(_) | Values::Bool(_) | Values::Stored(_) => {
                self.values = Values::F32(vec![0.0; len]);
            }
        }
    }

    /// Takes the f32 values out, leaving none, so that they can be worked on elsewhere;
    /// [`Tensor::put_f32`] gives them back.
    ///
    /// # Panics
    /// When the values are integers.
    pub fn take_f32(&mut self) -> Vec<f32> {
        match &mut self.values {
            Values::F32(values) => std::mem::take(values),
            Values::I64(_) | Values::Bool(_) | Values::Stored(_) => panic!("{NOT_FLOATS}"),
        }
    }

    /// Puts f32 values in.
    ///
    /// # Panics
    /// When the number of values does not fit the shape.
    pub fn put_f32(&mut self, values: Vec<f32>) {
        assert_eq!(self.len(), values.len(), "values of shape {:?}", self.shape);
        self.values = Values::F32(values);
    }

    /// Drops the shape and gives the f32 values.
    ///
    /// # Panics
    /// When the values are integers.
    pub fn into_f32(self) -> Vec<f32> {
        match self.values {
            Values::F32(values) => values,
            Values::I64(_) | Values::Bool(_) | Values::Stored(_) => panic!("{NOT_FLOATS}"),
        }
    }
}
