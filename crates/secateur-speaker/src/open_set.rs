//! Whether the best speaker is the one who spoke at all.

use serde::{Deserialize, Serialize};

use crate::identify::Answer;

/// What an answer must reach to be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Least normalized score, nats per frame, see [`Answer::normalized`].
    pub score: f64,
    /// Least margin over the second speaker, per frame.
    pub margin: f64,
}

impl Thresholds {
    /// Whether both are reached. An answer without a normalized score is none.
    pub fn accept(&self, answer: &Answer) -> bool {
        answer.normalized.is_some_and(|score| score >= self.score) && answer.margin >= self.margin
    }
}
