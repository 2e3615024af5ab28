//! Products of matrices, and reductions.

use secateur_graph::ops::{Arg, Einsum, Extreme, Gemm, MatMul, Op, Reduce, Reduction, TopK};

use super::{Reading, Unread};

pub(super) fn read(reading: Reading<'_>) -> Option<Result<Op, Unread>> {
    let attributes = reading.attributes;
    let name = reading.node.op_type();
    let op = match name {
        "Gemm" => Op::Gemm(Gemm {
            alpha: attributes.float("alpha").unwrap_or(1.0),
            beta: attributes.float("beta").unwrap_or(1.0),
            trans_a: attributes.flag("transA", false),
            trans_b: attributes.flag("transB", false),
        }),
        "MatMul" => Op::MatMul(MatMul),
        "ArgMax" | "ArgMin" => Op::Arg(Arg {
            extreme: if name == "ArgMax" { Extreme::Max } else { Extreme::Min },
            axis: attributes.int("axis").unwrap_or(0),
            keep_dims: attributes.flag("keepdims", true),
            last: attributes.flag("select_last_index", false),
        }),
        "TopK" => Op::TopK(TopK {
            axis: attributes.int("axis").unwrap_or(-1),
            extreme: if attributes.flag("largest", true) { Extreme::Max } else { Extreme::Min },
        }),
        "Einsum" => {
            if reading.node.input.len() > 2 {
                return Some(Err("it is of more than two operands".into()));
            }
            let equation = attributes.text("equation").unwrap_or_default().to_owned();
            Op::Einsum(Einsum { equation })
        }
        _ => Op::Reduce(Reduce {
            reduction: reduction(name)?,
            axes: attributes.ints("axes").map(<[i64]>::to_vec),
            keep_dims: attributes.flag("keepdims", true),
            noop_without_axes: attributes.flag("noop_with_empty_axes", false),
        }),
    };
    Some(Ok(op))
}

fn reduction(name: &str) -> Option<Reduction> {
    Some(match name {
        "ReduceL1" => Reduction::L1,
        "ReduceL2" => Reduction::L2,
        "ReduceLogSum" => Reduction::LogSum,
        "ReduceLogSumExp" => Reduction::LogSumExp,
        "ReduceMax" => Reduction::Max,
        "ReduceMean" => Reduction::Mean,
        "ReduceMin" => Reduction::Min,
        "ReduceProd" => Reduction::Prod,
        "ReduceSum" => Reduction::Sum,
        "ReduceSumSquare" => Reduction::SumSquare,
        _ => return None,
    })
}
