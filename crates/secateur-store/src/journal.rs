//! What a resumed run trusts: the steps that were done.
//!
//! A journal is lines of JSON. The first holds the run, later ones a step each, the last may
//! hold the end, the hash of the manifest of the finished output:
//!
//! ```json
//! {"n":0,"hash":"0b6d8fa1c4e7f329","run":{"seed":0},"replace":false}
//! {"n":1,"hash":"5c1e90d2a7b34f68","step":{"layer":0}}
//! {"n":2,"hash":"d94f01b7e2c85a36","end":"ad24...f0"}
//! ```
//!
//! A line's hash covers the hash of the line before and the rest of its own line, so no line
//! can be changed, removed or inserted without notice. A last line that was cut off by a kill
//! is dropped: its step was never reported as done.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Difference, StoreError};
use crate::files::{self, Files, Handle, Open};

/// How many hex digits of a hash a line carries.
const DIGITS: usize = 16;

/// The first line: which run this is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Head {
    /// What identifies the run.
    pub(crate) run: Value,
    /// Whether it may replace an older output.
    pub(crate) replace: bool,
}

/// What a journal says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Loaded {
    /// The run; `None` if not even the first line is whole.
    pub(crate) head: Option<Head>,
    /// The steps done.
    pub(crate) steps: Vec<Value>,
    /// The hash of the manifest, if the output was finished.
    pub(crate) end: Option<String>,
    /// Where the next step goes: the lines of the run and its steps end here.
    tail: Tail,
}

/// Where and how a journal goes on.
#[derive(Debug, Clone, PartialEq, Default)]
struct Tail {
    bytes: u64,
    lines: u64,
    hash: String,
}

/// One line without its number and hash.
fn line(tail: &Tail, body: &Map<String, Value>) -> (String, String) {
    let text = Value::Object(body.clone()).to_string();
    let mut hasher = blake3::Hasher::new();
    hasher.update(tail.hash.as_bytes());
    hasher.update(text.as_bytes());
    let hash = hasher.finalize().to_hex()[..DIGITS].to_owned();
    // The body is an object with at least one member, so that its brace can be replaced.
    let line = format!("{{\"n\":{},\"hash\":\"{hash}\",{}\n", tail.lines, &text[1..]);
    (line, hash)
}

/// What kind of line a body is.
enum Kind {
    Head(Head),
    Step(Value),
    End(String),
}

fn kind(body: &Map<String, Value>) -> Option<Kind> {
    if let (Some(run), Some(Value::Bool(replace))) = (body.get("run"), body.get("replace")) {
        return Some(Kind::Head(Head { run: run.clone(), replace: *replace }));
    }
    if let Some(step) = body.get("step") {
        return Some(Kind::Step(step.clone()));
    }
    let end = body.get("end")?.as_str()?;
    Some(Kind::End(end.to_owned()))
}

/// Reads the bytes of a journal; the error is the number of the first damaged line.
pub(crate) fn parse(bytes: &[u8]) -> Result<Loaded, usize> {
    let mut loaded = Loaded::default();
    let mut tail = Tail::default();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (text, after) = rest.split_at(end + 1);
        let number = tail.lines as usize + 1;
        let Ok(Value::Object(mut body)) = serde_json::from_slice(text) else {
            // Only a kill or a power loss at the last line leaves what is no JSON.
            return if after.is_empty() { Ok(loaded) } else { Err(number) };
        };
        body.shift_remove("n");
        body.shift_remove("hash");
        let (expected, hash) = line(&tail, &body);
        if expected.as_bytes() != text {
            return Err(number);
        }
        tail = Tail { bytes: tail.bytes + text.len() as u64, lines: tail.lines + 1, hash };
        loaded.add(&body, &tail).ok_or(number)?;
        rest = after;
    }
    Ok(loaded)
}

/// The steps that a journal says are done. What a kill cut off at its end is left out.
///
/// # Errors
/// The number of the first line that is damaged, from 1.
pub fn steps(bytes: &[u8]) -> Result<Vec<Value>, usize> {
    Ok(parse(bytes)?.steps)
}

