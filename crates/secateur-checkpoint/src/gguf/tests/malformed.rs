//! One file per fault, each with the code and the words it must give.

use std::fs;
use std::path::Path;

use super::parse;
use crate::gguf::{CODES, GgufError, Value, read};
use secateur_attacks::gguf::{ARRAY, BOOL, I32, STRING, U32, Writer, array, entry, string};

/// A file with one key and two tensors.
fn whole() -> Writer {
    Writer::default().text("general.name", "a model").counted("first", &[4, 2], 1.0).counted(
        "second",
        &[3],
        9.0,
    )
}

/// A file with one tensor of 8 f32 values whose entry a test writes itself.
fn one(dims: &[u64], kind: u32, offset: u64) -> Vec<u8> {
    let mut writer = Writer::default().entry("w", dims, kind, offset);
    writer.data = vec![0; 32];
    writer.bytes()
}

fn edited(edit: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = whole();
    edit(&mut writer);
    writer.bytes()
}

fn key(name: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    whole().key(name, kind, value).bytes()
}

fn nested(depth: usize) -> Vec<u8> {
    let mut value = array(U32, 0, &[]);
    for _ in 1..depth {
        value = array(ARRAY, 1, &value);
    }
    key("deep", ARRAY, &value)
}

/// Name, file, code, exit, words of the message.
type Case = (&'static str, Vec<u8>, &'static str, u8, &'static [&'static str]);

