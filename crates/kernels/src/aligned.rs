//! Buffers on cache-line boundaries.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ops::{Deref, DerefMut, Range};
use std::ptr::NonNull;

use crate::error::{Error, Result};

/// One cache line, and the widest vector register of any tier.
const ALIGNMENT: usize = 64;

/// Number types for which every bit pattern is a value.
///
/// # Safety
/// All-zero bytes and any other bytes are a valid `Self`; `Self` has no padding.
pub unsafe trait Plain: Copy + Send + Sync + 'static {}

// SAFETY: integers and floats take any bit pattern and have no padding.
unsafe impl Plain for u8 {}
// SAFETY: as above.
unsafe impl Plain for i8 {}
// SAFETY: as above.
unsafe impl Plain for i16 {}
// SAFETY: as above.
unsafe impl Plain for u16 {}
// SAFETY: as above.
unsafe impl Plain for f32 {}

/// Where the system is asked for large pages: a matrix that is read from front to back waits for fewer of them.
#[cfg(target_os = "linux")]
const LARGE: usize = 4 << 20;

/// Whole pages of any size that Linux has.
#[cfg(target_os = "linux")]
const PAGE: usize = 1 << 16;

/// A zeroed buffer of fixed length on a 64-byte boundary. Pages are first touched by whoever writes them.
#[derive(Debug)]
pub struct Aligned<T: Plain> {
    /// What was allocated: the elements begin at the first boundary in it.
    base: NonNull<u8>,
    pointer: NonNull<T>,
    len: usize,
}

// SAFETY: the buffer owns its memory; `T` is `Send` and `Sync`.
unsafe impl<T: Plain> Send for Aligned<T> {}
// SAFETY: shared access only reads.
unsafe impl<T: Plain> Sync for Aligned<T> {}

impl<T: Plain> Aligned<T> {
    /// `len` zeros.
    ///
    /// # Errors
    /// [`Error::Allocation`] when the memory cannot be had.
    pub fn zeroed(len: usize) -> Result<Self> {
        if len == 0 {
            return Ok(Self { base: NonNull::dangling(), pointer: NonNull::dangling(), len });
        }
        let layout = Self::layout(len)?;
        // SAFETY: `len > 0` and every `Plain` type has a size, so the layout is not empty.
        let base = unsafe { alloc_zeroed(layout) };
        let Some(base) = NonNull::new(base) else { return Err(Error::Allocation(layout.size())) };
        ask_for_large_pages(base, layout.size());
        let offset = base.as_ptr().align_offset(ALIGNMENT);
        // SAFETY: the layout has room for a boundary before the elements.
        let pointer = unsafe { base.add(offset) }.cast();
        Ok(Self { base, pointer, len })
    }

    /// The elements of `range`, for writers that split the buffer among threads.
    ///
    /// # Safety
    /// Nobody else reads or writes these elements while the slice lives.
    ///
    /// # Panics
    /// When `range` is not inside the buffer.
    #[expect(clippy::mut_from_ref, reason = "that is what it is for; the caller keeps the ranges apart")]
    pub(crate) unsafe fn range_mut(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.len, "range outside the buffer");
        // SAFETY: in bounds by the assertion, initialised since `zeroed`, exclusive by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.as_ptr().add(range.start), range.len()) }
    }

    /// Of what is allocated. Its own alignment is one for which allocators know their memory to be zeros where it came from the
    /// system, and touch none of it.
    fn layout(len: usize) -> Result<Layout> {
        let bytes = len.checked_mul(size_of::<T>()).and_then(|bytes| bytes.checked_add(ALIGNMENT));
        let bytes = bytes.ok_or(Error::Allocation(usize::MAX))?;
        Layout::from_size_align(bytes, align_of::<u64>()).map_err(|_| Error::Allocation(bytes))
    }
}

#[cfg(target_os = "linux")]
fn ask_for_large_pages(base: NonNull<u8>, bytes: usize) {
    if bytes < LARGE {
        return;
    }
    let start = base.as_ptr().addr().next_multiple_of(PAGE);
    let end = (base.as_ptr().addr() + bytes) / PAGE * PAGE;
    // SAFETY: the range is inside the allocation, and advice changes none of it. Where it is refused there are small pages.
    let _ = unsafe { libc::madvise(base.as_ptr().with_addr(start).cast(), end - start, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages(_base: NonNull<u8>, _bytes: usize) {}

impl<T: Plain> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `pointer` is valid for `len` initialised elements (zeroed at first) and `&self` forbids writers.
        unsafe { std::slice::from_raw_parts(self.pointer.as_ptr(), self.len) }
    }
}

impl<T: Plain> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`; `&mut self` is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.as_ptr(), self.len) }
    }
}

impl<T: Plain> Drop for Aligned<T> {
    fn drop(&mut self) {
        if self.len > 0
            && let Ok(layout) = Self::layout(self.len)
        {
            // SAFETY: allocated in `zeroed` with this layout.
            unsafe { dealloc(self.base.as_ptr(), layout) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_zeroed_and_aligned() {
        let mut buffer = Aligned::<f32>::zeroed(33).unwrap();
        assert_eq!(buffer.as_ptr() as usize % ALIGNMENT, 0);
        assert!(buffer.iter().all(|&x| x == 0.0));
        buffer[32] = 1.0;
        assert_eq!(buffer.len(), 33);
    }

    #[test]
    fn answers_impossible_sizes_with_an_error() {
        assert!(matches!(Aligned::<f32>::zeroed(usize::MAX), Err(Error::Allocation(_))));
        assert!(matches!(Aligned::<u8>::zeroed(isize::MAX as usize - 64), Err(Error::Allocation(_))));
        assert!(Aligned::<u8>::zeroed(0).unwrap().is_empty());
    }
}
