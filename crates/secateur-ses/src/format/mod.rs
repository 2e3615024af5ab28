//! Files: which formats there are, and how one is told from the other.

pub mod sestopy;

use crate::model::Ses;
use crate::pes::Pes;

/// What a file holds.
#[derive(Clone, Debug)]
pub enum Document {
    /// A structure.
    Ses(Box<Ses>),
    /// A pruned one.
    Pes(Box<Pes>),
}
