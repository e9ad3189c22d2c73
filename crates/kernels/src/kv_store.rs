//! Keys and values in blocks.

use crate::aligned::{Aligned, Plain};
use crate::error::{Error, Result, check};
use crate::half_float::{f16_to_f32, f32_to_f16};
use crate::pool::ThreadPool;

/// How keys and values are stored: `u16` is an IEEE half.
pub trait KvElement: Plain {
    /// The stored value.
    fn to_f32(self) -> f32;
    /// The nearest storable value, ties to even.
    fn from_f32(value: f32) -> Self;
}

impl KvElement for f32 {
    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }

    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        value
    }
}

impl KvElement for u16 {
    #[inline(always)]
    fn to_f32(self) -> f32 {
        f16_to_f32(self)
    }

    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        f32_to_f16(value)
    }
}

/// Sizes of a KV store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KvShape {
    /// Layers.
    pub layers: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Elements of a head.
    pub head_dim: usize,
    /// Positions of a block: a multiple of 16.
    pub block_size: usize,
}

impl KvShape {
    /// Elements of one block over all layers, or nothing when that overflows.
    pub fn block_elements(&self) -> Option<usize> {
        self.tile().checked_mul(2)?.checked_mul(self.layers)?.checked_mul(self.kv_heads)
    }

    /// Elements of one head's keys in a block.
    fn tile(&self) -> usize {
        self.head_dim * self.block_size
    }
}

/// Blocks `0..len` of keys and values, grown slab by slab: a block never moves.
///
/// A block is `(layer, keys | values, kv_head, tile)`. Keys of a tile are `(head_dim, block_size)`, so that consecutive lanes are
/// consecutive positions in a score; values are `(block_size, head_dim)`, so that they are consecutive outputs.
#[derive(Debug)]
pub struct KvStore<T: KvElement> {
    shape: KvShape,
    block_elements: usize,
    slabs: Vec<Aligned<T>>,
    /// Slab of each block and its first element there.
    blocks: Vec<(u32, usize)>,
}

/// Keys or values of a block.
#[derive(Clone, Copy)]
enum Half {
    Keys,
    Values,
}

impl<T: KvElement> KvStore<T> {
    /// An empty store.
    ///
    /// # Errors
    /// `Shape` when a size is 0, too large, or the block size no multiple of 16.
    pub fn new(shape: KvShape) -> Result<Self> {
        check(shape.block_size > 0 && shape.block_size.is_multiple_of(16), "a KV block is not a multiple of 16")?;
        let block_elements = shape.block_elements().unwrap_or(0);
        check(block_elements > 0, "a KV block has no size")?;
        Ok(Self { shape, block_elements, slabs: Vec::new(), blocks: Vec::new() })
    }

    /// Sizes.
    pub fn shape(&self) -> &KvShape {
        &self.shape
    }

    /// Blocks there are.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Bytes of the blocks.
    pub fn size(&self) -> usize {
        self.slabs.iter().map(|slab| size_of_val(&**slab)).sum()
    }

    /// Makes room for `blocks` in all; allocates only when there are fewer.
    ///
    /// # Errors
    /// `Allocation`; the store is then as before.
    pub fn reserve(&mut self, blocks: usize) -> Result<()> {
        let have = self.blocks.len();
        if blocks <= have {
            return Ok(());
        }
        let elements = (blocks - have).checked_mul(self.block_elements).ok_or(Error::Allocation(usize::MAX))?;
        let slab = Aligned::zeroed(elements)?;
        let index = self.slabs.len() as u32;
        self.slabs.push(slab);
        self.blocks.extend((0..blocks - have).map(|block| (index, block * self.block_elements)));
        Ok(())
    }

    /// Copies block `from` to block `to`, all layers.
    ///
    /// # Errors
    /// `Shape` when one of them does not exist.
    pub fn copy_block(&mut self, from: usize, to: usize) -> Result<()> {
        check(from.max(to) < self.blocks.len(), "a KV block does not exist")?;
        let ((source, start), (target, end)) = (self.blocks[from], self.blocks[to]);
        let (source, target) = (source as usize, target as usize);
        let elements = self.block_elements;
        if source == target {
            self.slabs[source].copy_within(start..start + elements, end);
            return Ok(());
        }
        let (low, high) = self.slabs.split_at_mut(source.max(target));
        let (from, to) = if source < target { (&low[source], &mut high[0]) } else { (&high[0], &mut low[target]) };
        to[end..end + elements].copy_from_slice(&from[start..start + elements]);
        Ok(())
    }

    /// Writes `keys` and `values`, both `(rows, kv_heads * head_dim)`, to `slots` `(rows,)`: `block * block_size + offset`.
    ///
    /// # Errors
    /// `Shape` when the slices do not fit or a slot is in no block; `TaskPanicked`.
    pub fn write(
        &mut self,
        pool: &ThreadPool,
        layer: usize,
        slots: &[u32],
        keys: &[f32],
        values: &[f32],
    ) -> Result<()> {
        let KvShape { layers, kv_heads, head_dim, block_size } = self.shape;
        let width = kv_heads * head_dim;
        check(layer < layers, "a KV layer does not exist")?;
        check(keys.len() == slots.len() * width && values.len() == keys.len(), "keys are not (rows, kv_heads * dim)")?;
        let end = self.blocks.len() * block_size;
        check(slots.iter().all(|&slot| (slot as usize) < end), "a KV slot is in no block")?;
        let tile = self.shape.tile();
        let store = &*self;
        let write_head = |head: usize| {
            for (row, &slot) in slots.iter().enumerate() {
                let (block, offset) = (slot as usize / block_size, slot as usize % block_size);
                let at = row * width + head * head_dim;
                // SAFETY: a task writes the tiles of its own head, in turn, and `&mut self` keeps everyone else out.
                let key_tile = unsafe { store.tile_mut(block, layer, Half::Keys, head, tile) };
                for (key, &value) in key_tile[offset..].iter_mut().step_by(block_size).zip(&keys[at..at + head_dim]) {
                    *key = T::from_f32(value);
                }
                // SAFETY: as above; the key tile is no longer in use.
                let value_tile = unsafe { store.tile_mut(block, layer, Half::Values, head, tile) };
                let stored = &mut value_tile[offset * head_dim..(offset + 1) * head_dim];
                for (stored, &value) in stored.iter_mut().zip(&values[at..at + head_dim]) {
                    *stored = T::from_f32(value);
                }
            }
        };
        if slots.len() < 16 {
            // Too little to wake anyone for.
            return pool.run(1, &|_| (0..kv_heads).for_each(write_head));
        }
        pool.run(kv_heads, &write_head)
    }

