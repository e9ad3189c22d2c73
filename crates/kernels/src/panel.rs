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
    /// A float, or two of bfloat16.
    Single,
    /// A bit for each of 32 integers, arranged so that bit `i` of all four bytes is for the four integers `4 i` to `4 i + 3`.
    Bits,
}

impl Field {
    /// Bytes.
    const fn width(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Half => 2,
            Self::Integers | Self::Signed | Self::Single | Self::Bits => 4,
        }
    }

    /// How four bytes of it change on their way into a panel for `tier`.
    fn conversion(self, tier: Tier) -> Conversion {
        let kept = Conversion { spread: false, halved: tier.is_halved(), flipped: 0 };
        match self {
            Self::Single => Conversion { halved: false, ..kept },
            Self::Signed if tier.is_unsigned() => Conversion { flipped: 0x8080_8080, ..kept },
            Self::Bits => Conversion { spread: true, ..kept },
            Self::Half | Self::Byte | Self::Integers | Self::Signed => kept,
        }
    }

    /// Copies fields of one row's block, `from`, beside those of the other rows, the `index`th as the `order(index)`th.
    #[inline(always)]
    fn arrange(self, tier: Tier, row: usize, order: impl Fn(usize) -> usize, from: &[u8], beside: &mut [u8]) {
        match self {
            Self::Byte => {
                let beside = beside.as_chunks_mut::<ROWS>().0;
                for (index, byte) in from.iter().enumerate() {
                    beside[order(index)][row] = *byte;
                }
            }
            Self::Half => {
                let beside = beside.as_chunks_mut::<{ 2 * ROWS }>().0;
                for (index, half) in from.as_chunks::<2>().0.iter().enumerate() {
                    beside[order(index)].as_chunks_mut::<2>().0[row] = *half;
                }
            }
            Self::Integers | Self::Signed | Self::Single | Self::Bits => {
                let conversion = self.conversion(tier);
                let beside = beside.as_chunks_mut::<{ 4 * ROWS }>().0;
                for (index, unit) in from.as_chunks::<4>().0.iter().enumerate() {
                    beside[order(index)].as_chunks_mut::<4>().0[row] = conversion.apply(Way::In, *unit);
                }
            }
        }
    }

    /// Copies one field out of a panel for `tier`.
    fn restore(self, tier: Tier, from: &[u8], to: &mut [u8]) {
        match from.first_chunk() {
            Some(unit) => to.copy_from_slice(&self.conversion(tier).apply(Way::Out, *unit)),
            None => to.copy_from_slice(from),
        }
    }
}

/// What four bytes of a panel are in the file, from the right to the left on the way out.
#[derive(Debug, Clone, Copy)]
struct Conversion {
    /// Bits go where their integers are.
    spread: bool,
    /// The inner bytes change places.
    halved: bool,
    /// Bits that are turned over.
    flipped: u32,
}

