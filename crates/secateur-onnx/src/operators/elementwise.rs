//! Operators that work value by value.

use secateur_graph::ops::{
    Along, BatchNormalization, Binary, Cast, CastLike, Clip, Dequantize, Gelu, GroupNormalization,
    Identity, InstanceNormalization, IsSpecial, LayerNormalization, MeanVarianceNormalization, Op,
    Quantize, RmsNormalization, Softmax, Swish, Trilu, Unary, Where,
};
use secateur_tensor::DType;

use super::{Reading, Unread};
use crate::tensors::dtype_of;

pub(super) fn read(reading: Reading<'_>) -> Option<Result<Op, Unread>> {
    let Reading { attributes, around, node } = reading;
    let float = |name: &str, default: f32| attributes.float(name).unwrap_or(default);
    let int = |name: &str, default: i64| attributes.int(name).unwrap_or(default);
    let epsilon = float("epsilon", 1e-5);
    let block = int("block_size", 0).max(0) as usize;
    // Before version 13 softmax was taken of matrices.
    let flat = around.opset() < 13;
    let softmax_axis = if flat { 1 } else { -1 };
    let op = match node.op_type() {
        "Abs" => Op::Unary(Unary::Abs),
        "Acos" => Op::Unary(Unary::Acos),
        "Acosh" => Op::Unary(Unary::Acosh),
        "Asin" => Op::Unary(Unary::Asin),
        "Asinh" => Op::Unary(Unary::Asinh),
        "Atan" => Op::Unary(Unary::Atan),
        "Atanh" => Op::Unary(Unary::Atanh),
        "Celu" => Op::Unary(Unary::Celu { alpha: float("alpha", 1.0) }),
        "Cosh" => Op::Unary(Unary::Cosh),
        "Mish" => Op::Unary(Unary::Mish),
        "Shrink" => {
            Op::Unary(Unary::Shrink { bias: float("bias", 0.0), bound: float("lambd", 0.5) })
        }
        "Sinh" => Op::Unary(Unary::Sinh),
        "Tan" => Op::Unary(Unary::Tan),
        "ThresholdedRelu" => Op::Unary(Unary::ThresholdedRelu { alpha: float("alpha", 1.0) }),
        "Ceil" => Op::Unary(Unary::Ceil),
        "Cos" => Op::Unary(Unary::Cos),
        "Elu" => Op::Unary(Unary::Elu { alpha: float("alpha", 1.0) }),
        "Erf" => Op::Unary(Unary::Erf),
        "Exp" => Op::Unary(Unary::Exp),
        "Floor" => Op::Unary(Unary::Floor),
        "HardSigmoid" => {
            let (alpha, beta) = (float("alpha", 0.2), float("beta", 0.5));
            Op::Unary(Unary::HardSigmoid { alpha, beta })
        }
        "HardSwish" => Op::Unary(Unary::HardSwish),
        "LeakyRelu" => Op::Unary(Unary::LeakyRelu { alpha: float("alpha", 0.01) }),
        "Log" => Op::Unary(Unary::Log),
        "Neg" => Op::Unary(Unary::Neg),
        "Not" => Op::Unary(Unary::Not),
        "Reciprocal" => Op::Unary(Unary::Reciprocal),
        "Relu" => Op::Unary(Unary::Relu),
        "Round" => Op::Unary(Unary::Round),
        "Selu" => Op::Unary(Unary::Selu {
            alpha: float("alpha", 1.673_263_2),
            gamma: float("gamma", 1.050_701),
        }),
        "Sigmoid" => Op::Unary(Unary::Sigmoid),
        "Sign" => Op::Unary(Unary::Sign),
        "Sin" => Op::Unary(Unary::Sin),
        "Softplus" => Op::Unary(Unary::Softplus),
        "Softsign" => Op::Unary(Unary::Softsign),
        "Sqrt" => Op::Unary(Unary::Sqrt),
        "Tanh" => Op::Unary(Unary::Tanh),
        "Add" => Op::Binary(Binary::Add),
        "And" => Op::Binary(Binary::And),
        "Div" => Op::Binary(Binary::Div),
        "Equal" => Op::Binary(Binary::Equal),
        "Greater" => Op::Binary(Binary::Greater),
        "GreaterOrEqual" => Op::Binary(Binary::GreaterOrEqual),
        "Less" => Op::Binary(Binary::Less),
        "LessOrEqual" => Op::Binary(Binary::LessOrEqual),
        "Max" => Op::Binary(Binary::Max),
        "Mean" => Op::Binary(Binary::Mean),
        "Min" => Op::Binary(Binary::Min),
        "Mod" => Op::Binary(Binary::Mod { fmod: attributes.flag("fmod", false) }),
        "Mul" => Op::Binary(Binary::Mul),
        "Or" => Op::Binary(Binary::Or),
        "Pow" => Op::Binary(Binary::Pow),
        "PRelu" => Op::Binary(Binary::PRelu),
        "Sub" => Op::Binary(Binary::Sub),
        "Sum" => Op::Binary(Binary::Sum),
        "Xor" => Op::Binary(Binary::Xor),
        "Clip" => Op::Clip(Clip),
        "Where" => Op::Where(Where),
        "Trilu" => Op::Trilu(Trilu { upper: attributes.flag("upper", true) }),
        "Gelu" => Op::Gelu(Gelu { tanh: attributes.text("approximate") == Some("tanh") }),
        "Swish" if float("alpha", 1.0) == 1.0 => Op::Swish(Swish),
        "Identity" => Op::Identity(Identity { dropout: false }),
        "Dropout" if around.opset() < 10 && reading.wants(1) => {
            return Some(Err("its mask is of numbers".into()));
        }
        "Dropout" => Op::Identity(Identity { dropout: true }),
        "Cast" => match dtype_of(int("to", 0) as i32) {
            Some(to) if computable(to) => Op::Cast(Cast { to }),
            _ => return Some(Err("values of a type that nothing is computed from".into())),
        },
        "CastLike" => Op::CastLike(CastLike),
        "Softmax" | "LogSoftmax" => {
            let log = node.op_type() == "LogSoftmax";
            Op::Softmax(Softmax { axis: int("axis", softmax_axis), log, flat })
        }
        "BatchNormalization" => {
            if attributes.flag("training_mode", false) || reading.wants(1) {
                return Some(Err("it is in training mode".into()));
            }
            if !attributes.flag("spatial", true) {
                return Some(Err("it has statistics of each place".into()));
            }
            Op::BatchNormalization(BatchNormalization { epsilon })
        }
        "LayerNormalization" => {
            let statistics = reading.wants(1) || reading.wants(2);
            Op::LayerNormalization(LayerNormalization {
                axis: int("axis", -1),
                epsilon,
                statistics,
            })
        }
        "RMSNormalization" => {
            Op::RmsNormalization(RmsNormalization { axis: int("axis", -1), epsilon })
        }
        "MeanVarianceNormalization" => {
            let axes = attributes.ints("axes").map_or_else(|| vec![0, 2, 3], <[i64]>::to_vec);
            Op::MeanVarianceNormalization(MeanVarianceNormalization { axes })
        }
        "Hardmax" => Op::Along(Along::Hardmax { axis: int("axis", softmax_axis), flat }),
        "LpNormalization" => {
            let (axis, euclidean) = (int("axis", -1), int("p", 2) == 2);
            Op::Along(Along::LpNormalization { axis, euclidean })
        }
        "CumSum" => Op::Along(Along::CumSum {
            exclusive: attributes.flag("exclusive", false),
            reverse: attributes.flag("reverse", false),
        }),
        "IsNaN" => Op::IsSpecial(IsSpecial::Nan),
        "IsInf" => Op::IsSpecial(IsSpecial::Inf {
            negative: attributes.flag("detect_negative", true),
            positive: attributes.flag("detect_positive", true),
        }),
        "InstanceNormalization" => Op::InstanceNormalization(InstanceNormalization { epsilon }),
        "GroupNormalization" => Op::GroupNormalization(GroupNormalization {
            epsilon,
            groups: int("num_groups", 0).max(0) as usize,
            scale_by_group: around.opset() < 21,
        }),
        "QuantizeLinear" => {
            let by_zero = node.input.get(2).and_then(|name| around.constant_type(name));
            let by_name = dtype_of(int("output_dtype", 0) as i32);
            let to = match (by_zero.or(by_name), reading.has(2)) {
                (Some(to), _) => to,
                (None, false) => DType::U8,
                (None, true) => return Some(Err("its zero point is not a constant".into())),
            };
            if !matches!(to, DType::U8 | DType::I8 | DType::U16 | DType::I16) {
                return Some(Err(format!("it quantizes to {to}")));
            }
            Op::Quantize(Quantize { axis: int("axis", 1), block, to })
        }
        "DequantizeLinear" => Op::Dequantize(Dequantize { axis: int("axis", 1), block }),
        _ => return None,
    };
    Some(Ok(op))
}

/// Whether values of a type can be worked with.
fn computable(dtype: DType) -> bool {
    !dtype.is_block() && !matches!(dtype, DType::F8E4M3 | DType::F8E5M2)
}
