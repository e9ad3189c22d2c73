//! A weight matrix as the kernels read it.

use crate::aligned::Aligned;
use crate::block_type::BlockType;
use crate::error::{Result, check};

/// A weight `(rows, columns)` in exactly its file's byte count: the one resident copy.
///
/// The bytes are ggml's block layout, row-major. Callers must not rely on that: a faster tier may rearrange them in place here.
#[derive(Debug)]
pub struct Packed {
    block_type: BlockType,
    rows: usize,
    columns: usize,
    row_bytes: usize,
    bytes: Aligned<u8>,
}

impl Packed {
    /// Takes the file's bytes of a `(rows, columns)` weight.
    ///
    /// # Errors
    /// `Shape` when a row is not a whole number of blocks or the bytes are not `rows` rows.
    pub fn from_bytes(block_type: BlockType, rows: usize, columns: usize, bytes: Aligned<u8>) -> Result<Self> {
        let row_bytes = block_type.row_bytes(columns);
        check(row_bytes.is_some() && columns > 0, "columns of a weight are not a whole number of blocks")?;
        let row_bytes = row_bytes.unwrap_or(0);
        check(row_bytes.checked_mul(rows) == Some(bytes.len()), "bytes of a weight differ from its shape")?;
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
        self.bytes.len()
    }

    /// Bytes of row `row`.
    #[inline]
    pub(crate) fn row(&self, row: usize) -> &[u8] {
        &self.bytes[row * self.row_bytes..(row + 1) * self.row_bytes]
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
        for (rows, columns, bytes) in [(3, 64, 107), (3, 65, 108), (usize::MAX, 64, 108), (3, 0, 0)] {
            assert!(matches!(packed(BlockType::Q4_0, rows, columns, bytes), Err(Error::Shape(_))));
        }
    }
}