impl Conversion {
    #[inline(always)]
    fn apply(self, way: Way, unit: [u8; 4]) -> [u8; 4] {
        let unit = u32::from_le_bytes(unit) ^ self.flipped;
        let halve = |unit| if self.halved { swap_inner(unit) } else { unit };
        let unit = match (self.spread, way) {
            (false, _) => halve(unit),
            (true, Way::In) => halve(spread_bits(unit, way)),
            (true, Way::Out) => spread_bits(halve(unit), way),
        };
        unit.to_le_bytes()
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
    (0..4).fold(0, |arranged, j| {
        arranged
            | match way {
                Way::In => {
                    let every_fourth = bits >> j & 0x1111_1111;
                    let twos = (every_fourth | every_fourth >> 3) & 0x0303_0303;
                    let fours = (twos | twos >> 6) & 0x000f_000f;
                    ((fours | fours >> 12) & 0xff) << (8 * j)
                }
                Way::Out => {
                    let byte = bits >> (8 * j) & 0xff;
                    let fours = (byte | byte << 12) & 0x000f_000f;
                    let twos = (fours | fours << 6) & 0x0303_0303;
                    ((twos | twos << 3) & 0x1111_1111) << j
                }
            }
    })
}

/// Where four bytes of a half of a `Q6_K` block lie among all: what is multiplied in one step lies together, so that a tile is read from
/// front to back. `kind` is 0 or 1 for the low bits of the even groups and of the odd ones, 2 for the high bits of all.
pub(crate) const fn q6_order(half: usize, kind: usize, step: usize) -> usize {
    24 * half + 3 * step + kind
}

/// A block type that has panels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "the names of the block types")]
pub(crate) enum PanelType {
    F32,
    F16,
    BF16,
    Q4_0,
    Q5_0,
    Q8_0,
    Q4_K,
    Q5_K,
    Q6_K,
}

impl PanelType {
    /// How weights of rows of so many elements are arranged for a tier, if they are.
    pub(crate) fn of(block_type: BlockType, columns: usize, tier: Tier) -> Option<Self> {
        let for_integers = match tier {
            Tier::Portable => false,
            Tier::Avx2
            | Tier::AvxVnni
            | Tier::Avx512Vnni
            | Tier::Amx
            | Tier::Neon
            | Tier::NeonDotprod
            | Tier::Simd128 => true,
        };
        let panels = match block_type {
            BlockType::F32 => Some(Self::F32),
            BlockType::F16 => Some(Self::F16),
            BlockType::BF16 => Some(Self::BF16),
            BlockType::Q4_0 => Some(Self::Q4_0),
            BlockType::Q5_0 => Some(Self::Q5_0),
            BlockType::Q8_0 => Some(Self::Q8_0),
            BlockType::Q4_K => Some(Self::Q4_K),
            BlockType::Q5_K => Some(Self::Q5_K),
            BlockType::Q6_K => Some(Self::Q6_K),
            BlockType::Q4_1 | BlockType::Q5_1 | BlockType::Q2_K | BlockType::Q3_K => None,
        };
        panels.filter(|panels| (for_integers || panels.is_float()) && columns.is_multiple_of(panels.elements()))
    }

    /// Whether every tier can compute with it.
    const fn is_float(self) -> bool {
        match self {
            Self::F32 | Self::F16 | Self::BF16 => true,
            Self::Q4_0 | Self::Q5_0 | Self::Q8_0 | Self::Q4_K | Self::Q5_K | Self::Q6_K => false,
        }
    }

    /// Elements of a block.
    const fn elements(self) -> usize {
        match self {
            Self::F32 | Self::F16 => 1,
            Self::BF16 => 2,
            Self::Q4_0 | Self::Q5_0 | Self::Q8_0 => 32,
            Self::Q4_K | Self::Q5_K | Self::Q6_K => 256,
        }
    }

    /// Bytes of a block.
    pub(crate) const fn block(self) -> usize {
        match self {
            Self::F32 | Self::BF16 => 4,
            Self::F16 => 2,
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
            Self::F32 | Self::BF16 => &[(Field::Single, 1)],
            Self::F16 => &[(Field::Half, 1)],
            Self::Q4_0 => &[(Field::Half, 1), (Field::Integers, 4)],
            Self::Q5_0 => &[(Field::Half, 1), (Field::Bits, 1), (Field::Integers, 4)],
            Self::Q8_0 => &[(Field::Half, 1), (Field::Signed, 8)],
            Self::Q4_K => &[(Field::Half, 2), (Field::Byte, 12), (Field::Integers, 32)],
            Self::Q5_K => &[(Field::Half, 2), (Field::Byte, 12), (Field::Integers, 40)],
            Self::Q6_K => &[(Field::Integers, 48), (Field::Byte, 16), (Field::Half, 1)],
        }
    }

    /// Where the `index`th of a block's fields of one kind lies among them.
    #[inline(always)]
    const fn order(self, field: Field, index: usize) -> usize {
        match (self, field) {
            (Self::Q6_K, Field::Integers) if index < 32 => q6_order(index / 16, index % 16 / 8, index % 8),
            (Self::Q6_K, Field::Integers) => q6_order((index - 32) / 8, 2, index % 8),
            _ => index,
        }
    }

