//! Byte-level BPE: every byte of the text is a character of the tokens, so nothing is unknown.
//!
//! How text is split before merging is named by `tokenizer.ggml.pre`. The rules are those of the
//! `tokenizer.json` files that the names stand for; llama.cpp spells some of them otherwise, with
//! the same pieces.

use serde_json::{Value, json};

use super::Parts;
use super::vocabulary::Vocabulary;
use crate::gguf::GgufError;

/// How text is split.
#[derive(Clone, Copy, PartialEq)]
enum Split {
    /// GPT-2's rule.
    Gpt2,
    /// Every digit alone, then GPT-2's rule.
    DigitsAlone,
    /// A rule of its own.
    Regex(&'static str),
}

/// A rule of splitting and what goes with it.
struct Rule {
    /// Values of `tokenizer.ggml.pre`.
    names: &'static [&'static str],
    split: Split,
    /// Whether text is composed first (Unicode NFC).
    nfc: bool,
    /// Whether a piece that is a token is taken whole, whatever the merges say.
    ignore_merges: bool,
    add_bos: bool,
}

/// GPT-4's rule with runs of up to three digits, as Llama 3 has it.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The same with every digit alone.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Words by upper and lower case, as Mistral's Tekken has it.
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The same with contractions and runs of up to three digits, as GPT-4o has it.
const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

const RULES: &[Rule] = &[
    Rule {
        names: &[
            "gpt-2",
            "default",
            "phi-2",
            "olmo",
            "mpt",
            "jais",
            "jina-es",
            "jina-de",
            "jina-v1-en",
            "jina-v2-es",
            "jina-v2-de",
            "jina-v2-code",
            "roberta-bpe",
            "exaone4",
            "trillion",
            "granite-docling",
        ],
        split: Split::Gpt2,
        nfc: false,
        ignore_merges: false,
        add_bos: false,
    },
    Rule {
        names: &["smollm", "starcoder", "refact", "codeshell", "exaone", "minerva-7b"],
        split: Split::DigitsAlone,
        nfc: false,
        ignore_merges: false,
        add_bos: false,
    },
    Rule {
        names: &["command-r"],
        split: Split::DigitsAlone,
        nfc: true,
        ignore_merges: false,
        add_bos: false,
    },
    Rule {
        names: &[
            "llama-bpe",
            "llama3",
            "llama-v3",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
        ],
        split: Split::Regex(LLAMA3),
        nfc: false,
        ignore_merges: true,
        add_bos: true,
    },
    Rule {
        names: &["dbrx", "smaug-bpe", "chatglm-bpe", "glm4"],
        split: Split::Regex(LLAMA3),
        nfc: false,
        ignore_merges: false,
        add_bos: false,
    },
    Rule {
        names: &["qwen2", "deepseek-r1-qwen", "megrez", "stablelm2", "kormo"],
        split: Split::Regex(QWEN2),
        nfc: true,
        ignore_merges: false,
        add_bos: false,
    },
    Rule {
        names: &["tekken"],
        split: Split::Regex(TEKKEN),
        nfc: false,
        ignore_merges: true,
        add_bos: true,
    },
    Rule {
        names: &["gpt-4o", "llama4", "kanana2"],
        split: Split::Regex(GPT4O),
        nfc: false,
        ignore_merges: false,
        add_bos: false,
    },
];

/// Reads a vocabulary of kind `gpt2`.
pub(super) fn read(
    vocabulary: &Vocabulary<'_>,
    warnings: &mut Vec<String>,
) -> Result<Parts, GgufError> {
    let Some(merges) = vocabulary.merges()? else {
        return Err(vocabulary.wrong("key \"tokenizer.ggml.merges\" is missing".to_owned()));
    };
    let rule = rule(vocabulary, warnings);
    let byte_level = |use_regex: bool| {
        json!({
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
            "use_regex": use_regex
        })
    };
    let pre_tokenizer = match rule.split {
        Split::Gpt2 => byte_level(true),
        Split::DigitsAlone => json!({
            "type": "Sequence",
            "pretokenizers": [{ "type": "Digits", "individual_digits": true }, byte_level(true)]
        }),
        Split::Regex(regex) => json!({
            "type": "Sequence",
            "pretokenizers": [
                {
                    "type": "Split", "pattern": { "Regex": regex },
                    "behavior": "Isolated", "invert": false
                },
                byte_level(false),
            ]
        }),
    };
    Ok(Parts {
        normalizer: if rule.nfc { json!({ "type": "NFC" }) } else { Value::Null },
        pre_tokenizer,
        decoder: json!({
            "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true
        }),
        post_processor: Some(json!({
            "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true
        })),
        add_bos: rule.add_bos,
        unknown: None,
        byte_fallback: false,
        ignore_merges: rule.ignore_merges,
        merges,
    })
}

/// The name of the rule of a `pre_tokenizer`, with or without composing text first and taking
/// pieces whole that are tokens.
pub(crate) fn name_of_split(pre: &Value, nfc: bool, ignore_merges: bool) -> Option<&'static str> {
    let steps = match &pre["pretokenizers"] {
        Value::Array(steps) => &steps[..],
        _ => std::slice::from_ref(pre),
    };
    let (last, first) = steps.split_last()?;
    if last["type"] != "ByteLevel" || last["add_prefix_space"] == true {
        return None;
    }
    let split = match (first, last["use_regex"] == false) {
        ([], false) => Split::Gpt2,
        ([digits], false) if digits["type"] == "Digits" && digits["individual_digits"] == true => {
            Split::DigitsAlone
        }
        ([split], true) if split["type"] == "Split" && split["behavior"] == "Isolated" => {
            let regex = split["pattern"]["Regex"].as_str()?;
            let known = |rule: &Rule| match rule.split {
                Split::Regex(known) if known == regex => Some(rule.split),
                _ => None,
            };
            RULES.iter().find_map(known)?
        }
        _ => return None,
    };
    let fits = |rule: &&Rule| {
        rule.split == split && rule.nfc == nfc && rule.ignore_merges == ignore_merges
    };
    RULES.iter().find(fits).map(|rule| rule.names[0])
}

/// The rule that the file names, else GPT-2's with a warning.
fn rule(vocabulary: &Vocabulary<'_>, warnings: &mut Vec<String>) -> &'static Rule {
    let key = "tokenizer.ggml.pre";
    let name = vocabulary.gguf.value(key).and_then(|value| value.text());
    let rule = RULES.iter().find(|rule| name.is_some_and(|name| rule.names.contains(&name)));
    match (name, rule) {
        (Some(name), Some(rule)) if name != "default" => return rule,
        (Some("default"), _) => warnings.push(format!(
            "key {key:?} is \"default\", which does not say how text is split: GPT-2's rule is used"
        )),
        (Some(name), _) => warnings.push(format!(
            "key {key:?} is {name:?}, which is not known: GPT-2's rule is used, \
             and token ids may differ from the model's own"
        )),
        (None, _) => {
            warnings.push(format!("key {key:?} is missing: text is split by GPT-2's rule"));
        }
    }
    &RULES[0]
}
