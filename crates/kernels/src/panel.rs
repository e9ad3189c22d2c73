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
/// Bytes of a field of integers.
const UNIT: usize = 4;

/// A block type that has panels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "the names of the block types")]
pub(crate) enum PanelType {
    Q4_0,
    Q8_0,
    Q4_K,
    Q6_K,
}

impl PanelType {
    /// How weights of a type are arranged for a tier, if they are.
    pub(crate) fn of(block_type: BlockType, tier: Tier) -> Option<Self> {
        match tier {
            Tier::Portable => return None,
            Tier::Avx2 | Tier::Avx512Vnni => {}
        }
        match block_type {
            BlockType::Q4_0 => Some(Self::Q4_0),
            BlockType::Q8_0 => Some(Self::Q8_0),
            BlockType::Q4_K => Some(Self::Q4_K),
            BlockType::Q6_K => Some(Self::Q6_K),
            BlockType::F32
            | BlockType::F16
            | BlockType::BF16
            | BlockType::Q4_1
            | BlockType::Q5_0
            | BlockType::Q5_1
            | BlockType::Q2_K
            | BlockType::Q3_K
            | BlockType::Q5_K => None,
        }
    }

    /// Bytes of a block.
    pub(crate) const fn block(self) -> usize {
        match self {
            Self::Q4_0 => 18,
            Self::Q8_0 => 34,
            Self::Q4_K => 144,
            Self::Q6_K => 210,
        }
    }

    /// Bytes of a tile.
    pub(crate) const fn tile(self) -> usize {
        ROWS * self.block()
    }

    /// Fields of a block in the file's order: widths, and how many there are of each.
    const fn fields(self) -> &'static [(usize, usize)] {
        match self {
            Self::Q4_0 => &[(2, 1), (UNIT, 4)],
            Self::Q8_0 => &[(2, 1), (UNIT, 8)],
            Self::Q4_K => &[(2, 2), (1, 12), (UNIT, 32)],
            Self::Q6_K => &[(UNIT, 48), (1, 16), (2, 1)],
        }
    }

    /// What every four bytes of integers are combined with: signed ones become unsigned, plus 128.
    const fn flip(self) -> u32 {
        match self {
            Self::Q8_0 => 0x8080_8080,
            Self::Q4_0 | Self::Q4_K | Self::Q6_K => 0,
        }
    }

    /// Rearranges one panel. `scratch` is as long.
    pub(crate) fn arrange(self, panel: &mut [u8], scratch: &mut [u8]) {
        scratch.copy_from_slice(panel);
        let row_bytes = panel.len() / ROWS;
        for (index, tile) in panel.chunks_exact_mut(self.tile()).enumerate() {
            for (row, blocks) in scratch.chunks_exact(row_bytes).enumerate() {
                let block = &blocks[index * self.block()..][..self.block()];
                self.each_field(row, |field, place| copy(&block[field], &mut tile[place], self.flip()));
            }
        }
    }

    /// Writes some blocks of one row as the file had them.
    pub(crate) fn blocks(self, panel: &[u8], row: usize, indices: Range<usize>, blocks: &mut [u8]) {
        let tiles = panel[indices.start * self.tile()..indices.end * self.tile()].chunks_exact(self.tile());
        for (tile, block) in tiles.zip(blocks.chunks_exact_mut(self.block())) {
            self.each_field(row, |field, place| copy(&tile[place], &mut block[field], self.flip()));
        }
    }

    /// Calls `with` with the place of each field in a row's block and in the tile.
    #[inline(always)]
    fn each_field(self, row: usize, mut with: impl FnMut(Range<usize>, Range<usize>)) {
        let mut at = 0;
        for &(width, count) in self.fields() {
            for _ in 0..count {
                let place = ROWS * at + row * width;
                with(at..at + width, place..place + width);
                at += width;
            }
        }
    }
}

/// Copies a field; integers are combined with `flip`.
#[inline(always)]
fn copy(from: &[u8], to: &mut [u8], flip: u32) {
    match from.first_chunk::<UNIT>() {
        Some(unit) => to.copy_from_slice(&(u32::from_le_bytes(*unit) ^ flip).to_le_bytes()),
        None => to.copy_from_slice(from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_it_took() {
        for panel_type in [PanelType::Q4_0, PanelType::Q8_0, PanelType::Q4_K, PanelType::Q6_K] {
            let bytes: usize = panel_type.fields().iter().map(|(width, count)| width * count).sum();
            assert_eq!(bytes, panel_type.block());
            let file: Vec<u8> = (0..ROWS * 5 * panel_type.block()).map(|index| (index * 37 % 251) as u8).collect();
            let (mut panel, mut scratch) = (file.clone(), file.clone());
            panel_type.arrange(&mut panel, &mut scratch);
            assert_ne!(panel, file);
            for row in 0..ROWS {
                let mut blocks = vec![0; 3 * panel_type.block()];
                panel_type.blocks(&panel, row, 1..4, &mut blocks);
                assert_eq!(blocks, file[(row * 5 + 1) * panel_type.block()..][..blocks.len()], "row {row}");
            }
        }
    }
}
