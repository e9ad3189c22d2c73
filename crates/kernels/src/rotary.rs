//! Rotary positions (Su et al. 2021) and the per-head norms before them.

use crate::disjoint::Disjoint;
use crate::error::{Result, check};
use crate::pool::ThreadPool;
use crate::rms_norm::rms_norm_in_place;
use crate::simd::{Kernel, Simd};

/// Rows a task rotates.
const ROWS_PER_TASK: usize = 8;

/// Which elements of a head rotate together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// `(i, i + dim / 2)`.
    Halves,
    /// `(2 i, 2 i + 1)`.
    Neighbours,
}

/// Cosines and sines of the rows of a step.
#[derive(Debug, Clone, Copy)]
pub struct Angles<'a> {
    /// `(rows, dim / 2)`.
    pub cosines: &'a [f32],
    /// `(rows, dim / 2)`.
    pub sines: &'a [f32],
    /// Half the rotated elements of a head.
    pub half_dim: usize,
    /// Pairing.
    pub pairing: Pairing,
}

/// Fills `cosines` and `sines`, `(rows, inverse_frequencies)`, with those of `position * inverse_frequency`, times `factor`.
///
/// In f64 by `libm`, rounded once: the same bits on every host.
///
/// # Errors
/// `Shape` when the slices do not fit; `TaskPanicked`.
pub fn fill_angles(
    pool: &ThreadPool,
    positions: &[u32],
    inverse_frequencies: &[f64],
    factor: f64,
    cosines: &mut [f32],
    sines: &mut [f32],
) -> Result<()> {
    let width = inverse_frequencies.len();
    check(cosines.len() == positions.len() * width && sines.len() == cosines.len(), "angles are not (rows, dim / 2)")?;
    let (cosines, sines) = (Disjoint::new(cosines), Disjoint::new(sines));
    pool.run(positions.len().div_ceil(ROWS_PER_TASK), &|task| {
        for (row, &position) in positions.iter().enumerate().skip(task * ROWS_PER_TASK).take(ROWS_PER_TASK) {
            let range = row * width..(row + 1) * width;
            // SAFETY: a row belongs to one task.
            let (cosines, sines) = unsafe { (cosines.slice(range.clone()), sines.slice(range)) };
            for ((cosine, sine), frequency) in cosines.iter_mut().zip(sines).zip(inverse_frequencies) {
                let (s, c) = libm::sincos(f64::from(position) * frequency);
                *cosine = (c * factor) as f32;
                *sine = (s * factor) as f32;
            }
        }
    })
}

/// Weight `(head_dim,)` and epsilon of a norm over each head.
pub type HeadNorm<'a> = (&'a [f32], f32);

/// Norms (where given) and rotates (where given) the heads of `rows`, `(rows, heads * head_dim)`, in place.
///
/// Elements of a head beyond `2 * half_dim` pass unrotated.
///
/// # Errors
/// `Shape` when the slices do not fit; `TaskPanicked`.
pub fn rotate_heads(
    pool: &ThreadPool,
    values: &mut [f32],
    rows: usize,
    head_dim: usize,
    norm: Option<HeadNorm<'_>>,
    angles: Option<Angles<'_>>,
) -> Result<()> {
    if rows == 0 || (norm.is_none() && angles.is_none()) {
        return Ok(());
    }
    let width = values.len() / rows;
    check(width * rows == values.len() && head_dim > 0 && width.is_multiple_of(head_dim), "rows are not whole heads")?;
    check(norm.is_none_or(|(weight, _)| weight.len() == head_dim), "a head norm is not (head_dim,)")?;
    if let Some(angles) = angles {
        check(2 * angles.half_dim <= head_dim, "more elements rotate than a head has")?;
        let fits = angles.cosines.len() == rows * angles.half_dim && angles.sines.len() == angles.cosines.len();
        check(fits, "angles are not (rows, dim / 2)")?;
    }
    let values = Disjoint::new(values);
    pool.run(rows.div_ceil(ROWS_PER_TASK), &|task| {
        for row in task * ROWS_PER_TASK..rows.min((task + 1) * ROWS_PER_TASK) {
            // SAFETY: a row belongs to one task.
            let heads = unsafe { values.slice(row * width..(row + 1) * width) };
            pool.tier().run(RotateHeads { heads, row, head_dim, norm, angles });
        }
    })
}

/// The heads of one row.
struct RotateHeads<'a> {
    heads: &'a mut [f32],
    row: usize,
    head_dim: usize,
    norm: Option<HeadNorm<'a>>,
    angles: Option<Angles<'a>>,
}

