//! What travels over couplings.

use std::fmt;

/// A value at a port.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Something happened; nothing more is said.
    Signal,
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A thing that is worked on.
    Job(Job),
}

/// A thing that is worked on: a part, an order, a packet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Job {
    /// Unique in a simulation.
    pub id: u64,
    /// When it came into being.
    pub born: f64,
    /// What kind of thing it is; the model base numbers kinds from 0.
    pub kind: u32,
    /// The larger, the more urgent.
    pub priority: f32,
}

impl Value {
    /// The job, if the value is one.
    pub fn job(&self) -> Option<Job> {
        match self {
            Self::Job(job) => Some(*job),
            Self::Signal | Self::Integer(_) | Self::Number(_) => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal => f.write_str("signal"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Job(job) => write!(f, "job {:x} kind {}", job.id, job.kind),
        }
    }
}
