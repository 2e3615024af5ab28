//! Safe files: an output is either the old one or the new one, whatever happens.
//!
//! An output directory `OUT` is built beside its place and moved there in one step:
//!
//! | path             | what it is                                                            |
//! |------------------|-----------------------------------------------------------------------|
//! | `.OUT.lock`      | a kernel lock: one run at a time; it dies with the process            |
//! | `.OUT.partial/`  | the directory being built, with `journal.jsonl` inside                |
//! | `.OUT.journal`   | the journal while the finished directory is moved into place          |
//! | `.OUT.old/`      | the output that was replaced, until the new one is in place           |
//! | `OUT/`           | a complete output: every file was written, fsynced and listed in `secateur.json` |
//!
//! It does not know models, tensors, recipes or what a step of a run is: a run and its steps
//! are JSON values to it, and a file is bytes. It never reads the clock, never deletes a file
//! it did not write, and never changes an input.
//!
//! Start reading at [`Output`] (what a caller does), then `publish` (the order of the last
//! steps and why a kill between any two of them is harmless), `recover` (how the next run
//! mends it), `journal` (what a resumed run trusts) and [`Files`] (every operation that can
//! fail, with [`Failing`], the twin that makes it fail).

mod codes;
mod error;
mod failing;
mod files;
mod inputs;
mod journal;
mod lock;
mod manifest;
mod names;
mod output;
mod place;
mod publish;
mod recover;
mod shared;
mod single;

pub use codes::CODES;
pub use error::{Difference, StoreError};
pub use failing::{Failing, Fault, Operation};
pub use files::{Disk, Entry, Files, Handle, Open};
pub use journal::steps as journal_steps;
pub use manifest::{FileHash, Mismatch, hash_bytes, hash_file, read_manifest, verify_hashes};
pub use names::{JOURNAL, MANIFEST, MEASUREMENTS};
pub use output::{Existing, Output};
pub use shared::OutputFile;
pub use single::{Growing, check_file, write_atomic, write_set};
