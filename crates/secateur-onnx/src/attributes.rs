//! Attributes of a node, by name.

use crate::proto::attribute_proto::AttributeType;
use crate::proto::{AttributeProto, NodeProto, TensorProto};

/// The attributes of a node.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a>(pub &'a NodeProto);

impl<'a> Attributes<'a> {
    /// An attribute of any type.
    pub fn find(self, name: &str) -> Option<&'a AttributeProto> {
        self.0.attribute.iter().find(|attribute| attribute.name() == name)
    }

    /// An integer.
    pub fn int(self, name: &str) -> Option<i64> {
        self.find(name)?.i
    }

    /// An integer that says yes or no.
    pub fn flag(self, name: &str, default: bool) -> bool {
        self.int(name).map_or(default, |value| value != 0)
    }

    /// A number.
    pub fn float(self, name: &str) -> Option<f32> {
        self.find(name)?.f
    }

    /// Integers.
    pub fn ints(self, name: &str) -> Option<&'a [i64]> {
        Some(&self.find(name)?.ints)
    }

    /// Text.
    pub fn text(self, name: &str) -> Option<&'a str> {
        std::str::from_utf8(self.find(name)?.s.as_deref()?).ok()
    }

    /// A tensor.
    pub fn tensor(self, name: &str) -> Option<&'a TensorProto> {
        self.find(name)?.t.as_ref()
    }
}

/// Sets an attribute to an integer.
pub fn set_int(node: &mut NodeProto, name: &str, value: i64) {
    attribute(node, name, AttributeType::Int).i = Some(value);
}

/// Sets an attribute to integers.
pub fn set_ints(node: &mut NodeProto, name: &str, values: &[i64]) {
    attribute(node, name, AttributeType::Ints).ints = values.to_vec();
}

/// Sets an attribute to numbers.
pub fn set_floats(node: &mut NodeProto, name: &str, values: &[f32]) {
    attribute(node, name, AttributeType::Floats).floats = values.to_vec();
}

/// The attribute of a name, which is new where there is none.
fn attribute<'a>(node: &'a mut NodeProto, name: &str, of: AttributeType) -> &'a mut AttributeProto {
    let all = &mut node.attribute;
    let at = all.iter().position(|attribute| attribute.name() == name).unwrap_or(all.len());
    if at == all.len() {
        all.push(AttributeProto {
            name: Some(name.to_owned()),
            r#type: Some(of.into()),
            ..AttributeProto::default()
        });
    }
    &mut all[at]
}

/// Takes an attribute away.
pub fn remove(node: &mut NodeProto, name: &str) {
    node.attribute.retain(|attribute| attribute.name() != name);
}
