//! `ReduceMean`, `ReduceSum` and others: one value of many.

use rayon::prelude::*;
use secateur_tensor::Tensor;
use secateur_tensor::tensor::Values;

use super::{OpError, Operator, any, at_most, axis_of, given, integers, known};
use crate::fact::{Fact, Kind};
use crate::ties::{Slot, Ties};
use crate::walk::{strided, strides};

/// One value of all along some axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reduce {
    /// What is computed.
    pub reduction: Reduction,
    /// Axes as an attribute, for operators that do not take them as input 1.
    pub axes: Option<Vec<i64>>,
    /// Whether the axes stay, with one index.
    pub keep_dims: bool,
    /// Whether no axes mean none and not all.
    pub noop_without_axes: bool,
}

/// What is computed of many values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of ONNX")]
pub enum Reduction {
    L1,
    L2,
    LogSum,
    LogSumExp,
    Max,
    Mean,
    Min,
    Prod,
    Sum,
    SumSquare,
}

impl Reduce {
    /// Whether each axis is reduced.
    fn reduced(&self, rank: usize, input: Option<&[i64]>) -> Result<Vec<bool>, OpError> {
        let axes = input.or(self.axes.as_deref()).unwrap_or(&[]);
        if axes.is_empty() {
            return Ok(vec![!self.noop_without_axes; rank]);
        }
        let mut reduced = vec![false; rank];
        for &axis in axes {
            reduced[axis_of(axis, rank)?] = true;
        }
        Ok(reduced)
    }
}

impl Operator for Reduce {
    fn name(&self) -> &'static str {
        match self.reduction {
            Reduction::L1 => "ReduceL1",
            Reduction::L2 => "ReduceL2",
            Reduction::LogSum => "ReduceLogSum",
            Reduction::LogSumExp => "ReduceLogSumExp",
            Reduction::Max => "ReduceMax",
            Reduction::Mean => "ReduceMean",
            Reduction::Min => "ReduceMin",
            Reduction::Prod => "ReduceProd",
            Reduction::Sum => "ReduceSum",
            Reduction::SumSquare => "ReduceSumSquare",
        }
    }

    fn facts(&self, inputs: &[Option<&Fact>]) -> Result<Vec<Fact>, OpError> {
        at_most(inputs, 2)?;
        let x = any(inputs, 0)?;
        let ordered = matches!(self.reduction, Reduction::Max | Reduction::Min);
        if x.kind == Kind::Bool && !ordered {
            return Err(OpError::WrongKind { index: 0, expected: "numbers" });
        }
        let shape = known(inputs, 0)?;
        let reduced = self.reduced(shape.len(), integers(inputs, 1)?)?;
        let pairs = shape.iter().zip(&reduced);
        let size = |(&n, &reduced): (&usize, &bool)| match (reduced, self.keep_dims) {
            (false, _) => Some(n),
            (true, true) => Some(1),
            (true, false) => None,
        };
        let shape: Vec<usize> = pairs.filter_map(size).collect();
        Ok(vec![Fact::of_known(x.kind, &shape)])
    }

    fn forward(&self, inputs: &[Option<&Tensor>], outputs: &mut [Tensor]) {
        let x = given(inputs, 0);
        let axes = super::maybe(inputs, 1).map(Tensor::as_i64);
        let shape = x.shape();
        let reduced = self.reduced(shape.len(), axes).expect("checked in facts()");
        let by = strides(shape);
        // The reduced axes go last.
        let order = (0..shape.len()).filter(|at| !reduced[*at]);
        let order: Vec<usize> = order.chain((0..shape.len()).filter(|at| reduced[*at])).collect();
        let to: Vec<usize> = order.iter().map(|&at| shape[at]).collect();
        let steps: Vec<isize> = order.iter().map(|&at| by[at] as isize).collect();
        let count: usize =
            shape.iter().zip(&reduced).filter(|(_, r)| **r).map(|(n, _)| n).product();
        let in_order = order.windows(2).all(|pair| pair[0] < pair[1]);
        match (x.values(), outputs[0].values_mut()) {
            (Values::F32(x), Values::F32(y)) => {
                let mut moved = Vec::new();
                let x = if in_order {
                    x.as_slice()
                } else {
                    moved.resize(x.len(), 0.0);
                    strided(x, &mut moved, &to, 0, &steps);
                    &moved
                };
                if count == 0 {
                    return y.fill(self.of_none());
                }
                let rows = x.par_chunks_exact(count);
                y.par_iter_mut().zip(rows).with_min_len(64).for_each(|(y, x)| *y = self.of(x));
            }
            (Values::I64(x), Values::I64(y)) => {
                let mut moved = vec![0; x.len()];
                strided(x, &mut moved, &to, 0, &steps);
                if count == 0 {
                    return y.fill(self.of_integers(&[]));
                }
                let rows = moved.chunks_exact(count);
                y.iter_mut().zip(rows).for_each(|(y, x)| *y = self.of_integers(x));
            }
            (Values::Bool(x), Values::Bool(y)) => {
                // The larger of conditions is true where one is, the smaller where all are.
                let any = self.reduction == Reduction::Max;
                let mut moved = vec![false; x.len()];
                strided(x, &mut moved, &to, 0, &steps);
                y.fill(!any);
                for (y, x) in y.iter_mut().zip(moved.chunks_exact(count.max(1))) {
                    *y = if any { x.contains(&true) } else { !x.contains(&false) };
                }
            }
            _ => panic!("facts() has checked the kinds"),
        }
    }

    fn ties(&self, ties: &mut Ties<'_>) {
        let rank = ties.shape(Slot::In(0)).len();
        let axes = ties.value(1).map(|t| t.as_i64().to_vec());
        ties.freeze(Slot::In(1), 0, "they are axes");
        if axes.is_none() && ties.has(Slot::In(1)) {
            return ties.freeze_all("its axes depend on data");
        }
        let Ok(reduced) = self.reduced(rank, axes.as_deref()) else { return };
        let mut to = 0;
        for (axis, reduced) in reduced.into_iter().enumerate() {
            if reduced {
                ties.freeze(Slot::In(0), axis, "one value is made of it");
            } else {
                ties.same((Slot::In(0), axis), (Slot::Out(0), to));
            }
            to += usize::from(!reduced || self.keep_dims);
        }
    }
}

