//! Scores and weighted values: a lane is a position in the first, a dimension in the second.

use super::ahead::Ahead;
use super::{MAX_HEAD_DIM, SPAN, STRIP, TILE};
use crate::kv_element::KvElement;
use crate::short::Product;
use crate::simd::Simd;

/// Keys of a strip of positions, `(head_dim, STRIP)`, each row `stride` after the last.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a, T> {
    pub(super) elements: &'a [T],
    pub(super) stride: usize,
    pub(super) head_dim: usize,
}

impl<T: KvElement> Keys<'_, T> {
    /// Writes them as f32, `(head_dim, STRIP)`.
    #[inline(always)]
    pub(super) fn convert<S: Simd>(self, simd: S, to: &mut [f32]) {
        for (from, to) in self.elements.chunks(self.stride).zip(to.chunks_exact_mut(STRIP)).take(self.head_dim) {
            for (from, to) in from[..STRIP].chunks_exact(S::LANES).zip(to.chunks_exact_mut(S::LANES)) {
                T::convert(simd, from, to);
            }
        }
    }

    /// What is read of them for `lanes` positions from `first`, of which all rows were checked to be there.
    #[inline(always)]
    fn pointer(&self, first: usize, lanes: usize) -> *const T {
        assert!(self.head_dim > 0 && first + lanes <= STRIP && STRIP <= self.stride);
        assert!((self.head_dim - 1) * self.stride + STRIP <= self.elements.len());
        self.elements[first..].as_ptr()
    }
}

