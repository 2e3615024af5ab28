//! What can go wrong, where, and how to mend it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::files::Files;

/// One value in which two runs differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Where in the JSON value, such as `recipe.sparsity` or `inputs[0].blake3`.
    pub path: String,
    /// What the journal says; `None` if it has no such value.
    pub old: Option<Value>,
    /// What this run says; `None` if it has no such value.
    pub new: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: &Option<Value>| match value {
            Some(value) => shorten(&value.to_string()),
            None => "nothing".to_owned(),
        };
        write!(f, "{}: was {}, is {}", self.path, show(&self.old), show(&self.new))
    }
}

/// Long values are cut so that a message stays readable.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain("...".chars()).collect()
}

/// Why files could not be written, read or trusted.
///
/// Every variant has a stable [`code`](Self::code), an [`exit`](Self::exit) code, often a
/// [`hint`](Self::hint), and the [`place`](Self::place) it is about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The output exists and the caller did not allow to replace it.
    #[error("{} already exists", path.display())]
    Exists {
        /// The output.
        path: PathBuf,
    },
    /// An earlier run left a partial output.
    #[error("{} was left by an earlier run that did not finish ({})", partial.display(), done(*steps))]
    Leftover {
        /// The partial output.
        partial: PathBuf,
        /// How many steps it had done.
        steps: usize,
    },
    /// What would have to be replaced or removed was not written by this program.
    #[error("{} holds what this program did not write{}", path.display(), listed(files))]
    Foreign {
        /// The directory or file in the way.
        path: PathBuf,
        /// The names inside that no manifest lists; empty if the thing as a whole is foreign.
        files: Vec<String>,
    },
    /// Nothing is left to resume: the output is complete.
    #[error("{} is complete; there is nothing to resume", path.display())]
    Complete {
        /// The output.
        path: PathBuf,
    },
    /// The output would overwrite what the run reads.
    #[error("the output {} is, contains or lies inside the input {}", output.display(), input.display())]
    OutputIsInput {
        /// The output.
        output: PathBuf,
        /// The input.
        input: PathBuf,
    },
    /// A name is not a plain file name.
    #[error("{name:?} cannot name an output file: {reason}")]
    BadName {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The partial output belongs to a run with other inputs or settings.
    #[error("{} belongs to another run{}", partial.display(), changed(differences))]
    OtherRun {
        /// The partial output.
        partial: PathBuf,
        /// Every value that differs.
        differences: Vec<Difference>,
    },
    /// A journal was changed after it was written.
    #[error("{}, line {line}: the journal is damaged", path.display())]
    JournalCorrupt {
        /// The journal.
        path: PathBuf,
        /// The first damaged line, counted from 1.
        line: usize,
    },
    /// A manifest is no JSON, or its list of files is unusable.
    #[error("{}: {reason}", path.display())]
    ManifestCorrupt {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The manifest to be written does not describe the files that were written.
    #[error("the manifest of {} does not match its files{}", partial.display(), listed(files))]
    ManifestFiles {
        /// The partial output.
        partial: PathBuf,
        /// What differs, one sentence each.
        files: Vec<String>,
    },
    /// A file of a partial output has another length than the run asks for.
    #[error("{} has {found} bytes, this run needs {expected}", path.display())]
    OtherLength {
        /// The file.
        path: PathBuf,
        /// The length asked for.
        expected: u64,
        /// The length it has.
        found: u64,
    },
    /// Bytes outside of a file were asked for.
    #[error("bytes {offset}..{} of {} lie beyond its {len} bytes", offset.saturating_add(*bytes), path.display())]
    OutOfBounds {
        /// The file.
        path: PathBuf,
        /// The first byte asked for.
        offset: u64,
        /// How many bytes were asked for.
        bytes: u64,
        /// The length of the file.
        len: u64,
    },
    /// Another run works on the same output.
    #[error("another run{} is writing this output ({})", process(*pid, host.as_deref()), lock.display())]
    Busy {
        /// The lock file.
        lock: PathBuf,
        /// The process that holds it, if the lock file says so.
        pid: Option<u32>,
        /// The host of that process, if the lock file says so.
        host: Option<String>,
    },
    /// The disk or the user's quota is full.
    #[error("no space for {}: {needed} bytes needed{}", path.display(), available(*free))]
    NoSpace {
        /// The file or directory.
        path: PathBuf,
        /// The bytes that had to be written.
        needed: u64,
        /// The bytes that are free, if that could be found out.
        free: Option<u64>,
        /// Whether the partial output is kept, so that the run can be resumed.
        kept: bool,
    },
    /// The user may not do this, or the file system is read-only.
    #[error("not allowed to {doing} {}: {source}", path.display())]
    Denied {
        /// What was tried.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The directory that should hold the output does not exist.
    #[error("there is no directory {}", parent.display())]
    NoParent {
        /// The missing directory.
        parent: PathBuf,
    },
    /// The output is a mount point, which cannot be replaced in one step.
    #[error("{} is a mount point", path.display())]
    MountPoint {
        /// The output.
        path: PathBuf,
    },
    /// The disk did not confirm what was written.
    #[error("the disk did not confirm {}: {source}", path.display())]
    NotSynced {
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// An earlier write of this run failed, so the output cannot be trusted.
    #[error("{} cannot be continued: an earlier write failed", partial.display())]
    Spoiled {
        /// The partial output.
        partial: PathBuf,
    },
    /// The output is complete and in place, but something beside it could not be removed.
    #[error("{} is complete, but {} could not be removed: {source}", path.display(), leftover.display())]
    Untidy {
        /// The output.
        path: PathBuf,
        /// What is left beside it.
        leftover: PathBuf,
        /// The reason.
        source: Box<StoreError>,
    },
    /// Any other error of the file system.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl StoreError {
    /// Sorts an error of the system into the variants. `needed` is what was to be written.
    pub(crate) fn from_io(
        files: &dyn Files,
        doing: &'static str,
        path: &Path,
        needed: u64,
        source: io::Error,
    ) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            // A file may also be longer than the file system or a limit allows.
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => {
                let free = path.parent().and_then(|parent| files.free_space(parent).ok());
                StoreError::NoSpace { path, needed, free, kept: false }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::Denied { doing, path, source }
            }
            _ => StoreError::Io { doing, path, source },
        }
    }

    /// The same for an error of fsync: it is never a success that may be tried again.
    pub(crate) fn from_sync(files: &dyn Files, path: &Path, source: io::Error) -> Self {
        match StoreError::from_io(files, "sync", path, 0, source) {
            StoreError::Io { path, source, .. } => StoreError::NotSynced { path, source },
            other => other,
        }
    }

    /// Says in a [`NoSpace`](Self::NoSpace) whether the partial output is kept.
    pub(crate) fn keeping(mut self, steps: bool) -> Self {
        if let StoreError::NoSpace { kept, .. } = &mut self {
            *kept = steps;
        }
        self
    }

    /// The stable code, as listed in [`CODES`](crate::CODES).
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::Exists { .. } => "SEC-ST-001",
            StoreError::Leftover { .. } => "SEC-ST-002",
            StoreError::Foreign { .. } => "SEC-ST-003",
            StoreError::Complete { .. } => "SEC-ST-004",
            StoreError::OutputIsInput { .. } => "SEC-ST-005",
            StoreError::BadName { .. } => "SEC-ST-006",
            StoreError::OtherRun { .. } => "SEC-ST-007",
            StoreError::JournalCorrupt { .. } => "SEC-ST-008",
            StoreError::ManifestCorrupt { .. } => "SEC-ST-009",
            StoreError::ManifestFiles { .. } => "SEC-ST-010",
            StoreError::OtherLength { .. } => "SEC-ST-011",
            StoreError::OutOfBounds { .. } => "SEC-ST-012",
            StoreError::Busy { .. } => "SEC-ST-013",
            StoreError::NoSpace { .. } => "SEC-ST-014",
            StoreError::Denied { .. } => "SEC-ST-015",
            StoreError::NoParent { .. } => "SEC-ST-016",
            StoreError::MountPoint { .. } => "SEC-ST-017",
            StoreError::NotSynced { .. } => "SEC-ST-018",
            StoreError::Spoiled { .. } => "SEC-ST-019",
            StoreError::Untidy { .. } => "SEC-ST-020",
            StoreError::Io { .. } => "SEC-ST-021",
        }
    }

    /// The exit code of a program that stops with this error: 2 usage, 3 bad input,
    /// 5 resources, 7 busy, 1 anything else.
    pub fn exit(&self) -> u8 {
        match self {
            StoreError::Exists { .. }
            | StoreError::Leftover { .. }
            | StoreError::Foreign { .. }
            | StoreError::Complete { .. }
            | StoreError::OutputIsInput { .. }
            | StoreError::BadName { .. } => 2,
            StoreError::OtherRun { .. }
            | StoreError::JournalCorrupt { .. }
            | StoreError::ManifestCorrupt { .. }
            | StoreError::OtherLength { .. } => 3,
            StoreError::NoSpace { .. }
            | StoreError::Denied { .. }
            | StoreError::NoParent { .. }
            | StoreError::MountPoint { .. }
            | StoreError::NotSynced { .. }
            | StoreError::Spoiled { .. }
            | StoreError::Io { .. } => 5,
            StoreError::Busy { .. } => 7,
            StoreError::ManifestFiles { .. }
            | StoreError::OutOfBounds { .. }
            | StoreError::Untidy { .. } => 1,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            StoreError::Exists { .. } => {
                "use --force to replace an earlier output, or choose another -o".to_owned()
            }
            StoreError::Leftover { .. } => {
                "use --resume to continue it, or --force to discard it and start again".to_owned()
            }
            StoreError::Foreign { .. } => {
                "choose another -o, or move those files away yourself".to_owned()
            }
            StoreError::Complete { .. } => {
                "use --force to make it again, or choose another -o".to_owned()
            }
            StoreError::OutputIsInput { .. } => {
                "choose an -o outside of the inputs; inputs are never changed".to_owned()
            }
            StoreError::OtherRun { .. } => {
                "run again with the old settings, or use --force to discard the partial output"
                    .to_owned()
            }
            StoreError::JournalCorrupt { .. } | StoreError::OtherLength { .. } => {
                "use --force to discard the partial output and start again".to_owned()
            }
            StoreError::Busy { .. } => "wait for that run, or choose another -o".to_owned(),
            StoreError::NoSpace { kept: true, .. } => {
                "free some space and run again with --resume".to_owned()
            }
            StoreError::NoSpace { kept: false, .. } => {
                "free some space or choose an -o on another disk".to_owned()
            }
            StoreError::Denied { .. } => {
                "choose an -o in a directory that you may write".to_owned()
            }
            StoreError::NoParent { parent } => format!("mkdir -p {}", parent.display()),
            StoreError::MountPoint { .. } => "choose an -o inside of it".to_owned(),
            StoreError::NotSynced { .. } | StoreError::Spoiled { .. } => {
                "check the disk, then run again with --resume".to_owned()
            }
            StoreError::Untidy { leftover, .. } => {
                format!("remove {} yourself", leftover.display())
            }
            StoreError::BadName { .. }
            | StoreError::ManifestCorrupt { .. }
            | StoreError::ManifestFiles { .. }
            | StoreError::OutOfBounds { .. }
            | StoreError::Io { .. } => return None,
        };
        Some(hint)
    }

    /// The path this is about.
    pub fn place(&self) -> Option<&Path> {
        match self {
            StoreError::Exists { path }
            | StoreError::Foreign { path, .. }
            | StoreError::Complete { path }
            | StoreError::JournalCorrupt { path, .. }
            | StoreError::ManifestCorrupt { path, .. }
            | StoreError::OtherLength { path, .. }
            | StoreError::OutOfBounds { path, .. }
            | StoreError::NoSpace { path, .. }
            | StoreError::Denied { path, .. }
            | StoreError::MountPoint { path }
            | StoreError::NotSynced { path, .. }
            | StoreError::Untidy { path, .. }
            | StoreError::Io { path, .. } => Some(path),
            StoreError::Leftover { partial, .. }
            | StoreError::OtherRun { partial, .. }
            | StoreError::ManifestFiles { partial, .. }
            | StoreError::Spoiled { partial } => Some(partial),
            StoreError::OutputIsInput { output, .. } => Some(output),
            StoreError::Busy { lock, .. } => Some(lock),
            StoreError::NoParent { parent } => Some(parent),
            StoreError::BadName { .. } => None,
        }
    }
}

