//! The fixed order in which the floats of a row are summed, in norms and softmax; products have their own.
//!
//! A sum over a row runs in 16 virtual lanes: lane `l` adds elements `l, l + 16, l + 32, …` in that order, and the lanes are then
//! added in a fixed tree. Any vector width up to 16 computes it without changing a bit.

/// Virtual lanes of a float sum.
pub(crate) const LANES: usize = 16;

/// Adds `a[i] * b[i]` to lane `i % 16`. Called with consecutive pieces of a row, all but the last a multiple of 16 long.
#[inline(always)]
pub(crate) fn add_products(lanes: &mut [f32; LANES], a: &[f32], b: &[f32]) {
    let mut sums = *lanes;
    let mut a_chunks = a.chunks_exact(LANES);
    let mut b_chunks = b.chunks_exact(LANES);
    for (a, b) in a_chunks.by_ref().zip(b_chunks.by_ref()) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    for ((sum, a), b) in sums.iter_mut().zip(a_chunks.remainder()).zip(b_chunks.remainder()) {
        *sum += a * b;
    }
    *lanes = sums;
}

/// Adds `values[i]` to lane `i % 16`.
#[inline(always)]
pub(crate) fn add(lanes: &mut [f32; LANES], values: &[f32]) {
    for chunk in values.chunks(LANES) {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
}

/// The lanes' sum: 16 → 8 → 4 → 2 → 1, each lane with the one half a width away.
#[inline(always)]
pub(crate) fn reduce(lanes: &[f32; LANES]) -> f32 {
    let eight: [f32; 8] = fold(lanes);
    let four: [f32; 4] = fold(&eight);
    let two: [f32; 2] = fold(&four);
    two[0] + two[1]
}

/// Both halves added: of a fixed length, so that it is an instruction and no loop.
#[inline(always)]
fn fold<const N: usize>(lanes: &[f32]) -> [f32; N] {
    let mut sums = [0.0; N];
    for (lane, sum) in sums.iter_mut().enumerate() {
        *sum = lanes[lane] + lanes[lane + N];
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_give_the_bits_of_the_whole() {
        let a: Vec<f32> = (0..117).map(|i| (i as f32 * 0.37).sin()).collect();
        let b: Vec<f32> = (0..117).map(|i| (i as f32 * 0.73).cos()).collect();
        let mut whole = [0.0; LANES];
        add_products(&mut whole, &a, &b);
        let mut pieces = [0.0; LANES];
        for range in [0..16, 16..64, 64..117] {
            add_products(&mut pieces, &a[range.clone()], &b[range]);
        }
        assert_eq!(whole.map(f32::to_bits), pieces.map(f32::to_bits));
        let exact: f64 = a.iter().zip(&b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        assert!((f64::from(reduce(&whole)) - exact).abs() < 1e-5);
    }
}
