//! The gate of a `SwiGLU` feed-forward.

use crate::disjoint::Disjoint;
use crate::error::{Result, check};
use crate::math::exp;
use crate::pool::ThreadPool;
use crate::simd::{Kernel, Simd};

/// Elements of a task.
const ELEMENTS_PER_TASK: usize = 8192;

/// `gate = silu(gate) * up`, with `silu(x) = x / (1 + e^-x)`.
///
/// # Errors
/// `Shape` when the two differ in length; `TaskPanicked`.
pub fn silu_mul(pool: &ThreadPool, gate: &mut [f32], up: &[f32]) -> Result<()> {
    check(gate.len() == up.len(), "gate and up differ")?;
    let len = gate.len();
    let gate = Disjoint::new(gate);
    pool.run(len.div_ceil(ELEMENTS_PER_TASK), &|task| {
        let range = task * ELEMENTS_PER_TASK..len.min((task + 1) * ELEMENTS_PER_TASK);
        // SAFETY: an element belongs to one task.
        let gate = unsafe { gate.slice(range.clone()) };
        pool.tier().run(SiluMul { gate, up: &up[range] });
    })
}

/// Some elements.
struct SiluMul<'a> {
    gate: &'a mut [f32],
    up: &'a [f32],
}

impl Kernel for SiluMul<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        for (gate, up) in self.gate.iter_mut().zip(self.up) {
            *gate = gated(*gate, *up);
        }
    }
}

#[inline(always)]
pub(crate) fn gated(gate: f32, up: f32) -> f32 {
    gate / (1.0 + exp(-gate)) * up
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::values;

    #[test]
    fn agrees_with_f64() {
        let pool = ThreadPool::new(2).unwrap();
        let (mut gate, up) = (values(20_011, 1, 20.0), values(20_011, 2, 3.0));
        let before = gate.clone();
        silu_mul(&pool, &mut gate, &up).unwrap();
        for ((&x, &u), &y) in before.iter().zip(&up).zip(&gate) {
            let exact = f64::from(x) / (1.0 + (-f64::from(x)).exp()) * f64::from(u);
            assert!((f64::from(y) - exact).abs() <= 5e-7 * exact.abs() + 1e-30, "{x} {u}: {y} {exact}");
        }
        assert!(silu_mul(&pool, &mut [0.0], &[]).is_err());
    }

    #[test]
    fn has_its_limits() {
        let pool = ThreadPool::new(1).unwrap();
        let mut gate = [-200.0, 200.0, 0.0, f32::NAN];
        silu_mul(&pool, &mut gate, &[1.0; 4]).unwrap();
        assert_eq!(gate[..3], [0.0, 200.0, 0.0]);
        assert!(gate[3].is_nan());
    }
}
