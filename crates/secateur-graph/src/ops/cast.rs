//! `Cast` and `CastLike`: values of another kind.

use secateur_tensor::tensor::Values;
use secateur_tensor::{DType, Tensor};

use super::{OpError, Operator, any, given};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};
use crate::walk::copy_tensor;

/// Values as those of another type. At work floats are f32 and integers are i64; a narrower
/// integer type wraps, a narrower float type rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cast {
    /// The type.
    pub to: DType,
}

/// Values of the kind of another input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CastLike;

/// The kind that values of a type have at work.
pub(crate) fn kind_of(dtype: DType) -> Kind {
    match dtype {
        DType::Bool => Kind::Bool,
        _ if dtype.is_float() => Kind::F32,
        _ => Kind::I64,
    }
}

impl Operator for Cast {
    fn name(&self) -> &'static str {
        "Cast"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        let x = any(inputs, 0)?;
        Ok(vec![Fact::of(kind_of(self.to), x.shape.clone())])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        convert(given(inputs, 0), &mut outputs[0]);
        match (self.to, outputs[0].values_mut()) {
            (DType::F16 | DType::BF16, Values::F32(values)) => {
                let bytes = secateur_tensor::convert::encode(self.to, values);
                secateur_tensor::convert::decode(self.to, &bytes, values);
            }
            (to, Values::I64(values)) => {
                let wrap: fn(i64) -> i64 = match to {
                    DType::I32 => |v| i64::from(v as i32),
                    DType::U32 => |v| i64::from(v as u32),
                    DType::I16 => |v| i64::from(v as i16),
                    DType::U16 => |v| i64::from(v as u16),
                    DType::I8 => |v| i64::from(v as i8),
                    DType::U8 => |v| i64::from(v as u8),
                    _ => |v| v,
                };
                for v in values {
                    *v = wrap(*v);
                }
            }
            _ => {}
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
    }
}

impl Operator for CastLike {
    fn name(&self) -> &'static str {
        "CastLike"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        let (x, like) = (any(inputs, 0)?, any(inputs, 1)?);
        Ok(vec![Fact::of(like.kind, x.shape.clone())])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        convert(given(inputs, 0), &mut outputs[0]);
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        ties.same_shape(Slot::In(0), Slot::Out(0));
    }
}

fn convert(x: &Tensor, y: &mut Tensor) {
    match (x.values(), y.values_mut()) {
        (Values::F32(x), Values::I64(y)) => map(x, y, |v| v as i64),
        (Values::F32(x), Values::Bool(y)) => map(x, y, |v| v != 0.0),
        (Values::I64(x), Values::F32(y)) => map(x, y, |v| v as f32),
        (Values::I64(x), Values::Bool(y)) => map(x, y, |v| v != 0),
        (Values::Bool(x), Values::F32(y)) => map(x, y, |v| f32::from(u8::from(v))),
        (Values::Bool(x), Values::I64(y)) => map(x, y, i64::from),
        _ => copy_tensor(x, y),
    }
}

fn map<X: Copy, Y>(x: &[X], y: &mut [Y], f: impl Fn(X) -> Y) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = f(*x);
    }
}