/// At most this many names or differences are listed in one message.
const LISTED: usize = 8;

fn done(steps: usize) -> String {
    if steps == 1 { "1 step done".to_owned() } else { format!("{steps} steps done") }
}

fn listed(files: &[String]) -> String {
    list(files.iter().map(|name| name.escape_debug().to_string()), ", ")
}

fn changed(differences: &[Difference]) -> String {
    list(differences.iter().map(Difference::to_string), "; ")
}

fn list(items: impl ExactSizeIterator<Item = String>, between: &str) -> String {
    let more = items.len().saturating_sub(LISTED);
    let shown: Vec<String> = items.take(LISTED).collect();
    match (shown.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(": {}", shown.join(between)),
        (false, more) => format!(": {}{between}and {more} more", shown.join(between)),
    }
}

fn process(pid: Option<u32>, host: Option<&str>) -> String {
    match (pid, host) {
        (Some(pid), Some(host)) => format!(" (process {pid} on {host})"),
        (Some(pid), None) => format!(" (process {pid})"),
        (None, _) => String::new(),
    }
}

fn available(free: Option<u64>) -> String {
    free.map(|free| format!(", {free} free")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::CODES;

    /// One error of every variant.
    fn errors() -> Vec<StoreError> {
        let path = PathBuf::from("some/path");
        let io = || io::Error::other("broken");
        vec![
            StoreError::Exists { path: path.clone() },
            StoreError::Leftover { partial: path.clone(), steps: 1 },
            StoreError::Foreign { path: path.clone(), files: vec!["a\u{1b}".to_owned()] },
            StoreError::Complete { path: path.clone() },
            StoreError::OutputIsInput { output: path.clone(), input: path.clone() },
            StoreError::BadName { name: "..".to_owned(), reason: "bad" },
            StoreError::OtherRun { partial: path.clone(), differences: Vec::new() },
            StoreError::JournalCorrupt { path: path.clone(), line: 1 },
            StoreError::ManifestCorrupt { path: path.clone(), reason: "bad".to_owned() },
            StoreError::ManifestFiles { partial: path.clone(), files: Vec::new() },
            StoreError::OtherLength { path: path.clone(), expected: 1, found: 2 },
            StoreError::OutOfBounds { path: path.clone(), offset: 1, bytes: 1, len: 1 },
            StoreError::Busy { lock: path.clone(), pid: Some(1), host: None },
            StoreError::NoSpace { path: path.clone(), needed: 1, free: None, kept: true },
            StoreError::Denied { doing: "write", path: path.clone(), source: io() },
            StoreError::NoParent { parent: path.clone() },
            StoreError::MountPoint { path: path.clone() },
            StoreError::NotSynced { path: path.clone(), source: io() },
            StoreError::Spoiled { partial: path.clone() },
            StoreError::Untidy {
                path: path.clone(),
                leftover: path.clone(),
                source: Box::new(StoreError::Complete { path: path.clone() }),
            },
            StoreError::Io { doing: "read", path, source: io() },
        ]
    }

    #[test]
    fn every_variant_has_its_own_explained_code() {
        let codes: Vec<&str> = errors().iter().map(StoreError::code).collect();
        let explained: Vec<&str> = CODES.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, explained);
    }

    #[test]
    fn messages_name_the_place_and_escape_foreign_names() {
        for error in errors() {
            let text = error.to_string();
            assert!(!text.contains('\u{1b}'), "{text:?}");
            if let Some(place) = error.place() {
                assert!(text.contains(&place.display().to_string()), "{text}");
            }
            assert!([1, 2, 3, 5, 7].contains(&error.exit()), "{text}");
        }
    }

    #[test]
    fn long_lists_and_values_are_cut() {
        let files: Vec<String> = (0..100).map(|k| format!("file-{k}")).collect();
        let error = StoreError::Foreign { path: PathBuf::from("out"), files };
        assert!(error.to_string().ends_with("file-7, and 92 more"), "{error}");
        let long = Difference { path: "a".into(), old: Some("x".repeat(1000).into()), new: None };
        assert!(long.to_string().len() < 100);
    }
}
