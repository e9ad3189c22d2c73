//! All arithmetic on sizes that come from files. Sizes are `u64` until they are known to fit the address space:
//! `usize` has 32 bits in WebAssembly.

use crate::error::{FormatError, Result};

/// `a + b`.
pub(crate) const fn add(a: u64, b: u64) -> Option<u64> {
    a.checked_add(b)
}

/// `a * b`.
pub(crate) const fn mul(a: u64, b: u64) -> Option<u64> {
    a.checked_mul(b)
}

/// The least multiple of `alignment` that is not below `value`; none for an alignment of 0.
pub(crate) const fn align_up(value: u64, alignment: u64) -> Option<u64> {
    value.checked_next_multiple_of(alignment)
}

/// Elements in a tensor of `dims`; 1 for a scalar.
pub(crate) fn elements(dims: &[u64]) -> Option<u64> {
    dims.iter().try_fold(1_u64, |product, &dim| mul(product, dim))
}

/// Bytes of `elements` elements in whole blocks of `block_len` elements and `block_bytes` bytes.
pub(crate) fn block_bytes(elements: u64, block_len: u64, block_bytes: u64) -> Option<u64> {
    if block_len == 0 || !elements.is_multiple_of(block_len) {
        return None;
    }
    mul(elements / block_len, block_bytes)
}

/// Bytes of `elements` elements of `bits` bits each, which must fill whole bytes.
pub(crate) fn bit_bytes(elements: u64, bits: u64) -> Option<u64> {
    let bits = mul(elements, bits)?;
    bits.is_multiple_of(8).then_some(bits / 8)
}

/// `value` as a length or an index in memory.
pub(crate) fn to_usize(value: u64, what: &str) -> Result<usize> {
    addressable(value, usize::MAX as u64)
        .and_then(|value| usize::try_from(value).ok())
        .ok_or_else(|| FormatError::overflow(what))
}

/// `value` unless it is above `limit`, the last address; apart so that a 64-bit test can ask for 32 bits.
fn addressable(value: u64, limit: u64) -> Option<u64> {
    (value <= limit).then_some(value)
}

/// An empty vector with room for `len` items, or `out_of_memory` in place of an abort.
pub(crate) fn vec_with_capacity<T>(len: usize) -> Result<Vec<T>> {
    let mut items = Vec::new();
    items
        .try_reserve_exact(len)
        .map_err(|_| FormatError::out_of_memory((len as u64).saturating_mul(size_of::<T>() as u64)))?;
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGES: [u64; 8] = [0, 1, 31, 1 << 31, 1 << 32, (1 << 32) + 1, 1 << 63, u64::MAX];

    #[test]
    fn agrees_with_128_bit_arithmetic_at_the_edges() {
        let narrow = |wide: u128| u64::try_from(wide).ok();
        for a in EDGES {
            for b in EDGES {
                assert_eq!(add(a, b), narrow(u128::from(a) + u128::from(b)));
                assert_eq!(mul(a, b), narrow(u128::from(a) * u128::from(b)));
                assert_eq!(elements(&[a, b]), narrow(u128::from(a) * u128::from(b)));
                let aligned = (b != 0).then(|| u128::from(a).next_multiple_of(u128::from(b)));
                assert_eq!(align_up(a, b), aligned.and_then(narrow));
            }
        }
    }

    #[test]
    fn refuses_part_of_a_block_or_byte() {
        assert_eq!(block_bytes(64, 32, 18), Some(36));
        assert_eq!(block_bytes(63, 32, 18), None);
        assert_eq!(block_bytes(1 << 63, 32, 64), None);
        assert_eq!(bit_bytes(2, 4), Some(1));
        assert_eq!(bit_bytes(3, 4), None);
        assert_eq!(bit_bytes(1 << 61, 64), None);
    }

    #[test]
    fn refuses_more_than_32_bits_on_a_32_bit_machine() {
        let limit = u64::from(u32::MAX);
        assert_eq!(addressable(limit, limit), Some(limit));
        assert_eq!(addressable((1 << 32) + 1, limit), None);
    }

    #[test]
    fn an_impossible_allocation_is_an_error() {
        assert_eq!(vec_with_capacity::<u64>(usize::MAX / 16).unwrap_err().reason(), "allocation");
    }
}
