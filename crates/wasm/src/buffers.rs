//! A model's bytes, which JavaScript writes into linear memory where they stay.

use std::collections::BTreeMap;

/// Buffers between their allocation and the command that takes them.
#[derive(Default)]
pub(crate) struct Buffers {
    filling: BTreeMap<u32, Vec<u8>>,
    last: u32,
}

impl Buffers {
    /// Room for so many bytes, zeroed; nothing where there is none.
    pub(crate) fn allocate(&mut self, bytes: usize) -> Option<u32> {
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(bytes).ok()?;
        buffer.resize(bytes, 0);
        self.last = self.last.wrapping_add(1);
        self.filling.insert(self.last, buffer);
        Some(self.last)
    }

    /// Where a buffer begins, for JavaScript to write to.
    pub(crate) fn address(&mut self, buffer: u32) -> Option<*mut u8> {
        self.filling.get_mut(&buffer).map(Vec::as_mut_ptr)
    }

    /// A buffer's bytes, once.
    pub(crate) fn take(&mut self, buffer: u32) -> Vec<u8> {
        self.filling.remove(&buffer).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_filled_and_taken_once() {
        let mut buffers = Buffers::default();
        let buffer = buffers.allocate(3).unwrap();
        assert!(buffers.address(buffer).is_some());
        assert_eq!(buffers.take(buffer), [0, 0, 0]);
        assert!(buffers.take(buffer).is_empty());
        assert_eq!(buffers.address(buffer), None);
        assert_eq!(buffers.allocate(usize::MAX), None);
    }
}
