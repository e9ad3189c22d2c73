//! Keys and values in blocks.

use std::ops::Range;

use crate::aligned::Aligned;
use crate::error::{Error, Result, check};
use crate::kv_element::{KvElement, store_vector};
use crate::pool::ThreadPool;
use crate::simd::{Kernel, Simd};

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
/// consecutive positions in a score; values are `(block_size, head_dim)`, so that they are consecutive outputs. Scales lie beside
/// the tiles, `(block_size,)` for each: attention multiplies scores and weights by them, which is less work than every element.
#[derive(Debug)]
pub struct KvStore<T: KvElement> {
    shape: KvShape,
    block_elements: usize,
    slabs: Vec<Slab<T>>,
    /// Slab of each block and its first element there.
    blocks: Vec<(u32, usize)>,
}

/// Blocks that were allocated together.
#[derive(Debug)]
struct Slab<T: KvElement> {
    elements: Aligned<T>,
    /// One for `head_dim` elements, in the order of the tiles; none when `T` is not scaled.
    scales: Aligned<f32>,
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
        self.slabs.iter().map(|slab| size_of_val(&*slab.elements) + size_of_val(&*slab.scales)).sum()
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
        let scales = if T::SCALED { elements / self.shape.head_dim } else { 0 };
        let slab = Slab { elements: Aligned::zeroed(elements)?, scales: Aligned::zeroed(scales)? };
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
        let (from, to) = (start..start + self.block_elements, end..end + self.block_elements);
        let (from_scales, to_scales) = (self.scales_of(&from), self.scales_of(&to));
        if source == target {
            let slab = &mut self.slabs[source];
            slab.elements.copy_within(from, to.start);
            slab.scales.copy_within(from_scales, to_scales.start);
            return Ok(());
        }
        let (low, high) = self.slabs.split_at_mut(source.max(target));
        let (source, target) =
            if source < target { (&low[source], &mut high[0]) } else { (&high[0], &mut low[target]) };
        target.elements[to].copy_from_slice(&source.elements[from]);
        target.scales[to_scales].copy_from_slice(&source.scales[from_scales]);
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
        let store = &*self;
        let write_head = |head: usize| pool.tier().run(WriteHead { store, layer, head, slots, keys, values });
        if slots.len() < 16 {
            // Too little to wake anyone for.
            return pool.run(1, &|_| (0..kv_heads).for_each(write_head));
        }
        pool.run(kv_heads, &write_head)
    }

    /// Keys of one head in a block, `(head_dim, block_size)`.
    #[inline]
    pub(crate) fn keys(&self, block: usize, layer: usize, head: usize) -> &[T] {
        let (slab, elements) = self.place(block, layer, Half::Keys, head);
        &self.slabs[slab].elements[elements]
    }

    /// Values of one head in a block, `(block_size, head_dim)`.
    #[inline]
    pub(crate) fn values(&self, block: usize, layer: usize, head: usize) -> &[T] {
        let (slab, elements) = self.place(block, layer, Half::Values, head);
        &self.slabs[slab].elements[elements]
    }

    /// Scales of those keys, `(block_size,)`; none when `T` is not scaled.
    #[inline]
    pub(crate) fn key_scales(&self, block: usize, layer: usize, head: usize) -> &[f32] {
        self.scales(block, layer, Half::Keys, head)
    }

    /// Scales of those values, `(block_size,)`; none when `T` is not scaled.
    #[inline]
    pub(crate) fn value_scales(&self, block: usize, layer: usize, head: usize) -> &[f32] {
        self.scales(block, layer, Half::Values, head)
    }

    fn scales(&self, block: usize, layer: usize, half: Half, head: usize) -> &[f32] {
        let (slab, elements) = self.place(block, layer, half, head);
        &self.slabs[slab].scales[self.scales_of(&elements)]
    }

    /// The slab of a tile and the tile's elements there.
    fn place(&self, block: usize, layer: usize, half: Half, head: usize) -> (usize, Range<usize>) {
        let (slab, start) = self.blocks[block];
        let half = match half {
            Half::Keys => 0,
            Half::Values => 1,
        };
        let tile = self.shape.tile();
        let start = start + ((layer * 2 + half) * self.shape.kv_heads + head) * tile;
        (slab as usize, start..start + tile)
    }

    /// The scales of whole tiles.
    fn scales_of(&self, elements: &Range<usize>) -> Range<usize> {
        if T::SCALED { elements.start / self.shape.head_dim..elements.end / self.shape.head_dim } else { 0..0 }
    }

    /// A tile and its scales.
    ///
    /// # Safety
    /// Nobody else uses this tile, and `self` is borrowed exclusively by the caller's caller.
    #[expect(clippy::mut_from_ref, reason = "tasks write different tiles of an exclusively borrowed store")]
    unsafe fn tile_mut(&self, block: usize, layer: usize, half: Half, head: usize) -> (&mut [T], &mut [f32]) {
        let (slab, elements) = self.place(block, layer, half, head);
        let (slab, scales) = (&self.slabs[slab], self.scales_of(&elements));
        // SAFETY: no other tile has these elements, and the caller promises that nobody else uses this one.
        let elements = unsafe { slab.elements.range_mut(elements) };
        // SAFETY: as above.
        let scales = unsafe { slab.scales.range_mut(scales) };
        (elements, scales)
    }
}

