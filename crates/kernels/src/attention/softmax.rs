//! Online softmax over tiles.

use std::ops::Range;

use super::TILE;
use crate::lanes::{LANES, add, reduce};
use crate::math::exp;
use crate::short::{Product, shorten};

/// Running softmax of one query; its weighted values are in the output.
#[derive(Clone, Copy)]
pub(super) struct Running {
    maximum: f32,
    sum: f32,
    /// Whether a tile was merged.
    started: bool,
}

impl Running {
    pub(super) const NONE: Self = Self { maximum: f32::NEG_INFINITY, sum: 0.0, started: false };

    /// Divides what was merged by the sum of its weights.
    #[inline(always)]
    pub(super) fn normalise(&self, output: &mut [f32]) {
        let inverse = 1.0 / self.sum;
        for value in output {
            *value *= inverse;
        }
    }
}

/// Replaces the scores a query sees by `e^(score - maximum)`, shortened where `P` says so, the others by 0, and returns maximum and sum.
///
/// The sum's lanes belong to positions, so that it is the same wherever a window starts.
#[inline(always)]
pub(super) fn tile_softmax<P: Product>(scores: &mut [f32; TILE], seen: Range<usize>) -> (f32, f32) {
    if seen != (0..TILE) {
        scores[..seen.start].fill(f32::NEG_INFINITY);
        scores[seen.end..].fill(f32::NEG_INFINITY);
    }
    // A maximum is the same in any order, but for the sign of a zero, which no exponential sees.
    let mut maxima = [f32::NEG_INFINITY; LANES];
    for scores in scores.as_chunks::<LANES>().0 {
        for (maximum, &score) in maxima.iter_mut().zip(scores) {
            *maximum = if score > *maximum { score } else { *maximum };
        }
    }
    let mut maximum = f32::NEG_INFINITY;
    for lane in maxima {
        maximum = if lane > maximum { lane } else { maximum };
    }
    for score in scores.iter_mut() {
        let weight = exp(*score - maximum);
        *score = if P::SHORT { shorten(weight) } else { weight };
    }
    if seen != (0..TILE) {
        // Where nothing is seen, or nothing but -infinity, that is NaN.
        scores[..seen.start].fill(0.0);
        scores[seen.end..].fill(0.0);
    }
    let mut lanes = [0.0; LANES];
    add(&mut lanes, scores);
    (maximum, reduce(&lanes))
}

/// Adds a tile to what the tiles before it gave.
#[inline(always)]
pub(super) fn merge(running: &mut Running, output: &mut [f32], (maximum, sum): (f32, f32), partial: &[f32]) {
    if !running.started {
        *running = Running { maximum, sum, started: true };
        output.copy_from_slice(partial);
        return;
    }
    let largest = if maximum > running.maximum { maximum } else { running.maximum };
    let (before, now) = (exp(running.maximum - largest), exp(maximum - largest));
    running.maximum = largest;
    running.sum = running.sum * before + sum * now;
    for (output, partial) in output.iter_mut().zip(partial) {
        *output = *output * before + partial * now;
    }
}
