//! Weights in panels of 16 rows, one output in each lane.
//!
//! A panel holds the blocks of its rows one block of each row after the other: a tile. In a tile each field of a block lies beside
//! the same field of the 15 other blocks; integers are fields of four bytes, so that they lie as the instructions for dot products take
//! them. Tiles have the bytes of the blocks in them: weights are rearranged where they lie.

use std::ops::Range;

use crate::block_type::BlockType;
use crate::tier::Tier;

/// Rows of a panel.
pub(crate) const ROWS: usize = 16;

/// A part of a block that lies beside the same part of the other rows.
#[derive(Debug, Clone, Copy)]
enum Field {
    /// A half float.
    Half,
    /// A byte.
    Byte,
    /// Four bytes of integers.
    Integers,
    /// Four signed integers; plus 128 for tiers that take unsigned ones.
    Signed,
    /// A bit for each of 32 integers, arranged so that bit `i` of all four bytes is for the four integers `4 i` to `4 i + 3`.
    Bits,
}

impl Field {
    /// Bytes.
    const fn width(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Half => 2,
            Self::Integers | Self::Signed | Self::Bits => 4,
        }
    }

    /// Copies a field into a panel for `tier`, or out of it.
    #[inline(always)]
    fn copy(self, way: Way, tier: Tier, from: &[u8], to: &mut [u8]) {
        let Some(unit) = from.first_chunk().map(|unit| u32::from_le_bytes(*unit)) else {
            return to.copy_from_slice(from);
        };
        let halve = |unit| if tier.is_halved() { swap_inner(unit) } else { unit };
        let unit = match (self, way) {
            (Self::Signed, _) if tier.is_unsigned() => halve(unit) ^ 0x8080_8080,
            (Self::Bits, Way::In) => halve(spread_bits(unit, way)),
            (Self::Bits, Way::Out) => spread_bits(halve(unit), way),
            (Self::Half | Self::Byte | Self::Integers | Self::Signed, _) => halve(unit),
        };
        to.copy_from_slice(&unit.to_le_bytes());
    }
}

/// Between a file's blocks and a panel.
#[derive(Debug, Clone, Copy)]
enum Way {
    In,
    Out,
}

/// The second byte and the third change places.
fn swap_inner(unit: u32) -> u32 {
    unit & 0xff00_00ff | (unit & 0xff00) << 8 | (unit & 0x00ff_0000) >> 8
}

/// Bit `4 i + j` to bit `8 j + i`, or back.
fn spread_bits(bits: u32, way: Way) -> u32 {
    let mut arranged = 0;
    for (i, j) in (0..8).flat_map(|i| (0..4).map(move |j| (i, j))) {
        let (file, panel) = (4 * i + j, 8 * j + i);
        let (from, to) = match way {
            Way::In => (file, panel),
            Way::Out => (panel, file),
        };
        arranged |= (bits >> from & 1) << to;
    }
    arranged
}

/// A block type that has panels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "the names of the block types")]
pub(crate) enum PanelType {
    Q4_0,
    Q5_0,
    Q8_0,
    Q4_K,
    Q5_K,
    Q6_K,
}

impl PanelType {
    /// How weights of a type are arranged for a tier, if they are.
    pub(crate) fn of(block_type: BlockType, tier: Tier) -> Option<Self> {
        match tier {
            Tier::Portable => return None,
            Tier::Avx2 | Tier::Avx512Vnni | Tier::Neon | Tier::NeonDotprod | Tier::Simd128 => {}
        }
        match block_type {
            BlockType::Q4_0 => Some(Self::Q4_0),
            BlockType::Q5_0 => Some(Self::Q5_0),
            BlockType::Q8_0 => Some(Self::Q8_0),
            BlockType::Q4_K => Some(Self::Q4_K),
            BlockType::Q5_K => Some(Self::Q5_K),
            BlockType::Q6_K => Some(Self::Q6_K),
            BlockType::F32
            | BlockType::F16
            | BlockType::BF16
            | BlockType::Q4_1
            | BlockType::Q5_1
            | BlockType::Q2_K
            | BlockType::Q3_K => None,
        }
    }