    /// Keys of one head in a block, `(head_dim, block_size)`.
    #[inline]
    pub(crate) fn keys(&self, block: usize, layer: usize, head: usize) -> &[T] {
        let (slab, start) = self.place(block, layer, Half::Keys, head);
        &self.slabs[slab][start..start + self.shape.tile()]
    }

    /// Values of one head in a block, `(block_size, head_dim)`.
    #[inline]
    pub(crate) fn values(&self, block: usize, layer: usize, head: usize) -> &[T] {
        let (slab, start) = self.place(block, layer, Half::Values, head);
        &self.slabs[slab][start..start + self.shape.tile()]
    }

    fn place(&self, block: usize, layer: usize, half: Half, head: usize) -> (usize, usize) {
        let (slab, start) = self.blocks[block];
        let half = match half {
            Half::Keys => 0,
            Half::Values => 1,
        };
        (slab as usize, start + ((layer * 2 + half) * self.shape.kv_heads + head) * self.shape.tile())
    }

    /// # Safety
    /// Nobody else uses this tile, and `self` is borrowed exclusively by the caller's caller.
    #[expect(clippy::mut_from_ref, reason = "tasks write different tiles of an exclusively borrowed store")]
    unsafe fn tile_mut(&self, block: usize, layer: usize, half: Half, head: usize, tile: usize) -> &mut [T] {
        let (slab, start) = self.place(block, layer, half, head);
        let slab = &self.slabs[slab];
        assert!(start + tile <= slab.len(), "tile outside its slab");
        // SAFETY: in bounds by the assertion, initialised since `zeroed`, exclusive by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(slab.pointer().as_ptr().add(start), tile) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> KvShape {
        KvShape { layers: 2, kv_heads: 3, head_dim: 8, block_size: 16 }
    }

    #[test]
    fn copies_within_a_slab_and_between_two() {
        let pool = ThreadPool::new(1).unwrap();
        let mut store = KvStore::<f32>::new(shape()).unwrap();
        store.reserve(2).unwrap();
        store.reserve(4).unwrap();
        let row: Vec<f32> = (0..24_u8).map(f32::from).collect();
        for layer in 0..2 {
            store.write(&pool, layer, &[16 + 5], &row, &row).unwrap();
        }
        for to in [0, 3] {
            store.copy_block(1, to).unwrap();
        }
        store.copy_block(3, 2).unwrap();
        for block in [0, 2, 3] {
            for (layer, head) in [(0, 0), (1, 2)] {
                assert_eq!(store.keys(block, layer, head), store.keys(1, layer, head));
                assert_eq!(store.values(block, layer, head), store.values(1, layer, head));
            }
        }
        assert!(store.copy_block(1, 4).is_err());
    }

    #[test]
    fn keeps_blocks_in_place_when_it_grows() {
        let pool = ThreadPool::new(2).unwrap();
        let mut store = KvStore::<f32>::new(shape()).unwrap();
        store.reserve(2).unwrap();
        let row: Vec<f32> = (0..24).map(|i| i as f32).collect();
        let negative: Vec<f32> = row.iter().map(|x| -x).collect();
        store.write(&pool, 1, &[16 + 5], &row, &negative).unwrap();
        let before = store.keys(1, 1, 2).as_ptr();
        store.reserve(40).unwrap();
        store.reserve(3).unwrap();
        assert_eq!(store.blocks(), 40);
        assert_eq!(store.keys(1, 1, 2).as_ptr(), before);
        let keys: Vec<f32> = store.keys(1, 1, 2).iter().skip(5).step_by(16).copied().collect();
        assert_eq!(keys, row[16..]);
        assert_eq!(store.values(1, 1, 2)[40..48], negative[16..]);
        assert!(store.keys(39, 0, 0).iter().all(|&x| x == 0.0));
        assert_eq!(store.size(), 40 * store.shape().block_elements().unwrap() * 4);
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let pool = ThreadPool::new(1).unwrap();
        assert!(KvStore::<u16>::new(KvShape { block_size: 8, ..shape() }).is_err());
        assert!(KvStore::<u16>::new(KvShape { layers: 0, ..shape() }).is_err());
        let mut store = KvStore::<u16>::new(shape()).unwrap();
        store.reserve(1).unwrap();
        assert!(store.write(&pool, 0, &[16], &[0.0; 24], &[0.0; 24]).is_err());
        assert!(store.write(&pool, 2, &[0], &[0.0; 24], &[0.0; 24]).is_err());
        assert!(store.write(&pool, 0, &[0], &[0.0; 23], &[0.0; 24]).is_err());
        assert!(matches!(store.reserve(usize::MAX), Err(Error::Allocation(_))));
        assert_eq!(store.blocks(), 1);
    }
}
