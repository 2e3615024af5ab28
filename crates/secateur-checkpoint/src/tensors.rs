//! The tensors of a model, by name.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use secateur_tensor::{Bytes, DType, Stored};

/// Where the values of one tensor are, and in which order its rows are stored.
#[derive(Clone, Debug)]
pub struct Source {
    /// The values as the file has them.
    pub stored: Stored,
    /// How the file's rows become the model's rows.
    pub rows: RowOrder,
}

/// Order of rows in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOrder {
    /// The file's order is the model's order.
    Same,
    /// GGUF's order of rotary pairs for `heads` heads: inside a head of `d` rows, the file has
    /// the rows 0, d/2, 1, d/2 + 1, ... of the model.
    RotaryPairs {
        /// Heads whose rows are interleaved.
        heads: usize,
    },
}

impl RowOrder {
    /// A tensor in the model's order from one in the file's; copies only when they differ.
    pub fn to_model(self, stored: &Stored) -> Stored {
        match self {
            Self::Same => stored.clone(),
            Self::RotaryPairs { heads } => with_rows(stored, |row| {
                let (head, inside, half) = place(stored, heads, row);
                head + 2 * (inside % half) + inside / half
            }),
        }
    }

    /// A tensor in the file's order from one in the model's; copies only when they differ.
    pub fn to_file(self, stored: &Stored) -> Stored {
        match self {
            Self::Same => stored.clone(),
            Self::RotaryPairs { heads } => with_rows(stored, |row| {
                let (head, inside, half) = place(stored, heads, row);
                head + inside % 2 * half + inside / 2
            }),
        }
    }
}

impl Source {
    /// A tensor whose rows are in the model's order.
    pub fn same(stored: Stored) -> Self {
        Self { stored, rows: RowOrder::Same }
    }

    /// The tensor with its rows in the model's order; copies only when they are not.
    pub fn load(&self) -> Stored {
        self.rows.to_model(&self.stored)
    }
}

/// All tensors of a model: by name, and in the order of the file.
#[derive(Debug, Default)]
pub struct Tensors {
    list: Vec<(String, Source)>,
    places: HashMap<String, usize>,
    /// The file of the tensors before each place, in order.
    files: Vec<(usize, PathBuf)>,
    asked: Mutex<BTreeSet<String>>,
}

impl Tensors {
    /// Tensors in the order of their files; of two with one name the first counts.
    pub fn new(list: Vec<(String, Source)>) -> Self {
        let mut places = HashMap::with_capacity(list.len());
        for (at, (name, _)) in list.iter().enumerate() {
            places.entry(name.clone()).or_insert(at);
        }
        Self { list, places, files: Vec::new(), asked: Mutex::default() }
    }

    /// Says which files they come from: of each its number of tensors and its path, in order.
    #[must_use]
    pub fn in_files(mut self, files: impl IntoIterator<Item = (usize, PathBuf)>) -> Self {
        let mut end = 0;
        let place = |(count, path)| {
            end += count;
            (end, path)
        };
        self.files = files.into_iter().map(place).collect();
        self
    }

    /// The file that holds a tensor, where that is known.
    pub fn file_of(&self, name: &str) -> Option<&Path> {
        let at = *self.places.get(name)?;
        self.files.iter().find(|(end, _)| at < *end).map(|(_, path)| path.as_path())
    }

    /// The tensor of a name; remembers that it was asked for.
    pub fn find(&self, name: &str) -> Option<&Source> {
        let at = *self.places.get(name)?;
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        Some(&self.list[at].1)
    }

