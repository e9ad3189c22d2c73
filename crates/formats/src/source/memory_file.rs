//! A file in memory whose tensors can be taken where they lie.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A model file that was handed in as bytes.
///
/// Weights are rearranged in the file's own memory where there may be no second copy of them. So each byte goes one of two ways, whichever
/// is asked for first, and no way back: lent, it is the file's and never changes; taken, it belongs to the one who took it, and nobody
/// gets it as the file's any more.
pub struct MemoryFile {
    bytes: *mut u8,
    len: usize,
    capacity: usize,
    parts: Mutex<Parts>,
}

// SAFETY: it owns its memory; who may touch which bytes is decided under the lock.
#[expect(unsafe_code, reason = "memory of which parts are taken")]
unsafe impl Send for MemoryFile {}
// SAFETY: as above.
#[expect(unsafe_code, reason = "as above")]
unsafe impl Sync for MemoryFile {}

#[derive(Default)]
struct Parts {
    lent: Ranges,
    taken: Ranges,
}

/// Ends by starts; none touches another.
#[derive(Default)]
struct Ranges(BTreeMap<usize, usize>);

impl Ranges {
    fn overlap(&self, range: &Range<usize>) -> bool {
        self.0.range(..range.end).next_back().is_some_and(|(_, end)| *end > range.start)
    }

    fn contain(&self, range: &Range<usize>) -> bool {
        self.0.range(..=range.start).next_back().is_some_and(|(_, end)| *end >= range.end)
    }

    fn insert(&mut self, mut range: Range<usize>) {
        while let Some((&start, &end)) = self.0.range(..=range.end).next_back().filter(|(_, end)| **end >= range.start)
        {
            self.0.remove(&start);
            range = range.start.min(start)..range.end.max(end);
        }
        self.0.insert(range.start, range.end);
    }
}

impl MemoryFile {
    fn parts(&self) -> MutexGuard<'_, Parts> {
        // Nothing panics under the lock.
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_inside(&self, range: &Range<usize>) -> bool {
        range.start <= range.end && range.end <= self.len
    }

    /// # Safety
    /// The range is inside.
    #[expect(unsafe_code, reason = "the caller's promise")]
    unsafe fn at(&self, range: &Range<usize>) -> *mut [u8] {
        // SAFETY: inside the allocation, by the caller's promise.
        std::ptr::slice_from_raw_parts_mut(unsafe { self.bytes.add(range.start) }, range.len())
    }

    /// Bytes in all.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Lends bytes; nothing outside the file, or where some of them are taken.
    pub(super) fn lend(&self, range: Range<usize>) -> Option<&[u8]> {
        if !self.is_inside(&range) {
            return None;
        }
        let mut parts = self.parts();
        if parts.taken.overlap(&range) {
            return None;
        }
        if !range.is_empty() && !parts.lent.contain(&range) {
            parts.lent.insert(range.clone());
        }
        // SAFETY: inside; initialised, as they came from a vector; lent, so that nobody ever takes and writes them.
        #[expect(unsafe_code, reason = "bytes that are lent")]
        Some(unsafe { &*self.at(&range) })
    }

    /// Copies bytes without lending them; whether there are such, and none of them is taken.
    pub(super) fn copy(&self, start: usize, out: &mut [u8]) -> bool {
        let Some(range) = start.checked_add(out.len()).map(|end| start..end).filter(|range| self.is_inside(range))
        else {
            return false;
        };
        let parts = self.parts();
        if parts.taken.overlap(&range) {
            return false;
        }
        // SAFETY: inside and initialised, and not taken while the lock is held.
        #[expect(unsafe_code, reason = "bytes that nobody has")]
        out.copy_from_slice(unsafe { &*self.at(&range) });
        true
    }

    /// Takes bytes for good; nothing outside the file, or where some of them are lent or taken.
    pub(super) fn take(self: Arc<Self>, range: Range<usize>) -> Option<TakenBytes> {
        if !self.is_inside(&range) {
            return None;
        }
        let mut parts = self.parts();
        if parts.lent.overlap(&range) || parts.taken.overlap(&range) {
            return None;
        }
        if !range.is_empty() {
            parts.taken.insert(range.clone());
        }
        drop(parts);
        Some(TakenBytes { file: self, range })
    }
}

