//! Where older versions of operators have what is an input now.

use secateur_tensor::{Stored, Tensor};

use crate::attributes::{Attributes, set_floats, set_int, set_ints};
use crate::proto::NodeProto;

/// Where a node of the file has an input of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// As an input, perhaps at another place.
    Input(usize),
    /// As an attribute.
    Attribute(&'static str),
}

/// Operator, the first version that has the input, its place, the attribute before.
const MOVED: &[(&str, i64, usize, &str)] = &[
    ("Clip", 11, 1, "min"),
    ("Clip", 11, 2, "max"),
    ("Pad", 11, 1, "pads"),
    ("Pad", 11, 2, "value"),
    ("Slice", 10, 1, "starts"),
    ("Slice", 10, 2, "ends"),
    ("Slice", 10, 3, "axes"),
    ("Split", 13, 1, "split"),
    ("Squeeze", 13, 1, "axes"),
    ("TopK", 10, 1, "k"),
    ("Unsqueeze", 13, 1, "axes"),
    ("Upsample", 9, 2, "scales"),
];

/// Where a node has an input of the operator that it is read as.
pub(crate) fn place(op_type: &str, opset: i64, input: usize) -> Place {
    let moved = |(of, until, at, _): &&(&str, i64, usize, &str)| {
        *of == op_type && opset < *until && *at == input
    };
    match (MOVED.iter().find(moved), op_type, input) {
        (Some((.., name)), ..) => Place::Attribute(name),
        // Regions to resize came between the image and the scales.
        (None, "Resize", 2) if opset < 11 => Place::Input(1),
        (None, "Upsample", 2) => Place::Input(1),
        (None, ..) => Place::Input(input),
    }
}

/// Where a node has the inputs of the operator that it is read as; `None` for one that it lacks.
pub(crate) fn places(node: &NodeProto, opset: i64) -> Vec<Option<Place>> {
    let resized = match node.op_type() {
        "Upsample" => true,
        "Resize" => opset < 11,
        _ => false,
    };
    if resized {
        return vec![Some(Place::Input(0)), None, Some(place(node.op_type(), opset, 2))];
    }
    let mut places: Vec<Option<Place>> =
        (0..node.input.len()).map(|at| Some(Place::Input(at))).collect();
    for (_, _, at, name) in
        MOVED.iter().filter(|(of, until, ..)| *of == node.op_type() && opset < *until)
    {
        if Attributes(node).find(name).is_some() {
            places.resize(places.len().max(at + 1), None);
            places[*at] = Some(Place::Attribute(name));
        }
    }
    places
}

/// An attribute as the input that it has become.
pub(crate) fn tensor(node: &NodeProto, name: &str) -> Option<Tensor> {
    let attribute = Attributes(node).find(name)?;
    Some(match name {
        "min" | "max" | "value" => Tensor::f32(vec![], vec![attribute.f?]),
        "scales" => Tensor::f32(vec![attribute.floats.len()], attribute.floats.clone()),
        "k" => Tensor::i64(vec![1], vec![attribute.i?]),
        _ => Tensor::i64(vec![attribute.ints.len()], attribute.ints.clone()),
    })
}

/// Puts an input into the attribute that it was.
///
/// # Panics
/// When the values are not numbers.
pub(crate) fn put(node: &mut NodeProto, name: &str, stored: &Stored) {
    let tensor = stored.to_tensor().expect("inputs of these operators are numbers");
    match name {
        "scales" => set_floats(node, name, tensor.as_f32()),
        "k" => set_int(node, name, tensor.as_i64()[0]),
        // Bounds and constants are of all channels, so that no cut changes them.
        "min" | "max" | "value" => {}
        _ => set_ints(node, name, tensor.as_i64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(op_type: &str, opset: i64, attributes: &[&str], expected: &[Option<Place>]) {
        let mut node = NodeProto {
            op_type: Some(op_type.to_owned()),
            input: vec!["x".to_owned()],
            ..NodeProto::default()
        };
        for name in attributes {
            set_ints(&mut node, name, &[1]);
        }
        assert_eq!(places(&node, opset), expected, "{op_type} of version {opset}");
    }

    #[test]
    fn inputs_are_where_each_version_has_them() {
        let (x, of) = (Some(Place::Input(0)), |name| Some(Place::Attribute(name)));
        check("Slice", 9, &["starts", "ends"], &[x, of("starts"), of("ends")]);
        check("Slice", 9, &["axes", "ends", "starts"], &[x, of("starts"), of("ends"), of("axes")]);
        check("Slice", 10, &["starts"], &[x]);
        check("Clip", 10, &["max"], &[x, None, of("max")]);
        check("Split", 12, &[], &[x]);
        check("Upsample", 8, &["scales"], &[x, None, of("scales")]);
        check("Upsample", 9, &[], &[x, None, Some(Place::Input(1))]);
        check("Resize", 10, &[], &[x, None, Some(Place::Input(1))]);
        check("Resize", 11, &[], &[x]);
        assert_eq!(place("Split", 11, 1), Place::Attribute("split"));
        assert_eq!(place("Split", 13, 1), Place::Input(1));
        assert_eq!(place("Resize", 10, 2), Place::Input(1));
    }
}
