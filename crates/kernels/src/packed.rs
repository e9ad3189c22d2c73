//! A weight matrix as the kernels read it.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use crate::aligned::Aligned;
use crate::block_type::BlockType;
use crate::error::{Result, check};
use crate::panel::{self, PanelType};
use crate::tier::Tier;

/// A weight `(rows, columns)` in exactly its file's byte count: the one resident copy, its own or the file's in memory.
///
/// Shared bytes are ggml's block layout, row-major. Those of its own are rearranged in place where the tier computes with panels
/// ([`crate::panel`]); the rows that fill none stay as they are.
#[derive(Debug)]
pub struct Packed {
    block_type: BlockType,
    tier: Tier,
    panels: Option<PanelType>,
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
    /// `Shape` when a row is not a whole number of blocks or the bytes are not `rows` rows; `Allocation`.
    pub fn from_bytes(block_type: BlockType, rows: usize, columns: usize, bytes: Aligned<u8>) -> Result<Self> {
        Self::for_tier(Tier::detect(), block_type, rows, columns, bytes)
    }

    /// [`Self::from_bytes`] for a tier that the CPU has and may not be its fastest.
    ///
    /// # Errors
    /// As [`Self::from_bytes`]; `Shape` for a tier that the CPU lacks.
    #[doc(hidden)]
    pub fn for_tier(
        tier: Tier,
        block_type: BlockType,
        rows: usize,
        columns: usize,
        bytes: Aligned<u8>,
    ) -> Result<Self> {
        // What is arranged for a tier is computed with its instructions.
        check(tier.is_available(), "this CPU lacks the tier's instructions")?;
        let mut packed = Self::new(block_type, rows, columns, Bytes::Own(bytes))?;
        if let (Some(panels), Bytes::Own(bytes)) = (PanelType::of(block_type, tier), &mut packed.bytes) {
            let panel_bytes = panel::ROWS * packed.row_bytes;
            let mut scratch = Aligned::zeroed(panel_bytes)?;
            for panel in bytes.chunks_exact_mut(panel_bytes) {
                panels.arrange(tier, panel, &mut scratch);
            }
            packed.tier = tier;
            packed.panels = Some(panels);
        }
        Ok(packed)
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
        Ok(Self { block_type, tier: Tier::Portable, panels: None, rows, columns, row_bytes, bytes })
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

    /// What its panels are arranged for.
    pub(crate) fn tier(&self) -> Tier {
        self.tier
    }

    /// How its panels are arranged, if it has any.
    pub(crate) fn panels(&self) -> Option<PanelType> {
        self.panels
    }

    /// Rows in panels; the others come after them.
    pub(crate) fn panelled_rows(&self) -> usize {
        match self.panels {
            Some(_) => self.rows / panel::ROWS * panel::ROWS,
            None => 0,
        }
    }

    /// A panel of 16 rows.
    #[inline]
    pub(crate) fn panel(&self, index: usize) -> &[u8] {
        let bytes = panel::ROWS * self.row_bytes;
        &self.bytes.get()[index * bytes..(index + 1) * bytes]
    }

    /// Bytes of a row that is in no panel.
    #[inline]
    pub(crate) fn row(&self, row: usize) -> &[u8] {
        debug_assert!(row >= self.panelled_rows());
        &self.bytes.get()[row * self.row_bytes..(row + 1) * self.row_bytes]
    }

    /// Calls `read` with the blocks of any row, as the file has them, up to `step` bytes at a time.
    pub(crate) fn read_row<const STEP: usize>(&self, row: usize, step: usize, mut read: impl FnMut(&[u8])) {
        match self.panels {
            Some(panels) if row < self.panelled_rows() => {
                let panel = self.panel(row / panel::ROWS);
                let (groups, together) = (self.row_bytes / panels.block(), step / panels.block());
                let mut blocks = [0; STEP];
                for first in (0..groups).step_by(together) {
                    let last = groups.min(first + together);
                    let blocks = &mut blocks[..(last - first) * panels.block()];
                    panels.blocks(self.tier, panel, row % panel::ROWS, first..last, blocks);
                    read(blocks);
                }
            }
            Some(_) | None => self.row(row).chunks(step).for_each(read),
        }
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
