//! SentencePiece's BPE: pieces of text with `▁` for spaces, merged by their scores, with a token
//! for every byte.
//!
//! The file has scores, not merges: two neighbors merge when their join is a piece, the best
//! piece first. As pairs in order this gives the same ids, and is how Hugging Face converts such
//! models (`generate_merges` of transformers).

use serde_json::{Value, json};

use super::Parts;
use super::vocabulary::{Kind, Vocabulary};
use crate::gguf::GgufError;

/// What stands for a space.
const SPACE: &str = "\u{2581}";

/// Bytes of the longest piece that is taken apart; SentencePiece's own limit is 16 characters.
const PIECE_MAX: usize = 256;

/// Reads a vocabulary of kind `llama`.
pub(super) fn read(
    vocabulary: &Vocabulary<'_>,
    warnings: &mut Vec<String>,
) -> Result<Parts, GgufError> {
    let unknown = vocabulary.special("unknown").or_else(|| vocabulary.first(Kind::Unknown));
    let Some(unknown) = unknown.or((!vocabulary.tokens.is_empty()).then_some(0)) else {
        return Err(vocabulary.wrong("there are no tokens".to_owned()));
    };
    let byte_fallback = (0..=255_u8).all(|byte| {
        let token = format!("<0x{byte:02X}>");
        vocabulary.ids.contains_key(token.as_str())
    });
    if !byte_fallback {
        warnings.push("not every byte has a token: rare characters become unknown".to_owned());
    }
    for key in ["remove_extra_whitespaces", "precompiled_charsmap"] {
        let full = format!("tokenizer.ggml.{key}");
        if vocabulary.flag(key, vocabulary.gguf.value(&full).is_some_and(|v| v.array().is_some())) {
            warnings.push(format!("key {full:?} is left out: text is not cleaned up first"));
        }
    }
    let merges = match vocabulary.merges()? {
        Some(merges) => merges,
        None => merges(vocabulary, warnings)?,
    };
    let prefix = vocabulary.flag("add_space_prefix", true);
    let spaces = json!({ "type": "Replace", "pattern": { "String": " " }, "content": SPACE });
    let normalizer = if prefix {
        let prepend = json!({ "type": "Prepend", "prepend": SPACE });
        json!({ "type": "Sequence", "normalizers": [prepend, spaces] })
    } else {
        spaces
    };
    let mut decoders = vec![
        json!({ "type": "Replace", "pattern": { "String": SPACE }, "content": " " }),
        json!({ "type": "ByteFallback" }),
        json!({ "type": "Fuse" }),
    ];
    if prefix {
        decoders.push(json!({ "type": "Strip", "content": " ", "start": 1, "stop": 0 }));
    }
    Ok(Parts {
        normalizer,
        pre_tokenizer: Value::Null,
        decoder: json!({ "type": "Sequence", "decoders": decoders }),
        post_processor: None,
        add_bos: true,
        unknown: Some(unknown),
        byte_fallback,
        ignore_merges: false,
        merges,
    })
}

/// Two pieces whose join is a piece.
struct Pair<'a> {
    left: &'a str,
    right: &'a str,
    score: f64,
    /// Ids of the join, of the left and of the right piece.
    ids: [usize; 3],
}

/// Merges by the score of what they give, best first; of equal scores the pair with the longer
/// left piece first, as generate_merges has it.
fn merges(
    vocabulary: &Vocabulary<'_>,
    warnings: &mut Vec<String>,
) -> Result<Vec<Value>, GgufError> {
    let scores = vocabulary.scores()?.unwrap_or_else(|| {
        warnings.push("there are no scores: pieces merge in the order of their ids".to_owned());
        (0..vocabulary.tokens.len()).map(|id| -(id as f64)).collect()
    });
    // Marks and bytes are not made from pieces and make none.
    let piece = |text: &str| {
        let id = *vocabulary.ids.get(text)?;
        match vocabulary.kind(id) {
            Kind::Normal | Kind::UserDefined | Kind::Unused => Some(id),
            Kind::Control | Kind::Unknown | Kind::Byte => None,
        }
    };
    let mut pairs = Vec::new();
    let mut long = 0;
    for (id, token) in vocabulary.tokens.iter().enumerate() {
        if piece(token) != Some(id) {
            continue;
        }
        if token.len() > PIECE_MAX {
            long += 1;
            continue;
        }
        for (at, _) in token.char_indices().skip(1) {
            let (left, right) = token.split_at(at);
            if let Some(l) = piece(left)
                && let Some(r) = piece(right)
            {
                pairs.push(Pair { left, right, score: scores[id], ids: [id, l, r] });
            }
        }
    }
    if long > 0 {
        warnings.push(format!("{long} pieces of more than {PIECE_MAX} bytes are never merged"));
    }
    let lengths = |pair: &Pair<'_>| (pair.left.chars().count(), pair.right.chars().count());
    pairs.sort_by(|a, b| {
        b.score.total_cmp(&a.score).then(lengths(b).cmp(&lengths(a))).then(a.ids.cmp(&b.ids))
    });
    Ok(pairs.into_iter().map(|pair| json!([pair.left, pair.right])).collect())
}
