//! Mapping a file into memory.

use std::ops::Range;

use memmap2::{Mmap, MmapOptions};

use super::SourceFile;
use super::source_file::io_error;
use crate::error::Result;

/// An open file that is also mapped, private and read-only.
///
/// A mapping shares the page cache and costs no copy, but it follows the file: one that is *cut in place* takes its pages
/// away, and touching them ends the process (SIGBUS on unix; Windows refuses to cut a mapped file). A file renamed over
/// the path does no harm. So [`Self::slice`] asks the file before every loan, which leaves the time of the loan itself.
/// Reading through [`SourceFile::read_at`] has no such window, and is what is used unless a caller asks for the mapping.
#[derive(Debug)]
pub struct MappedFile {
    file: SourceFile,
    map: Mmap,
}

impl MappedFile {
    /// Maps all of `file`.
    ///
    /// # Errors
    /// `io_error{map}`; `model_changed` where the file changed since it was opened.
    pub fn new(file: SourceFile) -> Result<Self> {
        // SAFETY: the mapping is read-only and private, so it is never written through, and it lives as long as `self`.
        // What remains is another process writing the file under us: no mapping can exclude that, and `OpenMode::Map`
        // is the caller's word that nobody does. The header is never parsed from the mapping but from a copy, so
        // every range in use was checked against bytes that cannot change.
        #[expect(unsafe_code, reason = "mapping a file is unsafe in every API")]
        let map = unsafe { MmapOptions::new().map_copy_read_only(file.handle()) }
            .map_err(|error| io_error("map", file.path(), &error))?;
        file.verify_unchanged()?;
        Ok(Self { file, map })
    }

    /// The file itself.
    pub fn file(&self) -> &SourceFile {
        &self.file
    }

    /// Bytes where they lie, or nothing when the range does not fit or the file was changed since it was opened.
    pub fn slice(&self, range: Range<usize>) -> Option<&[u8]> {
        self.file.verify_unchanged().ok()?;
        self.map.get(range)
    }
}
