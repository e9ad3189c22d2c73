//! A weight matrix as the kernels read it.

use std::fmt::{self, Debug, Formatter};
use std::sync::{Mutex, PoisonError};

use crate::aligned::Aligned;
use crate::block_type::BlockType;
use crate::disjoint::Disjoint;
use crate::error::{Error, Result, check};
use crate::panel::{self, PanelType};
use crate::pool::ThreadPool;
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

/// Reads the bytes that begin at one of a weight.
type Read<'a, E> = &'a (dyn Fn(usize, &mut [u8]) -> std::result::Result<(), E> + Sync);

/// Bytes that a task reads and rearranges at a time, in whole panels: they are still near when they are written to their place.
const PART: usize = 128 << 10;

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
    /// Reads the file's bytes of a `(rows, columns)` weight into their place, `bytes`: the pool's threads each a part, and
    /// `read(start, part)` the bytes of the file that begin at the weight's byte `start`.
    ///
    /// # Errors
    /// The first of `read`; `Shape` when a row is not a whole number of blocks or the bytes are not `rows` rows; `Allocation`,
    /// `TaskPanicked`.
    pub fn read<E: From<Error> + Send>(
        pool: &ThreadPool,
        block_type: BlockType,
        (rows, columns): (usize, usize),
        bytes: Aligned<u8>,
        read: impl Fn(usize, &mut [u8]) -> std::result::Result<(), E> + Sync,
    ) -> std::result::Result<Self, E> {
        let mut packed = Self::new(block_type, rows, columns, Bytes::Own(bytes))?;
        packed.fill(pool, Some(&read))?;
        Ok(packed)
    }

    /// Takes the file's bytes where they lie, in a model that is in memory whole.
    ///
    /// # Errors
    /// As [`Self::read`] without a file.
    pub fn from_taken(
        pool: &ThreadPool,
        block_type: BlockType,
        (rows, columns): (usize, usize),
        bytes: Box<dyn TakenBytes>,
    ) -> Result<Self> {
        let mut packed = Self::new(block_type, rows, columns, Bytes::Taken(bytes))?;
        packed.fill::<Error>(pool, None)?;
        Ok(packed)
    }

    /// Puts the bytes that `read` has, or those that are in their place, as the pool's tier computes with them.
    fn fill<E: From<Error> + Send>(
        &mut self,
        pool: &ThreadPool,
        read: Option<Read<'_, E>>,
    ) -> std::result::Result<(), E> {
        let panels = PanelType::of(self.block_type, self.columns, pool.tier());
        // Of rows so wide that this overflows there are too few for a panel.
        let panel_bytes = self.row_bytes.saturating_mul(panel::ROWS);
        let part_bytes = panel_bytes.saturating_mul((PART / panel_bytes).max(1));
        let bytes = self.bytes.get_mut();
        let len = bytes.len();
        let places = Disjoint::new(bytes);
        let fill = |start: usize| {
            // SAFETY: each part is one task's own.
            let place = unsafe { places.slice(start..len.min(start.saturating_add(part_bytes))) };
            match (panels, read) {
                (Some(panels), read) => {
                    let mut rows = Aligned::zeroed(place.len())?;
                    match read {
                        Some(read) => read(start, &mut rows)?,
                        None => rows.copy_from_slice(place),
                    }
                    let whole = place.len() / panel_bytes * panel_bytes;
                    for at in (0..whole).step_by(panel_bytes) {
                        let panel = at..at + panel_bytes;
                        panels.arrange(pool.tier(), &rows[panel.clone()], &mut place[panel]);
                    }
                    place[whole..].copy_from_slice(&rows[whole..]);
                    Ok(())
                }
                (None, Some(read)) => read(start, place),
                (None, None) => Ok(()),
            }
        };
        let failed = Mutex::new(None);
        pool.run(len.div_ceil(part_bytes), &|part| {
            if let Err(error) = fill(part * part_bytes) {
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        })?;
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        if panels.is_some() {
            (self.tier, self.panels) = (pool.tier(), panels);
        }
        Ok(())
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

    fn own(pool: &ThreadPool, block_type: BlockType, shape: (usize, usize), file: &[u8]) -> Result<Packed> {
        Packed::read(pool, block_type, shape, Aligned::zeroed(file.len())?, |start, part| {
            part.copy_from_slice(&file[start..start + part.len()]);
            Ok(())
        })
    }

    #[test]
    fn refuses_bytes_that_do_not_fit() {
        let pool = ThreadPool::new(1).unwrap();
        let packed = |block_type, rows, columns, bytes| own(&pool, block_type, (rows, columns), &vec![0; bytes]);
        assert!(packed(BlockType::Q4_0, 3, 64, 108).is_ok());
        let taken = |bytes| Packed::from_taken(&pool, BlockType::Q4_0, (3, 64), Box::new(vec![0_u8; bytes]));
        assert_eq!((taken(108).unwrap().size(), taken(107).is_err()), (108, true));
        for (rows, columns, bytes) in [(3, 64, 107), (3, 65, 108), (usize::MAX, 64, 108), (3, 0, 0)] {
            assert!(matches!(packed(BlockType::Q4_0, rows, columns, bytes), Err(Error::Shape(_))));
        }
    }

    /// Whole parts, whole panels and rows that fill none.
    const SHAPE: (usize, usize) = (16 * 40 + 5, 1024);

    #[test]
    fn is_the_same_wherever_its_bytes_lie() {
        let pools = [1, 3].map(|threads| ThreadPool::new(threads).unwrap());
        for block_type in BlockType::ALL {
            let (rows, columns) = SHAPE;
            let file = crate::synthetic::weight_bytes(block_type, rows, columns, 3, 0.1);
            let taken = Packed::from_taken(&pools[0], block_type, SHAPE, Box::new(file.clone())).unwrap();
            for pool in &pools {
                let own = own(pool, block_type, SHAPE, &file).unwrap();
                assert!(own.bytes.get() == taken.bytes.get(), "{block_type:?}");
            }
            let mut restored = Vec::new();
            for row in 0..rows {
                let step = 256 / block_type.block_len() * block_type.block_bytes();
                taken.read_row::<1024>(row, step, |blocks| restored.extend_from_slice(blocks));
            }
            assert!(restored == file, "{block_type:?}");
        }
    }

    #[test]
    fn answers_what_the_reader_of_its_file_answers() {
        for (threads, block_type) in
            [1, 3].into_iter().flat_map(|threads| [(threads, BlockType::Q4_0), (threads, BlockType::F32)])
        {
            let pool = ThreadPool::new(threads).unwrap();
            let place =
                Aligned::zeroed(crate::synthetic::weight_bytes(block_type, SHAPE.0, SHAPE.1, 3, 0.1).len()).unwrap();
            let outcome = Packed::read(&pool, block_type, SHAPE, place, |start, _| match start {
                0 => Ok(()),
                _ => Err(Error::Shape("expected by this test")),
            });
            assert!(matches!(outcome, Err(Error::Shape("expected by this test"))));
        }
    }
}
