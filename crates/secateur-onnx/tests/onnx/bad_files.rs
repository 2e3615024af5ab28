//! Malformed files: each is refused, or taken, at the step and in the words that are stated.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use prost::Message;
use secateur_attacks::onnx;
use secateur_onnx::error::CODES;
use secateur_onnx::proto::{AttributeProto, ModelProto, TypeProto, type_proto};
use secateur_onnx::{Document, OnnxError};
use secateur_tensor::Bytes;

/// Where a file is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// When it is opened.
    Open,
    /// When its values are read.
    Values,
    /// When it is to be run.
    Run,
    /// When it is to be written.
    Write,
    /// Nowhere; the words are in its warnings.
    Taken,
}
use Step::{Open, Run, Taken, Values, Write};

/// A case, where it is refused, exit code, error code, what must be said.
type Row = (&'static str, Step, u8, &'static str, &'static [&'static str]);

const ROWS: &[Row] = &[
    ("onnx_empty", Open, 3, "SEC-OX-002", &["empty"]),
    ("onnx_directory", Open, 3, "SEC-OX-007", &["a directory"]),
    ("onnx_pipe", Open, 3, "SEC-OX-007", &["a pipe"]),
    ("onnx_is_gguf", Open, 3, "SEC-OX-003", &["GGUF", "rename"]),
    ("onnx_is_safetensors", Open, 3, "SEC-OX-003", &["safetensors", "rename"]),
    ("onnx_is_a_pickle", Open, 4, "SEC-OX-006", &["not read", "torch.onnx.export"]),
    ("onnx_is_an_lfs_pointer", Open, 3, "SEC-OX-004", &["26 bytes", "git lfs pull"]),
    ("onnx_is_a_web_page", Open, 3, "SEC-OX-005", &["web page", "login"]),
    ("onnx_is_hdf5", Open, 3, "SEC-OX-003", &["HDF5", "tf2onnx"]),
    ("onnx_is_for_mobile", Open, 3, "SEC-OX-003", &["TensorFlow Lite", "tf2onnx"]),
    ("onnx_cut_off", Open, 3, "SEC-OX-008", &["at byte", "claims", "interrupted"]),
    ("onnx_garbage", Open, 3, "SEC-OX-008", &["no ONNX model", "byte"]),
    ("onnx_field_of_an_exabyte", Open, 3, "SEC-OX-008", &["1152921504606846976 bytes"]),
    ("onnx_text_is_not_utf8", Open, 3, "SEC-OX-008", &["producer_name", "UTF-8"]),
    ("onnx_graph_is_a_number", Open, 3, "SEC-OX-008", &["field graph of ModelProto"]),
    (
        "onnx_millions_of_messages",
        Open,
        3,
        "SEC-OX-009",
        &["messages in the file: 1048603", "1048602 are read"],
    ),
    ("onnx_without_ir_version", Open, 3, "SEC-OX-010", &["no ir_version"]),
    ("onnx_without_a_graph", Open, 3, "SEC-OX-010", &["no graph"]),
    ("onnx_without_opset", Open, 3, "SEC-OX-010", &["no opset_import"]),
    ("onnx_two_opsets", Open, 3, "SEC-OX-010", &["opsets 21 and 17"]),
    ("onnx_opset_0", Open, 3, "SEC-OX-010", &["no opset 0"]),
    ("onnx_opset_6", Run, 4, "SEC-OX-011", &["opset 6", "7 to 23", "version_converter"]),
    ("onnx_opset_12", Taken, 0, "", &[]),
    ("onnx_opset_999", Write, 4, "SEC-OX-026", &["opset 999", "23"]),
    ("onnx_ir_version_99", Write, 4, "SEC-OX-026", &["ir_version 99", "14"]),
    ("onnx_unknown_field", Write, 4, "SEC-OX-025", &["field 101 of GraphProto"]),
    ("onnx_unknown_group", Write, 4, "SEC-OX-025", &["field 100 of ModelProto"]),
    ("onnx_cycle", Open, 3, "SEC-OX-012", &["\"project\" (MatMul) -> node \"shift\" (Add) -> "]),
    ("onnx_cycle_of_one", Open, 3, "SEC-OX-012", &["\"project\" (MatMul) -> node \"project\""]),
    ("onnx_cycle_of_100", Open, 3, "SEC-OX-012", &["n0", "n99", "93 more"]),
    ("onnx_cycle_through_a_subgraph", Open, 3, "SEC-OX-012", &["choose", "follow"]),
    ("onnx_undefined_input", Open, 3, "SEC-OX-013", &["shift", "\"g\"", "graph \"main\""]),
    ("onnx_undefined_output", Open, 3, "SEC-OX-013", &["an output", "\"z\""]),
    ("onnx_undefined_in_a_subgraph", Open, 3, "SEC-OX-013", &["nowhere", "then_branch", "choose"]),
    ("onnx_value_of_another_branch", Open, 3, "SEC-OX-013", &["\"inner\"", "else_branch"]),
    ("onnx_output_twice", Open, 3, "SEC-OX-014", &["\"y\"", "project", "shift"]),
    ("onnx_node_gives_an_initializer", Open, 3, "SEC-OX-014", &["\"w\"", "initializer", "again"]),
    ("onnx_input_twice", Open, 3, "SEC-OX-014", &["\"x\"", "by an input and by an input"]),
    ("onnx_initializer_twice", Open, 3, "SEC-OX-014", &["\"b\"", "an initializer"]),
    ("onnx_graph_output_twice", Open, 3, "SEC-OX-014", &["\"y\"", "an output"]),
    ("onnx_input_without_a_name", Open, 3, "SEC-OX-010", &["an input has no name"]),
    ("onnx_not_sorted", Taken, 0, "", &["shift", "sorted"]),
    ("onnx_not_sorted_for_a_subgraph", Taken, 0, "", &["choose", "sorted"]),
    ("onnx_shadowed_value", Taken, 0, "", &["then_branch", "\"h\" again"]),
    ("onnx_input_with_default", Taken, 0, "", &[]),
    ("onnx_unknown_operator", Taken, 0, "", &[]),
    ("onnx_unknown_domain", Taken, 0, "", &[]),
    ("onnx_no_operator", Open, 3, "SEC-OX-016", &["shift", "no operator"]),
    ("onnx_too_few_inputs", Open, 3, "SEC-OX-016", &["shift", "1 inputs", "operator 2"]),
    ("onnx_too_many_inputs", Open, 3, "SEC-OX-016", &["shift", "3 inputs", "operator 2"]),
    ("onnx_attribute_of_another_type", Open, 3, "SEC-OX-017", &["kernel_shape", "STRING", "INTS"]),
    ("onnx_attribute_contradicts_itself", Open, 3, "SEC-OX-017", &["\"new\"", "FLOAT", "INTS"]),
    ("onnx_attribute_of_two_contents", Open, 3, "SEC-OX-017", &["type INT and one of type INTS"]),
    ("onnx_attribute_without_a_name", Open, 3, "SEC-OX-017", &["project", "no name"]),
    ("onnx_attribute_twice", Open, 3, "SEC-OX-017", &["\"a\"", "twice"]),
    ("onnx_values_too_short", Open, 3, "SEC-OX-018", &["\"w\"", "[5, 3]", "60 bytes", "has 48"]),
    ("onnx_values_too_long", Open, 3, "SEC-OX-018", &["\"w\"", "[3, 3]", "36 bytes", "has 48"]),
    ("onnx_values_twice", Open, 3, "SEC-OX-018", &["\"b\"", "float_data", "raw_data"]),
    ("onnx_values_in_two_lists", Open, 3, "SEC-OX-018", &["\"b\"", "float_data", "int64_data"]),
    ("onnx_values_in_another_list", Open, 3, "SEC-OX-018", &["FLOAT", "double_data"]),
    ("onnx_negative_dimension", Open, 3, "SEC-OX-018", &["\"w\"", "negative", "[-4, 3]"]),
    ("onnx_dimensions_overflow", Open, 3, "SEC-OX-018", &["4194305", "can be counted"]),
    ("onnx_one_exabyte", Open, 3, "SEC-OX-018", &["1152921504606846976 bytes", "has 48"]),
    ("onnx_tensor_without_a_type", Open, 3, "SEC-OX-018", &["\"w\"", "no type"]),
    ("onnx_tensor_without_a_name", Open, 3, "SEC-OX-010", &["initializer has no name"]),
    ("onnx_tensor_of_a_new_type", Values, 4, "SEC-OX-019", &["\"w\"", "number 99"]),
    ("onnx_text_tensor", Values, 4, "SEC-OX-019", &["labels", "STRING"]),
    ("onnx_four_bit_tensor", Values, 4, "SEC-OX-019", &["small", "INT4"]),
    ("onnx_number_too_large", Values, 3, "SEC-OX-018", &["small", "value 1 is 300"]),
    ("onnx_truth_of_2", Values, 3, "SEC-OX-018", &["flags", "value 2 is 2"]),
    ("onnx_tensor_in_segments", Values, 4, "SEC-OX-019", &["\"w\"", "segments"]),
    ("onnx_sparse_tensor", Taken, 0, "", &[]),
    ("onnx_20_subgraphs_deep", Taken, 0, "", &[]),
    ("onnx_40_subgraphs_deep", Open, 3, "SEC-OX-009", &["subgraphs 33 deep"]),
    ("onnx_200_subgraphs_deep", Open, 3, "SEC-OX-009", &["subgraphs 33 deep"]),
    ("onnx_function", Taken, 0, "", &[]),
    ("onnx_function_calls_itself", Open, 3, "SEC-OX-015", &["own.a -> own.a"]),
    ("onnx_functions_call_each_other", Open, 3, "SEC-OX-015", &["own.a -> own.b -> own.a"]),
    ("onnx_function_twice", Open, 3, "SEC-OX-010", &["own.a", "twice"]),
    ("onnx_function_uses_the_graph", Open, 3, "SEC-OX-013", &["function \"own.a\"", "\"w\""]),
    ("external_whole", Taken, 0, "", &[]),
    ("external_location_alone", Taken, 0, "", &[]),
    ("external_parent", Open, 3, "SEC-OX-020", &["\"w\"", "../outside.bin", "leaves"]),
    ("external_parent_of_a_folder", Open, 3, "SEC-OX-020", &["sub/../../outside.bin", "leaves"]),
    ("external_neighbor_of_the_same_start", Open, 3, "SEC-OX-020", &["model_evil", "leaves"]),
    ("external_absolute", Open, 3, "SEC-OX-020", &["absolute"]),
    ("external_drive", Open, 3, "SEC-OX-020", &["C:"]),
    ("external_backslashes", Open, 3, "SEC-OX-020", &["backslash"]),
    ("external_nul", Open, 3, "SEC-OX-020", &["NUL"]),
    ("external_without_location", Open, 3, "SEC-OX-021", &["\"location\"", "must be named"]),
    ("external_missing", Open, 3, "SEC-OX-023", &["w.data", "\"w\"", "beside the model"]),
    ("external_link_out", Open, 3, "SEC-OX-020", &["w.link", "leaves"]),
    ("external_link_inside", Taken, 0, "", &[]),
    ("external_folder_is_a_link_out", Open, 3, "SEC-OX-020", &["sub/outside.bin", "leaves"]),
    ("external_hard_link", Open, 3, "SEC-OX-020", &["w.hard", "hard link", "copy it"]),
    ("external_pipe", Open, 3, "SEC-OX-020", &["w.pipe", "a pipe"]),
    ("external_device", Open, 3, "SEC-OX-020", &["w.link", "leaves"]),
    ("external_directory", Open, 3, "SEC-OX-020", &["sub", "a directory"]),
    ("external_in_a_cache", Taken, 0, "", &[]),
    ("external_out_of_a_cache", Open, 3, "SEC-OX-020", &["w.link", "leaves"]),
    ("external_negative_offset", Open, 3, "SEC-OX-021", &["\"offset\"", "-16", "negative"]),
    ("external_negative_length", Open, 3, "SEC-OX-021", &["\"length\"", "-48", "negative"]),
    ("external_offset_is_a_word", Open, 3, "SEC-OX-021", &["\"start\"", "no number"]),
    ("external_offset_has_a_sign", Open, 3, "SEC-OX-021", &["\"+16\"", "no number"]),
    ("external_offset_too_large", Open, 3, "SEC-OX-021", &["too large"]),
    (
        "external_offset_wraps_around",
        Open,
        3,
        "SEC-OX-022",
        &["18446744073709551600..18446744073709551648", "64"],
    ),
    ("external_past_the_end", Open, 3, "SEC-OX-022", &["bytes 64..112", "w.bin", "has 64"]),
    ("external_offset_of_2_to_the_50", Open, 3, "SEC-OX-022", &["1125899906842624", "has 64"]),
    ("external_length_of_2_to_the_50", Open, 3, "SEC-OX-018", &["48 bytes", "1125899906842624"]),
    ("external_length_differs", Open, 3, "SEC-OX-018", &["[4, 3]", "48 bytes", "has 44"]),
    ("external_key_twice", Open, 3, "SEC-OX-021", &["\"location\"", "twice"]),
    ("external_unknown_key", Taken, 0, "", &["\"color\"", "not known"]),
    ("external_claims_one_exabyte", Open, 3, "SEC-OX-022", &["1152921504606846976", "has 64"]),
    ("external_overlap", Open, 3, "SEC-OX-024", &["\"w\"", "\"b\"", "16..64", "52..64"]),
    ("external_same_bytes", Taken, 0, "", &[]),
    ("external_and_inside", Open, 3, "SEC-OX-018", &["raw_data", "another file"]),
];

