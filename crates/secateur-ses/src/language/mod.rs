//! The language of structures: `.ses` files. The grammar is in `docs/ses-language.md`.

mod read;
mod write;

pub use read::read;
pub use write::write;

pub(crate) use write::lines;