/// Writes the rows of one head. Nobody else writes to the store, but for tasks with other heads.
struct WriteHead<'a, T: KvElement> {
    store: &'a KvStore<T>,
    layer: usize,
    head: usize,
    slots: &'a [u32],
    keys: &'a [f32],
    values: &'a [f32],
}

impl<T: KvElement> Kernel for WriteHead<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { store, layer, head, slots, keys, values } = self;
        let KvShape { kv_heads, head_dim, block_size, .. } = store.shape;
        for (row, &slot) in slots.iter().enumerate() {
            let (block, offset) = (slot as usize / block_size, slot as usize % block_size);
            let at = (row * kv_heads + head) * head_dim;
            // SAFETY: a task writes the tiles of its own head, in turn, and the writer's `&mut self` keeps everyone else out.
            let (tile, scales) = unsafe { store.tile_mut(block, layer, Half::Keys, head) };
            let scale = store_vector(&keys[at..at + head_dim], tile[offset..].iter_mut().step_by(block_size));
            if T::SCALED {
                scales[offset] = scale;
            }
            // SAFETY: as above; the keys' tile and scales are no longer in use.
            let (tile, scales) = unsafe { store.tile_mut(block, layer, Half::Values, head) };
            let stored = &mut tile[offset * head_dim..(offset + 1) * head_dim];
            let scale = store_vector(&values[at..at + head_dim], stored.iter_mut());
            if T::SCALED {
                scales[offset] = scale;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    fn shape() -> KvShape {
        KvShape { layers: 2, kv_heads: 3, head_dim: 8, block_size: 16 }
    }

    #[test]
    fn copies_within_a_slab_and_between_two() {
        copies::<f32>();
        copies::<i8>();
    }

    fn copies<T: KvElement + PartialEq + std::fmt::Debug>() {
        let pool = ThreadPool::new(1).unwrap();
        let mut store = KvStore::<T>::new(shape()).unwrap();
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
                assert_eq!(store.key_scales(block, layer, head), store.key_scales(1, layer, head));
                assert_eq!(store.value_scales(block, layer, head), store.value_scales(1, layer, head));
            }
        }
        assert_eq!(store.key_scales(2, 1, 2).len(), if T::SCALED { 16 } else { 0 });
        assert!(store.copy_block(1, 4).is_err());
    }

    #[test]
    fn scales_each_head_of_each_row_by_itself() {
        let (keys, values) = (synthetic::values(32 * 24, 3, 50.0), synthetic::values(32 * 24, 4, 0.1));
        let slots: Vec<u32> = (0..32).rev().collect();
        for (threads, rows) in [(1, 1), (3, 5), (3, 32)] {
            let pool = ThreadPool::new(threads).unwrap();
            let mut store = KvStore::<i8>::new(shape()).unwrap();
            store.reserve(2).unwrap();
            for start in (0..32).step_by(rows) {
                let end = 32.min(start + rows);
                let part = start * 24..end * 24;
                store.write(&pool, 1, &slots[start..end], &keys[part.clone()], &values[part]).unwrap();
            }
            for (row, &slot) in slots.iter().enumerate() {
                let (block, offset) = (slot as usize / 16, slot as usize % 16);
                for head in 0..3 {
                    let at = row * 24 + head * 8;
                    let mut integers = [0_i8; 8];
                    let scale = store_vector(&keys[at..at + 8], integers.iter_mut());
                    assert_eq!(store.key_scales(block, 1, head)[offset], scale);
                    assert!((0..8).all(|d| store.keys(block, 1, head)[d * 16 + offset] == integers[d]));
                    let scale = store_vector(&values[at..at + 8], integers.iter_mut());
                    assert_eq!(store.value_scales(block, 1, head)[offset], scale);
                    assert_eq!(store.values(block, 1, head)[offset * 8..][..8], integers);
                }
            }
        }
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
        let elements = 40 * store.shape().block_elements().unwrap();
        assert_eq!(store.size(), elements * 4);
        let mut store = KvStore::<i8>::new(shape()).unwrap();
        store.reserve(40).unwrap();
        assert_eq!(store.size(), elements + elements / 8 * 4);
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
