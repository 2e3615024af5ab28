//! How much goes, and what must stay.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::mask::Mask;

/// How many units go, in every group of the scores.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// Cuts `floor(s * n)` of the `n` units of a group, computed in f64; `0 <= s <= 1`.
    Sparsity(f64),
    /// Keeps this many units of a group (all of them when it has fewer).
    Keep(usize),
    /// Keeps the units whose score is at least this value.
    AtLeast(f32),
    /// Keeps the units whose score is above this value (the rule of network slimming).
    Above(f32),
    /// Keeps `keep` of every `of` neighboring units of a group.
    NofM {
        /// Units kept of each run.
        keep: usize,
        /// Length of a run.
        of: usize,
    },
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sparsity(s) => write!(f, "{} % cut", trim(s * 100.0)),
            Self::Keep(n) => write!(f, "{n} kept"),
            Self::AtLeast(t) => write!(f, "score >= {t}"),
            Self::Above(t) => write!(f, "score > {t}"),
            Self::NofM { keep, of } => write!(f, "{keep}:{of}"),
        }
    }
}

fn trim(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What must stay, whatever the budget: collapse guards, safety moves, alignment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Units that are kept in any case; as long as the scores.
    pub pinned: Option<Mask>,
    /// Fewest units kept in a group (all of them when it has fewer).
    pub min_keep: usize,
    /// The kept count of a group is raised to a multiple of this; 0 and 1 mean no rule.
    pub multiple_of: usize,
}

impl Limits {
    /// No limits.
    pub const NONE: Self = Self { pinned: None, min_keep: 0, multiple_of: 0 };

    /// Raises a kept count so that it respects the limits, for a group of `n` units of which
    /// `pinned` are pinned.
    pub(crate) fn raise(&self, keep: usize, n: usize, pinned: usize) -> usize {
        let keep = keep.max(self.min_keep).max(pinned);
        let keep =
            if self.multiple_of > 1 { keep.next_multiple_of(self.multiple_of) } else { keep };
        keep.min(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_read_as_a_person_would_say_them() {
        assert_eq!(Budget::Sparsity(0.5).to_string(), "50 % cut");
        assert_eq!(Budget::Sparsity(0.333).to_string(), "33.3 % cut");
        assert_eq!(Budget::NofM { keep: 2, of: 4 }.to_string(), "2:4");
    }

    #[test]
    fn limits_raise_and_never_exceed_the_group() {
        let limits = Limits { pinned: None, min_keep: 3, multiple_of: 4 };
        assert_eq!(limits.raise(0, 10, 0), 4);
        assert_eq!(limits.raise(5, 10, 0), 8);
        assert_eq!(limits.raise(9, 10, 0), 10);
        assert_eq!(limits.raise(1, 2, 2), 2);
    }
}