#[test]
fn every_fault_has_its_code_and_says_where() {
    let short = {
        let mut bytes = whole().bytes();
        bytes.truncate(bytes.len() - 21);
        bytes
    };
    let bad_text = [&3_u64.to_le_bytes()[..], b"a\xffb"].concat();
    let name_of_65 = "n".repeat(65);
    let rows_max = 0x7fff_ffff_ffff_ffe0;
    let cases: Vec<Case> = vec![
        ("empty file", vec![], "003", 3, &["empty"]),
        ("three bytes", b"GGU".to_vec(), "003", 3, &["47, 47, 55"]),
        ("bad magic", edited(|w| w.magic = *b"FUGG"), "003", 3, &["backwards"]),
        (
            "LFS pointer",
            b"version https://git-lfs.github.com/spec/v1\n".to_vec(),
            "003",
            3,
            &["LFS"],
        ),
        ("web page", b"\n<!DOCTYPE html><html>".to_vec(), "003", 3, &["web page"]),
        ("safetensors", b"\x10\0\0\0\0\0\0\0{\"w\":{}}".to_vec(), "003", 3, &["safetensors"]),
        ("pickle", b"PK\x03\x04archive/data.pkl".to_vec(), "003", 3, &["zip archive"]),
        ("before GGUF", b"tjgg\x03\0\0\0".to_vec(), "003", 3, &["GGJT"]),
        ("magic only", b"GGUF".to_vec(), "006", 3, &["the version at byte 4 needs 4 bytes"]),
        ("version 0", edited(|w| w.version = 0), "004", 3, &["version 0"]),
        ("version 1", edited(|w| w.version = 1), "004", 4, &["version 1"]),
        ("version of the future", edited(|w| w.version = 4), "004", 4, &["version 4"]),
        ("big-endian", edited(|w| w.version = 3 << 24), "005", 4, &["big-endian", "version 3"]),
        (
            "counts missing",
            b"GGUF\x03\0\0\0\x01".to_vec(),
            "006",
            3,
            &["number of tensors", "has 1 more"],
        ),
        (
            "2^64 - 1 tensors",
            edited(|w| w.tensor_count = Some(u64::MAX)),
            "006",
            3,
            &["18446744073709551615"],
        ),
        (
            "2^64 - 1 keys",
            edited(|w| w.key_count = Some(u64::MAX)),
            "006",
            3,
            &["number of keys", "18446744073709551615"],
        ),
        (
            "a tensor more than there is",
            edited(|w| w.tensor_count = Some(3)),
            "009",
            3,
            &["tensor 2"],
        ),
        (
            "70000 keys claimed",
            {
                let mut b = edited(|w| w.key_count = Some(70_000));
                b.resize(1 << 20, 1);
                b
            },
            "007",
            3,
            &["70000", "65536"],
        ),
        (
            "key of 2^64 - 1 bytes",
            edited(|w| w.keys[0][..8].fill(255)),
            "006",
            3,
            &["key 0", "18446744073709551615"],
        ),
        ("empty key", key("", U32, &[0; 4]), "009", 3, &["key 1", "empty"]),
        ("key of 70000 bytes", key(&"k".repeat(70_000), U32, &[0; 4]), "007", 3, &["65535"]),
        ("key not UTF-8", edited(|w| w.keys[0][8] = 0xff), "008", 3, &["key 0", "byte at 32"]),
        ("value not UTF-8", key("k", STRING, &bad_text), "008", 3, &["value of key \"k\""]),
        ("duplicate key", key("general.name", U32, &[0; 4]), "010", 3, &["general.name", "twice"]),
        ("bad value type", key("k", 13, &[0; 4]), "011", 3, &["\"k\"", "13"]),
        ("bad array type", key("k", ARRAY, &array(13, 0, &[])), "011", 3, &["\"k\"", "13"]),
        ("truth of 2", key("k", BOOL, &[2]), "012", 3, &["\"k\"", "2"]),
        (
            "truth of 2 in an array",
            key("k", ARRAY, &array(BOOL, 3, &[0, 1, 2])),
            "012",
            3,
            &["\"k\""],
        ),
        (
            "array of 2^60 numbers",
            key("k", ARRAY, &array(U32, 1 << 60, &[])),
            "006",
            3,
            &["\"k\"", "4611686018427387904"],
        ),
        (
            "array of 2^61 strings",
            key("k", ARRAY, &array(STRING, 1 << 61, &[])),
            "006",
            3,
            &["\"k\"", "18446744073709551615"],
        ),
        (
            "array of 2^60 arrays",
            key("k", ARRAY, &array(ARRAY, 1 << 60, &[])),
            "006",
            3,
            &["\"k\""],
        ),
        (
            "string value of 2^63 bytes",
            key("k", STRING, &(1_u64 << 63).to_le_bytes()),
            "006",
            3,
            &["value of key \"k\""],
        ),
        ("arrays 100 deep", nested(100), "007", 3, &["depth", "limit is 64"]),
        ("alignment 0", key("general.alignment", U32, &0_u32.to_le_bytes()), "013", 3, &["u32 0"]),
        (
            "alignment 13",
            key("general.alignment", U32, &13_u32.to_le_bytes()),
            "013",
            3,
            &["u32 13"],
        ),
        (
            "alignment 2^31",
            key("general.alignment", U32, &0x8000_0000_u32.to_le_bytes()),
            "013",
            3,
            &["2147483648"],
        ),
        (
            "alignment of wrong type",
            key("general.alignment", I32, &32_i32.to_le_bytes()),
            "013",
            3,
            &["i32 32"],
        ),
        (
            "alignment as text",
            key("general.alignment", STRING, &string("32")),
            "013",
            3,
            &["string \"32\""],
        ),
        (
            "empty tensor name",
            edited(|w| w.tensors[0] = entry("", &[8], 0, 0)),
            "009",
            3,
            &["tensor 0"],
        ),
        (
            "long tensor name",
            edited(|w| w.tensors[0] = entry(&name_of_65, &[8], 0, 0)),
            "007",
            3,
            &["65", "limit is 64"],
        ),
        (
            "duplicate tensor",
            edited(|w| w.tensors[1] = entry("first", &[3], 0, 32)),
            "014",
            3,
            &["\"first\"", "twice"],
        ),
        ("no dimensions", one(&[], 0, 0), "015", 3, &["\"w\"", "0 dimensions"]),
        ("five dimensions", one(&[1; 5], 0, 0), "015", 3, &["5 dimensions"]),
        ("dimension of 0", one(&[8, 0], 0, 0), "015", 3, &["size 0"]),
        ("dimension of -1", one(&[u64::MAX], 0, 0), "016", 3, &["values", "18446744073709551615"]),
        ("too many values", one(&[1 << 33, 1 << 33], 0, 0), "016", 3, &["values"]),
        (
            "values that wrap around",
            one(&[4_194_305, 4_194_305, 211_106_198_978_564], 0, 0),
            "016",
            3,
            &["values"],
        ),
        ("too many bytes", one(&[1 << 31, 1 << 31], 27, 0), "016", 3, &["bytes"]),
        ("too many bytes in blocks", one(&[rows_max], 8, 0), "016", 3, &["bytes"]),
        ("rows that split blocks", one(&[48], 3, 0), "017", 3, &["48", "Q4_1", "32"]),
        ("rows that split blocks of 256", one(&[128], 14, 0), "017", 3, &["128", "Q6_K", "256"]),
        ("bad type", one(&[8], 42, 0), "018", 3, &["\"w\"", "42"]),
        ("retired type", one(&[8], 4, 0), "018", 3, &["\"w\"", "4"]),
        ("type known by name", one(&[256], 10, 0), "019", 4, &["\"w\"", "Q2_K", "Q8_0"]),
        ("another one", one(&[256], 16, 0), "019", 4, &["IQ2_XXS"]),
        ("offset unaligned", one(&[4], 0, 4), "020", 3, &["offset 4", "32"]),
        ("offset 2^64 - 32", one(&[8], 0, u64::MAX - 31), "021", 3, &["\"w\""]),
        ("offset past the end", one(&[8], 0, 64), "021", 3, &["32 bytes from byte", "64 short"]),
        (
            "offsets by another alignment",
            {
                let writer = Writer { alignment: 1, ..Writer::default() };
                let mut writer = writer.counted("a", &[3], 0.0).counted("b", &[3], 0.0);
                writer.alignment = 32;
                writer.bytes()
            },
            "020",
            3,
            &["\"b\"", "offset 12"],
        ),
        (
            "overlap",
            edited(|w| w.tensors[1] = entry("second", &[3], 0, 0)),
            "022",
            3,
            &["\"first\"", "\"second\""],
        ),
        (
            "two of 2^62 bytes",
            edited(|w| {
                w.tensors =
                    vec![entry("a", &[1 << 62], 24, 0), entry("b", &[1 << 62], 24, 1 << 62)];
            }),
            "021",
            3,
            &["\"a\""],
        ),
        ("not enough data", short, "021", 3, &["\"second\"", "1 short"]),
        ("an exabyte in a kilobyte", one(&[1 << 60], 24, 0), "021", 3, &["1152921504606846976"]),
    ];
    assert!(cases.len() > 50);
    for (name, bytes, code, exit, words) in cases {
        let error = parse(bytes).err().unwrap_or_else(|| panic!("{name} must be refused"));
        let message = error.to_string();
        assert_eq!(error.code(), format!("SEC-GG-{code}"), "{name}: {message}");
        assert_eq!(error.exit(), exit, "{name}: {message}");
        for word in words {
            assert!(message.contains(word), "{name}: {message:?} must say {word:?}");
        }
        assert_eq!(error.place(), Some(Path::new("model.gguf")));
        assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{name} has a hint");
    }
}

