//! The bytes of one model file.

use std::ops::Range;
#[cfg(not(target_family = "wasm"))]
use std::path::Path;
use std::sync::Arc;

#[cfg(not(target_family = "wasm"))]
use super::{MappedFile, SourceFile};
use super::{MemoryFile, TakenBytes};
use crate::error::{FormatError, FormatErrorKind, Result};
use crate::size;

/// How a file's tensors are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpenMode {
    /// Each tensor is read from the open file straight into its place. Nothing the file's owner does later can hurt.
    #[default]
    Read,
    /// The file is mapped as well, so that weights can be used where they lie. See [`MappedFile`] for what that risks.
    Map,
}

/// A whole model file: in memory, or open and read on demand.
#[derive(Debug)]
pub enum ByteSource {
    /// Handed in by the caller.
    Memory(Arc<MemoryFile>),
    /// An open regular file.
    #[cfg(not(target_family = "wasm"))]
    File(SourceFile),
    /// An open regular file that is also mapped.
    #[cfg(not(target_family = "wasm"))]
    Mapped(MappedFile),
}

impl ByteSource {
    /// Opens a regular file and remembers its size and time.
    ///
    /// # Errors
    /// `not_found`; `io_error` for a folder, a device, a pipe, a missing permission or a link that leads nowhere.
    #[cfg(not(target_family = "wasm"))]
    pub fn open(path: &Path, mode: OpenMode) -> Result<Self> {
        let file = SourceFile::open(path)?;
        Ok(match mode {
            OpenMode::Read => Self::File(file),
            OpenMode::Map => Self::Mapped(MappedFile::new(file)?),
        })
    }

    /// Length in bytes; of a file, as it was when opened.
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            #[cfg(not(target_family = "wasm"))]
            Self::File(file) => file.len(),
            #[cfg(not(target_family = "wasm"))]
            Self::Mapped(mapped) => mapped.file().len(),
        }
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the bytes are in memory of our own, where nobody else can change them.
    pub(crate) fn is_memory(&self) -> bool {
        match self {
            Self::Memory(_) => true,
            #[cfg(not(target_family = "wasm"))]
            Self::File(_) | Self::Mapped(_) => false,
        }
    }

    /// Fills `out` with the bytes from `offset`. Never touches a mapping, so it cannot fault.
    ///
    /// # Errors
    /// `model_changed` where the file is no longer the one that was opened; `io_error`.
    pub fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let end = size::add(offset, out.len() as u64).ok_or_else(|| FormatError::overflow("a read"))?;
        if end > self.len() {
            return Err(FormatError::truncated(end, self.len()).at_byte(offset));
        }
        match self {
            Self::Memory(file) if file.copy(size::to_usize(offset, "a read")?, out) => Ok(()),
            Self::Memory(_) => Err(taken().at_byte(offset)),
            #[cfg(not(target_family = "wasm"))]
            Self::File(file) => file.read_at(offset, out),
            #[cfg(not(target_family = "wasm"))]
            Self::Mapped(mapped) => mapped.file().read_at(offset, out),
        }
    }

    /// Bytes that can be borrowed where they lie; nothing for a file that is read on demand, or mapped and changed, and for bytes that
    /// were taken.
    pub fn slice(&self, range: Range<usize>) -> Option<&[u8]> {
        match self {
            Self::Memory(file) => file.lend(range),
            #[cfg(not(target_family = "wasm"))]
            Self::File(_) => None,
            #[cfg(not(target_family = "wasm"))]
            Self::Mapped(mapped) => mapped.slice(range),
        }
    }

    /// Takes bytes of a file in memory, once: they are the file's no more. Nothing for what was borrowed, and for other files.
    pub(crate) fn take(&self, range: Range<usize>) -> Option<TakenBytes> {
        match self {
            Self::Memory(file) => Arc::clone(file).take(range),
            #[cfg(not(target_family = "wasm"))]
            Self::File(_) | Self::Mapped(_) => None,
        }
    }

    /// Checks that the file still has the size and time it had when it was opened; memory never changes.
    ///
    /// # Errors
    /// `model_changed`; `io_error` where the file cannot be asked.
    pub fn verify_unchanged(&self) -> Result<()> {
        match self {
            Self::Memory(_) => Ok(()),
            #[cfg(not(target_family = "wasm"))]
            Self::File(file) => file.verify_unchanged(),
            #[cfg(not(target_family = "wasm"))]
            Self::Mapped(mapped) => mapped.file().verify_unchanged(),
        }
    }
}

impl From<Vec<u8>> for ByteSource {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Memory(Arc::new(bytes.into()))
    }
}

fn taken() -> FormatError {
    FormatError::new(
        FormatErrorKind::Changed,
        "taken",
        "a model that was loaded from these bytes has rearranged them; give them again to load it once more",
    )
}