/// `scores[q][at + p] = scale * (rows[q] · key p)` for the positions of a span: one lane is one position, summed over the head ascending.
#[inline(always)]
pub(super) fn score<S: Simd, T: KvElement, P: Product>(
    simd: S,
    rows: &[&[f32]],
    keys: [Keys<'_, T>; SPAN / STRIP],
    ahead: Ahead,
    scale: f32,
    at: usize,
    scores: &mut [[f32; TILE]],
) {
    let (mut rows, mut scores) = (rows, scores);
    while !rows.is_empty() {
        let done = match rows.len() {
            4.. if S::REGISTERS >= 32 => score_rows::<S, T, P, 4, 4>(simd, rows, &keys, ahead, scale, at, scores),
            4.. => score_rows::<S, T, P, 4, 2>(simd, rows, &keys, ahead, scale, at, scores),
            2.. => score_rows::<S, T, P, 2, 4>(simd, rows, &keys, ahead, scale, at, scores),
            _ => score_rows::<S, T, P, 1, 4>(simd, rows, &keys, ahead, scale, at, scores),
        };
        (rows, scores) = (&rows[done..], &mut scores[done..]);
    }
}

/// `Q` queries at once, `V` registers at a time. Answers with the number of queries.
#[inline(always)]
fn score_rows<S: Simd, T: KvElement, P: Product, const Q: usize, const V: usize>(
    simd: S,
    rows: &[&[f32]],
    keys: &[Keys<'_, T>; SPAN / STRIP],
    ahead: Ahead,
    scale: f32,
    at: usize,
    scores: &mut [[f32; TILE]],
) -> usize {
    let (stride, head_dim) = (keys[0].stride, keys[0].head_dim);
    let mut queries = [&[][..]; Q];
    for (query, row) in queries.iter_mut().zip(rows) {
        *query = &row[..head_dim];
    }
    let scale = simd.splat(scale);
    let mut due = ahead.over(head_dim * SPAN / (V * S::LANES));
    for first in (0..SPAN).step_by(V * S::LANES) {
        let mut row = [std::ptr::null::<T>(); V];
        for (register, row) in row.iter_mut().enumerate() {
            let first = first + register * S::LANES;
            *row = keys[first / STRIP].pointer(first % STRIP, S::LANES);
        }
        let mut sums = [[simd.splat(0.0); V]; Q];
        for dim in 0..head_dim {
            due.prefetch(simd);
            let mut lanes = [simd.splat(0.0); V];
            for (lanes, row) in lanes.iter_mut().zip(&mut row) {
                // SAFETY: `pointer` found all rows there; all have one stride.
                *lanes = unsafe { T::load(simd, *row) };
                *row = row.wrapping_add(stride);
            }
            for (sums, query) in sums.iter_mut().zip(&queries) {
                let query = simd.splat(query[dim]);
                for (sum, lanes) in sums.iter_mut().zip(&lanes) {
                    *sum = P::add(simd, *sum, query, *lanes);
                }
            }
        }
        for (scores, sums) in scores.iter_mut().zip(&sums) {
            for (register, sum) in sums.iter().enumerate() {
                simd.write(simd.mul(*sum, scale), &mut scores[at + first + register * S::LANES..]);
            }
        }
    }
    Q
}

/// Values of a strip of positions, `(STRIP, head_dim)`, the first of which is `at` in its tile.
#[derive(Clone, Copy)]
pub(super) struct Values<'a, T> {
    pub(super) elements: &'a [T],
    pub(super) head_dim: usize,
    pub(super) at: usize,
}

/// `partial[q][d] += weights[q][p] * values[p - at][d]`, positions `p` ascending, of those in a strip from `at` that `seen` says of a query.
#[inline(always)]
pub(super) fn add_values<S: Simd, T: KvElement, P: Product>(
    simd: S,
    values: Values<'_, T>,
    ahead: Ahead,
    seen: impl Fn(usize) -> (usize, usize),
    weights: &[[f32; TILE]],
    partial: &mut [[f32; MAX_HEAD_DIM]],
) {
    let together = if S::REGISTERS >= 32 { 4 } else { 2 };
    let span = (values.at, values.at + STRIP);
    for (index, partial) in partial.chunks_mut(together).enumerate() {
        let first = index * together;
        let weights = &weights[first..first + partial.len()];
        let whole = (0..partial.len()).all(|query| seen(first + query) == span);
        let ahead = if index == 0 { ahead } else { Ahead::NOTHING };
        match (weights, partial.len()) {
            (weights, 4) if whole => add_rows::<S, T, P, 4>(simd, values, ahead, span, weights, partial),
            (weights, 2) if whole => add_rows::<S, T, P, 2>(simd, values, ahead, span, weights, partial),
            (weights, _) => {
                for (query, (weights, partial)) in weights.iter().zip(partial).enumerate() {
                    let (weights, partial) = (std::slice::from_ref(weights), std::slice::from_mut(partial));
                    let seen = seen(first + query);
                    add_rows::<S, T, P, 1>(simd, values, ahead, seen, weights, partial);
                }
            }
        }
    }
}

/// The same for `Q` queries that see the same positions.
#[inline(always)]
fn add_rows<S: Simd, T: KvElement, P: Product, const Q: usize>(
    simd: S,
    Values { elements, head_dim, at }: Values<'_, T>,
    ahead: Ahead,
    (start, end): (usize, usize),
    weights: &[[f32; TILE]],
    partial: &mut [[f32; MAX_HEAD_DIM]],
) {
    if start >= end {
        return;
    }
    let values = &elements[(start - at) * head_dim..(end - at) * head_dim];
    let mut queries = [&[][..]; Q];
    for (query, weights) in queries.iter_mut().zip(weights) {
        *query = &weights[start..end];
    }
    let mut dim = 0;
    while dim + 4 * S::LANES <= head_dim {
        let ahead = if dim == 0 { ahead } else { Ahead::NOTHING };
        add_registers::<S, T, P, Q, 4>(simd, values, ahead, head_dim, dim, &queries, partial);
        dim += 4 * S::LANES;
    }
    while dim + S::LANES <= head_dim {
        add_registers::<S, T, P, Q, 1>(simd, values, Ahead::NOTHING, head_dim, dim, &queries, partial);
        dim += S::LANES;
    }
    for dim in dim..head_dim {
        for (weights, partial) in queries.iter().zip(&mut *partial) {
            for (weight, values) in weights.iter().zip(values.chunks_exact(head_dim)) {
                partial[dim] += weight * values[dim].to_f32();
            }
        }
    }
}

#[inline(always)]
fn add_registers<S: Simd, T: KvElement, P: Product, const Q: usize, const V: usize>(
    simd: S,
    values: &[T],
    ahead: Ahead,
    head_dim: usize,
    dim: usize,
    weights: &[&[f32]; Q],
    partial: &mut [[f32; MAX_HEAD_DIM]],
) {
    let positions = values.len() / head_dim;
    assert!(dim + V * S::LANES <= head_dim && partial.len() == Q);
    for weights in weights {
        assert_eq!(weights.len(), positions);
    }
    let mut sums = [[simd.splat(0.0); V]; Q];
    for (sums, partial) in sums.iter_mut().zip(&*partial) {
        for (register, sum) in sums.iter_mut().enumerate() {
            *sum = simd.read(&partial[dim + register * S::LANES..]);
        }
    }
    let mut due = ahead.over(STRIP);
    let mut row = values[dim..].as_ptr();
    for position in 0..positions {
        due.prefetch(simd);
        let mut lanes = [simd.splat(0.0); V];
        for (register, lanes) in lanes.iter_mut().enumerate() {
            // SAFETY: the registers end within the row, of which there are as many as positions.
            *lanes = unsafe { T::load(simd, row.wrapping_add(register * S::LANES)) };
        }
        row = row.wrapping_add(head_dim);
        for (sums, weights) in sums.iter_mut().zip(weights) {
            let weight = simd.splat(weights[position]);
            for (sum, lanes) in sums.iter_mut().zip(&lanes) {
                *sum = P::add(simd, *sum, weight, *lanes);
            }
        }
    }
    for (sums, partial) in sums.iter().zip(partial) {
        for (register, sum) in sums.iter().enumerate() {
            simd.write(*sum, &mut partial[dim + register * S::LANES..]);
        }
    }
}
