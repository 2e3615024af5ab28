//! Files that other tools wrote.

use std::path::PathBuf;

use prost::Message;
use secateur_onnx::Document;
use secateur_onnx::proto::ModelProto;

/// Every model of the test data.
pub(crate) fn models() -> Vec<PathBuf> {
    let Some(data) = std::env::var_os("SECATEUR_TEST_DATA") else {
        println!("skipped: no test data");
        return Vec::new();
    };
    let folder = PathBuf::from(data).join("data/models");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "onnx")).collect();
    found.sort();
    assert!(found.len() >= 9, "{found:?}");
    found
}

#[test]
fn every_model_opens_and_gives_its_weights() {
    for path in models() {
        let document = Document::open(&path).unwrap();
        assert_eq!(document.lossy, None, "{}", path.display());
        let graph = document.model.graph.as_ref().unwrap();
        assert!(!graph.initializer.is_empty());
        for tensor in &graph.initializer {
            let stored = document.stored(tensor).unwrap();
            assert_eq!(stored.shape().len(), tensor.dims.len(), "{}", tensor.name());
        }
    }
}

#[test]
fn every_model_is_the_same_after_a_round_trip() {
    for path in models() {
        let document = Document::open(&path).unwrap();
        let encoded = document.encode("out.onnx").unwrap();
        let again = ModelProto::decode(&encoded.model[..]).unwrap();
        assert!(again == document.model, "{}", path.display());
        // These exporters write fields in the order of their numbers, as we do.
        assert!(encoded.model == std::fs::read(&path).unwrap(), "{}", path.display());
    }
}
