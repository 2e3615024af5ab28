//! Models that are written and read again.

use std::path::Path;

use prost::Message;
use secateur_attacks::onnx::{counted, external, graph, text, whole};
use secateur_onnx::proto::{ModelProto, StringStringEntryProto, TensorProto};
use secateur_onnx::{Document, Encoded, set_values, tensor_proto};
use secateur_tensor::{Bytes, DType, Stored};

fn parse(model: &ModelProto) -> Document {
    Document::parse(Path::new("test"), &Bytes::owned(model.encode_to_vec())).unwrap()
}

/// Writes the files of a model into a folder, as `out.onnx`.
fn write(encoded: &Encoded, folder: &Path) {
    std::fs::write(folder.join("out.onnx"), &encoded.model).unwrap();
    if let Some(data) = &encoded.data {
        let bytes: Vec<u8> = data.pieces().flatten().copied().collect();
        assert_eq!(bytes.len() as u64, data.len);
        for (offset, part) in &data.parts {
            assert_eq!(offset % 4096, 0);
            assert_eq!(bytes[*offset as usize..][..part.len()], part[..]);
        }
        std::fs::write(folder.join(&data.name), bytes).unwrap();
    }
}

#[test]
fn what_is_not_changed_stays_to_the_byte() {
    let mut model = whole();
    // Things that nobody here reads.
    model.metadata_props =
        vec![StringStringEntryProto { key: text("author"), value: text("someone") }];
    model.doc_string = text("a \u{1f642} text");
    graph(&mut model).node[1].op_type = text("Shift");
    graph(&mut model).node[1].domain = text("own");
    let bytes = model.encode_to_vec();
    let document = parse(&model);
    let encoded = document.encode("out.onnx").unwrap();
    assert!(encoded.data.is_none());
    assert_eq!(encoded.model, bytes);
}

#[test]
fn every_type_goes_there_and_back() {
    for dtype in DType::ALL.into_iter().filter(|dtype| !dtype.is_block()) {
        for shape in [vec![], vec![3], vec![2, 0], vec![2, 3]] {
            let len = dtype.bytes(&shape).unwrap();
            // Also truths are among these.
            let bytes: Vec<u8> = (0..len).map(|at| (at % 2) as u8).collect();
            let stored = Stored::new(dtype, shape.clone(), Bytes::owned(bytes)).unwrap();
            let mut model = whole();
            graph(&mut model).initializer.push(tensor_proto("new", &stored));
            let document = parse(&model);
            let tensor = &document.model.graph.as_ref().unwrap().initializer[2];
            let back = document.stored(tensor).unwrap();
            assert_eq!((back.dtype(), back.shape()), (dtype, &shape[..]));
            assert_eq!(back.bytes()[..], stored.bytes()[..]);
        }
    }
}

