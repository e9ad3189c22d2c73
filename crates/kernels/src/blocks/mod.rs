//! Quantised blocks opened into integers.
//!
//! Every type opens into groups of 32 elements, the width of a quantised activation block:
//! `element = scale * value + minimum`, with `value` an exact integer that fits an i16. Where a type scales every 16 elements
//! (`Q2_K`, `Q3_K`, `Q6_K`), the integer sub-scale is multiplied into `value`, so that a group still has one float scale. Layouts are ggml's
//! (`ggml-common.h`, `ggml-quants.c`).

mod k_quants;
mod simple;

pub(crate) use k_quants::{Q2K, Q3K, Q4K, Q5K, Q6K};
pub(crate) use simple::{Q40, Q41, Q50, Q51, Q80};

/// Elements that share a float scale, and that share one of the activation.
pub(crate) const GROUP: usize = 32;
/// Groups open at a time.
pub(crate) const MAX_GROUPS: usize = 8;

/// What a type adds to `scale * value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Minimum {
    /// Nothing: the type is symmetric.
    None,
    /// One float for each group of 32.
    Group,
    /// A float for the block times an integer for each 16 elements.
    Half,
}

/// A block type that opens into integers.
pub(crate) trait QuantizedBlock {
    /// Bytes of a block.
    const BYTES: usize;
    /// Groups of 32 in a block.
    const GROUPS: usize;
    /// Blocks opened together: 256 elements, long enough for a call. Out of line, because inlined LLVM sees where the integers come
    /// from and picks worse instructions for the products.
    const TOGETHER: usize;
    /// What is added.
    const MINIMUM: Minimum;

    /// Opens up to `TOGETHER` whole blocks.
    fn open(blocks: &[u8], out: &mut OpenBlocks);

    /// Bytes opened together.
    const STEP: usize = Self::BYTES * Self::TOGETHER;
}

/// Open blocks: an entry of each array for each group, those for minima where the type has them.
pub(crate) struct OpenBlocks {
    /// Integers, sub-scales multiplied in.
    pub(crate) values: [[i16; GROUP]; MAX_GROUPS],
    /// Scale of each group.
    pub(crate) scales: [f32; MAX_GROUPS],
    /// Minimum of each group ([`Minimum::Group`]) or factor of its two half minima ([`Minimum::Half`]).
    pub(crate) minima: [f32; MAX_GROUPS],
    /// Integer minimum of each half group.
    pub(crate) half_minima: [[i32; 2]; MAX_GROUPS],
}

impl OpenBlocks {
    pub(crate) const fn new() -> Self {
        Self {
            values: [[0; GROUP]; MAX_GROUPS],
            scales: [0.0; MAX_GROUPS],
            minima: [0.0; MAX_GROUPS],
            half_minima: [[0; 2]; MAX_GROUPS],
        }
    }
}

/// Calls a generic function with the block type's Rust type; plain types give `$plain`.
macro_rules! with_block {
    ($block_type:expr, $plain:expr, $function:ident :: <_>($($argument:expr),* $(,)?)) => {
        match $block_type {
            $crate::BlockType::F32 | $crate::BlockType::F16 | $crate::BlockType::BF16 => $plain,
            $crate::BlockType::Q4_0 => $function::<$crate::blocks::Q40>($($argument),*),
            $crate::BlockType::Q4_1 => $function::<$crate::blocks::Q41>($($argument),*),
            $crate::BlockType::Q5_0 => $function::<$crate::blocks::Q50>($($argument),*),
            $crate::BlockType::Q5_1 => $function::<$crate::blocks::Q51>($($argument),*),
            $crate::BlockType::Q8_0 => $function::<$crate::blocks::Q80>($($argument),*),
            $crate::BlockType::Q2_K => $function::<$crate::blocks::Q2K>($($argument),*),
            $crate::BlockType::Q3_K => $function::<$crate::blocks::Q3K>($($argument),*),
            $crate::BlockType::Q4_K => $function::<$crate::blocks::Q4K>($($argument),*),
            $crate::BlockType::Q5_K => $function::<$crate::blocks::Q5K>($($argument),*),
            $crate::BlockType::Q6_K => $function::<$crate::blocks::Q6K>($($argument),*),
        }
    };
}
pub(crate) use with_block;