#[test]
fn every_case_has_its_row() {
    let mut rows: Vec<&str> = ROWS.iter().map(|row| row.0).collect();
    let cases = secateur_attacks::ONNX.iter().copied().flatten();
    let mut cases: Vec<&str> = cases.map(|case| case.name).collect();
    rows.sort_unstable();
    cases.sort_unstable();
    assert_eq!(rows, cases);
}

/// The model of a case.
fn model_in(folder: &Path) -> PathBuf {
    let inner = folder.join("model/model.onnx");
    if inner.exists() { inner } else { folder.join("model.onnx") }
}

/// Does everything with a file, up to the first error.
fn outcome(path: &Path) -> (Step, Result<Document, OnnxError>) {
    let document = match Document::open(path) {
        Ok(document) => document,
        Err(error) => return (Open, Err(error)),
    };
    for tensor in &document.model.graph.as_ref().unwrap().initializer {
        if let Err(error) = document.stored(tensor) {
            return (Values, Err(error));
        }
    }
    if let Err(error) = document.encode("out.onnx") {
        return (Write, Err(error));
    }
    match document.check_supported() {
        Err(error) => (Run, Err(error)),
        Ok(()) => (Taken, Ok(document)),
    }
}

/// What always takes longer on such a file has believed a number in it.
const SOON: Duration = Duration::from_secs(1);

