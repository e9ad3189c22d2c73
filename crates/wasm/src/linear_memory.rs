//! The allocator of the instance: dlmalloc, as in std, over a linear memory that grows to a limit and no further.

use std::alloc::{GlobalAlloc, Layout};
use std::arch::wasm32;
use std::cell::{Cell, UnsafeCell};
use std::ptr::null_mut;

use dlmalloc::Dlmalloc;

use crate::budget;

/// What linear memory grows by.
const PAGE: usize = 1 << 16;

/// The instance's one heap.
struct LinearMemory(UnsafeCell<Dlmalloc<Pages>>);

#[global_allocator]
static LINEAR_MEMORY: LinearMemory =
    LinearMemory(UnsafeCell::new(Dlmalloc::new_with_allocator(Pages { given: Cell::new(None) })));

// SAFETY: the modules are built without threads, and no allocation calls another.
unsafe impl Sync for LinearMemory {}

// SAFETY: dlmalloc keeps the promises of `GlobalAlloc`; counting changes no pointer.
unsafe impl GlobalAlloc for LinearMemory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: nobody else is in the heap (`Sync` above).
        let heap = unsafe { &mut *self.0.get() };
        heap.allocator().begin();
        loop {
            // SAFETY: the layout is the caller's promise.
            let pointer = unsafe { heap.malloc(layout.size(), layout.align()) };
            if !pointer.is_null() {
                budget::allocated(layout.size());
                return pointer;
            }
            if !heap.allocator().goes_on() {
                return pointer;
            }
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        budget::freed(layout.size());
        // SAFETY: as in `alloc`; the pointer came from there with this layout.
        unsafe { (*self.0.get()).free(pointer, layout.size(), layout.align()) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as in `alloc`.
        let heap = unsafe { &mut *self.0.get() };
        heap.allocator().begin();
        loop {
            // SAFETY: as in `dealloc`; a null pointer leaves the old one as it is.
            let moved = unsafe { heap.realloc(pointer, layout.size(), layout.align(), size) };
            if !moved.is_null() {
                budget::freed(layout.size());
                budget::allocated(size);
                return moved;
            }
            if !heap.allocator().goes_on() {
                return moved;
            }
        }
    }
}

/// Where the heap has its memory from.
///
/// dlmalloc asks for all of an allocation, though the end of its heap may lie free. So it gets the half of it, which it adds to
/// that end; where this is not enough it finds no room, is called again, and gets the half of the rest.
struct Pages {
    /// Bytes given for the allocation under way; none once there are no more.
    given: Cell<Option<usize>>,
}

impl Pages {
    /// An allocation begins.
    fn begin(&self) {
        self.given.set(None);
    }

    /// Whether one that found no room may find some now.
    fn goes_on(&self) -> bool {
        self.given.get().is_some()
    }
}

// SAFETY: what `alloc` gives is nobody else's: memory that grew just now is never given twice or back.
unsafe impl dlmalloc::Allocator for Pages {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        let given = self.given.take().unwrap_or(0);
        let pages = (size.saturating_sub(given) / 2 / PAGE).max(1);
        let before = wasm32::memory_size::<0>();
        if !budget::admits((before + pages) as u64 * PAGE as u64) {
            return (null_mut(), 0, 0);
        }
        let first = wasm32::memory_grow::<0>(pages);
        if first == usize::MAX {
            return (null_mut(), 0, 0);
        }
        self.given.set(Some(given + pages * PAGE));
        budget::grew((first + pages) as u64 * PAGE as u64, pages as u64 * PAGE as u64);
        ((first * PAGE) as *mut u8, pages * PAGE, 0)
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        PAGE
    }
}
