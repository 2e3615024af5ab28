//! Malformed models and texts, made by a generator.
//!
//! Each [`Case`] writes one thing that a reader must survive: a file that is damaged, that lies
//! about itself, or that is hostile. They all start from a small valid [`model`], so that
//! nothing else is wrong with them. Whatever a case is about lies in its folder as `model` (a
//! directory or a file) and, when there is one, `text.txt`.
//!
//! What a command must say to each stands in the tests of the command line. [`doors`] are the
//! functions that any bytes may reach, for fuzzing and for replaying what fuzzing has found.

pub mod configs;
pub mod contents;
pub mod doors;
pub mod externals;
pub mod games;
pub mod gguf;
pub mod ggufs;
pub mod headers;
pub mod model;
pub mod networks;
pub mod onnx;
pub mod onnxs;
pub mod shards;
pub mod sound;
pub mod sounds;
pub mod structure;
pub mod texts;
pub mod values;

use std::io;
use std::path::Path;

/// One malformed or unusual input.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Name, unique over all cases.
    pub name: &'static str,
    /// Writes `model` and perhaps `text.txt` into an empty folder.
    pub write: fn(&Path) -> io::Result<()>,
}

/// Every case of a language model, by what is attacked.
pub const CASES: &[&[Case]] = &[
    contents::CASES,
    headers::CASES,
    shards::CASES,
    values::CASES,
    configs::CASES,
    texts::CASES,
    ggufs::CASES,
];

/// Every case of an ONNX file; what must be said to each stands in the tests of that crate.
pub const ONNX: &[&[Case]] = &[onnxs::CASES, externals::CASES];

/// Every case of a file of sound, which lies in its folder as `sound`; what must be said to each
/// stands in the tests of [`sounds`].
pub const SOUNDS: &[&[Case]] = &[sounds::CASES];

/// All cases.
pub fn all() -> impl Iterator<Item = &'static Case> {
    CASES.iter().chain(ONNX).chain(SOUNDS).copied().flatten()
}

/// The case of a name.
pub fn find(name: &str) -> Option<&'static Case> {
    all().find(|case| case.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = all().map(|case| case.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
