//! Root-mean-square norm (Zhang and Sennrich 2019).

use crate::disjoint::Disjoint;
use crate::error::{Result, check};
use crate::lanes::{LANES, add_products, reduce};
use crate::pool::ThreadPool;
use crate::simd::{Kernel, Simd};

/// Rows a task normalises.
const ROWS_PER_TASK: usize = 8;

/// `output = input / sqrt(mean(input²) + epsilon) * weight` for each row of `(rows, width)`; `weight` is `(width,)`.
///
/// # Errors
/// `Shape` when the slices do not fit; `TaskPanicked`.
pub fn rms_norm(pool: &ThreadPool, input: &[f32], weight: &[f32], epsilon: f32, output: &mut [f32]) -> Result<()> {
    let width = weight.len();
    check(width > 0 && input.len().is_multiple_of(width), "input of a norm is not (rows, width)")?;
    check(input.len() == output.len(), "output of a norm differs from its input")?;
    let rows = input.len() / width;
    let output = Disjoint::new(output);
    pool.run(rows.div_ceil(ROWS_PER_TASK), &|task| {
        let range = task * ROWS_PER_TASK * width..rows.min((task + 1) * ROWS_PER_TASK) * width;
        let input = &input[range.clone()];
        // SAFETY: a row belongs to one task.
        let output = unsafe { output.slice(range) };
        pool.tier().run(Normalise { input, weight, epsilon, output });
    })
}

/// Some rows.
struct Normalise<'a> {
    input: &'a [f32],
    weight: &'a [f32],
    epsilon: f32,
    output: &'a mut [f32],
}

impl Kernel for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { input, weight, epsilon, output } = self;
        for (input, output) in input.chunks_exact(weight.len()).zip(output.chunks_exact_mut(weight.len())) {
            normalise(input, inverse_rms(input, epsilon), weight, output);
        }
    }
}

/// Some elements of a row.
#[inline(always)]
pub(crate) fn normalise(input: &[f32], inverse_rms: f32, weight: &[f32], output: &mut [f32]) {
    for ((output, value), weight) in output.iter_mut().zip(input).zip(weight) {
        *output = value * inverse_rms * weight;
    }
}

/// The same for one row, in place: per-head norms.
#[inline(always)]
pub(crate) fn rms_norm_in_place(row: &mut [f32], weight: &[f32], epsilon: f32) {
    let scale = inverse_rms(row, epsilon);
    for (value, weight) in row.iter_mut().zip(weight) {
        *value = *value * scale * weight;
    }
}

/// What the elements of a row are multiplied with.
#[inline(always)]
pub(crate) fn inverse_rms(row: &[f32], epsilon: f32) -> f32 {
    let mut lanes = [0.0; LANES];
    add_products(&mut lanes, row, row);
    1.0 / (reduce(&lanes) / row.len() as f32 + epsilon).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::values;

    #[test]
    fn agrees_with_f64() {
        let pool = ThreadPool::new(2).unwrap();
        for width in [1, 15, 16, 100, 1024] {
            let (input, weight) = (values(17 * width, 1, 2.0), values(width, 2, 1.0));
            let mut output = vec![0.0; input.len()];
            rms_norm(&pool, &input, &weight, 1e-5, &mut output).unwrap();
            for (input, output) in input.chunks(width).zip(output.chunks(width)) {
                let squares: f64 = input.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
                let scale = 1.0 / (squares / width as f64 + f64::from(1e-5_f32)).sqrt();
                for ((&x, &w), &y) in input.iter().zip(&weight).zip(output) {
                    let exact = f64::from(x) * scale * f64::from(w);
                    assert!((f64::from(y) - exact).abs() <= 1e-6 * exact.abs() + 1e-12);
                }
            }
        }
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let pool = ThreadPool::new(1).unwrap();
        assert!(rms_norm(&pool, &[0.0; 9], &[1.0; 4], 0.0, &mut [0.0; 9]).is_err());
        assert!(rms_norm(&pool, &[0.0; 8], &[1.0; 4], 0.0, &mut [0.0; 4]).is_err());
        assert!(rms_norm(&pool, &[], &[], 0.0, &mut []).is_err());
    }
}
