//! A twin of the disk that fails where a test wants it to.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::files::{Disk, Entry, Files, Handle, Open};

/// What goes wrong at the chosen operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full (ENOSPC).
    NoSpace,
    /// The user's quota is used up (EDQUOT).
    Quota,
    /// The device reports an error (EIO).
    Device,
    /// The user may not do this (EACCES).
    Denied,
    /// The file system is read-only (EROFS).
    ReadOnly,
}

impl Fault {
    /// The error as the operating system reports it.
    pub fn error(self) -> io::Error {
        let kind = match self {
            Fault::NoSpace => io::ErrorKind::StorageFull,
            Fault::Quota => io::ErrorKind::QuotaExceeded,
            Fault::Denied => io::ErrorKind::PermissionDenied,
            Fault::ReadOnly => io::ErrorKind::ReadOnlyFilesystem,
            Fault::Device => return device_error(),
        };
        io::Error::from(kind)
    }
}

#[cfg(unix)]
fn device_error() -> io::Error {
    rustix::io::Errno::IO.into()
}

#[cfg(not(unix))]
fn device_error() -> io::Error {
    io::Error::other("device error")
}

/// One operation that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The method of [`Files`], such as `"write_at"`; opening a new file is `"create"`.
    pub name: &'static str,
    /// The path it worked on; for a move, where from.
    pub path: PathBuf,
    /// For a move, where to.
    pub to: Option<PathBuf>,
}

/// The disk, except that the `n`-th operation fails. A write that fails has first written half
/// of its bytes, as a full disk or a killed process leaves it.
///
/// ```
/// use secateur_store::{Failing, Files};
/// # let there = tempfile::tempdir()?;
/// let files = Failing::nth(2);
/// files.create_dir(&there.path().join("a"))?;
/// assert!(files.create_dir(&there.path().join("b")).is_err());
/// files.create_dir(&there.path().join("c"))?;
/// assert!(files.failed());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Failing {
    nth: u64,
    fault: Fault,
    killed: bool,
    exchanges: bool,
    log: Mutex<Vec<Operation>>,
}

impl Failing {
    /// Fails at the `n`-th operation, counted from 1, with [`Fault::Device`]; 0 never fails.
    pub fn nth(n: u64) -> Self {
        Self {
            nth: n,
            fault: Fault::Device,
            killed: false,
            exchanges: true,
            log: Mutex::new(Vec::new()),
        }
    }

    /// The process is killed at the `n`-th operation: that one and all later ones fail.
    pub fn killed_at(n: u64) -> Self {
        Self { killed: true, ..Self::nth(n) }
    }

    /// Fails with this fault.
    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        Self { fault, ..self }
    }

    /// A file system that cannot exchange two paths in one step.
    #[must_use]
    pub fn without_exchange(self) -> Self {
        Self { exchanges: false, ..self }
    }

    /// Whether the chosen operation was reached.
    pub fn failed(&self) -> bool {
        self.nth > 0 && self.operations().len() as u64 >= self.nth
    }

    /// All operations so far, the failed ones too.
    pub fn operations(&self) -> Vec<Operation> {
        self.log.lock().expect("no holder of the log panics").clone()
    }

    fn step(&self, name: &'static str, path: &Path, to: Option<&Path>) -> io::Result<()> {
        let mut log = self.log.lock().expect("no holder of the log panics");
        let (path, to) = (path.to_path_buf(), to.map(Path::to_path_buf));
        log.push(Operation { name, path, to });
        let now = log.len() as u64;
        let fails = self.nth > 0 && (now == self.nth || (self.killed && now > self.nth));
        if fails { Err(self.fault.error()) } else { Ok(()) }
    }

    fn is_first_failure(&self) -> bool {
        self.operations().len() as u64 == self.nth
    }
}

impl Files for Failing {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.step("create_dir", path, None)?;
        Disk.create_dir(path)
    }

    fn open(&self, path: &Path, how: Open) -> io::Result<Handle> {
        let name = if how == Open::New { "create" } else { "open" };
        self.step(name, path, None)?;
        Disk.open(path, how)
    }

    fn set_len(&self, file: &Handle, bytes: u64) -> io::Result<()> {
        self.step("set_len", &file.path, None)?;
        Disk.set_len(file, bytes)
    }

    fn write_at(&self, file: &Handle, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.step("write_at", &file.path, None) {
            if self.is_first_failure() {
                Disk.write_at(file, offset, &bytes[..bytes.len() / 2])?;
            }
            return Err(error);
        }
        Disk.write_at(file, offset, bytes)
    }

    fn read_at(&self, file: &Handle, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.step("read_at", &file.path, None)?;
        Disk.read_at(file, offset, bytes)
    }

    fn sync(&self, file: &Handle) -> io::Result<()> {
        self.step("sync", &file.path, None)?;
        Disk.sync(file)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.step("sync_dir", path, None)?;
        Disk.sync_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename", from, Some(to))?;
        Disk.rename(from, to)
    }

    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        self.step("exchange", one, Some(other))?;
        if self.exchanges {
            Disk.exchange(one, other)
        } else {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step("remove", path, None)?;
        Disk.remove(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        self.step("list", path, None)?;
        Disk.list(path)
    }

    fn free_space(&self, path: &Path) -> io::Result<u64> {
        self.step("free_space", path, None)?;
        Disk.free_space(path)
    }
}
