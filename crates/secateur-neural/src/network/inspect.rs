//! What a network is: layers, widths, costs, coupled channels, and what froze the others.

use secateur_graph::ops::Op;
use secateur_graph::{Origin, Slot};
use serde::Serialize;

use super::model::{Costs, Model};
use super::plan::describe_frozen;
use super::score::{on_axis, values};

/// What a network is.
#[derive(Clone, Debug, Serialize)]
pub struct Inspected {
    /// Producer and version, as the file says.
    pub producer: String,
    /// Version of the operators.
    pub opset: i64,
    /// Version of the format.
    pub ir_version: i64,
    /// Name and shape of the inputs, with open dimensions by name.
    pub inputs: Vec<(String, String)>,
    /// The same of the outputs.
    pub outputs: Vec<(String, String)>,
    /// Shapes that costs are for.
    pub bound: Vec<Vec<usize>>,
    /// Nodes by operator.
    pub operators: Vec<(String, usize)>,
    /// Operators that cannot be run, with why.
    pub opaque: Vec<(String, String)>,
    /// Floats of its constants, running statistics left out.
    pub parameters: u64,
    /// Multiply-accumulates for one run at these shapes.
    pub macs: u64,
    /// Bytes of its constants.
    pub bytes: u64,
    /// Layers with weights, in order.
    pub layers: Vec<InspectedLayer>,
    /// Groups of coupled channels.
    pub groups: Vec<InspectedGroup>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// A layer with weights.
#[derive(Clone, Debug, Serialize)]
pub struct InspectedLayer {
    /// Name.
    pub name: String,
    /// Operator.
    pub op: String,
    /// Dimensions of the weight.
    pub shape: Vec<usize>,
    /// Multiply-accumulates.
    pub macs: u64,
    /// Share of zeros in the weight.
    pub zeros: f64,
    /// Numbers of the groups that its output channels belong to.
    pub groups: Vec<usize>,
    /// Why its output channels cannot be cut.
    pub frozen: Option<String>,
}

/// Coupled channels.
#[derive(Clone, Debug, Serialize)]
pub struct InspectedGroup {
    /// Number, from 1.
    pub number: usize,
    /// Channels.
    pub channels: usize,
    /// Layers that make them.
    pub made_by: Vec<String>,
    /// Layers that read them.
    pub read_by: Vec<String>,
}

/// Looks at a model.
pub fn inspect(model: &Model) -> Inspected {
    let proto = &model.network.document.model;
    let graph = model.graph();
    let shape_of = |id: &secateur_graph::ValueId| {
        let value = graph.value(*id);
        let known = matches!(value.origin, Origin::Input);
        let stated =
            value.fact.shape.len() > 1 || value.fact.shape.iter().all(|d| d.known().is_some());
        let dims: Vec<String> = if known || stated || model.facts[id.0 as usize].is_none() {
            value.fact.shape.iter().map(ToString::to_string).collect()
        } else {
            let fact = model.facts[id.0 as usize].as_ref();
            fact.map_or(Vec::new(), |fact| fact.shape.iter().map(ToString::to_string).collect())
        };
        (value.name.clone(), dims.join(" x "))
    };
    let mut operators: Vec<(String, usize)> = Vec::new();
    let mut opaque: Vec<(String, String)> = Vec::new();
    for node in graph.nodes() {
        let name = match &node.op {
            Op::Opaque(op) => {
                let why = op.why.clone().unwrap_or_else(|| "not one of ours".to_owned());
                if !opaque.contains(&(op.name.clone(), why.clone())) {
                    opaque.push((op.name.clone(), why));
                }
                op.name.clone()
            }
            op => op.operator().name().to_owned(),
        };
        match operators.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => operators.push((name, 1)),
        }
    }
    operators.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let Costs { macs, parameters, bytes } = model.costs(None);
    let group_of = group_numbers(model);
    let layers = model.layers.iter().map(|layer| {
        let made = on_axis(model, layer, layer.out_axis);
        let mut groups: Vec<usize> = made.iter().map(|(class, _)| group_of[*class] + 1).collect();
        groups.dedup();
        groups.sort_unstable();
        groups.dedup();
        let weight = values(model, layer);
        let zeros = weight.iter().filter(|v| **v == 0.0).count() as f64;
        let frozen = frozen_output(model, layer).filter(|_| groups.is_empty());
        InspectedLayer {
            name: layer.name.clone(),
            op: layer.op.to_owned(),
            shape: layer.shape.clone(),
            macs: layer.macs,
            zeros: zeros / weight.len().max(1) as f64,
            groups,
            frozen,
        }
    });
    let layers = layers.collect();
    let mut producer = format!("{} {}", proto.producer_name(), proto.producer_version());
    if producer.trim().is_empty() {
        "unknown".clone_into(&mut producer);
    }
    Inspected {
        producer: producer.trim().to_owned(),
        opset: model.network.document.opset(),
        ir_version: proto.ir_version(),
        inputs: graph.inputs.iter().map(shape_of).collect(),
        outputs: graph.outputs.iter().map(shape_of).collect(),
        bound: model.shapes.clone(),
        operators,
        opaque,
        parameters,
        macs,
        bytes,
        layers,
        groups: groups(model),
        warnings: model.network.document.warnings.clone(),
    }
}

/// Why the output channels of a layer cannot be cut.
pub fn frozen_output(model: &Model, layer: &super::model::Layer) -> Option<String> {
    let (node, input) = layer.read;
    let place = model.coupling.place(node, Slot::In(input))?;
    describe_frozen(model, place, layer.out_axis as u32)
}

fn group_numbers(model: &Model) -> Vec<usize> {
    let mut group_of = vec![0; model.coupling.classes.len()];
    for (number, group) in model.coupling.groups.iter().enumerate() {
        for class in &group.classes {
            group_of[*class] = number;
        }
    }
    group_of
}

fn groups(model: &Model) -> Vec<InspectedGroup> {
    let group_of = group_numbers(model);
    let mut groups: Vec<InspectedGroup> = model
        .coupling
        .groups
        .iter()
        .enumerate()
        .map(|(at, group)| InspectedGroup {
            number: at + 1,
            channels: group.classes.len(),
            made_by: Vec::new(),
            read_by: Vec::new(),
        })
        .collect();
    for layer in &model.layers {
        let mut add = |axis: usize, made: bool| {
            for (class, _) in on_axis(model, layer, axis) {
                let group = &mut groups[group_of[class]];
                let list = if made { &mut group.made_by } else { &mut group.read_by };
                if list.last() != Some(&layer.name) {
                    list.push(layer.name.clone());
                }
            }
        };
        add(layer.out_axis, true);
        if layer.groups == 1 {
            add(layer.in_axis, false);
        }
    }
    groups
}
