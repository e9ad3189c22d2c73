//! Weights that are asked for before they are read, into the second cache.

use crate::simd::Simd;

/// Bytes of a line of the cache.
pub(super) const LINE: usize = 64;
/// How far ahead of a tile.
const DISTANCE: usize = 16 << 10;
/// What a CPU follows a stream of reads in, wherever the memory lies.
const PAGE: usize = 4 << 10;
/// Lines that make a CPU take a page for a stream.
const FIRST_LINES: usize = 8;

/// What is asked for while a tile is gone through.
#[derive(Clone, Copy)]
pub(super) enum Ahead {
    /// As many bytes as the tile has.
    Tile,
    /// Nothing: it was before, or is elsewhere.
    Nothing,
}

impl Ahead {
    /// Asks for the part of one of the steps that a tile of `len` bytes is gone through in.
    #[inline(always)]
    pub(super) fn prefetch<S: Simd>(self, simd: S, tile: *const u8, len: usize, step: usize, steps: usize) {
        match self {
            Self::Tile => {
                let lines = len.div_ceil(LINE * steps);
                for line in step * lines..(step + 1) * lines {
                    simd.prefetch(tile.wrapping_add(DISTANCE + LINE * line));
                }
            }
            Self::Nothing => {}
        }
    }
}

/// Asks for the first lines of each page that begins among as many bytes as a panel has, a page ahead, on a CPU that then reads on by
/// itself: its own requests are faster than a program's, which take the places of reads.
#[inline(always)]
pub(super) fn prefetch_pages<S: Simd>(simd: S, panel: &[u8]) {
    let start = panel.as_ptr().wrapping_add(PAGE);
    let mut at = start.addr().next_multiple_of(PAGE) - start.addr();
    while at < panel.len() {
        for line in 0..FIRST_LINES {
            simd.prefetch(start.wrapping_add(at + LINE * line));
        }
        at += PAGE;
    }
}
