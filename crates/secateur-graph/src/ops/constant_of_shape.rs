//! `ConstantOfShape`: one value, repeated.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, integers};
use crate::fact::{Fact, Kind};

/// A tensor of the shape that input 0 says, all of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ConstantOfShape {
    /// A number.
    F32(f32),
    /// An integer.
    I64(i64),
    /// A condition.
    Bool(bool),
}

impl Operator for ConstantOfShape {
    fn name(&self) -> &'static str {
        "ConstantOfShape"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        let sizes = integers(inputs, 0)?.ok_or(OpError::Missing { index: 0 })?;
        let kind = match self {
            Self::F32(_) => Kind::F32,
            Self::I64(_) => Kind::I64,
            Self::Bool(_) => Kind::Bool,
        };
        let shape: Option<Vec<usize>> = sizes.iter().map(|&n| usize::try_from(n).ok()).collect();
        let shape = shape.ok_or_else(|| OpError::Attribute(format!("a shape of {sizes:?}")))?;
        Ok(vec![Fact::of_known(kind, &shape)])
    }

    fn forward(&self, _inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        match (self, outputs[0].values_mut()) {
            (Self::F32(v), Values::F32(y)) => y.fill(*v),
            (Self::I64(v), Values::I64(y)) => y.fill(*v),
            (Self::Bool(v), Values::Bool(y)) => y.fill(*v),
            _ => panic!("facts() has said the kind"),
        }
    }
}
