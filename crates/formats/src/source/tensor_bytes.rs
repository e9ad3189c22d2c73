//! The bytes of one tensor.

use std::sync::Arc;

use super::{ByteSource, TakenBytes};
use crate::error::{FormatError, Result};
use crate::size;

/// A range of a model file that was checked against the file's length when this was made.
#[derive(Debug, Clone)]
pub struct TensorBytes {
    source: Arc<ByteSource>,
    offset: u64,
    len: usize,
}

impl TensorBytes {
    /// `len` bytes of `source` from `offset`.
    ///
    /// # Errors
    /// `model_invalid{truncated}` where the range leaves the source, `model_invalid{overflow}` where it leaves memory.
    pub fn new(source: Arc<ByteSource>, offset: u64, len: u64) -> Result<Self> {
        let end = size::add(offset, len).ok_or_else(|| FormatError::overflow("a tensor"))?;
        if end > source.len() {
            return Err(FormatError::truncated(end, source.len()));
        }
        let len = size::to_usize(len, "a tensor")?;
        Ok(Self { source, offset, len })
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no byte; only safetensors has such tensors.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where the tensor starts in its file.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The file the tensor is in.
    pub fn source(&self) -> &Arc<ByteSource> {
        &self.source
    }

    /// Reads the whole tensor into `out`, which must have exactly [`Self::len`] bytes.
    ///
    /// # Errors
    /// `model_changed` where the file is no longer the one that was opened; `io_error`.
    pub fn read_into(&self, out: &mut [u8]) -> Result<()> {
        if out.len() != self.len {
            return Err(self.out_of_range(0, out.len()));
        }
        self.source.read_at(self.offset, out)
    }

    /// Reads `out.len()` bytes from byte `start` of the tensor: a few rows, without holding the rest.
    ///
    /// # Errors
    /// As [`Self::read_into`]; `model_invalid{offset}` where the range leaves the tensor.
    pub fn read_range_into(&self, start: usize, out: &mut [u8]) -> Result<()> {
        match start.checked_add(out.len()) {
            Some(end) if end <= self.len => self.source.read_at(self.offset + start as u64, out),
            Some(_) | None => Err(self.out_of_range(start, out.len())),
        }
    }

    /// Reads the whole tensor.
    ///
    /// # Errors
    /// As [`Self::read_into`]; `out_of_memory`.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut bytes = size::vec_with_capacity(self.len)?;
        bytes.resize(self.len, 0);
        self.read_into(&mut bytes)?;
        Ok(bytes)
    }

    /// The tensor's bytes where they lie; nothing for a file that is read on demand, or mapped and changed since, and once they are taken.
    pub fn as_slice(&self) -> Option<&[u8]> {
        let start = usize::try_from(self.offset).ok()?;
        self.source.slice(start..start.checked_add(self.len)?)
    }

    /// Whether the file is in memory of our own.
    pub fn is_in_memory(&self) -> bool {
        self.source.is_memory()
    }

    /// The tensor's memory, where the file is in memory of our own: once, and not after [`Self::as_slice`]. What it holds is the file's
    /// no more, and whoever reads the tensor again is told so.
    pub fn take(&self) -> Option<TakenBytes> {
        let start = usize::try_from(self.offset).ok()?;
        self.source.take(start..start.checked_add(self.len)?)
    }

    fn out_of_range(&self, start: usize, len: usize) -> FormatError {
        FormatError::invalid("offset", format!("bytes {start} + {len} are asked of a tensor of {} bytes", self.len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(offset: u64, len: u64) -> Result<TensorBytes> {
        TensorBytes::new(Arc::new(ByteSource::from((0..10).collect::<Vec<u8>>())), offset, len)
    }

    #[test]
    fn reads_only_inside_its_range() {
        let bytes = tensor(2, 5).unwrap();
        assert_eq!(bytes.to_vec().unwrap(), [2, 3, 4, 5, 6]);
        assert_eq!(bytes.as_slice().unwrap(), [2, 3, 4, 5, 6]);
        let mut two = [0; 2];
        bytes.read_range_into(3, &mut two).unwrap();
        assert_eq!(two, [5, 6]);
        assert_eq!(bytes.read_range_into(4, &mut two).unwrap_err().reason(), "offset");
        assert_eq!(bytes.read_range_into(usize::MAX, &mut two).unwrap_err().reason(), "offset");
        assert_eq!(bytes.read_into(&mut two).unwrap_err().reason(), "offset");
    }

    #[test]
    fn is_taken_once_and_never_read_as_the_file_again() {
        let bytes = tensor(2, 5).unwrap();
        let twin = bytes.clone();
        let mut taken = bytes.take().unwrap();
        taken.as_mut().reverse();
        assert_eq!(taken.as_ref(), [6, 5, 4, 3, 2]);
        assert!(twin.take().is_none() && twin.as_slice().is_none());
        assert_eq!(twin.to_vec().unwrap_err().reason(), "taken");
        let lent = tensor(2, 5).unwrap();
        assert_eq!(lent.as_slice().unwrap(), [2, 3, 4, 5, 6]);
        assert!(lent.take().is_none());
    }

    #[test]
    fn cannot_be_made_outside_its_source() {
        assert!(tensor(10, 0).is_ok());
        assert_eq!(tensor(6, 5).unwrap_err().reason(), "truncated");
        assert_eq!(tensor(u64::MAX, 1).unwrap_err().reason(), "overflow");
    }
}
