//! An open regular file that notices when it changes.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::{FormatError, FormatErrorKind, Result, quoted};
use crate::size;

/// A regular file, read by position.
///
/// The open handle keeps the file that was opened, so a file renamed over the path does no harm. One that is cut or
/// rewritten in place is found out after each read: bytes are only given out when size and time are those of the opening.
/// (Two writes within one tick of the file system's clock, some milliseconds, look alike when they keep the size.)
#[derive(Debug)]
pub struct SourceFile {
    file: File,
    path: PathBuf,
    opened: Fingerprint,
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fingerprint {
    len: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    device_and_inode: (u64, u64),
}

impl Fingerprint {
    fn of(metadata: &Metadata) -> Self {
        Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            device_and_inode: {
                use std::os::unix::fs::MetadataExt;
                (metadata.dev(), metadata.ino())
            },
        }
    }
}

impl SourceFile {
    /// Opens `path`, following links, if it leads to a regular file. Never waits: not for a pipe, not for a device.
    ///
    /// # Errors
    /// `not_found`; `io_error` with a reason: `directory`, `not_a_file`, `permission`, `open`.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |error: &io::Error| io_error("open", path, error);
        // Asked before opening, because opening a device can act on it, and after, because the path may have changed hands.
        require_regular(path, &std::fs::metadata(path).map_err(|error| failed(&error))?)?;
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
        let file = options.open(path).map_err(|error| failed(&error))?;
        let metadata = file.metadata().map_err(|error| failed(&error))?;
        require_regular(path, &metadata)?;
        Ok(Self { file, path: path.to_owned(), opened: Fingerprint::of(&metadata) })
    }

    /// Length in bytes when the file was opened.
    pub fn len(&self) -> u64 {
        self.opened.len
    }

    /// Whether the file was empty when it was opened.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fills `out` with the bytes from `offset`.
    ///
    /// # Errors
    /// `model_changed` where size or time are not those of the opening; `io_error`.
    pub fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let read = read_exact_at(&self.file, offset, out);
        // A change explains a failed read better than the failure does, and spoils one that went well.
        self.verify_unchanged()?;
        read.map_err(|error| io_error("read", &self.path, &error).at_byte(offset))
    }

    /// Reads the whole file if it has at most `limit` bytes.
    ///
    /// # Errors
    /// `too_large`; as [`Self::read_at`]; `out_of_memory`.
    pub fn read_all(&self, limit: u64) -> Result<Vec<u8>> {
        if self.len() > limit {
            return Err(FormatError::too_large(self.len(), limit).in_file(&self.path.display().to_string()));
        }
        let len = size::to_usize(self.len(), "a file")?;
        let mut bytes = size::vec_with_capacity(len)?;
        bytes.resize(len, 0);
        self.read_at(0, &mut bytes)?;
        Ok(bytes)
    }

    /// Compares size and time with those of the opening.
    ///
    /// # Errors
    /// `model_changed`; `io_error` where the file cannot be asked.
    pub fn verify_unchanged(&self) -> Result<()> {
        let metadata = self.file.metadata().map_err(|error| io_error("read", &self.path, &error))?;
        let now = Fingerprint::of(&metadata);
        if now == self.opened {
            return Ok(());
        }
        let name = quoted(&self.path.display().to_string());
        let reason = if now.len == self.opened.len { "modified" } else { "size" };
        Err(FormatError::new(
            FormatErrorKind::Changed,
            reason,
            format!("the file {name} was changed while it was open; load the model again once nothing writes to it"),
        )
        .detail("file", self.path.display().to_string())
        .detail("expected", self.opened.len)
        .detail("got", now.len))
    }

    /// The handle, for the mapping.
    pub(super) fn handle(&self) -> &File {
        &self.file
    }
}

fn require_regular(path: &Path, metadata: &Metadata) -> Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let name = path.display().to_string();
    let (reason, what) = if metadata.is_dir() {
        ("directory", "a folder where a file is needed; give the file's path")
    } else {
        ("not_a_file", "a device, pipe or socket; copy the model to a regular file")
    };
    Err(FormatError::new(FormatErrorKind::Io, reason, format!("{} is {what}", quoted(&name))).detail("file", name))
}

/// `error` of opening or reading `path`, with what to do about it.
pub(super) fn io_error(reason: &'static str, path: &Path, error: &io::Error) -> FormatError {
    let name = path.display().to_string();
    let quoted = quoted(&name);
    let (kind, reason, message) = match error.kind() {
        io::ErrorKind::NotFound => (
            FormatErrorKind::NotFound,
            "file",
            format!("there is no file {quoted}, or it is a link that leads nowhere; check the path"),
        ),
        io::ErrorKind::PermissionDenied => (
            FormatErrorKind::Io,
            "permission",
            format!("{quoted} may not be read by this user; change its permissions"),
        ),
        _ => (FormatErrorKind::Io, reason, format!("{quoted} cannot be read: {error}")),
    };
    FormatError::new(kind, reason, message).detail("file", name)
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                out = &mut out[read..];
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Root may read everything, so a test on a real file says nothing where tests run as root.
    #[test]
    fn says_what_to_do_about_a_refused_file() {
        let of = |kind| io_error("open", Path::new("model.gguf"), &io::Error::from(kind));
        let denied = of(io::ErrorKind::PermissionDenied);
        assert_eq!((denied.kind(), denied.reason()), (FormatErrorKind::Io, "permission"));
        assert!(denied.message().contains("permissions"));
        assert_eq!(of(io::ErrorKind::NotFound).kind(), FormatErrorKind::NotFound);
        assert_eq!(
            (of(io::ErrorKind::TimedOut).kind(), of(io::ErrorKind::TimedOut).reason()),
            (FormatErrorKind::Io, "open")
        );
    }
}
