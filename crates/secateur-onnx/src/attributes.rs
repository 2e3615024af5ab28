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
    match node.attribute.iter_mut().find(|attribute| attribute.name() == name) {
        Some(attribute) => attribute.i = Some(value),
        None => node.attribute.push(AttributeProto {
            name: Some(name.to_owned()),
            r#type: Some(AttributeType::Int.into()),
            i: Some(value),
            ..AttributeProto::default()
        }),
    }
}

/// Takes an attribute away.
pub fn remove(node: &mut NodeProto, name: &str) {
    node.attribute.retain(|attribute| attribute.name() != name);
}