impl Kernel for RotateHeads<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { heads, row, head_dim, norm, angles } = self;
        for head in heads.chunks_exact_mut(head_dim) {
            if let Some((weight, epsilon)) = norm {
                rms_norm_in_place(head, weight, epsilon);
            }
            if let Some(angles) = angles {
                let range = row * angles.half_dim..(row + 1) * angles.half_dim;
                rotate(head, &angles.cosines[range.clone()], &angles.sines[range], angles.pairing);
            }
        }
    }
}

#[inline(always)]
fn rotate(head: &mut [f32], cosines: &[f32], sines: &[f32], pairing: Pairing) {
    let half = cosines.len();
    match pairing {
        Pairing::Halves => {
            let (first, second) = head[..2 * half].split_at_mut(half);
            for (((a, b), cosine), sine) in first.iter_mut().zip(second).zip(cosines).zip(sines) {
                (*a, *b) = (*a * cosine - *b * sine, *b * cosine + *a * sine);
            }
        }
        Pairing::Neighbours => {
            let (pairs, _) = head[..2 * half].as_chunks_mut::<2>();
            for (([a, b], cosine), sine) in pairs.iter_mut().zip(cosines).zip(sines) {
                (*a, *b) = (*a * cosine - *b * sine, *b * cosine + *a * sine);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::values;

    fn run(pairing: Pairing, norm: Option<HeadNorm<'_>>, dim: usize, head_dim: usize) {
        let pool = ThreadPool::new(2).unwrap();
        let positions: Vec<u32> = (0..19).map(|row| row * row * 97).collect();
        let frequencies: Vec<f64> = (0..dim / 2).map(|i| 10_000_f64.powf(-2.0 * i as f64 / dim as f64)).collect();
        let (rows, half_dim, factor) = (positions.len(), dim / 2, 1.25);
        let (mut cosines, mut sines) = (vec![0.0; rows * half_dim], vec![0.0; rows * half_dim]);
        fill_angles(&pool, &positions, &frequencies, factor, &mut cosines, &mut sines).unwrap();
        let before = values(rows * 3 * head_dim, 5, 1.0);
        let mut after = before.clone();
        let angles = Angles { cosines: &cosines, sines: &sines, half_dim, pairing };
        rotate_heads(&pool, &mut after, rows, head_dim, norm, Some(angles)).unwrap();
        for (index, (before, after)) in before.chunks(head_dim).zip(after.chunks(head_dim)).enumerate() {
            let position = f64::from(positions[index / 3]);
            let mut exact: Vec<f64> = before.iter().map(|&x| f64::from(x)).collect();
            if let Some((weight, epsilon)) = norm {
                let mean = exact.iter().map(|x| x * x).sum::<f64>() / head_dim as f64;
                let scale = 1.0 / (mean + f64::from(epsilon)).sqrt();
                exact.iter_mut().zip(weight).for_each(|(x, &w)| *x *= scale * f64::from(w));
            }
            for (i, frequency) in frequencies.iter().enumerate() {
                let (a, b) = match pairing {
                    Pairing::Halves => (i, i + half_dim),
                    Pairing::Neighbours => (2 * i, 2 * i + 1),
                };
                let (sine, cosine) = (position * frequency).sin_cos();
                let (x, y) = (exact[a], exact[b]);
                exact[a] = (x * cosine - y * sine) * factor;
                exact[b] = (y * cosine + x * sine) * factor;
            }
            for (&got, exact) in after.iter().zip(exact) {
                assert!((f64::from(got) - exact).abs() < 2e-6, "{got} {exact}");
            }
        }
    }

    #[test]
    fn agrees_with_f64() {
        for pairing in [Pairing::Halves, Pairing::Neighbours] {
            run(pairing, None, 64, 64);
            run(pairing, None, 16, 24);
            run(pairing, Some((&values(32, 9, 1.0), 1e-6)), 32, 32);
        }
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let pool = ThreadPool::new(1).unwrap();
        let angles = Angles { cosines: &[1.0; 8], sines: &[0.0; 8], half_dim: 4, pairing: Pairing::Halves };
        assert!(rotate_heads(&pool, &mut [0.0; 16], 2, 8, None, Some(angles)).is_ok());
        assert!(rotate_heads(&pool, &mut [0.0; 16], 2, 4, None, Some(angles)).is_err());
        assert!(rotate_heads(&pool, &mut [0.0; 16], 4, 4, None, Some(angles)).is_err());
        assert!(rotate_heads(&pool, &mut [0.0; 16], 2, 8, Some((&[1.0; 4], 0.0)), None).is_err());
        assert!(rotate_heads(&pool, &mut [0.0; 15], 2, 8, None, Some(angles)).is_err());
    }
}
