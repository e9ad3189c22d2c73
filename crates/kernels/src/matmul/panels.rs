//! Products with weights in panels: 16 outputs at a time, each the sum that [`super::quantized`] documents.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

use std::ops::Range;

use super::Job;
use crate::panel::{PanelType, ROWS};
use crate::quantized_rows::{QuantizedRow, QuantizedRows};
use crate::tier::Tier;

/// The 16 outputs of a panel for each of `M` rows.
///
/// # Safety
/// The CPU has the tier's instructions.
type Kernel<const M: usize> = unsafe fn(panel: &[u8], rows: [QuantizedRow<'_>; M]) -> [[f32; ROWS]; M];

/// A kernel for as many rows as share what is read of the weight.
struct Kernels {
    one: Kernel<1>,
    two: Kernel<2>,
    four: Kernel<4>,
    eight: Kernel<8>,
}

/// All rows of the input with some whole panels.
pub(super) fn run(input: &QuantizedRows, job: &Job<'_>, columns: Range<usize>) {
    let Some(kernels) = job.weight.panels().and_then(|panels| kernels(job.weight.tier(), panels)) else { return };
    for column in columns.step_by(ROWS) {
        let panel = job.weight.panel(column / ROWS);
        let mut row = 0;
        while row < input.rows() {
            row += match input.rows() - row {
                8.. => tile(kernels.eight, panel, input, row, job, column),
                4.. => tile(kernels.four, panel, input, row, job, column),
                2.. => tile(kernels.two, panel, input, row, job, column),
                _ => tile(kernels.one, panel, input, row, job, column),
            };
        }
    }
}

/// Answers with the number of rows.
fn tile<const M: usize>(
    kernel: Kernel<M>,
    panel: &[u8],
    input: &QuantizedRows,
    first: usize,
    job: &Job<'_>,
    column: usize,
) -> usize {
    let rows = std::array::from_fn(|index| input.row(first + index));
    // SAFETY: a weight has panels only for a tier that was found on this CPU.
    let sums = unsafe { kernel(panel, rows) };
    for (index, sums) in sums.iter().enumerate() {
        job.write_panel(first + index, column, sums);
    }
    M
}

#[cfg(target_arch = "x86_64")]
fn kernels(tier: Tier, panels: PanelType) -> Option<&'static Kernels> {
    let [q4_0, q8_0, q4_k, q6_k] = match tier {
        Tier::Portable => return None,
        Tier::Avx2 => [&avx2::Q4_0, &avx2::Q8_0, &avx2::Q4_K, &avx2::Q6_K],
        Tier::Avx512Vnni => [&avx512::Q4_0, &avx512::Q8_0, &avx512::Q4_K, &avx512::Q6_K],
    };
    Some(match panels {
        PanelType::Q4_0 => q4_0,
        PanelType::Q8_0 => q8_0,
        PanelType::Q4_K => q4_k,
        PanelType::Q6_K => q6_k,
    })
}

#[cfg(not(target_arch = "x86_64"))]
fn kernels(_tier: Tier, _panels: PanelType) -> Option<&'static Kernels> {
    None
}

/// Asks for some cache lines of the tile after this one. Where fields are read in several places at once the hardware does not foresee
/// what comes next: a decode of `Q6_K` is twice as fast for it.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn prefetch_next<const N: usize>(tile: &[u8; N], lines: Range<usize>) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    for line in lines {
        // SAFETY: every x86-64 has it, and it reads nothing: the address may be any.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(tile.as_ptr().wrapping_add(N + 64 * line).cast()) };
    }
}