impl From<Vec<u8>> for MemoryFile {
    fn from(bytes: Vec<u8>) -> Self {
        let mut bytes = ManuallyDrop::new(bytes);
        let (len, capacity) = (bytes.len(), bytes.capacity());
        Self { bytes: bytes.as_mut_ptr(), len, capacity, parts: Mutex::default() }
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        // SAFETY: the parts of the vector it was made of; who took bytes holds the file.
        #[expect(unsafe_code, reason = "gives the memory back")]
        drop(unsafe { Vec::from_raw_parts(self.bytes, self.len, self.capacity) });
    }
}

impl Debug for MemoryFile {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes", self.len)
    }
}

/// Bytes of a file in memory that are the file's no more.
#[derive(Debug)]
pub struct TakenBytes {
    file: Arc<MemoryFile>,
    range: Range<usize>,
}

impl AsRef<[u8]> for TakenBytes {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: inside and initialised; taken once, by `self`.
        #[expect(unsafe_code, reason = "bytes of its own")]
        unsafe {
            &*self.file.at(&self.range)
        }
    }
}

impl AsMut<[u8]> for TakenBytes {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `&mut self` is exclusive.
        #[expect(unsafe_code, reason = "bytes of its own")]
        unsafe {
            &mut *self.file.at(&self.range)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Arc<MemoryFile> {
        let mut bytes = Vec::with_capacity(100);
        bytes.extend(0..10);
        Arc::new(MemoryFile::from(bytes))
    }

    #[test]
    fn a_byte_is_lent_or_taken_whichever_comes_first() {
        let file = file();
        let take = |range| Arc::clone(&file).take(range);
        assert_eq!(file.lend(0..3), Some(&[0, 1, 2][..]));
        let mut taken = take(3..6).unwrap();
        taken.as_mut().fill(77);
        // What was taken is nobody else's, not even a part of it, and what was lent is nobody's to take.
        assert!([3..6, 5..7, 0..4, 4..5].into_iter().all(|range| file.lend(range).is_none()));
        assert!([3..6, 5..7, 4..5, 0..1, 2..3, 0..10].into_iter().all(|range| take(range).is_none()));
        let mut out = [0; 4];
        assert!(!file.copy(0, &mut out) && !file.copy(3, &mut out));
        assert!(file.copy(6, &mut out));
        assert_eq!(out, [6, 7, 8, 9]);
        // Copying lends nothing.
        let rest = take(6..10).unwrap();
        assert_eq!((rest.as_ref(), taken.as_ref()), (&[6, 7, 8, 9][..], &[77; 3][..]));
        assert_eq!(file.lend(0..3), Some(&[0, 1, 2][..]));
    }

    #[test]
    fn what_was_taken_outlives_the_file_and_its_other_parts() {
        let (mut first, second) = {
            let file = file();
            (Arc::clone(&file).take(0..5).unwrap(), file.take(5..10).unwrap())
        };
        first.as_mut()[4] = 1;
        drop(first);
        assert_eq!(second.as_ref(), [5, 6, 7, 8, 9]);
    }

    #[test]
    fn nothing_is_given_outside_the_file() {
        let file = file();
        #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
        let outside = [9..11, 11..11, 4..3, 0..usize::MAX];
        assert!(outside.iter().all(|range| file.lend(range.clone()).is_none()));
        assert!(outside.iter().all(|range| Arc::clone(&file).take(range.clone()).is_none()));
        assert!(!file.copy(usize::MAX, &mut [0]));
        assert!(file.lend(10..10).is_some() && Arc::clone(&file).take(0..0).is_some());
    }

    #[test]
    fn ranges_that_touch_become_one() {
        let mut ranges = Ranges::default();
        for range in [4..6, 0..2, 8..9, 2..4, 5..8] {
            ranges.insert(range);
        }
        assert_eq!(ranges.0, BTreeMap::from([(0, 9)]));
        assert!(ranges.contain(&(3..9)) && !ranges.contain(&(3..10)) && !ranges.overlap(&(9..12)));
    }
}
