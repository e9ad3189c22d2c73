//! Buffers on cache-line boundaries.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ops::{Deref, DerefMut, Range};
use std::ptr::NonNull;
use std::sync::Arc;

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

/// What buffers of a model's weights share. Memory of it that nothing was written to takes no place, but in WebAssembly, where there
/// are no large pages to gain either.
const CHUNK: usize = if cfg!(target_arch = "wasm32") { 0 } else { 32 << 20 };

/// Zeroed memory.
#[derive(Debug)]
struct Allocation {
    base: NonNull<u8>,
    layout: Layout,
}

// SAFETY: it owns its memory, which buffers share without overlap.
unsafe impl Send for Allocation {}
// SAFETY: as above.
unsafe impl Sync for Allocation {}

impl Allocation {
    /// Room for so many bytes from the first boundary.
    fn zeroed(bytes: usize) -> Result<Self> {
        let with_boundary = bytes.checked_add(ALIGNMENT).ok_or(Error::Allocation(usize::MAX))?;
        // Of an alignment for which allocators know their memory to be zeros where it came from the system, and touch none of it.
        let layout = Layout::from_size_align(with_boundary, align_of::<u64>()).map_err(|_| Error::Allocation(bytes))?;
        // SAFETY: the layout is not empty.
        let base = unsafe { alloc_zeroed(layout) };
        let base = NonNull::new(base).ok_or(Error::Allocation(with_boundary))?;
        ask_for_large_pages(base, with_boundary);
        Ok(Self { base, layout })
    }

    /// The first boundary in it.
    fn start(&self) -> NonNull<u8> {
        // SAFETY: the layout has room for a boundary.
        unsafe { self.base.add(self.base.as_ptr().align_offset(ALIGNMENT)) }
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        // SAFETY: allocated in `zeroed` with this layout.
        unsafe { dealloc(self.base.as_ptr(), self.layout) }
    }
}

/// A zeroed buffer of fixed length on a 64-byte boundary. Pages are first touched by whoever writes them.
#[derive(Debug)]
pub struct Aligned<T: Plain> {
    /// Nothing for no elements.
    _allocation: Option<Arc<Allocation>>,
    pointer: NonNull<T>,
    len: usize,
}

// SAFETY: the buffer has its part of the memory alone; `T` is `Send` and `Sync`.
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
            return Ok(Self { _allocation: None, pointer: NonNull::dangling(), len });
        }
        let bytes = len.checked_mul(size_of::<T>()).ok_or(Error::Allocation(usize::MAX))?;
        let allocation = Allocation::zeroed(bytes)?;
        let pointer = allocation.start().cast();
        Ok(Self { _allocation: Some(Arc::new(allocation)), pointer, len })
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
}

/// Buffers one beside the other. A matrix of a megabyte or two is less than a large page; together they fill many.
#[derive(Debug, Default)]
pub struct Chunks {
    /// The newest, and how much of it is taken.
    newest: Option<(Arc<Allocation>, usize)>,
}

impl Chunks {
    /// `len` zeros.
    ///
    /// # Errors
    /// [`Error::Allocation`] when the memory cannot be had.
    pub fn zeroed(&mut self, len: usize) -> Result<Aligned<u8>> {
        if len == 0 || len > CHUNK / 2 {
            return Aligned::zeroed(len);
        }
        let (chunk, taken) = match self.newest.take() {
            Some((chunk, taken)) if len <= CHUNK - taken => (chunk, taken),
            Some(_) | None => match Allocation::zeroed(CHUNK) {
                Ok(chunk) => (Arc::new(chunk), 0),
                // There may be room for the buffer alone.
                Err(_) => return Aligned::zeroed(len),
            },
        };
        // SAFETY: `taken + len` is within the chunk.
        let pointer = unsafe { chunk.start().add(taken) };
        self.newest = Some((Arc::clone(&chunk), CHUNK.min((taken + len).next_multiple_of(ALIGNMENT))));
        Ok(Aligned { _allocation: Some(chunk), pointer, len })
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

    #[test]
    fn chunks_keep_their_buffers_apart_and_alive() {
        let mut chunks = Chunks::default();
        let lengths = [1, 64, 65, 3 << 20, CHUNK / 2, CHUNK / 2, 100, CHUNK / 2 + 1, 0];
        let mut buffers: Vec<_> = lengths.into_iter().map(|len| chunks.zeroed(len).unwrap()).collect();
        drop(chunks);
        for (index, buffer) in buffers.iter_mut().enumerate() {
            assert!(buffer.is_empty() || (buffer.as_ptr() as usize).is_multiple_of(ALIGNMENT));
            assert!(buffer.iter().all(|&byte| byte == 0), "buffer {index} is not its own");
            buffer.fill(index as u8 + 1);
        }
        drop(buffers.remove(0));
        for (index, buffer) in buffers.iter().enumerate() {
            assert_eq!(buffer.len(), lengths[index + 1]);
            assert!(buffer.iter().all(|&byte| byte == index as u8 + 2));
        }
    }
}