impl Reduce {
    fn of(&self, x: &[f32]) -> f32 {
        let sum = |f: fn(f64) -> f64| x.iter().map(|&v| f(f64::from(v))).sum::<f64>();
        match self.reduction {
            Reduction::L1 => sum(f64::abs) as f32,
            Reduction::L2 => sum(|v| v * v).sqrt() as f32,
            Reduction::LogSum => sum(|v| v).ln() as f32,
            Reduction::LogSumExp => {
                let max = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let sum: f64 = x.iter().map(|&v| f64::from(v - max).exp()).sum();
                (f64::from(max) + sum.ln()) as f32
            }
            Reduction::Max => x.iter().copied().fold(f32::NEG_INFINITY, f32::max),
            Reduction::Mean => (sum(|v| v) / x.len() as f64) as f32,
            Reduction::Min => x.iter().copied().fold(f32::INFINITY, f32::min),
            Reduction::Prod => x.iter().product(),
            Reduction::Sum => sum(|v| v) as f32,
            Reduction::SumSquare => sum(|v| v * v) as f32,
        }
    }

    fn of_none(&self) -> f32 {
        match self.reduction {
            Reduction::Prod => 1.0,
            Reduction::Max | Reduction::LogSum | Reduction::LogSumExp => f32::NEG_INFINITY,
            Reduction::Min => f32::INFINITY,
            Reduction::Mean => f32::NAN,
            Reduction::L1 | Reduction::L2 | Reduction::Sum | Reduction::SumSquare => 0.0,
        }
    }

    fn of_integers(&self, x: &[i64]) -> i64 {
        match self.reduction {
            Reduction::Max => x.iter().copied().max().unwrap_or(i64::MIN),
            Reduction::Min => x.iter().copied().min().unwrap_or(i64::MAX),
            Reduction::Prod => x.iter().product(),
            Reduction::Mean => x.iter().sum::<i64>() / x.len().max(1) as i64,
            Reduction::SumSquare => x.iter().map(|v| v * v).sum(),
            Reduction::L1 => x.iter().map(|v| v.abs()).sum(),
            Reduction::Sum | Reduction::L2 | Reduction::LogSum | Reduction::LogSumExp => {
                x.iter().sum()
            }
        }
    }
}