#[test]
fn every_case_is_refused_or_taken_as_stated() {
    for (name, step, exit, code, says) in ROWS {
        let folder = tempfile::tempdir().unwrap();
        (secateur_attacks::find(name).unwrap().write)(folder.path()).unwrap();
        let path = model_in(folder.path());
        let start = Instant::now();
        let (found, outcome) = outcome(&path);
        // A busy machine may be slow once or twice.
        let again = || {
            let start = Instant::now();
            let _ = self::outcome(&path);
            start.elapsed() < SOON
        };
        assert!(start.elapsed() < SOON || (0..4).any(|_| again()), "{name} took too long");
        let text = match &outcome {
            Ok(document) => document.warnings.join("\n"),
            Err(error) => {
                let hint = error.hint().unwrap();
                assert_eq!((error.code(), error.exit()), (*code, *exit), "{name}: {error}");
                assert_eq!(error.place(), Some(path.as_path()), "{name}");
                assert!(CODES.iter().any(|(known, _)| known == code), "{code} is explained");
                format!("{error}\n{hint}")
            }
        };
        assert!(found == *step, "{name}: {text}");
        for say in *says {
            assert!(text.contains(say), "{name} says {say:?}: {text}");
        }
        if *step == Taken {
            assert_eq!(text.is_empty(), says.is_empty(), "{name}: {text}");
        }
    }
}

