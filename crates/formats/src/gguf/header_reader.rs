//! A cursor over a header whose length is known only once it is parsed.

use std::ops::Range;
use std::sync::Arc;

use super::limits;
use crate::error::{FormatError, FormatErrorKind, Result};
use crate::size;
use crate::source::ByteSource;

/// How much of a file is read at a time.
const STEP: u64 = 1 << 20;

/// A header's bytes: borrowed from memory, copied from a file, so that nothing can change them once they are checked.
#[derive(Debug)]
pub(super) enum HeaderBytes {
    Shared(Arc<ByteSource>),
    Copied(Vec<u8>),
}

impl HeaderBytes {
    /// Bytes of a range that a [`HeaderReader`] gave out; empty, not a panic, for any other.
    pub(super) fn get(&self, range: Range<usize>) -> &[u8] {
        match self {
            Self::Shared(source) => source.slice(range),
            Self::Copied(bytes) => bytes.get(range),
        }
        .unwrap_or_default()
    }
}

/// Reads a header front to back. No read passes the end of the source or of [`limits::HEADER_BYTES`].
#[derive(Debug)]
pub(super) struct HeaderReader {
    source: Arc<ByteSource>,
    bytes: HeaderBytes,
    position: u64,
    /// Where the read ends that passed the end of the source.
    missing: Option<u64>,
}

impl HeaderReader {
    pub(super) fn new(source: Arc<ByteSource>) -> Self {
        let bytes =
            if source.is_memory() { HeaderBytes::Shared(Arc::clone(&source)) } else { HeaderBytes::Copied(Vec::new()) };
        Self { source, bytes, position: 0, missing: None }
    }

    /// Offset of the next byte.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Bytes from here to the end of the source.
    pub(super) fn remaining(&self) -> u64 {
        self.source.len() - self.position
    }

    /// Where the source would have to end, after a read that it was too short for.
    pub(super) fn missing(&self) -> Option<u64> {
        self.missing
    }

    /// Ends the header here and gives its bytes away.
    pub(super) fn finish(&mut self) -> HeaderBytes {
        let mut bytes = std::mem::replace(&mut self.bytes, HeaderBytes::Copied(Vec::new()));
        if let HeaderBytes::Copied(bytes) = &mut bytes {
            bytes.truncate(usize::try_from(self.position).unwrap_or(usize::MAX));
            bytes.shrink_to_fit();
        }
        bytes
    }

    /// Steps over `len` bytes and gives their range.
    pub(super) fn take(&mut self, len: u64) -> Result<Range<usize>> {
        let start = self.position;
        let end = size::add(start, len).ok_or_else(|| FormatError::overflow("the header").at_byte(start))?;
        if end > self.source.len() {
            self.missing = Some(end);
            return Err(FormatError::truncated(end, self.source.len()).at_byte(start));
        }
        if end > limits::HEADER_BYTES {
            return Err(too_long(start));
        }
        self.fetch(end)?;
        self.position = end;
        Ok(size::to_usize(start, "the header")?..size::to_usize(end, "the header")?)
    }

    /// Bytes of a range that [`Self::take`] gave.
    pub(super) fn get(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let range = self.take(N as u64)?;
        let start = self.position - N as u64;
        self.get(range)
            .try_into()
            .map_err(|_| FormatError::truncated(start + N as u64, self.source.len()).at_byte(start))
    }

    /// Steps over a string of at most `longest` bytes; the range is that of its text.
    pub(super) fn string(&mut self, longest: u64) -> Result<Range<usize>> {
        let start = self.position;
        let len = self.u64()?;
        if len > longest {
            return Err(FormatError::invalid(
                "length",
                format!("a string claims {len} bytes where at most {longest} are allowed: the file is damaged"),
            )
            .at_byte(start)
            .detail("length", len)
            .detail("limit", longest));
        }
        self.take(len)
    }

    /// Steps over a name: a string of 1 to 65535 bytes of UTF-8.
    pub(super) fn name(&mut self, what: &str) -> Result<String> {
        let start = self.position;
        let range = self.string(limits::NAME_BYTES)?;
        if range.is_empty() {
            return Err(
                FormatError::invalid("length", format!("{what} has an empty name: the file is damaged")).at_byte(start)
            );
        }
        let name = std::str::from_utf8(self.get(range)).map_err(|_| {
            FormatError::invalid("utf8", format!("the name of {what} is not UTF-8: the file is damaged")).at_byte(start)
        })?;
        Ok(name.to_owned())
    }

    /// Makes the copy reach `end`, which is inside the source and the limit.
    fn fetch(&mut self, end: u64) -> Result<()> {
        let HeaderBytes::Copied(bytes) = &mut self.bytes else { return Ok(()) };
        let have = bytes.len() as u64;
        if end <= have {
            return Ok(());
        }
        // At least a step, so that small fields cost few reads; at most the file, whose end was checked.
        let target = end.max(have.saturating_add(STEP)).min(self.source.len());
        let old = bytes.len();
        let len = size::to_usize(target, "the header")?;
        bytes.try_reserve(len - old).map_err(|_| FormatError::out_of_memory(target))?;
        bytes.resize(len, 0);
        self.source.read_at(have, &mut bytes[old..])
    }
}

/// A header whose part from byte `start` passes [`limits::HEADER_BYTES`].
pub(super) fn too_long(start: u64) -> FormatError {
    FormatError::new(
        FormatErrorKind::TooLarge,
        "header",
        format!("the header is longer than {} bytes; no known model needs that", limits::HEADER_BYTES),
    )
    .at_byte(start)
    .detail("limit", limits::HEADER_BYTES)
}
