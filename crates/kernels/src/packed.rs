//! A weight matrix as the kernels read it.

use std::fmt::{self, Debug, Formatter};

use crate::aligned::Aligned;
use crate::block_type::BlockType;
use crate::error::{Result, check};
use crate::panel::{self, PanelType};
use crate::tier::Tier;

/// A weight `(rows, columns)` in exactly its file's byte count: the one resident copy, in memory of its own or the file's.
///
/// ggml's block layout, row-major, is rearranged in place where the tier computes with panels ([`crate::panel`]); the rows that fill
/// none stay as they are.
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

/// Memory of a model's file that belongs to one weight: always the same bytes.
pub trait TakenBytes: AsRef<[u8]> + AsMut<[u8]> + Send + Sync {}

impl<T: AsRef<[u8]> + AsMut<[u8]> + Send + Sync> TakenBytes for T {}

enum Bytes {
    Own(Aligned<u8>),
    Taken(Box<dyn TakenBytes>),
}

impl Bytes {
    fn get(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Taken(bytes) => (**bytes).as_ref(),
        }
    }

    fn get_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Taken(bytes) => (**bytes).as_mut(),
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
        Self::arranged(tier, block_type, rows, columns, Bytes::Own(bytes))
    }

    /// Takes the file's bytes where they lie, in a model that is in memory whole.
    ///
    /// # Errors
    /// As [`Self::from_bytes`].
    pub fn from_taken(block_type: BlockType, rows: usize, columns: usize, bytes: Box<dyn TakenBytes>) -> Result<Self> {
        Self::arranged(Tier::detect(), block_type, rows, columns, Bytes::Taken(bytes))
    }

    fn arranged(tier: Tier, block_type: BlockType, rows: usize, columns: usize, bytes: Bytes) -> Result<Self> {
        // What is arranged for a tier is computed with its instructions.
        check(tier.is_available(), "this CPU lacks the tier's instructions")?;
        let mut packed = Self::new(block_type, rows, columns, bytes)?;
        if let Some(panels) = PanelType::of(block_type, tier) {
            let panel_bytes = panel::ROWS * packed.row_bytes;
            let mut scratch = Aligned::zeroed(panel_bytes)?;
            for panel in packed.bytes.get_mut().chunks_exact_mut(panel_bytes) {
                panels.arrange(tier, panel, &mut scratch);
            }
            packed.tier = tier;
            packed.panels = Some(panels);
        }
        Ok(packed)
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
        let taken = |bytes: usize| Packed::from_taken(BlockType::Q4_0, 3, 64, Box::new(vec![0_u8; bytes]));
        assert_eq!((taken(108).unwrap().size(), taken(107).is_err()), (108, true));
        for (rows, columns, bytes) in [(3, 64, 107), (3, 65, 108), (usize::MAX, 64, 108), (3, 0, 0)] {
            assert!(matches!(packed(BlockType::Q4_0, rows, columns, bytes), Err(Error::Shape(_))));
        }
    }

    #[test]
    fn is_the_same_wherever_its_bytes_lie() {
        for block_type in BlockType::ALL {
            let file = crate::synthetic::weight_bytes(block_type, 37, 512, 3, 0.1);
            let mut own = Aligned::zeroed(file.len()).unwrap();
            own.copy_from_slice(&file);
            let own = Packed::from_bytes(block_type, 37, 512, own).unwrap();
            let taken = Packed::from_taken(block_type, 37, 512, Box::new(file.clone())).unwrap();
            assert!(own.bytes.get() == taken.bytes.get(), "{block_type:?}");
            let mut rows = Vec::new();
            for row in 0..37 {
                let step = 256 / block_type.block_len() * block_type.block_bytes();
                taken.read_row::<1024>(row, step, |blocks| rows.extend_from_slice(blocks));
            }
            assert!(rows == file, "{block_type:?}");
        }
    }
}
