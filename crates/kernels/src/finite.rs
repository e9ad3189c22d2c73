//! A cheap look for numbers that are none.

/// Whether a row of logits can be sampled: no NaN, no positive infinity and at least one finite value.
///
/// One pass over the bits, without branches.
pub fn is_usable(logits: &[f32]) -> bool {
    const INFINITY: u32 = 0x7f80_0000;
    let mut bad = 0_u32;
    let mut finite = 0_u32;
    for value in logits {
        let bits = value.to_bits();
        let magnitude = bits & 0x7fff_ffff;
        bad |= u32::from(magnitude > INFINITY) | u32::from(bits == INFINITY);
        finite |= u32::from(magnitude < INFINITY);
    }
    bad == 0 && finite == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_numbers_from_the_rest() {
        assert!(is_usable(&[0.0, -1.0, f32::MAX]));
        assert!(is_usable(&[f32::NEG_INFINITY, 1.0]));
        for bad in [f32::NAN, -f32::NAN, f32::INFINITY] {
            assert!(!is_usable(&[0.0, bad, 1.0]));
        }
        assert!(!is_usable(&[f32::NEG_INFINITY; 3]));
        assert!(!is_usable(&[]));
    }
}
