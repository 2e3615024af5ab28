//! Tokenizers rebuilt from vocabularies give the ids of the originals.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tokenizers::Tokenizer;

use super::llama::small;
use super::parse;
use super::real::test_data;
use crate::gguf::{AsHf, as_hf};
use secateur_attacks::gguf::Writer;

pub(super) fn tokenizer(value: &Value) -> Tokenizer {
    value.to_string().parse().expect("the tokenizers crate reads what is written")
}

pub(super) fn ids(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
    tokenizer.encode(text, false).unwrap().get_ids().to_vec()
}

/// A model with 512 rows and any tokenizer.
fn model(vocabulary: impl FnOnce(Writer) -> Writer) -> AsHf {
    let writer = small("none")
        .without("tokenizer.ggml.model")
        .without("tokenizer.ggml.tokens")
        .without("tokenizer.ggml.token_type")
        .without("tokenizer.ggml.scores")
        .without_tensor("token_embd.weight")
        .counted("token_embd.weight", &[8, 512], 0.0);
    as_hf(&parse(vocabulary(writer).bytes()).unwrap()).unwrap()
}

/// A SentencePiece vocabulary: piece, score, kind.
fn sentencepiece(writer: Writer, pieces: &[(String, f32, i32)]) -> Writer {
    let tokens: Vec<&str> = pieces.iter().map(|(piece, ..)| piece.as_str()).collect();
    let scores: Vec<f32> = pieces.iter().map(|(_, score, _)| *score).collect();
    let kinds: Vec<i32> = pieces.iter().map(|(.., kind)| *kind).collect();
    writer
        .without("tokenizer.ggml.bos_token_id")
        .without("tokenizer.ggml.eos_token_id")
        .text("tokenizer.ggml.model", "llama")
        .strings("tokenizer.ggml.tokens", &tokens)
        .f32s("tokenizer.ggml.scores", &scores)
        .i32s("tokenizer.ggml.token_type", &kinds)
        .u32("tokenizer.ggml.bos_token_id", 1)
        .u32("tokenizer.ggml.eos_token_id", 2)
}

/// Three marks, 256 bytes, pieces that overlap in several ways, letters.
fn tiny() -> Vec<(String, f32, i32)> {
    let mut pieces: Vec<(String, f32, i32)> =
        vec![("<unk>".to_owned(), 0.0, 2), ("<s>".to_owned(), 0.0, 3), ("</s>".to_owned(), 0.0, 3)];
    pieces.extend((0..256).map(|byte| (format!("<0x{byte:02X}>"), 0.0, 6)));
    let merged = "▁t he nd ▁a in ▁the er ▁and ab bc abc ▁▁ ▁b aa aaa";
    for (i, piece) in merged.split(' ').enumerate() {
        pieces.push((piece.to_owned(), -(i as f32), 1));
    }
    for (i, letter) in "▁abcdefhinort".chars().enumerate() {
        pieces.push((letter.to_string(), -100.0 - i as f32, 1));
    }
    pieces
}

/// Text, ids with a space before it, ids without. By sentencepiece 0.2.3 from the pieces of
/// [`tiny`], normalizer `identity`, no removal of spaces.
const TINY: &[(&str, &[u32], &[u32])] = &[
    (
        "the cat and the hen",
        &[264, 274, 277, 275, 286, 266, 264, 274, 260, 283],
        &[286, 260, 274, 277, 275, 286, 266, 264, 274, 260, 283],
    ),
    (
        "abc aabc  abcabc",
        &[262, 268, 262, 269, 274, 262, 268, 269],
        &[269, 262, 269, 274, 262, 268, 269],
    ),
    ("aaaaaaa aaaa", &[262, 272, 272, 272, 262, 273], &[272, 272, 273, 262, 273]),
    ("  in\n\tthe", &[270, 274, 263, 13, 12, 286, 260], &[270, 263, 13, 12, 286, 260]),
    (
        "zebra é",
        &[274, 125, 279, 276, 285, 275, 274, 198, 172],
        &[125, 279, 276, 285, 275, 274, 198, 172],
    ),
    ("", &[], &[]),
];

