//! The file operations everything else is made of.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// An existing file, to read.
    Read,
    /// An existing file, to read and write.
    Edit,
    /// A new file, to read and write; an existing one of that name is an error.
    New,
    /// A file to read and write, created empty if there is none.
    EditOrNew,
}

/// An open file and the path it was opened by.
#[derive(Debug)]
pub struct Handle {
    /// The open file.
    pub file: File,
    /// The path it was opened by, for messages.
    pub path: PathBuf,
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name, without its directory.
    pub name: OsString,
    /// Whether it is a plain file: no directory, no symbolic link, no device.
    pub plain: bool,
    /// Its length in bytes.
    pub bytes: u64,
}

impl Entry {
    /// The name as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }
}

/// The file operations that can fail. [`Disk`] performs them; [`Failing`](crate::Failing) is the
/// twin that fails at a chosen one, so that every fault can be tested at every place.
///
/// Every method returns the error of the operating system unchanged.
#[expect(clippy::missing_errors_doc, reason = "all of them return the system's own error")]
pub trait Files: Send + Sync + std::fmt::Debug {
    /// Creates a directory of mode 0755; an existing one is an error.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Opens a file; a new one gets mode 0644 whatever the umask.
    fn open(&self, path: &Path, how: Open) -> io::Result<Handle>;
    /// Sets the length of a file and, where the file system can, reserves the disk blocks.
    fn set_len(&self, file: &Handle, bytes: u64) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`.
    fn write_at(&self, file: &Handle, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Fills `bytes` from `offset`.
    fn read_at(&self, file: &Handle, offset: u64, bytes: &mut [u8]) -> io::Result<()>;
    /// Brings the contents of a file to the disk.
    fn sync(&self, file: &Handle) -> io::Result<()>;
    /// Brings the names in a directory to the disk.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Moves a file or directory; a file or an empty directory at the target is replaced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Swaps two paths in one step, or fails with [`io::ErrorKind::Unsupported`].
    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()>;
    /// Removes a file or an empty directory.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// The names in a directory, sorted.
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>>;
    /// The bytes this user may still write to the file system of `path`.
    fn free_space(&self, path: &Path) -> io::Result<u64>;
}

/// The real file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)?;
        dir_mode(path);
        Ok(())
    }

    fn open(&self, path: &Path, how: Open) -> io::Result<Handle> {
        let mut options = OpenOptions::new();
        options.read(true).write(how != Open::Read);
        let is_new = match how {
            Open::Read | Open::Edit => false,
            Open::New => true,
            Open::EditOrNew => !path.exists(),
        };
        match how {
            Open::Read => {}
            Open::Edit => no_follow(&mut options),
            Open::New => _ = options.create_new(true),
            Open::EditOrNew => no_follow(options.create(true).truncate(false)),
        }
        let file = options.open(path)?;
        if is_new {
            file_mode(&file);
        }
        Ok(Handle { file, path: path.to_path_buf() })
    }

    fn set_len(&self, file: &Handle, bytes: u64) -> io::Result<()> {
        let now = file.file.metadata()?.len();
        if bytes > now {
            reserve(file, now, bytes)?;
        }
        file.file.set_len(bytes)
    }

    fn write_at(&self, file: &Handle, offset: u64, bytes: &[u8]) -> io::Result<()> {
        write_all_at(&file.file, offset, bytes)
    }

    fn read_at(&self, file: &Handle, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        read_exact_at(&file.file, offset, bytes)
    }

    fn sync(&self, file: &Handle) -> io::Result<()> {
        file.file.sync_all()
    }

    #[cfg(unix)]
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    // Elsewhere a directory is no file that could be synced; its changes are journaled.
    #[cfg(not(unix))]
    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).map_err(|errno| match errno {
            // What kernels and file systems say that do not know the flag.
            Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP => io::ErrorKind::Unsupported.into(),
            errno => errno.into(),
        })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    fn exchange(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if fs::symlink_metadata(path)?.is_dir() {
            fs::remove_dir(path)
        } else {
            fs::remove_file(path)
        }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let data = entry.metadata()?;
            entries.push(Entry {
                name: entry.file_name(),
                plain: data.is_file(),
                bytes: data.len(),
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn free_space(&self, path: &Path) -> io::Result<u64> {
        fs4::available_space(path)
    }
}

/// Reserves blocks up to `bytes`. The free space is looked at first: some file systems would
/// use up all of it before they say that it is not enough.
fn reserve(file: &Handle, now: u64, bytes: u64) -> io::Result<()> {
    let too_long = fs4::statvfs(&file.path).is_ok_and(|disk| {
        // A file system that knows no sizes says that all of them are zero.
        disk.total_space() > 0 && disk.available_space() < bytes - now
    });
    if too_long {
        return Err(io::ErrorKind::StorageFull.into());
    }
    match fs4::FileExt::allocate(&file.file, bytes) {
        Err(error) if cannot_reserve(&error) => Ok(()),
        done => done,
    }
}

#[cfg(unix)]
fn cannot_reserve(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let unknown = [Errno::OPNOTSUPP, Errno::NOTSUP, Errno::NOSYS, Errno::INVAL];
    Errno::from_io_error(error).is_some_and(|errno| unknown.contains(&errno))
}

#[cfg(not(unix))]
fn cannot_reserve(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
}

/// Sets the permissions of what was just created. File systems without permissions refuse;
/// there is nothing to set on them, so their refusal is no error.
#[cfg(unix)]
fn file_mode(file: &File) {
    use std::os::unix::fs::PermissionsExt;
    _ = file.set_permissions(fs::Permissions::from_mode(0o644));
}

#[cfg(unix)]
fn dir_mode(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    _ = fs::set_permissions(path, fs::Permissions::from_mode(0o755));
}

#[cfg(not(unix))]
fn file_mode(_: &File) {}

#[cfg(not(unix))]
fn dir_mode(_: &Path) {}

/// A file of ours is never a symbolic link; one found at its place was put there by another,
/// and what it points to must not be written.
#[cfg(unix)]
fn no_follow(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
}

#[cfg(not(unix))]
fn no_follow(_: &mut OpenOptions) {}

#[cfg(unix)]
fn write_all_at(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
        if n == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[n..];
        offset += n as u64;
    }
    Ok(())
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut bytes: &mut [u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_read(file, bytes, offset)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[n..];
        offset += n as u64;
    }
    Ok(())
}

/// The bytes of a whole file.
pub(crate) fn read(files: &dyn Files, path: &Path) -> io::Result<Vec<u8>> {
    let handle = files.open(path, Open::Read)?;
    let mut bytes = vec![0; handle.file.metadata()?.len() as usize];
    files.read_at(&handle, 0, &mut bytes)?;
    Ok(bytes)
}

/// Writes a whole new file and brings it to the disk; a leftover of that name is replaced.
pub(crate) fn write_synced(files: &dyn Files, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let create = || {
        remove_if_there(files, path)?;
        let handle = files.open(path, Open::New)?;
        files.write_at(&handle, 0, bytes)?;
        Ok(handle)
    };
    let needed = bytes.len() as u64;
    let handle =
        create().map_err(|error| StoreError::from_io(files, "write", path, needed, error))?;
    files.sync(&handle).map_err(|error| StoreError::from_sync(files, path, error))
}

/// Brings the names in a directory to the disk.
pub(crate) fn sync_dir(files: &dyn Files, path: &Path) -> Result<(), StoreError> {
    files.sync_dir(path).map_err(|error| StoreError::from_sync(files, path, error))
}

/// The names in a directory, sorted.
pub(crate) fn list(files: &dyn Files, dir: &Path) -> Result<Vec<Entry>, StoreError> {
    files.list(dir).map_err(|error| StoreError::from_io(files, "list", dir, 0, error))
}

/// Removes a file or an empty directory that may already be gone.
pub(crate) fn remove(files: &dyn Files, path: &Path) -> Result<(), StoreError> {
    remove_if_there(files, path)
        .map_err(|error| StoreError::from_io(files, "remove", path, 0, error))
}

/// Moves a file or directory.
pub(crate) fn rename(files: &dyn Files, from: &Path, to: &Path) -> Result<(), StoreError> {
    files.rename(from, to).map_err(|error| StoreError::from_io(files, "move", from, 0, error))
}

/// Whether anything has this path, be it a link that leads nowhere.
pub(crate) fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Removes a file or an empty directory that may already be gone.
fn remove_if_there(files: &dyn Files, path: &Path) -> io::Result<()> {
    match files.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
