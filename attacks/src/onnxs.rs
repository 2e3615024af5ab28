//! ONNX files that are damaged, lie about themselves, or are hostile; and unusual ones that are
//! taken. Each case writes `model.onnx`.

use std::fs;
use std::io;
use std::path::Path;

use secateur_onnx::proto::attribute_proto::AttributeType;
use secateur_onnx::proto::tensor_proto::{DataType, Segment};
use secateur_onnx::proto::{
    AttributeProto, GraphProto, ModelProto, OperatorSetIdProto, SparseTensorProto, TensorProto,
};

use crate::Case;
use crate::contents::make_pipe;
use crate::onnx::{
    branch, bytes, choice, counted, field, field_of_length, function, graph, ints, model, nested,
    node, number, opset, tensor, text, value, whole,
};

/// The cases of this file.
pub const CASES: &[Case] = &[
    // Files.
    Case { name: "onnx_empty", write: |f| raw(f, b"") },
    Case { name: "onnx_directory", write: |f| fs::create_dir(f.join("model.onnx")) },
    Case { name: "onnx_pipe", write: |f| make_pipe(&f.join("model.onnx")) },
    Case { name: "onnx_is_gguf", write: |f| raw(f, b"GGUF\x03\0\0\0\0\0\0\0") },
    Case { name: "onnx_is_safetensors", write: |f| raw(f, b"\x02\0\0\0\0\0\0\0{}") },
    Case { name: "onnx_is_a_pickle", write: |f| raw(f, b"PK\x03\x04rest of a zip archive") },
    Case { name: "onnx_is_an_lfs_pointer", write: |f| raw(f, b"version https://git-lfs.x\n") },
    Case { name: "onnx_is_a_web_page", write: |f| raw(f, b"\n<!DOCTYPE html><html>404</html>") },
    Case { name: "onnx_is_hdf5", write: |f| raw(f, b"\x89HDF\r\n\x1a\n\0\0") },
    Case { name: "onnx_is_for_mobile", write: |f| raw(f, b"\x1c\0\0\0TFL3\0\0\0\0") },
    Case { name: "onnx_cut_off", write: cut_off },
    Case { name: "onnx_garbage", write: |f| raw(f, &[0xa7; 100]) },
    Case { name: "onnx_field_of_an_exabyte", write: |f| added(f, &huge_field()) },
    Case { name: "onnx_text_is_not_utf8", write: |f| added(f, &field(2, b"a\xff")) },
    Case { name: "onnx_graph_is_a_number", write: |f| added(f, &number(7, 1)) },
    Case { name: "onnx_millions_of_messages", write: |f| added(f, &field(7, &empty_nodes())) },
    // Models.
    Case { name: "onnx_without_ir_version", write: |f| edited(f, |m| m.ir_version = None) },
    Case { name: "onnx_without_a_graph", write: |f| edited(f, |m| m.graph = None) },
    Case { name: "onnx_without_opset", write: |f| edited(f, |m| m.opset_import.clear()) },
    Case { name: "onnx_two_opsets", write: |f| edited(f, |m| m.opset_import = two_opsets()) },
    Case { name: "onnx_opset_0", write: |f| edited(f, |m| m.opset_import[0].version = Some(0)) },
    Case { name: "onnx_opset_6", write: |f| edited(f, |m| m.opset_import[0].version = Some(6)) },
    Case { name: "onnx_opset_12", write: |f| edited(f, |m| m.opset_import[0].version = Some(12)) },
    Case {
        name: "onnx_opset_999",
        write: |f| edited(f, |m| m.opset_import[0].version = Some(999)),
    },
    Case { name: "onnx_ir_version_99", write: |f| edited(f, |m| m.ir_version = Some(99)) },
    Case { name: "onnx_unknown_field", write: |f| added(f, &field(7, &field(101, b"new"))) },
    Case { name: "onnx_unknown_group", write: |f| added(f, b"\xa3\x06\x08\x01\xa4\x06") },
    // Graphs.
    Case { name: "onnx_cycle", write: |f| edited(f, |m| graph(m).node[0].input[0] = s("y")) },
    Case {
        name: "onnx_cycle_of_one",
        write: |f| edited(f, |m| graph(m).node[0].input[1] = s("h")),
    },
    Case { name: "onnx_cycle_of_100", write: |f| edited(f, long_cycle) },
    Case { name: "onnx_cycle_through_a_subgraph", write: |f| edited(f, subgraph_cycle) },
    Case {
        name: "onnx_undefined_input",
        write: |f| edited(f, |m| graph(m).node[1].input[0] = s("g")),
    },
    Case {
        name: "onnx_undefined_output",
        write: |f| edited(f, |m| graph(m).output[0].name = text("z")),
    },
    Case { name: "onnx_undefined_in_a_subgraph", write: |f| edited(f, undefined_inside) },
    Case { name: "onnx_value_of_another_branch", write: |f| edited(f, other_branch) },
    Case {
        name: "onnx_output_twice",
        write: |f| edited(f, |m| graph(m).node[0].output[0] = s("y")),
    },
    Case { name: "onnx_node_gives_an_initializer", write: |f| edited(f, gives_initializer) },
    Case {
        name: "onnx_input_twice",
        write: |f| edited(f, |m| graph(m).input.push(value("x", &[]))),
    },
    Case { name: "onnx_initializer_twice", write: |f| initializer(f, counted_pair) },
    Case {
        name: "onnx_graph_output_twice",
        write: |f| edited(f, |m| graph(m).output.push(value("y", &[]))),
    },
    Case {
        name: "onnx_input_without_a_name",
        write: |f| edited(f, |m| graph(m).input[0].name = None),
    },
    Case { name: "onnx_not_sorted", write: |f| edited(f, |m| graph(m).node.reverse()) },
    Case { name: "onnx_not_sorted_for_a_subgraph", write: |f| edited(f, unsorted_inside) },
    Case { name: "onnx_shadowed_value", write: |f| edited(f, shadowed) },
    Case {
        name: "onnx_input_with_default",
        write: |f| edited(f, |m| graph(m).input.push(value("b", &[3]))),
    },
    // Nodes.
    Case {
        name: "onnx_unknown_operator",
        write: |f| edited(f, |m| graph(m).node[1].op_type = text("Shift")),
    },
    Case {
        name: "onnx_unknown_domain",
        write: |f| edited(f, |m| graph(m).node[1].domain = text("own")),
    },
    Case { name: "onnx_no_operator", write: |f| edited(f, |m| graph(m).node[1].op_type = None) },
    Case {
        name: "onnx_too_few_inputs",
        write: |f| edited(f, |m| graph(m).node[1].input.truncate(1)),
    },
    Case {
        name: "onnx_too_many_inputs",
        write: |f| edited(f, |m| graph(m).node[1].input.push(s("x"))),
    },
    Case {
        name: "onnx_attribute_of_another_type",
        write: |f| attribute(f, text_attribute("kernel_shape")),
    },
    Case {
        name: "onnx_attribute_contradicts_itself",
        write: |f| {
            attribute(
                f,
                AttributeProto { r#type: Some(AttributeType::Float as i32), ..ints("new", &[1]) },
            )
        },
    },
    Case {
        name: "onnx_attribute_of_two_contents",
        write: |f| attribute(f, AttributeProto { i: Some(3), ..ints("new", &[1]) }),
    },
    Case { name: "onnx_attribute_without_a_name", write: |f| attribute(f, ints("", &[1])) },
    Case {
        name: "onnx_attribute_twice",
        write: |f| {
            edited(f, |m| graph(m).node[1].attribute = vec![ints("a", &[1]), ints("a", &[1])])
        },
    },
    // Tensors.
    Case {
        name: "onnx_values_too_short",
        write: |f| initializer(f, |g| g.initializer[0].dims[0] = 5),
    },
    Case {
        name: "onnx_values_too_long",
        write: |f| initializer(f, |g| g.initializer[0].dims[0] = 3),
    },
    Case {
        name: "onnx_values_twice",
        write: |f| initializer(f, |g| g.initializer[1].float_data = vec![0.0; 3]),
    },
    Case { name: "onnx_values_in_two_lists", write: |f| initializer(f, two_lists) },
    Case { name: "onnx_values_in_another_list", write: |f| initializer(f, other_list) },
    Case {
        name: "onnx_negative_dimension",
        write: |f| initializer(f, |g| g.initializer[0].dims[0] = -4),
    },
    Case {
        name: "onnx_dimensions_overflow",
        write: |f| initializer(f, |g| g.initializer[0].dims = OVERFLOW.to_vec()),
    },
    Case {
        name: "onnx_one_exabyte",
        write: |f| initializer(f, |g| g.initializer[0].dims = vec![1 << 58]),
    },
    Case {
        name: "onnx_tensor_without_a_type",
        write: |f| initializer(f, |g| g.initializer[0].data_type = None),
    },
    Case {
        name: "onnx_tensor_without_a_name",
        write: |f| initializer(f, |g| g.initializer[1].name = None),
    },
    Case {
        name: "onnx_tensor_of_a_new_type",
        write: |f| initializer(f, |g| g.initializer[0].data_type = Some(99)),
    },
    Case { name: "onnx_text_tensor", write: |f| initializer(f, |g| g.initializer.push(texts())) },
    Case {
        name: "onnx_four_bit_tensor",
        write: |f| initializer(f, |g| g.initializer.push(four_bits())),
    },
    Case { name: "onnx_number_too_large", write: |f| initializer(f, too_large) },
    Case { name: "onnx_truth_of_2", write: |f| initializer(f, truth) },
    Case { name: "onnx_tensor_in_segments", write: |f| initializer(f, segments) },
    Case { name: "onnx_sparse_tensor", write: |f| initializer(f, sparse) },
    // Nesting.
    Case { name: "onnx_20_subgraphs_deep", write: |f| put(f, &model(nested(20))) },
    Case { name: "onnx_40_subgraphs_deep", write: |f| put(f, &model(nested(40))) },
    Case { name: "onnx_200_subgraphs_deep", write: |f| put(f, &model(nested(200))) },
    Case {
        name: "onnx_function",
        write: |f| edited(f, |m| m.functions = vec![function("a", "b")]),
    },
    Case {
        name: "onnx_function_calls_itself",
        write: |f| edited(f, |m| m.functions = vec![function("a", "a")]),
    },
    Case {
        name: "onnx_functions_call_each_other",
        write: |f| edited(f, |m| m.functions = vec![function("a", "b"), function("b", "a")]),
    },
    Case {
        name: "onnx_function_twice",
        write: |f| edited(f, |m| m.functions = vec![function("a", "b"), function("a", "c")]),
    },
    Case { name: "onnx_function_uses_the_graph", write: |f| edited(f, outside) },
];

/// Dimensions whose product wraps around to a small number in 64 bits.
const OVERFLOW: [i64; 3] = [4_194_305, 4_194_305, 211_106_198_978_564];

fn raw(folder: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(folder.join("model.onnx"), bytes)
}

pub(crate) fn put(folder: &Path, model: &ModelProto) -> io::Result<()> {
    raw(folder, &bytes(model))
}

fn edited(folder: &Path, edit: fn(&mut ModelProto)) -> io::Result<()> {
    let mut model = whole();
    edit(&mut model);
    put(folder, &model)
}

/// The whole model with more bytes behind it.
fn added(folder: &Path, more: &[u8]) -> io::Result<()> {
    raw(folder, &[&bytes(&whole())[..], more].concat())
}

fn initializer(folder: &Path, edit: fn(&mut GraphProto)) -> io::Result<()> {
    let mut model = whole();
    edit(graph(&mut model));
    put(folder, &model)
}

/// A convolution with an attribute, in place of the first node.
fn attribute(folder: &Path, attribute: AttributeProto) -> io::Result<()> {
    let mut model = whole();
    graph(&mut model).node[0].op_type = text("Conv");
    graph(&mut model).node[0].attribute = vec![attribute];
    put(folder, &model)
}

fn s(name: &str) -> String {
    name.to_owned()
}

fn cut_off(folder: &Path) -> io::Result<()> {
    let mut bytes = bytes(&whole());
    bytes.truncate(bytes.len() - 21);
    raw(folder, &bytes)
}

fn huge_field() -> Vec<u8> {
    field_of_length(6, 1 << 60, b"a text")
}

/// Nodes of two bytes each.
fn empty_nodes() -> Vec<u8> {
    field(1, b"").repeat(1 << 22)
}

fn two_opsets() -> Vec<OperatorSetIdProto> {
    vec![opset("", 21), opset("ai.onnx", 17)]
}

fn long_cycle(model: &mut ModelProto) {
    let link = |at: usize| {
        let (from, to) = (format!("v{at}"), format!("v{}", (at + 1) % 100));
        node(&format!("n{at}"), "Relu", &[&from], &[&to])
    };
    graph(model).node.extend((0..100).map(link));
}

/// A choice whose branches need what a node makes of the choice.
fn subgraph_cycle(model: &mut ModelProto) {
    let mut inner = branch("inner");
    inner.node[0].input[0] = s("after");
    let graph = graph(model);
    graph.node.push(choice("choose", &inner, "chosen"));
    graph.node.push(node("follow", "Relu", &["chosen"], &["after"]));
}

fn undefined_inside(model: &mut ModelProto) {
    let mut inner = branch("inner");
    inner.node[0].input[0] = s("nowhere");
    graph(model).node.push(choice("choose", &inner, "chosen"));
}

fn other_branch(model: &mut ModelProto) {
    let mut choice = choice("choose", &branch("inner"), "chosen");
    let other = choice.attribute[1].g.as_mut().expect("a branch is a graph");
    *other = branch("other");
    other.node[0].input[0] = s("inner");
    graph(model).node.push(choice);
}

fn gives_initializer(model: &mut ModelProto) {
    graph(model).node.push(node("again", "Relu", &["x"], &["w"]));
}

fn counted_pair(graph: &mut GraphProto) {
    graph.initializer.push(counted("b", &[3]));
}

/// A choice before the node that its branches need.
fn unsorted_inside(model: &mut ModelProto) {
    let mut inner = branch("inner");
    inner.node[0].input[0] = s("h");
    graph(model).node.insert(0, choice("choose", &inner, "chosen"));
}

fn shadowed(model: &mut ModelProto) {
    graph(model).node.push(choice("choose", &branch("h"), "chosen"));
}

fn text_attribute(name: &str) -> AttributeProto {
    AttributeProto {
        name: text(name),
        r#type: Some(AttributeType::String as i32),
        s: Some(b"3x3".to_vec()),
        ..AttributeProto::default()
    }
}

fn two_lists(graph: &mut GraphProto) {
    let b = &mut graph.initializer[1];
    (b.raw_data, b.float_data, b.int64_data) = (None, vec![0.0; 3], vec![0; 3]);
}

fn other_list(graph: &mut GraphProto) {
    let b = &mut graph.initializer[1];
    (b.raw_data, b.double_data) = (None, vec![0.0; 3]);
}

fn texts() -> TensorProto {
    let mut texts = tensor("labels", DataType::String, &[2]);
    texts.string_data = vec![b"cat".to_vec(), b"dog".to_vec()];
    texts
}

fn four_bits() -> TensorProto {
    let mut small = tensor("small", DataType::Int4, &[3]);
    small.raw_data = Some(vec![0x21, 0x03].into());
    small
}

fn too_large(graph: &mut GraphProto) {
    let mut small = tensor("small", DataType::Int8, &[2]);
    small.int32_data = vec![1, 300];
    graph.initializer.push(small);
}

fn truth(graph: &mut GraphProto) {
    let mut flags = tensor("flags", DataType::Bool, &[3]);
    flags.raw_data = Some(vec![0, 1, 2].into());
    graph.initializer.push(flags);
}

fn segments(graph: &mut GraphProto) {
    let segment = Segment { begin: Some(0), end: Some(2) };
    graph.initializer[0].segment = Some(segment);
}

fn sparse(graph: &mut GraphProto) {
    let mut indices = tensor("", DataType::Int64, &[2]);
    indices.int64_data = vec![0, 5];
    let values = Some(counted("sparse", &[2]));
    let sparse = SparseTensorProto { values, indices: Some(indices), dims: vec![3, 4] };
    graph.sparse_initializer.push(sparse);
}

/// A function whose node uses a value of the graph.
fn outside(model: &mut ModelProto) {
    let mut function = function("a", "b");
    function.node[0].input[0] = s("w");
    model.functions = vec![function];
}