#[test]
fn sentencepiece_ids_are_those_of_the_original() {
    for prefix in [true, false] {
        let model =
            model(|w| sentencepiece(w, &tiny()).bool("tokenizer.ggml.add_space_prefix", prefix));
        assert_eq!(model.warnings, [""; 0]);
        let tokenizer = tokenizer(&model.tokenizer.unwrap());
        for (text, with, without) in TINY {
            let found = ids(&tokenizer, text);
            assert_eq!(&found, if prefix { with } else { without }, "{text:?}, prefix {prefix}");
            assert_eq!(&tokenizer.decode(&found, false).unwrap(), text);
        }
    }
}

/// Merges of [`tiny`] by `generate_merges` of transformers 5.23.
const TINY_MERGES: &str = "▁ t, h e, n d, ▁ a, i n, ▁t he, e r, ▁a nd, a b, b c, ab c, a bc, \
                           ▁ ▁, ▁ b, a a, aa a, a aa";

#[test]
fn scores_become_the_merges_of_the_reference() {
    let model = model(|w| sentencepiece(w, &tiny()));
    let expect: Vec<Value> =
        TINY_MERGES.split(", ").map(|m| json!(m.split(' ').collect::<Vec<_>>())).collect();
    assert_eq!(model.tokenizer.unwrap()["model"]["merges"], Value::Array(expect));
}

#[test]
fn sentencepiece_without_scores_or_bytes_is_read_with_a_warning() {
    let without_bytes = |w| {
        let pieces: Vec<_> = tiny().into_iter().filter(|(.., kind)| *kind != 6).collect();
        sentencepiece(w, &pieces).without("tokenizer.ggml.scores")
    };
    let model = model(without_bytes);
    let said = model.warnings.join("\n");
    assert!(said.contains("no scores") && said.contains("not every byte"), "{said}");
    let tokenizer = tokenizer(&model.tokenizer.unwrap());
    let tokens = tokenizer.encode("the z", false).unwrap().get_tokens().to_vec();
    assert_eq!(tokens, ["▁the", "▁", "<unk>"]);
}

#[test]
fn marks_are_added_where_the_file_says() {
    let with = |edit: fn(Writer) -> Writer| {
        let model = model(|w| edit(sentencepiece(w, &tiny())));
        let tokenizer = tokenizer(&model.tokenizer.unwrap());
        tokenizer.encode("ab", true).unwrap().get_ids().to_vec()
    };
    let plain = [262, 276];
    assert_eq!(with(|w| w), [1, 262, 276], "SentencePiece models begin with <s>");
    assert_eq!(with(|w| w.bool("tokenizer.ggml.add_bos_token", false)), plain);
    let both = with(|w| w.bool("tokenizer.ggml.add_eos_token", true));
    assert_eq!(both, [1, 262, 276, 2]);
    let marks = model(|w| sentencepiece(w, &tiny()));
    let tokenizer = tokenizer(&marks.tokenizer.unwrap());
    assert_eq!(ids(&tokenizer, "ab</s>ab"), [262, 276, 2, 262, 276], "marks are found in a text");
    assert_eq!(marks.tokenizer_config.unwrap()["bos_token"], "<s>");
}

/// GPT-2's characters for the 256 bytes, in the order of bytes.
fn byte_letters() -> Vec<String> {
    let plain =
        |b: u32| (33..=126).contains(&b) || (161..=172).contains(&b) || (174..=255).contains(&b);
    let mut next = 256;
    let letter = |b: u32| {
        let c = if plain(b) {
            b
        } else {
            next += 1;
            next - 1
        };
        char::from_u32(c).unwrap().to_string()
    };
    (0..256).map(letter).collect()
}

