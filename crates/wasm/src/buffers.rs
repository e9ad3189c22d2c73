//! A model's bytes, which JavaScript writes into linear memory where they stay.

use std::collections::BTreeMap;

use wick_core::runtime::MemoryBudget;

/// Buffers between their allocation and the command that takes them.
#[derive(Default)]
pub(crate) struct Buffers {
    filling: BTreeMap<u32, Vec<u8>>,
    last: u32,
}

impl Buffers {
    /// Room for so many bytes, zeroed; nothing where there is none beside what growth leaves free.
    pub(crate) fn allocate(&mut self, bytes: u64, budget: MemoryBudget) -> Option<u32> {
        if budget.needed(bytes) > budget.limit {
            return None;
        }
        let bytes = usize::try_from(bytes).ok()?;
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

    /// Ends a buffer after so many bytes, where its source ended.
    pub(crate) fn truncate(&mut self, buffer: u32, bytes: usize) {
        if let Some(filling) = self.filling.get_mut(&buffer) {
            filling.truncate(bytes);
        }
    }

    /// A buffer's bytes, once.
    pub(crate) fn take(&mut self, buffer: u32) -> Vec<u8> {
        self.filling.remove(&buffer).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: MemoryBudget = MemoryBudget { limit: 10 << 20, used: 1 << 20 };

    #[test]
    fn a_buffer_is_filled_and_taken_once() {
        let mut buffers = Buffers::default();
        let buffer = buffers.allocate(3, BUDGET).unwrap();
        assert!(buffers.address(buffer).is_some());
        assert_eq!(buffers.take(buffer), [0, 0, 0]);
        assert!(buffers.take(buffer).is_empty());
        assert_eq!(buffers.address(buffer), None);
    }

    #[test]
    fn a_buffer_ends_where_its_source_did() {
        let mut buffers = Buffers::default();
        let buffer = buffers.allocate(3, BUDGET).unwrap();
        buffers.truncate(buffer, 4);
        buffers.truncate(buffer, 2);
        buffers.truncate(buffer + 1, 0);
        assert_eq!(buffers.take(buffer), [0, 0]);
    }

    #[test]
    fn there_is_no_buffer_beyond_the_budget() {
        let mut buffers = Buffers::default();
        let most = BUDGET.limit - BUDGET.needed(0);
        assert!(buffers.allocate(most, BUDGET).is_some());
        assert_eq!(buffers.allocate(most + 1, BUDGET), None);
        assert_eq!(buffers.allocate(u64::MAX, BUDGET), None);
    }
}
