//! A weight matrix as the kernels read it.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use crate::aligned::Aligned;
use crate::block_type::BlockType;
use crate::error::{Result, check};

/// A weight `(rows, columns)` in exactly its file's byte count: the one resident copy, its own or the file's in memory.
///
/// The bytes are ggml's block layout, row-major. Callers must not rely on that: a faster tier may rearrange them in place here.
#[derive(Debug)]
pub struct Packed {
    block_type: BlockType,
    rows: usize,
    columns: usize,
    row_bytes: usize,
    bytes: Bytes,
}

/// Bytes of a model in memory that a weight is read from where it lies: always the same ones.
pub trait SharedBytes: AsRef<[u8]> + Send + Sync {}

impl<T: AsRef<[u8]> + Send + Sync> SharedBytes for T {}

enum Bytes {
    Own(Aligned<u8>),
    Shared(Arc<dyn SharedBytes>),
}

impl Bytes {
    fn get(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Shared(bytes) => (**bytes).as_ref(),
        }
    }
}

impl Debug for Bytes {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes", self.get().len())
    }
}

impl Packed {
    /// Takes the file's bytes of a `(rows, columns)` weight.
    ///
    /// # Errors
    /// `Shape` when a row is not a whole number of blocks or the bytes are not `rows` rows.
    pub fn from_bytes(block_type: BlockType, rows: usize, columns: usize, bytes: Aligned<u8>) -> Result<Self> {
        Self::new(block_type, rows, columns, Bytes::Own(bytes))
    }

    /// Reads such a weight where it lies, in a model that is in memory whole.
    ///
    /// # Errors
    /// As [`Self::from_bytes`].
    pub fn from_shared(
        block_type: BlockType,
        rows: usize,
        columns: usize,
        bytes: Arc<dyn SharedBytes>,
    ) -> Result<Self> {
        Self::new(block_type, rows, columns, Bytes::Shared(bytes))
    }

    fn new(block_type: BlockType, rows: usize, columns: usize, bytes: Bytes) -> Result<Self> {
        let row_bytes = block_type.row_bytes(columns);
        check(row_bytes.is_some() && columns > 0, "columns of a weight are not a whole number of blocks")?;
        let row_bytes = row_bytes.unwrap_or(0);
        check(row_bytes.checked_mul(rows) == Some(bytes.get().len()), "bytes of a weight differ from its shape")?;
        Ok(Self { block_type, rows, columns, row_bytes, bytes })
    }

    /// Element or block type.
    pub fn block_type(&self) -> BlockType {
        self.block_type
    }

    /// Outputs of a projection, tokens of an embedding.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs of a projection, width of an embedding.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Resident bytes.
    pub fn size(&self) -> usize {
        self.bytes.get().len()
    }

    /// Bytes of row `row`.
    #[inline]
    pub(crate) fn row(&self, row: usize) -> &[u8] {
        &self.bytes.get()[row * self.row_bytes..(row + 1) * self.row_bytes]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn refuses_bytes_that_do_not_fit() {
        let packed = |block_type, rows, columns, bytes| {
            Packed::from_bytes(block_type, rows, columns, Aligned::zeroed(bytes).unwrap())
        };
        assert!(packed(BlockType::Q4_0, 3, 64, 108).is_ok());
        let shared = |bytes: usize| Packed::from_shared(BlockType::Q4_0, 3, 64, Arc::new(vec![0_u8; bytes]));
        assert_eq!((shared(108).unwrap().size(), shared(107).is_err()), (108, true));
        for (rows, columns, bytes) in [(3, 64, 107), (3, 65, 108), (usize::MAX, 64, 108), (3, 0, 0)] {
            assert!(matches!(packed(BlockType::Q4_0, rows, columns, bytes), Err(Error::Shape(_))));
        }
    }
}
