//! What ONNX says of its operators: how many inputs and outputs they take, and the types of
//! their attributes, over all versions that are supported together.

mod table;

use crate::proto::attribute_proto::AttributeType as Type;

/// No upper bound.
pub const MANY: usize = usize::MAX;

/// An operator of ONNX.
#[derive(Debug)]
pub struct Schema {
    /// Its name.
    pub name: &'static str,
    /// Fewest and most inputs; optional ones in the middle may be empty names.
    pub inputs: [usize; 2],
    /// Fewest and most outputs.
    pub outputs: [usize; 2],
    /// Attributes with their types, sorted by name.
    pub attributes: &'static [(&'static str, Type)],
}

/// The operator of a name; `None` for those that ONNX does not have in the supported versions.
pub fn find(name: &str) -> Option<&'static Schema> {
    let at = table::SCHEMAS.binary_search_by(|schema| schema.name.cmp(name)).ok()?;
    Some(&table::SCHEMAS[at])
}

impl Schema {
    /// The type of an attribute.
    pub fn attribute(&self, name: &str) -> Option<Type> {
        let at = self.attributes.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
        Some(self.attributes[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        assert!(table::SCHEMAS.is_sorted_by(|a, b| a.name < b.name));
        for schema in table::SCHEMAS {
            assert!(schema.attributes.is_sorted_by(|a, b| a.0 < b.0), "{}", schema.name);
        }
    }

    #[test]
    fn operators_are_found() {
        let conv = find("Conv").unwrap();
        assert_eq!((conv.inputs, conv.outputs), ([2, 3], [1, 1]));
        assert_eq!(conv.attribute("strides"), Some(Type::Ints));
        assert_eq!(find("Concat").unwrap().inputs, [1, MANY]);
        assert!(find("FusedConv").is_none());
    }
}