    /// Bytes of a block.
    pub(crate) const fn block(self) -> usize {
        match self {
            Self::Q4_0 => 18,
            Self::Q5_0 => 22,
            Self::Q8_0 => 34,
            Self::Q4_K => 144,
            Self::Q5_K => 176,
            Self::Q6_K => 210,
        }
    }

    /// Bytes of a tile.
    pub(crate) const fn tile(self) -> usize {
        ROWS * self.block()
    }

    /// Fields of a block in the file's order, and how many there are of each.
    const fn fields(self) -> &'static [(Field, usize)] {
        match self {
            Self::Q4_0 => &[(Field::Half, 1), (Field::Integers, 4)],
            Self::Q5_0 => &[(Field::Half, 1), (Field::Bits, 1), (Field::Integers, 4)],
            Self::Q8_0 => &[(Field::Half, 1), (Field::Signed, 8)],
            Self::Q4_K => &[(Field::Half, 2), (Field::Byte, 12), (Field::Integers, 32)],
            Self::Q5_K => &[(Field::Half, 2), (Field::Byte, 12), (Field::Integers, 40)],
            Self::Q6_K => &[(Field::Integers, 48), (Field::Byte, 16), (Field::Half, 1)],
        }
    }

    /// Rearranges one panel. `scratch` is as long.
    pub(crate) fn arrange(self, tier: Tier, panel: &mut [u8], scratch: &mut [u8]) {
        scratch.copy_from_slice(panel);
        let row_bytes = panel.len() / ROWS;
        for (index, tile) in panel.chunks_exact_mut(self.tile()).enumerate() {
            for (row, blocks) in scratch.chunks_exact(row_bytes).enumerate() {
                let block = &blocks[index * self.block()..][..self.block()];
                self.each_field(row, |field, at, place| field.copy(Way::In, tier, &block[at], &mut tile[place]));
            }
        }
    }

    /// Writes some blocks of one row as the file had them.
    pub(crate) fn blocks(self, tier: Tier, panel: &[u8], row: usize, indices: Range<usize>, blocks: &mut [u8]) {
        let tiles = panel[indices.start * self.tile()..indices.end * self.tile()].chunks_exact(self.tile());
        for (tile, block) in tiles.zip(blocks.chunks_exact_mut(self.block())) {
            self.each_field(row, |field, at, place| field.copy(Way::Out, tier, &tile[place], &mut block[at]));
        }
    }

    /// Calls `with` with each field, its place in a row's block and in the tile.
    #[inline(always)]
    fn each_field(self, row: usize, mut with: impl FnMut(Field, Range<usize>, Range<usize>)) {
        let mut at = 0;
        for &(field, count) in self.fields() {
            for _ in 0..count {
                let place = ROWS * at + row * field.width();
                with(field, at..at + field.width(), place..place + field.width());
                at += field.width();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_it_took() {
        let types =
            [PanelType::Q4_0, PanelType::Q5_0, PanelType::Q8_0, PanelType::Q4_K, PanelType::Q5_K, PanelType::Q6_K];
        let tiers = [Tier::Avx2, Tier::Avx512Vnni, Tier::Simd128];
        for (panel_type, tier) in types.into_iter().flat_map(|of| tiers.map(|tier| (of, tier))) {
            let bytes: usize = panel_type.fields().iter().map(|(field, count)| field.width() * count).sum();
            assert_eq!(bytes, panel_type.block());
            let file: Vec<u8> = (0..ROWS * 5 * panel_type.block()).map(|index| (index * 37 % 251) as u8).collect();
            let (mut panel, mut scratch) = (file.clone(), file.clone());
            panel_type.arrange(tier, &mut panel, &mut scratch);
            assert_ne!(panel, file);
            for row in 0..ROWS {
                let mut blocks = vec![0; 3 * panel_type.block()];
                panel_type.blocks(tier, &panel, row, 1..4, &mut blocks);
                assert_eq!(blocks, file[(row * 5 + 1) * panel_type.block()..][..blocks.len()], "row {row}");
            }
        }
    }
}
