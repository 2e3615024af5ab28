//! Messages to make models of, and models run.

use prost::Message;
use secateur_exec::Runner;
use secateur_graph::{Coupling, Granularity};
use secateur_onnx::proto::attribute_proto::AttributeType;
use secateur_onnx::proto::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorShapeProto, TypeProto, ValueInfoProto, tensor_shape_proto, type_proto,
};
use secateur_onnx::{Document, Network, tensor_proto};
use secateur_tensor::{Bytes, Stored, Tensor};

/// A node of one output, named after it.
pub(crate) fn node(
    op: &str,
    inputs: &[&str],
    output: &str,
    attributes: &[(&str, i64)],
) -> NodeProto {
    let attribute = |(name, value): &(&str, i64)| AttributeProto {
        name: Some((*name).to_owned()),
        r#type: Some(AttributeType::Int.into()),
        i: Some(*value),
        ..AttributeProto::default()
    };
    NodeProto {
        name: Some(output.to_owned()),
        op_type: Some(op.to_owned()),
        input: inputs.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute: attributes.iter().map(attribute).collect(),
        ..NodeProto::default()
    }
}

/// A value of floats.
pub(crate) fn info(name: &str, shape: &[i64]) -> ValueInfoProto {
    let dim = |size: &i64| tensor_shape_proto::Dimension {
        value: Some(tensor_shape_proto::dimension::Value::DimValue(*size)),
        ..tensor_shape_proto::Dimension::default()
    };
    let shape = Some(TensorShapeProto { dim: shape.iter().map(dim).collect() });
    let tensor = type_proto::Tensor { elem_type: Some(1), shape };
    let value = Some(type_proto::Value::TensorType(tensor));
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto { value, ..TypeProto::default() }),
        ..ValueInfoProto::default()
    }
}

/// An attribute of integers.
pub(crate) fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Ints.into()),
        ints: values.to_vec(),
        ..AttributeProto::default()
    }
}

/// An attribute of one number.
pub(crate) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Float.into()),
        f: Some(value),
        ..AttributeProto::default()
    }
}

/// A node with further attributes.
pub(crate) fn with(mut node: NodeProto, attributes: &[AttributeProto]) -> NodeProto {
    node.attribute.extend_from_slice(attributes);
    node
}

/// A node that is a constant.
pub(crate) fn constant(name: &str, stored: &Stored) -> NodeProto {
    let value = AttributeProto {
        name: Some("value".to_owned()),
        r#type: Some(AttributeType::Tensor.into()),
        t: Some(tensor_proto("", stored)),
        ..AttributeProto::default()
    };
    with(node("Constant", &[], name, &[]), &[value])
}

/// Some numbers of a shape.
pub(crate) fn weight(shape: &[usize]) -> Stored {
    let values: Vec<f32> = (0..shape.iter().product()).map(|v| (v as f32 * 1.7).sin()).collect();
    Stored::of_f32(shape.to_vec(), &values)
}

pub(crate) fn opset(domain: &str, version: i64) -> OperatorSetIdProto {
    OperatorSetIdProto { domain: Some(domain.to_owned()), version: Some(version) }
}

/// A model from `x` to `y`.
pub(crate) fn model(
    version: i64,
    nodes: Vec<NodeProto>,
    constants: &[(&str, Stored)],
    [x, y]: [&[i64]; 2],
) -> ModelProto {
    let initializer = constants.iter().map(|(name, stored)| tensor_proto(name, stored)).collect();
    let graph = GraphProto {
        name: Some("graph".to_owned()),
        node: nodes,
        initializer,
        input: vec![info("x", x)],
        output: vec![info("y", y)],
        ..GraphProto::default()
    };
    ModelProto {
        ir_version: Some(8),
        opset_import: vec![opset("", version)],
        graph: Some(graph),
        ..ModelProto::default()
    }
}

/// A function of the domain `own`.
pub(crate) fn function(
    name: &str,
    inputs: &[&str],
    outputs: &[&str],
    nodes: Vec<NodeProto>,
) -> FunctionProto {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    FunctionProto {
        name: Some(name.to_owned()),
        domain: Some("own".to_owned()),
        input: names(inputs),
        output: names(outputs),
        node: nodes,
        opset_import: vec![opset("", 17), opset("own", 1)],
        ..FunctionProto::default()
    }
}

/// A model as a network, by way of a file.
pub(crate) fn network(model: &ModelProto) -> Network {
    let bytes = Bytes::owned(model.encode_to_vec());
    let document = Document::parse("test.onnx".as_ref(), &bytes).unwrap();
    document.check_supported().unwrap();
    Network::new(document).unwrap()
}

/// What a network gives for `x`.
pub(crate) fn outputs(network: &Network, x: &Tensor) -> Vec<Tensor> {
    let runner = Runner::new(&network.graph, &[x.shape().to_vec()]).unwrap();
    runner.run(std::slice::from_ref(x), &network.graph.outputs, None)
}

/// The numbers that a network gives for `x`.
pub(crate) fn run(network: &Network, x: &Tensor) -> Vec<f32> {
    outputs(network, x)[0].as_f32().to_vec()
}

/// A network without every second channel, as its file.
pub(crate) fn halved(network: &Network) -> ModelProto {
    let (_, facts) = network.bind(&[]).unwrap();
    let coupling = Coupling::new(&network.graph, &facts, Granularity::Outer);
    let keep: Vec<bool> = (0..coupling.classes.len()).map(|class| class % 2 == 0).collect();
    assert!(keep.contains(&false), "there is nothing to cut");
    let (small, after) = coupling.shrink(&network.graph, &facts, &keep).unwrap();
    network.patched(&small, &after).model
}