/// A byte-level vocabulary: bytes, then merges, then a mark and a word of the user's.
fn byte_level(writer: Writer, pre: Option<&str>, merges: &[&str]) -> Writer {
    let mut tokens = byte_letters();
    tokens.extend(merges.iter().map(|merge| merge.replacen(' ', "", 1)));
    tokens.push("<|end|>".to_owned());
    tokens.push("  keep  ".to_owned());
    let mut kinds = vec![1; tokens.len()];
    let last = tokens.len() - 1;
    (kinds[last - 1], kinds[last]) = (3, 4);
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let writer = writer
        .without("tokenizer.ggml.bos_token_id")
        .without("tokenizer.ggml.eos_token_id")
        .text("tokenizer.ggml.model", "gpt2")
        .u32("tokenizer.ggml.bos_token_id", last as u32 - 1)
        .strings("tokenizer.ggml.tokens", &tokens)
        .strings("tokenizer.ggml.merges", merges)
        .i32s("tokenizer.ggml.token_type", &kinds);
    match pre {
        Some(pre) => writer.text("tokenizer.ggml.pre", pre),
        None => writer,
    }
}

/// The tokens of a text by a rule, with merges that show where the rule cuts, and the warnings.
fn pieces(pre: Option<&str>, text: &str) -> (Vec<String>, Vec<String>) {
    let model = model(|w| byte_level(w, pre, &["1 2", "12 3", "123 4", "' S", "Ġ Ġ"]));
    let tokenizer = tokenizer(&model.tokenizer.unwrap());
    let encoding = tokenizer.encode(text, false).unwrap();
    (encoding.get_tokens().to_vec(), model.warnings)
}

#[test]
fn text_is_split_by_the_rule_that_the_file_names() {
    // Rule, then pieces of "1234'S   x": runs of digits, contractions, spaces.
    let cases: &[(&str, &[&str])] = &[
        ("gpt-2", &["1234", "'", "S", "ĠĠ", "Ġ", "x"]),
        ("smollm", &["1", "2", "3", "4", "'", "S", "ĠĠ", "Ġ", "x"]),
        ("command-r", &["1", "2", "3", "4", "'", "S", "ĠĠ", "Ġ", "x"]),
        ("llama-bpe", &["123", "4", "'S", "ĠĠ", "Ġ", "x"]),
        ("qwen2", &["1", "2", "3", "4", "'S", "ĠĠ", "Ġ", "x"]),
        ("tekken", &["1", "2", "3", "4", "'S", "ĠĠ", "Ġ", "x"]),
        ("gpt-4o", &["123", "4", "'S", "ĠĠ", "Ġ", "x"]),
    ];
    for (pre, expect) in cases {
        let (found, warnings) = pieces(Some(pre), "1234'S   x");
        assert_eq!(&found, expect, "{pre}");
        assert_eq!(warnings, [""; 0], "{pre}");
    }
    for (pre, word) in [(None, "missing"), (Some("default"), "default"), (Some("new"), "\"new\"")] {
        let (found, warnings) = pieces(pre, "1234'S   x");
        assert_eq!(found, cases[0].1, "{pre:?} is split by GPT-2's rule");
        assert!(warnings.len() == 1 && warnings[0].contains(word), "{warnings:?}");
    }
}

#[test]
fn added_tokens_are_whole_and_bytes_come_back() {
    let model = model(|w| byte_level(w, Some("llama-bpe"), &["a b"]));
    let value = model.tokenizer.unwrap();
    let tokenizer = tokenizer(&value);
    let [end, keep] = [257, 258];
    assert_eq!(ids(&tokenizer, "ab<|end|>ab  keep  "), [256, end, 256, keep]);
    let text = "žluťoučký kůň\r\n\t東京 🦀 \u{0}";
    assert_eq!(tokenizer.decode(&ids(&tokenizer, text), false).unwrap(), text);
    let encoding = tokenizer.encode("ab", true).unwrap();
    assert_eq!(encoding.get_ids(), [end, 256], "Llama 3 begins with its first mark");
    let skipped = tokenizer.decode(&[end, 256, keep], true).unwrap();
    assert_eq!(skipped, "ab  keep  ", "words of the user's are no marks");
    assert_eq!(value["model"]["ignore_merges"], json!(true));
}