impl Loaded {
    /// Adds a line, or `None` if it cannot stand there.
    fn add(&mut self, body: &Map<String, Value>, tail: &Tail) -> Option<()> {
        match (kind(body)?, &self.head, &self.end) {
            (Kind::Head(head), None, None) => self.head = Some(head),
            (Kind::Step(step), Some(_), None) => self.steps.push(step),
            // The end is not part of what a resumed run continues.
            (Kind::End(end), Some(_), None) => {
                self.end = Some(end);
                return Some(());
            }
            _ => return None,
        }
        self.tail = tail.clone();
        Some(())
    }
}

/// Reads a journal.
pub(crate) fn load(files: &dyn Files, path: &Path) -> Result<Loaded, StoreError> {
    let bytes = files::read(files, path)
        .map_err(|error| StoreError::from_io(files, "read", path, 0, error))?;
    parse(&bytes).map_err(|line| StoreError::JournalCorrupt { path: path.to_path_buf(), line })
}

/// A journal that can be continued.
#[derive(Debug)]
pub(crate) struct Journal {
    handle: Handle,
    tail: Tail,
}

impl Journal {
    /// Starts a journal with its first line.
    pub(crate) fn create(files: &dyn Files, path: &Path, head: &Head) -> Result<Self, StoreError> {
        let handle = files
            .open(path, Open::New)
            .map_err(|error| StoreError::from_io(files, "create", path, 0, error))?;
        let mut journal = Self { handle, tail: Tail::default() };
        journal
            .append(files, [("run", head.run.clone()), ("replace", Value::from(head.replace))])?;
        Ok(journal)
    }

    /// Continues a journal after its last step; what follows it is cut off.
    pub(crate) fn reopen(
        files: &dyn Files,
        path: &Path,
        loaded: &Loaded,
    ) -> Result<Self, StoreError> {
        let fail = |error| StoreError::from_io(files, "open", path, 0, error);
        let handle = files.open(path, Open::Edit).map_err(fail)?;
        files.set_len(&handle, loaded.tail.bytes).map_err(fail)?;
        files.sync(&handle).map_err(|error| StoreError::from_sync(files, path, error))?;
        Ok(Self { handle, tail: loaded.tail.clone() })
    }

    /// Journals a step; when this returns, it is on the disk.
    pub(crate) fn step(&mut self, files: &dyn Files, step: Value) -> Result<(), StoreError> {
        self.append(files, [("step", step)])
    }

    /// Journals that the output is finished and which manifest it has.
    pub(crate) fn end(&mut self, files: &dyn Files, manifest: &str) -> Result<(), StoreError> {
        self.append(files, [("end", Value::from(manifest))])
    }

    fn append<const N: usize>(
        &mut self,
        files: &dyn Files,
        body: [(&str, Value); N],
    ) -> Result<(), StoreError> {
        let body = body.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let (line, hash) = line(&self.tail, &body);
        let path = &self.handle.path;
        let needed = line.len() as u64;
        files
            .write_at(&self.handle, self.tail.bytes, line.as_bytes())
            .map_err(|error| StoreError::from_io(files, "write", path, needed, error))?;
        files.sync(&self.handle).map_err(|error| StoreError::from_sync(files, path, error))?;
        self.tail = Tail { bytes: self.tail.bytes + needed, lines: self.tail.lines + 1, hash };
        Ok(())
    }
}

/// Every value in which two runs differ, by their paths.
pub(crate) fn differences(old: &Value, new: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(old), Some(new), &mut found);
    found
}

fn compare(path: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<Difference>) {
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let added = new.keys().filter(|key| !old.contains_key(*key));
            for key in old.keys().chain(added) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(&path, old.get(key), new.get(key), found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            for k in 0..old.len().max(new.len()) {
                compare(&format!("{path}[{k}]"), old.get(k), new.get(k), found);
            }
        }
        (old, new) if old == new => {}
        (old, new) => {
            found.push(Difference { path: path.to_owned(), old: old.cloned(), new: new.cloned() });
        }
    }
}

/// The error for a journal of another run.
pub(crate) fn check_run(partial: &Path, old: &Value, new: &Value) -> Result<(), StoreError> {
    let differences = differences(old, new);
    if differences.is_empty() {
        Ok(())
    } else {
        Err(StoreError::OtherRun { partial: partial.to_path_buf(), differences })
    }
}

/// A value as it will be read back, so that it compares equal after a round trip.
pub(crate) fn as_read(value: &Value) -> Value {
    serde_json::from_str(&value.to_string()).unwrap_or_else(|_| value.clone())
}
