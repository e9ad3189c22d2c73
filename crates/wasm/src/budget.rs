//! Counts of the linear memory.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use wick_core::runtime::MemoryBudget;

/// Linear memory of 32 bits, without its last page: a memory of 2^32 bytes has addresses that wrap.
const ADDRESSABLE: u64 = (1 << 32) - (1 << 16);

/// Bytes that the memory may have in all.
static LIMIT: AtomicU64 = AtomicU64::new(ADDRESSABLE);
/// Bytes that it has.
static SIZE: AtomicU64 = AtomicU64::new(0);
/// Bytes of it that are the heap's.
static HEAP: AtomicU64 = AtomicU64::new(0);
/// Bytes of the heap that are allocated.
static ALLOCATED: AtomicU64 = AtomicU64::new(0);

/// Sets the bytes that the memory may have in all.
///
/// # Errors
/// What is wrong with `limit`, which is a number of JavaScript.
pub(crate) fn set_limit(limit: f64) -> Result<(), String> {
    let size = SIZE.load(Relaxed);
    if limit.fract() != 0.0 || !(size as f64..=ADDRESSABLE as f64).contains(&limit) {
        return Err(format!("the memory's limit is {limit}; it has to be a whole number from {size} to {ADDRESSABLE}"));
    }
    LIMIT.store(limit as u64, Relaxed);
    Ok(())
}

/// Limit and use. Room in the heap that was freed counts as free, though it may be in pieces.
pub(crate) fn budget() -> MemoryBudget {
    let heap_free = HEAP.load(Relaxed).saturating_sub(ALLOCATED.load(Relaxed));
    MemoryBudget { limit: LIMIT.load(Relaxed), used: SIZE.load(Relaxed).saturating_sub(heap_free) }
}

/// Whether the memory may have `size` bytes.
pub(crate) fn admits(size: u64) -> bool {
    size <= LIMIT.load(Relaxed)
}

/// The memory has `size` bytes now, of which the heap got `more`.
pub(crate) fn grew(size: u64, more: u64) {
    SIZE.store(size, Relaxed);
    HEAP.fetch_add(more, Relaxed);
}

/// `size` bytes of the heap are taken.
pub(crate) fn allocated(size: usize) {
    ALLOCATED.fetch_add(chunk(size), Relaxed);
}

/// `size` bytes of the heap are free again.
pub(crate) fn freed(size: usize) {
    ALLOCATED.fetch_sub(chunk(size), Relaxed);
}

/// What dlmalloc takes for `size` bytes where pointers have four: the size itself, in steps of 8, at least 16.
fn chunk(size: usize) -> u64 {
    (size as u64 + 4).next_multiple_of(8).max(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_allocated_and_refuses_nonsense() {
        let mib = 1 << 20;
        grew(3 * mib, 2 * mib);
        assert_eq!(budget(), MemoryBudget { limit: ADDRESSABLE, used: mib });
        allocated(1000);
        allocated(1);
        assert_eq!(budget().used, mib + 1008 + 16);
        freed(1000);
        assert_eq!(budget().used, mib + 16);

        let size = (3 * mib) as f64;
        for nonsense in [f64::NAN, f64::INFINITY, -1.0, 0.0, size - 1.0, size + 0.5, 2_f64.powi(32)] {
            assert!(set_limit(nonsense).is_err(), "{nonsense}");
        }
        assert_eq!(budget().limit, ADDRESSABLE);
        set_limit(size).unwrap();
        assert_eq!((budget().limit, admits(3 * mib), admits(3 * mib + 1)), (3 * mib, true, false));
    }
}