#[test]
fn whole_files_are_read() {
    for version in [2, 3] {
        let gguf = parse(edited(|w| w.version = version)).unwrap();
        assert_eq!(gguf.version, version);
        assert_eq!(gguf.value("general.name"), Some(&Value::String("a model".to_owned())));
        let first = gguf.tensor("first").unwrap();
        assert_eq!(first.shape(), [2, 4], "outermost first");
        assert_eq!(first.to_f32().unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!(gguf.tensor("second").unwrap().to_f32().unwrap(), [9.0, 10.0, 11.0]);
    }
    // Nothing but a header; no padding after the last tensor; a hole; a gap at the end.
    assert!(parse(Writer::default().bytes()[..24].to_vec()).unwrap().tensors.is_empty());
    let mut unpadded = whole().bytes();
    unpadded.truncate(unpadded.len() - 20);
    assert_eq!(parse(unpadded).unwrap().tensors.len(), 2);
    let mut holed = whole();
    holed.tensors[1] = entry("second", &[3], 0, 64);
    holed.data.resize(200, 0);
    assert_eq!(parse(holed.bytes()).unwrap().tensor("second").unwrap().shape(), [3]);
}

#[test]
fn alignment_is_followed() {
    for alignment in [1_u32, 8, 64, 4096] {
        let writer = Writer { alignment: alignment as usize, ..Writer::default() };
        let writer = writer.u32("general.alignment", alignment);
        let bytes = writer.counted("a", &[3], 0.0).counted("b", &[3], 5.0).bytes();
        let gguf = parse(bytes).unwrap();
        assert_eq!(gguf.tensor("b").unwrap().to_f32().unwrap(), [5.0, 6.0, 7.0]);
    }
}

#[test]
fn every_type_of_value_is_read() {
    let writer = Writer::default()
        .key("u8", 0, &[200])
        .key("i8", 1, &[200])
        .key("u16", 2, &[1, 2])
        .key("i16", 3, &[254, 255])
        .u32("u32", 7)
        .key("i32", I32, &(-7_i32).to_le_bytes())
        .f32("f32", 1e-5)
        .bool("bool", true)
        .text("string", "zażółć")
        .key("u64", 10, &u64::MAX.to_le_bytes())
        .key("i64", 11, &i64::MIN.to_le_bytes())
        .key("f64", 12, &1e-300_f64.to_le_bytes())
        .strings("strings", &["", "a", "bc"])
        .key("nested", ARRAY, &array(ARRAY, 2, &[array(0, 1, &[5]), array(U32, 0, &[])].concat()));
    let gguf = parse(writer.bytes()).unwrap();
    let value = |key: &str| gguf.value(key).unwrap();
    let ints = ["u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64"].map(|k| value(k).int());
    let expect = [200, -56, 513, -2, 7, -7, i128::from(u64::MAX), i128::from(i64::MIN)];
    assert_eq!(ints, expect.map(Some));
    assert_eq!(value("f32").float(), Some(1e-5), "the shortest decimal, not 9.99999974e-6");
    assert_eq!(value("f64").float(), Some(1e-300));
    assert_eq!(value("bool").truth(), Some(true));
    assert_eq!(value("string").text(), Some("zażółć"));
    let strings = value("strings").array().unwrap().strings().unwrap();
    assert_eq!(strings.iter().collect::<Vec<_>>(), ["", "a", "bc"]);
    assert_eq!(value("nested").to_string(), "an array of 2 array");
    assert!(parse(nested(64)).is_ok(), "64 deep is the limit");
}

#[test]
fn places_that_are_no_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = read(folder.path()).unwrap_err();
    assert_eq!((error.code(), error.exit()), ("SEC-GG-002", 3), "{error}");
    let absent = folder.path().join("absent.gguf");
    let error = read(&absent).unwrap_err();
    assert_eq!((error.code(), error.exit()), ("SEC-GG-001", 3), "{error}");
    assert_eq!(error.place(), Some(absent.as_path()));
    let empty = folder.path().join("empty.gguf");
    fs::write(&empty, b"").unwrap();
    assert_eq!(read(&empty).unwrap_err().to_string(), "this is not a GGUF file: the file is empty");
    let real = folder.path().join("real.gguf");
    fs::write(&real, whole().bytes()).unwrap();
    assert_eq!(read(&real).unwrap().tensor("second").unwrap().to_f32().unwrap(), [9.0, 10.0, 11.0]);
}

#[test]
fn codes_are_sorted_and_explained() {
    assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
    assert!(CODES.iter().all(|(code, text)| code.starts_with("SEC-GG-") && text.len() > 80));
    let error = parse(Vec::new()).unwrap_err();
    assert!(error.explanation().contains("Git LFS"));
    // An error is returned by value through many small functions.
    assert!(size_of::<GgufError>() <= 128);
}