#[test]
fn values_in_lists_are_read() {
    let check = |fill: fn(&mut TensorProto), expect: &[u8]| {
        let mut model = whole();
        let b = &mut graph(&mut model).initializer[1];
        (b.raw_data, b.dims) = (None, vec![2]);
        fill(b);
        let document = parse(&model);
        let stored = document.stored(&document.model.graph.as_ref().unwrap().initializer[1]);
        assert_eq!(stored.unwrap().bytes()[..], *expect);
    };
    check(|t| t.float_data = vec![1.0, -2.0], &[0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
    check(|t| (t.data_type, t.int32_data) = (Some(3), vec![-1, 127]), &[0xff, 0x7f]);
    check(|t| (t.data_type, t.int32_data) = (Some(9), vec![0, 1]), &[0, 1]);
    check(|t| (t.data_type, t.int32_data) = (Some(10), vec![0x3c00, 0xc000]), &[0, 0x3c, 0, 0xc0]);
    check(|t| (t.data_type, t.int32_data) = (Some(5), vec![-2, 3]), &[0xfe, 0xff, 3, 0]);
    check(
        |t| (t.data_type, t.uint64_data) = (Some(12), vec![7, u64::from(u32::MAX)]),
        &[7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
    );
    check(|t| (t.data_type, t.int64_data, t.dims) = (Some(7), vec![-1], vec![]), &[0xff; 8]);
}

#[test]
fn weights_of_a_mapped_file_are_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    std::fs::write(&path, whole().encode_to_vec()).unwrap();
    let document = Document::open(&path).unwrap();
    let w = &document.model.graph.as_ref().unwrap().initializer[0];
    let stored = document.stored(w).unwrap();
    assert_eq!(stored.bytes().as_ptr(), w.raw_data.as_ref().unwrap().as_ptr());
}

#[test]
fn other_values_leave_the_rest_of_a_tensor() {
    let mut tensor = external(counted("w", &[4, 3]), &[("location", "w.bin")]);
    tensor.doc_string = text("the weight");
    let stored = Stored::of_f32(vec![2], &[1.0, 2.0]);
    set_values(&mut tensor, &stored);
    assert_eq!((tensor.name(), tensor.doc_string()), ("w", "the weight"));
    assert_eq!((tensor.dims, tensor.raw_data.unwrap().len()), (vec![2], 8));
    assert!(tensor.external_data.is_empty() && tensor.data_location.is_none());
}

#[test]
fn external_data_stays_external() {
    let folder = tempfile::tempdir().unwrap();
    let large = counted("w", &[4, 300]);
    let small = counted("b", &[3]);
    let (first, second) = (large.raw_data.clone().unwrap(), small.raw_data.clone().unwrap());
    std::fs::write(folder.path().join("w.bin"), [&first[..], &second[..]].concat()).unwrap();
    let mut model = whole();
    let end = first.len().to_string();
    let place = ("location", "w.bin");
    graph(&mut model).initializer = vec![
        external(large, &[place, ("offset", "0"), ("checksum", "00"), ("color", "red")]),
        external(small, &[place, ("offset", &end), ("length", "12")]),
        counted("changed", &[512]),
        counted("as_small", &[5]),
    ];
    let path = folder.path().join("in.onnx");
    std::fs::write(&path, model.encode_to_vec()).unwrap();
    let document = Document::open(&path).unwrap();
    let encoded = document.encode("out.onnx").unwrap();
    write(&encoded, folder.path());
    assert_eq!(encoded.data.as_ref().unwrap().name, "out.onnx.data");
    let again = Document::open(&folder.path().join("out.onnx")).unwrap();
    let before = &document.model.graph.as_ref().unwrap().initializer;
    let after = &again.model.graph.as_ref().unwrap().initializer;
    for (before, after) in before.iter().zip(after) {
        let values = document.stored(before).unwrap().bytes().to_vec();
        assert_eq!(again.stored(after).unwrap().bytes()[..], values[..], "{}", before.name());
    }
    let outside: Vec<bool> = after.iter().map(|tensor| tensor.data_location == Some(1)).collect();
    assert_eq!(outside, [true, false, true, false]);
    let keys: Vec<&str> = after[0].external_data.iter().map(StringStringEntryProto::key).collect();
    assert_eq!(keys, ["location", "offset", "length", "color"]);
    // A second round changes nothing.
    let third = again.encode("out.onnx").unwrap();
    assert_eq!(third.model, encoded.model);
}

#[test]
fn names_that_lead_elsewhere_are_not_written() {
    let folder = tempfile::tempdir().unwrap();
    (secateur_attacks::find("external_whole").unwrap().write)(folder.path()).unwrap();
    let document = Document::open(&folder.path().join("model/model.onnx")).unwrap();
    for name in ["../out.onnx", "/out.onnx", "a/out.onnx", "a\\out.onnx"] {
        let error = document.encode(name).unwrap_err();
        assert_eq!(error.code(), "SEC-OX-020", "{name}: {error}");
    }
}
