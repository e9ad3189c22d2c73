//! One output slice written by many tasks.

use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::NonNull;

/// An exclusive borrow of a slice, handed to tasks that each write their own ranges.
pub(crate) struct Disjoint<'a, T> {
    pointer: NonNull<T>,
    len: usize,
    borrow: PhantomData<&'a mut [T]>,
}

// SAFETY: only `slice` reaches the elements, and its caller promises that ranges in use at once do not overlap.
unsafe impl<T: Send> Sync for Disjoint<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Disjoint<'_, T> {}

impl<'a, T> Disjoint<'a, T> {
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Self { len: slice.len(), pointer: NonNull::from(slice).cast(), borrow: PhantomData }
    }

    /// Where an element is, to ask for it ahead.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn address(&self, index: usize) -> *const T {
        self.pointer.as_ptr().wrapping_add(index)
    }

    /// The elements of `range`.
    ///
    /// # Safety
    /// No two ranges alive at the same time overlap.
    ///
    /// # Panics
    /// When `range` is not inside the slice.
    #[expect(clippy::mut_from_ref, reason = "that is what this type is for; the caller keeps the ranges apart")]
    pub(crate) unsafe fn slice(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.len, "range outside the slice");
        // SAFETY: in bounds by the assertion; exclusive by the caller's promise and the borrow held by `self`.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.as_ptr().add(range.start), range.end - range.start) }
    }
}