    /// Writes 16 rows of the file to a panel of as many bytes.
    pub(crate) fn arrange(self, tier: Tier, rows: &[u8], panel: &mut [u8]) {
        // Compiled for each type: the fields of a small block are known, and their loops gone.
        match self {
            Self::F32 | Self::BF16 => Self::F32.arrange_rows(tier, rows, panel),
            Self::F16 => Self::F16.arrange_rows(tier, rows, panel),
            Self::Q4_0 => Self::Q4_0.arrange_rows(tier, rows, panel),
            Self::Q5_0 => Self::Q5_0.arrange_rows(tier, rows, panel),
            Self::Q8_0 => Self::Q8_0.arrange_rows(tier, rows, panel),
            Self::Q4_K => Self::Q4_K.arrange_rows(tier, rows, panel),
            Self::Q5_K => Self::Q5_K.arrange_rows(tier, rows, panel),
            Self::Q6_K => Self::Q6_K.arrange_rows(tier, rows, panel),
        }
    }

    #[inline(always)]
    fn arrange_rows(self, tier: Tier, rows: &[u8], panel: &mut [u8]) {
        let row_bytes = rows.len() / ROWS;
        for (index, tile) in panel.chunks_exact_mut(self.tile()).enumerate() {
            for (row, blocks) in rows.chunks_exact(row_bytes).take(ROWS).enumerate() {
                let block = &blocks[index * self.block()..][..self.block()];
                let mut at = 0;
                for &(field, count) in self.fields() {
                    let next = at + count * field.width();
                    let (from, beside) = (&block[at..next], &mut tile[ROWS * at..ROWS * next]);
                    field.arrange(tier, row, |index| self.order(field, index), from, beside);
                    at = next;
                }
            }
        }
    }

    /// Writes some blocks of one row as the file had them.
    pub(crate) fn blocks(self, tier: Tier, panel: &[u8], row: usize, indices: Range<usize>, blocks: &mut [u8]) {
        let tiles = panel[indices.start * self.tile()..indices.end * self.tile()].chunks_exact(self.tile());
        for (tile, block) in tiles.zip(blocks.chunks_exact_mut(self.block())) {
            self.each_field(row, |field, at, place| field.restore(tier, &tile[place], &mut block[at]));
        }
    }

    /// Calls `with` with each field, its place in a row's block and in the tile.
    fn each_field(self, row: usize, mut with: impl FnMut(Field, Range<usize>, Range<usize>)) {
        let mut at = 0;
        for &(field, count) in self.fields() {
            let width = field.width();
            for index in 0..count {
                let place = ROWS * (at + self.order(field, index) * width) + row * width;
                with(field, at + index * width..at + (index + 1) * width, place..place + width);
            }
            at += count * width;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_it_took() {
        let types = BlockType::ALL.into_iter().filter_map(|of| PanelType::of(of, 256, Tier::Avx2));
        let tiers = [Tier::Avx2, Tier::AvxVnni, Tier::Avx512Vnni, Tier::Simd128];
        for (panel_type, tier) in types.flat_map(|of| tiers.map(|tier| (of, tier))) {
            let bytes: usize = panel_type.fields().iter().map(|(field, count)| field.width() * count).sum();
            assert_eq!(bytes, panel_type.block());
            let file: Vec<u8> = (0..ROWS * 5 * panel_type.block()).map(|index| (index * 37 % 251) as u8).collect();
            let mut panel = vec![0; file.len()];
            panel_type.arrange(tier, &file, &mut panel);
            assert_ne!(panel, file);
            for row in 0..ROWS {
                let mut blocks = vec![0; 3 * panel_type.block()];
                panel_type.blocks(tier, &panel, row, 1..4, &mut blocks);
                assert_eq!(blocks, file[(row * 5 + 1) * panel_type.block()..][..blocks.len()], "row {row}");
            }
        }
    }
}
