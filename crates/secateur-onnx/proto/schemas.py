"""Writes src/schemas/table.rs: what ONNX says of its operators, opsets 7 to 23.

Run with the onnx package of the version in README.md: python schemas.py > ../src/schemas/table.rs
"""

import collections

import onnx.defs

FIRST, LAST = 7, 23
MANY = 2**31 - 1


def number(count):
    return "MANY" if count == MANY else str(count)


def main():
    versions = collections.defaultdict(list)
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "":
            versions[schema.name].append(schema)
    print("//! Operators of ONNX, opsets 7 to 23, sorted: name, inputs, outputs, attributes.")
    print("//!")
    print("//! Written by `proto/schemas.py`; do not edit.")
    print()
    print("use super::{MANY, Schema, Type};")
    print()
    print("#[rustfmt::skip]")
    print("pub(super) const SCHEMAS: &[Schema] = &[")
    for name, schemas in sorted(versions.items()):
        schemas.sort(key=lambda schema: schema.since_version)
        ends = [schema.since_version for schema in schemas[1:]] + [LAST + 1]
        used = [s for s, end in zip(schemas, ends) if s.since_version <= LAST and end > FIRST]
        if not used:
            continue
        attributes = {}
        for schema in used:
            for attribute, what in schema.attributes.items():
                kind = what.type.name.title().replace("_", "")
                assert attributes.setdefault(attribute, kind) == kind, (name, attribute)
        inputs = min(s.min_input for s in used), max(s.max_input for s in used)
        outputs = min(s.min_output for s in used), max(s.max_output for s in used)
        listed = ", ".join(f'("{a}", Type::{kind})' for a, kind in sorted(attributes.items()))
        print(f'    Schema {{ name: "{name}", inputs: [{inputs[0]}, {number(inputs[1])}], '
              f"outputs: [{outputs[0]}, {number(outputs[1])}], attributes: &[{listed}] }},")
    print("];")


main()
