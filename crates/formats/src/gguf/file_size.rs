//! How long a file is, from its beginning.

use std::sync::Arc;

use super::header_reader::{HeaderReader, too_long};
use super::{Header, limits, tensor_infos};
use crate::error::Result;
use crate::source::ByteSource;

/// What the beginning of a file tells of its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeHint {
    /// The header is not whole yet.
    NeedsMore {
        /// Bytes that it has at least; more than were given.
        at_least: u64,
    },
    /// Bytes of the whole file. One may end up to an alignment earlier, without the padding of its last tensor.
    Known(u64),
}

/// Bytes of the file that begins with `prefix`, in time and memory linear in the prefix. Who asks again with more should
/// have twice as much by then.
///
/// # Errors
/// Those of [`super::Gguf::read`] that the header alone shows, as soon as the prefix reaches there.
pub fn file_size(prefix: &Arc<ByteSource>) -> Result<SizeHint> {
    let mut reader = HeaderReader::new(Arc::clone(prefix));
    match Header::read(&mut reader) {
        Ok(header) => tensor_infos::file_size(&header.infos, header.end, header.alignment).map(SizeHint::Known),
        Err(error) => match reader.missing() {
            Some(end) if end > limits::HEADER_BYTES => Err(too_long(reader.position())),
            Some(at_least) => Ok(SizeHint::NeedsMore { at_least }),
            None => Err(error),
        },
    }
}
