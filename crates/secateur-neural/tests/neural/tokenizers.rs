//! Token ids against the tokenizers package, with committed goldens.

use secateur_checkpoint::Tokenizer;
use serde_json::Value;

use crate::fixture;

#[test]
fn ids_are_those_of_the_tokenizers_package() {
    let text = std::fs::read_to_string(fixture("tokenizers/expected.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    let cases = golden["cases"].as_array().expect("a list of cases");
    assert!(cases.len() >= 20, "{} cases", cases.len());
    for case in cases {
        let name = case["tokenizer"].as_str().unwrap();
        let tokenizer = Tokenizer::read(&fixture("tokenizers").join(name)).unwrap();
        let text = case["text"].as_str().unwrap();
        let expected: Vec<i64> =
            case["ids"].as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
        assert_eq!(tokenizer.encode(text).unwrap(), expected, "{name}: {text:?}");
    }
}

#[test]
fn a_panic_inside_the_library_is_an_error() {
    // A merge whose pieces are longer than any entry makes the library fail.
    let crafted = r#"{"version":"1.0","model":{"type":"BPE","vocab":{"a":0,"b":1},
        "merges":[["aaaaaaaa","b"]]}}"#;
    let error = Tokenizer::parse("tokenizer.json".as_ref(), crafted).unwrap_err();
    assert_eq!(error.code(), "SEC-CK-025");
}
