//! A folder with a case in it, the program run in it, and what an error must look like.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longer than any command here takes on a busy machine; what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder that the program runs in.
pub(crate) struct Folder(pub(crate) TempDir);

/// An empty folder, in memory where there is such a place: runs sync every file, and these tests
/// are not about the disk.
pub(crate) fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// What a run gave.
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) wall: Duration,
}

/// A folder with a case of secateur-attacks in it.
pub(crate) fn case(name: &str) -> Folder {
    let case = secateur_attacks::find(name).unwrap_or_else(|| panic!("there is no case {name}"));
    let folder = scratch();
    (case.write)(folder.path()).unwrap();
    Folder(folder)
}

/// A folder with the valid model and its text.
pub(crate) fn valid() -> Folder {
    let folder = scratch();
    secateur_attacks::model::llama().write(folder.path()).unwrap();
    Folder(folder)
}

/// What pruning by magnitude takes, without a place to write to.
pub(crate) const MAGNITUDE: &str = "prune model --method magnitude --sparsity 0.5 -q";
/// What pruning by Wanda takes, without a place to write to.
pub(crate) const WANDA: &str =
    "prune model --sparsity 0.5 --calibration text.txt --samples 4 --seq-len 32 -q";

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_secateur");

fn program() -> assert_cmd::Command {
    assert_cmd::Command::new(PROGRAM)
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The program with the words of a command, to be run in this folder.
    pub(crate) fn command(&self, words: &str) -> assert_cmd::Command {
        let mut command = program();
        command.current_dir(self.path()).args(words.split_whitespace());
        command.env_remove("SECATEUR_THREADS").timeout(PATIENCE);
        command
    }

    /// Runs the program with the words of a command.
    #[track_caller]
    pub(crate) fn run(&self, words: &str) -> Ran {
        let clock = Instant::now();
        let output = self.command(words).output().unwrap();
        let ran = Ran::of(&output, clock.elapsed());
        ran.check_no_panic(words);
        ran
    }

    /// Runs a command that must succeed.
    #[track_caller]
    pub(crate) fn must(&self, words: &str) -> Ran {
        let ran = self.run(words);
        assert_eq!(ran.exit, 0, "{words}\n{}", ran.stderr);
        ran
    }

    /// Runs a command that must fail with an exit code and an error code, and leave nothing.
    #[track_caller]
    pub(crate) fn fails(&self, words: &str, exit: i32, code: &str) -> Ran {
        let before = self.names();
        let ran = self.run(words);
        assert_eq!(ran.exit, exit, "{words} in a folder of {before:?}\n{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("error[{code}]: ")), "{words}\n{}", ran.stderr);
        assert!(ran.stderr.contains("\n  help: "), "{words}\n{}", ran.stderr);
        assert_eq!(self.names(), before, "{words} left something");
        explained(code);
        ran
    }

    /// Names in the folder, hidden ones included.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The files of an output, without the ones that hold measurements.
    pub(crate) fn files(&self, output: &str) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.join(output)).unwrap().map(|entry| entry.unwrap());
        let file = |entry: fs::DirEntry| {
            (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap())
        };
        let measured = |name: &str| ["report.json", "report.html"].contains(&name);
        entries.map(file).filter(|(name, _)| !measured(name)).collect()
    }
}

impl Ran {
    pub(crate) fn of(output: &Output, wall: Duration) -> Self {
        Self {
            exit: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            wall,
        }
    }

    #[track_caller]
    pub(crate) fn check_no_panic(&self, words: &str) {
        for text in ["panicked", "SEC-CL-001", "RUST_BACKTRACE"] {
            assert!(!self.stderr.contains(text), "{words}\n{}", self.stderr);
            assert!(!self.stdout.contains(text), "{words}\n{}", self.stdout);
        }
        assert_ne!(self.exit, 101, "{words}\n{}", self.stderr);
    }

    #[track_caller]
    pub(crate) fn says(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.stderr.contains(text), "no {text:?} in\n{}", self.stderr);
        }
    }
}

/// Checks that `secateur explain` knows a code; asks once for each.
#[track_caller]
pub(crate) fn explained(code: &str) {
    use std::sync::Mutex;
    static KNOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    if KNOWN.lock().unwrap().iter().any(|known| known == code) {
        return;
    }
    let ran = program().args(["explain", code]).output();
    let ran = Ran::of(&ran.unwrap(), Duration::ZERO);
    assert_eq!(ran.exit, 0, "explain {code}\n{}", ran.stderr);
    assert!(ran.stdout.starts_with(code) && ran.stdout.len() > code.len() + 20, "{}", ran.stdout);
    KNOWN.lock().unwrap().push(code.to_owned());
}
