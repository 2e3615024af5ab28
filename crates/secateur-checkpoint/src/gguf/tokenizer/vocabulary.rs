//! Tokens, their kinds, their special ids.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::gguf::{self, Array, Gguf, GgufError, Strings};

/// Tokens and merges of a vocabulary; the largest known have 262144 and 600000. In `tokenizer.json`
/// a merge takes fifty times its bytes in the file.
const ENTRIES_MAX: usize = 2_000_000;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A piece of text.
    Normal,
    /// What stands for text that has no token.
    Unknown,
    /// A mark, never part of a text.
    Control,
    /// Text that is never cut into pieces.
    UserDefined,
    /// No longer used.
    Unused,
    /// A byte, as `<0x0A>`.
    Byte,
}

impl Kind {
    fn of_number(number: i128) -> Option<Self> {
        match number {
            // Zero is `undefined`, which writers of old leave.
            0 | 1 => Some(Self::Normal),
            2 => Some(Self::Unknown),
            3 => Some(Self::Control),
            4 => Some(Self::UserDefined),
            5 => Some(Self::Unused),
            6 => Some(Self::Byte),
            _ => None,
        }
    }
}

/// The vocabulary of a file.
pub(super) struct Vocabulary<'a> {
    pub(super) gguf: &'a Gguf,
    /// Tokens by id.
    pub(super) tokens: &'a Strings,
    /// Ids by token; of equal tokens the last counts.
    pub(super) ids: HashMap<&'a str, usize>,
    kinds: Vec<Kind>,
    special: [(&'static str, Option<usize>); 4],
}

impl<'a> Vocabulary<'a> {
    /// Reads and checks the vocabulary of a model whose embedding has `rows` rows.
    pub(super) fn read(
        gguf: &'a Gguf,
        rows: usize,
        warnings: &mut Vec<String>,
    ) -> Result<Self, GgufError> {
        let tokens = strings(gguf, "tokens")?.ok_or_else(|| GgufError::MissingKey {
            path: gguf.path.clone(),
            key: "tokenizer.ggml.tokens".to_owned(),
        })?;
        if tokens.len() > rows {
            return Err(GgufError::Contradiction {
                path: gguf.path.clone(),
                first: format!("key \"tokenizer.ggml.tokens\" has {} tokens", tokens.len()),
                second: format!("the embedding has {rows} rows"),
            });
        }
        let mut ids = HashMap::with_capacity(tokens.len());
        let mut twice = None;
        for (id, token) in tokens.iter().enumerate() {
            if let Some(earlier) = ids.insert(token, id) {
                twice.get_or_insert((earlier, id, token));
            }
        }
        if let Some((earlier, id, token)) = twice {
            warnings.push(format!(
                "tokens {earlier} and {id} are both {token:?}; the last of equal tokens is used"
            ));
        }
        let names = ["bos", "eos", "unknown", "padding"];
        let special = names.map(|name| (name, special(gguf, name, tokens.len())));
        let mut vocabulary = Self { gguf, tokens, ids, kinds: Vec::new(), special };
        vocabulary.kinds = vocabulary.read_kinds()?;
        Ok(vocabulary)
    }

    fn read_kinds(&self) -> Result<Vec<Kind>, GgufError> {
        let Some(types) = array(self.gguf, "token_type")? else {
            // Without kinds the special ids are all that is known of special tokens.
            let mut kinds = vec![Kind::Normal; self.tokens.len()];
            for id in self.special.iter().filter_map(|(_, id)| *id) {
                kinds[id] = Kind::Control;
            }
            return Ok(kinds);
        };
        self.same_length("token_type", types)?;
        let kind = |id| types.at(id)?.int().and_then(Kind::of_number);
        let read = |id| {
            kind(id).ok_or_else(|| self.wrong(format!("token_type {id} is no number from 0 to 6")))
        };
        (0..types.len()).map(read).collect()
    }

    /// What a token is for.
    pub(super) fn kind(&self, id: usize) -> Kind {
        self.kinds[id]
    }

    /// The first token of a kind.
    pub(super) fn first(&self, kind: Kind) -> Option<usize> {
        self.kinds.iter().position(|k| *k == kind)
    }

    /// The id of `bos`, `eos`, `unknown` or `padding`, if the file has one that is a token.
    pub(super) fn special(&self, name: &str) -> Option<usize> {
        self.special.iter().find(|(known, _)| *known == name).and_then(|(_, id)| *id)
    }

    /// A truth value of the file.
    pub(super) fn flag(&self, key: &str, otherwise: bool) -> bool {
        let value = self.gguf.value(&format!("tokenizer.ggml.{key}"));
        value.and_then(gguf::Value::truth).unwrap_or(otherwise)
    }

    pub(super) fn wrong(&self, what: String) -> GgufError {
        GgufError::Tokenizer { path: self.gguf.path.clone(), what }
    }

    fn same_length(&self, key: &str, array: &Array) -> Result<(), GgufError> {
        if array.len() == self.tokens.len() {
            return Ok(());
        }
        let (entries, tokens) = (array.len(), self.tokens.len());
        Err(self.wrong(format!("{tokens} tokens, but {key} has {entries} entries")))
    }

    /// The score of every token, if the file has scores.
    pub(super) fn scores(&self) -> Result<Option<Vec<f64>>, GgufError> {
        let Some(scores) = array(self.gguf, "scores")? else { return Ok(None) };
        self.same_length("scores", scores)?;
        let score = |id| scores.at(id)?.float().filter(|score| !score.is_nan());
        let read = |id| score(id).ok_or_else(|| self.wrong(format!("score {id} is no number")));
        // The sum makes one zero of the two there are.
        let all: Result<Vec<f64>, _> = (0..scores.len()).map(|id| Ok(read(id)? + 0.0)).collect();
        all.map(Some)
    }

    /// The merges of the file, each checked to be of tokens into a token.
    pub(super) fn merges(&self) -> Result<Option<Vec<Value>>, GgufError> {
        let Some(merges) = strings(self.gguf, "merges")? else { return Ok(None) };
        let mut joined = String::new();
        let mut read = Vec::with_capacity(merges.len());
        for (i, merge) in merges.iter().enumerate() {
            // The first character may itself be a space.
            let second = merge.char_indices().nth(1).map_or(merge.len(), |(at, _)| at);
            let Some(at) = merge[second..].find(' ') else {
                return Err(self.wrong(format!("merge {i}, {merge:?}, is not two tokens")));
            };
            let (left, right) = (&merge[..second + at], &merge[second + at + 1..]);
            joined.clear();
            joined.push_str(left);
            joined.push_str(right);
            for token in [left, right, &joined] {
                if !self.ids.contains_key(token) {
                    let what = format!("merge {i}, {merge:?}, needs the token {token:?}");
                    return Err(self.wrong(format!("{what}, which is not there")));
                }
            }
            read.push(json!([left, right]));
        }
        Ok(Some(read))
    }

    /// `added_tokens`: those that are matched in a text before it is cut.
    pub(super) fn added(&self) -> Vec<Value> {
        let added = self.tokens.iter().enumerate().filter_map(|(id, token)| {
            let special = match self.kind(id) {
                Kind::Control | Kind::Unknown => true,
                Kind::UserDefined => false,
                Kind::Normal | Kind::Unused | Kind::Byte => return None,
            };
            let entry = json!({
                "id": id, "content": token, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": special
            });
            (!token.is_empty() && self.ids[token] == id).then_some(entry)
        });
        added.collect()
    }

    /// `vocab`: ids by token, in the order of ids. Names that a converter made up for rows of the
    /// embedding without a token are left out.
    pub(super) fn by_token(&self) -> Map<String, Value> {
        let made_up = |id: usize, token: &str| {
            self.kinds[id] == Kind::Unused && token == format!("[PAD{id}]")
        };
        let last = self.tokens.iter().enumerate().filter(|(id, token)| self.ids[token] == *id);
        let last = last.filter(|(id, token)| !made_up(*id, token));
        last.map(|(id, token)| (token.to_owned(), json!(id))).collect()
    }
}

/// The array of a key of the tokenizer, if the key is there.
fn array<'a>(gguf: &'a Gguf, key: &str) -> Result<Option<&'a Array>, GgufError> {
    let key = format!("tokenizer.ggml.{key}");
    let Some(value) = gguf.value(&key) else { return Ok(None) };
    value.array().map(Some).ok_or_else(|| GgufError::KeyValue {
        path: gguf.path.clone(),
        key,
        found: value.to_string(),
        expected: "an array".to_owned(),
    })
}

/// The strings of a key of the tokenizer, if the key is there.
fn strings<'a>(gguf: &'a Gguf, key: &str) -> Result<Option<&'a Strings>, GgufError> {
    let Some(array) = array(gguf, key)? else { return Ok(None) };
    match array.strings() {
        Some(strings) if strings.len() <= ENTRIES_MAX => Ok(Some(strings)),
        _ => Err(GgufError::KeyValue {
            path: gguf.path.clone(),
            key: format!("tokenizer.ggml.{key}"),
            found: format!("an array of {} {}", array.len(), array.of()),
            expected: format!("an array of up to {ENTRIES_MAX} strings"),
        }),
    }
}

/// A special id, if it is that of a token.
fn special(gguf: &Gguf, name: &str, tokens: usize) -> Option<usize> {
    let id = gguf.value(&format!("tokenizer.ggml.{name}_token_id"))?.int()?;
    usize::try_from(id).ok().filter(|id| *id < tokens)
}