#[test]
fn codes_are_sorted_and_stand_once() {
    assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
}

#[test]
fn a_file_that_changes_while_it_is_used_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    (secateur_attacks::find("external_whole").unwrap().write)(folder.path()).unwrap();
    let path = model_in(folder.path());
    let document = Document::open(&path).unwrap();
    document.check_unchanged().unwrap();
    let data = folder.path().join("model/w.bin");
    let mut longer = std::fs::read(&data).unwrap();
    longer.push(0);
    std::fs::write(&data, longer).unwrap();
    let error = document.check_unchanged().unwrap_err();
    assert_eq!((error.code(), error.exit()), ("SEC-OX-028", 5));
    assert!(error.to_string().contains("it had 64 bytes and has 65"), "{error}");
}

/// A sequence of sequences, and so on, of nothing.
fn sequences(depth: usize) -> TypeProto {
    let wrap = |inner: TypeProto, _| {
        let sequence = type_proto::Sequence { elem_type: Some(Box::new(inner)) };
        let value = Some(type_proto::Value::SequenceType(Box::new(sequence)));
        TypeProto { value, ..TypeProto::default() }
    };
    (0..depth).fold(TypeProto::default(), wrap)
}

#[test]
fn whatever_is_not_too_deep_for_us_is_not_too_deep_for_the_decoder() {
    let (mut taken, mut refused) = (0, 0);
    let mut check = |model: ModelProto, words: &str| {
        let bytes = Bytes::owned(model.encode_to_vec());
        match Document::parse(Path::new("test"), &bytes) {
            Ok(_) => taken += 1,
            Err(OnnxError::Limit { .. }) => refused += 1,
            Err(error) => panic!("{words}: {error}"),
        }
    };
    for depth in 25..40 {
        check(onnx::model(onnx::nested(depth)), &format!("{depth} subgraphs"));
    }
    // One of these is an odd number of messages deep, the other an even one.
    for depth in 40..60 {
        let mut model = onnx::whole();
        onnx::graph(&mut model).input[0].r#type = Some(sequences(depth));
        check(model, &format!("{depth} sequences"));
        let mut model = onnx::whole();
        let tp = Some(sequences(depth));
        let attribute = AttributeProto { name: onnx::text("tp"), tp, ..AttributeProto::default() };
        onnx::graph(&mut model).node[0].attribute = vec![attribute];
        check(model, &format!("{depth} sequences in an attribute"));
    }
    assert!(taken > 15 && refused > 15, "{taken} taken, {refused} refused");
}
