//! What pruning is, with no idea of what is pruned.
//!
//! Every method of the project answers five questions: **score** (what is each unit worth),
//! **select** (which go, under a budget), **apply** (remove them), **recover** (heal),
//! **measure** (what it cost, what it saved). This crate holds the nouns of those answers.
//! Units are only numbered; only a family knows what number 17 is.
//!
//! It does not know tensors, files, networks, or any other crate of the project.
//!
//! Start reading at [`select()`](select::select): the one place where units are chosen. Then
//! [`Scores`], [`Budget`], [`Limits`] and [`Mask`] (its nouns), [`prune()`](prune::prune) and
//! [`gradual()`](prune::gradual) (its verbs), [`Recipe`] and [`Record`] (what goes in and out).

pub mod bracket;
pub mod budget;
pub mod census;
pub mod error;
pub mod figure;
pub mod interval;
pub mod mask;
pub mod nearest;
pub mod prune;
mod radix;
pub mod random;
pub mod recipe;
pub mod record;
pub mod schedule;
pub mod scores;
pub mod select;
mod wide;

pub use budget::{Budget, Limits};
pub use error::{Kind, Progress, RunError, Silent};
pub use figure::Figure;
pub use mask::Mask;
pub use nearest::nearest;
pub use prune::{Apply, Criterion, Evidence, Family, Job, Method, OnExisting, PruneError, prune};
pub use random::Random;
pub use recipe::Recipe;
pub use record::Record;
pub use schedule::Schedule;
pub use scores::{Scores, ScoresError};
pub use select::{SelectError, select};
