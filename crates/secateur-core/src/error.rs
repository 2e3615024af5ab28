//! What went wrong, for a person; and how a run reports its progress.

use std::fmt;
use std::path::PathBuf;

/// Kind of a failure; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything else.
    Other,
    /// The command asks for something that makes no sense.
    Usage,
    /// A file is malformed, inconsistent or unsafe.
    Input,
    /// Valid, but not by us.
    Unsupported,
    /// Disk, memory, permission.
    Resources,
    /// Finished, but a gate failed.
    Gate,
    /// Another run holds the lock.
    Busy,
    /// Interrupted by the user; what was done is kept.
    Interrupted,
}

impl Kind {
    /// The exit code of the process.
    pub fn exit(self) -> u8 {
        match self {
            Self::Other => 1,
            Self::Usage => 2,
            Self::Input => 3,
            Self::Unsupported => 4,
            Self::Resources => 5,
            Self::Gate => 6,
            Self::Busy => 7,
            Self::Interrupted => 130,
        }
    }

    /// The kind of an exit code that a lower crate states; `Other` for what is not in the list.
    pub fn of_exit(exit: u8) -> Self {
        let all = [
            Self::Usage,
            Self::Input,
            Self::Unsupported,
            Self::Resources,
            Self::Gate,
            Self::Busy,
            Self::Interrupted,
        ];
        all.into_iter().find(|kind| kind.exit() == exit).unwrap_or(Self::Other)
    }
}

/// A failure as the user sees it: what, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunError {
    /// Kind, and with it the exit code.
    pub kind: Kind,
    /// Stable code, e.g. `SEC-ST-004`; `secateur explain CODE` says more.
    pub code: &'static str,
    /// The file, and where in it.
    pub place: Option<PathBuf>,
    /// What went wrong, one sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl RunError {
    /// A failure without place and hint.
    pub fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, place: None, message: message.into(), hint: None }
    }

    /// The same with the file it happened in.
    #[must_use]
    pub fn at(mut self, place: impl Into<PathBuf>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RunError {}

/// Where a run tells how far it is, and asks whether to stop.
pub trait Progress: Send {
    /// A phase of `steps` steps begins; `what` names one step, e.g. `block`.
    fn begin(&mut self, what: &str, steps: usize);
    /// Step `done` of the phase is finished; `note` says what it gave.
    fn step(&mut self, done: usize, note: &str);
    /// Whether the user asked to stop; a run finishes its step and returns.
    fn stopped(&self) -> bool;
    /// Something the user must know now.
    fn warn(&mut self, warning: &str);
}

/// Progress that nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _what: &str, _steps: usize) {}
    fn step(&mut self, _done: usize, _note: &str) {}
    fn stopped(&self) -> bool {
        false
    }
    fn warn(&mut self, _warning: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_go_there_and_back() {
        for exit in [1, 2, 3, 4, 5, 6, 7, 130] {
            assert_eq!(Kind::of_exit(exit).exit(), exit);
        }
        assert_eq!(Kind::of_exit(99), Kind::Other);
    }
}
