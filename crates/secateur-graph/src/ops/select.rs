//! `Where`: one of two values, by a condition.

use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, at_most, given, known, need, shape_error};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};
use crate::walk::{broadcast_shape, broadcast_steps, strided, strided_tensor};

/// Input 1 where input 0 is true, else input 2; all are broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Where;

impl Operator for Where {
    fn name(&self) -> &'static str {
        "Where"
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 3)?;
        need(inputs, 0, Kind::Bool)?;
        let x = any(inputs, 1)?;
        need(inputs, 2, x.kind)?;
        let mut shape = known(inputs, 0)?;
        for index in 1..3 {
            shape = broadcast_shape(&shape, &known(inputs, index)?).ok_or_else(|| {
                let fact = inputs[index].expect("checked above");
                shape_error(index, fact, format!("it cannot be broadcast to {shape:?}"))
            })?;
        }
        Ok(vec![Fact::of_known(x.kind, &shape)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let (condition, a, b) = (given(inputs, 0), given(inputs, 1), given(inputs, 2));
        let y = &mut outputs[0];
        let shape = y.shape().to_vec();
        let mut yes = vec![false; y.len()];
        let steps = broadcast_steps(condition.shape(), &shape);
        strided(condition.as_bool(), &mut yes, &shape, 0, &steps);
        let mut other = y.clone();
        strided_tensor(a, y, 0, &broadcast_steps(a.shape(), &shape));
        strided_tensor(b, &mut other, 0, &broadcast_steps(b.shape(), &shape));
        match (other.values(), y.values_mut()) {
            (Values::F32(other), Values::F32(y)) => choose(&yes, other, y),
            (Values::I64(other), Values::I64(y)) => choose(&yes, other, y),
            (Values::Bool(other), Values::Bool(y)) => choose(&yes, other, y),
            _ => panic!("facts() has checked the kinds"),
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        for input in 0..3 {
            ties.broadcast(Slot::In(input), Slot::Out(0));
        }
    }
}

fn choose<T: Copy>(yes: &[bool], other: &[T], y: &mut [T]) {
    for ((y, other), yes) in y.iter_mut().zip(other).zip(yes) {
        *y = if *yes { *y } else { *other };
    }
}