#[test]
fn settings_carry_marks_and_templates() {
    let model = model(|w| {
        byte_level(w, Some("gpt-2"), &["a b"])
            .text("tokenizer.chat_template", "{{ messages }}")
            .u32("tokenizer.ggml.padding_token_id", 257)
            .u32("tokenizer.ggml.unknown_token_id", 900)
    });
    let expect = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 64,
        "clean_up_tokenization_spaces": false,
        "bos_token": "<|end|>",
        "pad_token": "<|end|>",
        "chat_template": "{{ messages }}",
    });
    assert_eq!(model.tokenizer_config.unwrap(), expect);
}

#[test]
fn equal_tokens_are_said() {
    let model = model(|w| byte_level(w, Some("gpt-2"), &["a b", "a b"]));
    assert!(model.warnings[0].contains("tokens 256 and 257 are both \"ab\""));
    assert_eq!(ids(&tokenizer(&model.tokenizer.unwrap()), "ab"), [257]);
}

/// FNV-1a of ids as little-endian u32.
fn digest(ids: &[u32]) -> u64 {
    let bytes = ids.iter().flat_map(|id| id.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// Pieces of a file in the format of llama2.c: a length, then score, length, text of each.
fn llama2c(path: PathBuf) -> Vec<(String, f32, i32)> {
    let bytes = fs::read(path).unwrap();
    let word = |at: usize| <[u8; 4]>::try_from(&bytes[at..at + 4]).unwrap();
    let (mut at, mut pieces) = (4, Vec::new());
    while at < bytes.len() {
        let (score, len) =
            (f32::from_le_bytes(word(at)), u32::from_le_bytes(word(at + 4)) as usize);
        let text = std::str::from_utf8(&bytes[at + 8..at + 8 + len]).unwrap();
        let (text, kind) = match pieces.len() {
            0 => (text.to_owned(), 2),
            1 | 2 => (text.trim().to_owned(), 3),
            3..259 => (text.to_owned(), 6),
            _ => (text.replace(' ', "▁"), 1),
        };
        pieces.push((text, score, kind));
        at += 8 + len;
    }
    pieces
}

/// Ids by sentencepiece 0.2.3 from the same pieces.
const STORIES: &[(&str, &[u32])] = &[
    (
        "Once upon a time, there was a little girl named Lily.",
        &[403, 407, 261, 378, 432, 383, 286, 261, 376, 298, 315, 421, 395, 317, 426],
    ),
    (
        "  two  spaces\nand a line\tand a tab",
        &[
            410, 410, 259, 424, 414, 410, 262, 427, 412, 331, 419, 13, 412, 264, 261, 278, 271,
            411, 12, 412, 264, 261, 259, 412, 430,
        ],
    ),
    (
        "naïve café 東京 🦀 1234",
        &[
            297, 412, 198, 178, 360, 280, 412, 431, 485, 410, 233, 160, 180, 231, 189, 175, 410,
            243, 162, 169, 131, 410, 475, 479, 472, 484,
        ],
    ),
    (" ", &[410, 410]),
    ("aaaaaaaaaa", &[261, 412, 412, 412, 412, 412, 412, 412, 412, 412]),
];

#[test]
fn a_real_sentencepiece_vocabulary_gives_its_own_ids() {
    let Some(data) = test_data() else { return };
    let pieces = llama2c(data.join("data/models/stories260K/tok512.bin"));
    assert_eq!(pieces.len(), 512);
    let model = model(|w| sentencepiece(w, &pieces));
    let tokenizer = tokenizer(&model.tokenizer.unwrap());
    for (text, expect) in STORIES {
        assert_eq!(&ids(&tokenizer, text), expect, "{text:?}");
    }
    let plays = fs::read_to_string(data.join("data/text/tinyshakespeare.txt")).unwrap();
    let found = ids(&tokenizer, &plays);
    assert_eq!((found.len(), digest(&found)), (693_363, 0xcf9c_c0a9_e823_3cf8));
}
