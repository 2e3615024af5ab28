//! Operators of ONNX as those of the graph, and what a cut changes of them back.

mod attention;
mod elementwise;
pub(crate) mod forms;
mod image;
mod linear;
mod shapes;

use secateur_graph::ops::{Op, Opaque};
use secateur_tensor::DType;

use crate::attributes::{Attributes, remove, set_int};
use crate::proto::NodeProto;

/// What the file says around a node.
pub(crate) trait Around {
    /// Version of the operators.
    fn opset(&self) -> i64;
    /// Type of an input's values, where it is a constant.
    fn constant_type(&self, input: &str) -> Option<DType>;
    /// Dimensions of a constant, or of one that is of another type in the file.
    fn constant_shape(&self, input: &str) -> Option<Vec<usize>>;
}

/// A node, for the tables of operators.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) node: &'a NodeProto,
    pub(crate) attributes: Attributes<'a>,
    pub(crate) around: &'a dyn Around,
}

impl Reading<'_> {
    /// Whether an output is asked for.
    pub(crate) fn wants(&self, output: usize) -> bool {
        self.node.output.get(output).is_some_and(|name| !name.is_empty())
    }

    /// Whether an input is given.
    pub(crate) fn has(&self, input: usize) -> bool {
        self.node.input.get(input).is_some_and(|name| !name.is_empty())
    }
}

/// Why a node is carried and not understood, in words.
pub(crate) type Unread = String;

/// The operator of a node; what is not one of ours is carried as it is.
pub(crate) fn read(node: &NodeProto, around: &dyn Around) -> Op {
    let reading = Reading { node, attributes: Attributes(node), around };
    let own = matches!(node.domain(), "" | "ai.onnx");
    let tables = [attention::read, elementwise::read, image::read, linear::read, shapes::read];
    let found = own.then(|| tables.iter().find_map(|table| table(reading))).flatten();
    match found {
        Some(Ok(op)) => op,
        Some(Err(why)) => Op::Opaque(Opaque { name: full_name(node), why: Some(why) }),
        None => Op::Opaque(Opaque { name: full_name(node), why: None }),
    }
}

/// The name of an operator, with its domain where it is not that of ONNX.
pub(crate) fn full_name(node: &NodeProto) -> String {
    match node.domain() {
        "" | "ai.onnx" => node.op_type().to_owned(),
        domain => format!("{domain}.{}", node.op_type()),
    }
}

/// Puts what a cut changes of an operator into its node.
pub(crate) fn write(op: &Op, node: &mut NodeProto) {
    match op {
        Op::Conv(conv) => set_int(node, "group", conv.groups as i64),
        Op::ConvTranspose(conv) => set_int(node, "group", conv.groups as i64),
        Op::GroupNormalization(norm) => set_int(node, "num_groups", norm.groups as i64),
        Op::Split(split) if !split.numbered => remove(node, "num_outputs"),
        Op::MultiHeadAttention(attention) => {
            if let Some(heads) = attention.heads {
                set_int(node, "q_num_heads", heads.queries as i64);
                set_int(node, "kv_num_heads", heads.keys as i64);
            }
        }
        Op::MultiHeadRotary(rotary) => {
            if let Some(heads) = rotary.heads {
                set_int(node, "num_heads", heads as i64);
            }
        }
        _ => {}
    }
}
