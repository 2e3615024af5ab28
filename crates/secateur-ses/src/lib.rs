//! System Entity Structures: a family of systems described once, and pruned to one of it.

pub mod check;
pub mod error;
pub mod flatten;
pub mod format;
pub mod model;
pub mod names;
pub mod pes;
pub mod place;
pub mod prune;
pub mod script;
