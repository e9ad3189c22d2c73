//! What is read next: blocks lie far from each other, and hardware does not foresee them.

use super::{SPAN, STRIP};
use crate::simd::Simd;

/// Bytes of a line of the cache.
const LINE: usize = 64;

/// Lines of the cache, the same number at each of some places.
#[derive(Clone, Copy)]
pub(super) struct Ahead {
    places: [*const u8; SPAN / STRIP],
    count: usize,
    lines: usize,
    /// Bytes from a line to the next.
    stride: usize,
}

impl Ahead {
    pub(super) const NOTHING: Self = Self { places: [std::ptr::null(); SPAN / STRIP], count: 0, lines: 0, stride: 0 };

    /// Some rows of each strip, `stride` elements apart.
    #[inline(always)]
    pub(super) fn rows<'a, T: 'a>(strips: impl Iterator<Item = &'a [T]>, stride: usize, rows: usize) -> Self {
        let mut ahead = Self { lines: rows, stride: stride * size_of::<T>(), ..Self::NOTHING };
        for strip in strips.take(SPAN / STRIP) {
            let place = strip.as_ptr().cast::<u8>();
            // Strips that lie side by side may share their lines.
            if ahead.count == 0 || ahead.places[ahead.count - 1].addr() / LINE != place.addr() / LINE {
                ahead.places[ahead.count] = place;
                ahead.count += 1;
            }
        }
        ahead
    }

    /// Elements that lie side by side.
    #[inline(always)]
    pub(super) fn whole<T>(elements: &[T]) -> Self {
        let mut ahead = Self { count: 1, lines: size_of_val(elements).div_ceil(LINE), stride: LINE, ..Self::NOTHING };
        ahead.places[0] = elements.as_ptr().cast();
        ahead
    }

    /// Spread over a loop of some steps.
    #[inline(always)]
    pub(super) fn over(self, steps: usize) -> Due {
        Due { each: self.lines.div_ceil(steps), ahead: self }
    }
}

/// The lines that are due at each step of a loop.
pub(super) struct Due {
    ahead: Ahead,
    each: usize,
}

impl Due {
    #[inline(always)]
    pub(super) fn prefetch<S: Simd>(&mut self, simd: S) {
        for _ in 0..self.each {
            for place in &mut self.ahead.places[..self.ahead.count] {
                simd.prefetch(*place);
                *place = place.wrapping_add(self.ahead.stride);
            }
        }
    }
}