    /// All tensors, in the order of their files.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.list.iter().map(|(name, source)| (name.as_str(), source))
    }

    /// Names that nobody has asked for.
    pub fn unasked(&self) -> Vec<&str> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        self.iter().map(|(name, _)| name).filter(|name| !asked.contains(*name)).collect()
    }

    /// The name that takes the fewest edits from `name`, when fewer than a third of its length.
    /// Names with the same numbers come first: a misspelt part of layer 1 is not that of layer 0.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let numbers = |name: &str| -> Vec<String> {
            let parts = name.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        };
        let own = numbers(name);
        let near = |candidate: &str| candidate.len().abs_diff(name.len()) <= name.len() / 3;
        let names = self.iter().map(|(candidate, _)| candidate).filter(|c| near(c));
        let names = names.map(|c| (edits(name, c), numbers(c) != own, c));
        let close = names.filter(|(distance, ..)| *distance <= name.len() / 3);
        close.min_by_key(|(distance, other, c)| (*other, *distance, *c)).map(|(.., name)| name)
    }

    /// Bytes of all values, and their number.
    pub fn size(&self) -> (u64, u64) {
        let stored = self.list.iter().map(|(_, source)| &source.stored);
        stored.fold((0, 0), |(bytes, count), s| {
            (bytes + s.bytes().len() as u64, count + s.len() as u64)
        })
    }

    /// Value types, with the number of tensors of each, in the order of first use.
    pub fn types(&self) -> Vec<(DType, usize)> {
        let mut types: Vec<(DType, usize)> = Vec::new();
        for (_, source) in &self.list {
            let dtype = source.stored.dtype();
            match types.iter_mut().find(|(t, _)| *t == dtype) {
                Some((_, count)) => *count += 1,
                None => types.push((dtype, 1)),
            }
        }
        types
    }
}

/// Insertions, deletions and replacements between two words.
pub fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The first row of the head that a row lies in, its place inside, and half a head's rows.
fn place(stored: &Stored, heads: usize, row: usize) -> (usize, usize, usize) {
    let rows = stored.shape()[0] / heads;
    (row / rows * rows, row % rows, rows / 2)
}

/// The tensor whose row `r` is row `from(r)`; a row is a whole number of blocks.
fn with_rows(stored: &Stored, from: impl Fn(usize) -> usize) -> Stored {
    let rows = stored.shape()[0];
    let len = stored.bytes().len() / rows;
    let mut bytes = Vec::with_capacity(stored.bytes().len());
    for row in 0..rows {
        bytes.extend_from_slice(&stored.bytes()[from(row) * len..][..len]);
    }
    Stored::new(stored.dtype(), stored.shape().to_vec(), Bytes::owned(bytes))
        .expect("the same bytes in another order")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        let tensors = Tensors::new(vec![
            ("model.norm.weight".into(), Source::same(Stored::of_f32(vec![1], &[0.0]))),
            ("lm_head.weight".into(), Source::same(Stored::of_f32(vec![1], &[0.0]))),
        ]);
        assert_eq!(tensors.nearest("model.nrom.weight"), Some("model.norm.weight"));
        assert_eq!(tensors.nearest("something else"), None);
        let list = ["layers.0.up_proj", "layers.1.up_porj"];
        let list = list.map(|n| (n.into(), Source::same(Stored::of_f32(vec![1], &[0.0]))));
        assert_eq!(Tensors::new(list.into()).nearest("layers.1.up_proj"), Some("layers.1.up_porj"));
        assert_eq!(tensors.unasked().len(), 2);
        assert!(tensors.find("lm_head.weight").is_some());
        let tensors = tensors.in_files([(1, "a".into()), (1, "b".into())]);
        assert_eq!(tensors.file_of("lm_head.weight"), Some(Path::new("b")));
        assert_eq!(tensors.unasked(), ["model.norm.weight"]);
    }

    #[test]
    fn rotary_pairs_are_undone() {
        let stored = Stored::of_f32(vec![8, 1], &[0.0, 2.0, 1.0, 3.0, 4.0, 6.0, 5.0, 7.0]);
        let source = Source { stored, rows: RowOrder::RotaryPairs { heads: 2 } };
        let expect: Vec<f32> = (0..8).map(|v| v as f32).collect();
        let model = source.load();
        assert_eq!(model.to_f32().unwrap(), expect);
        assert_eq!(source.rows.to_file(&model).bytes()[..], source.stored.bytes()[..]);
    }
}
