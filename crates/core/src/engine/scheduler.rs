//! Whose turn it is.

use std::collections::VecDeque;
use std::ops::Range;

/// Names one sequence: the request and its choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceKey {
    /// The request.
    pub request: u64,
    /// Which of its `n`.
    pub choice: u32,
}

/// Round robin over the sequences that have begun; a step serves one of them.
#[derive(Debug)]
pub struct Scheduler {
    ring: VecDeque<SequenceKey>,
    prefill_chunk: usize,
}

impl Scheduler {
    /// `prefill_chunk` is how many rows of a prompt one step may run.
    pub fn new(prefill_chunk: usize) -> Self {
        Self { ring: VecDeque::new(), prefill_chunk: prefill_chunk.max(1) }
    }

    /// Takes a sequence up, behind the others.
    pub fn add(&mut self, key: SequenceKey) {
        self.ring.push_back(key);
    }

    /// Forgets a sequence.
    pub fn remove(&mut self, key: SequenceKey) {
        self.ring.retain(|other| *other != key);
    }

    /// Sequences that have begun.
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// The first runnable sequence, which goes to the end of the ring. Parked ones keep their turn.
    pub fn next(&mut self, mut runnable: impl FnMut(SequenceKey) -> bool) -> Option<SequenceKey> {
        let at = self.ring.iter().position(|key| runnable(*key))?;
        let key = self.ring.remove(at)?;
        self.ring.push_back(key);
        Some(key)
    }

    /// Rows of a sequence's next step: of its `tokens`, `computed` have their keys and values.
    pub fn rows(&self, computed: usize, tokens: usize) -> Range<usize> {
        computed..tokens.min(computed + self.prefill_chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_round_and_passes_the_parked() {
        let mut scheduler = Scheduler::new(4);
        let key = |request| SequenceKey { request, choice: 0 };
        for request in 0..3 {
            scheduler.add(key(request));
        }
        let turns: Vec<u64> =
            (0..4).filter_map(|_| scheduler.next(|key| key.request != 1)).map(|key| key.request).collect();
        assert_eq!(turns, [0, 2, 0, 2]);
        assert_eq!(scheduler.next(|_| true), Some(key(1)));
        scheduler.remove(key(1));
        assert_eq!(scheduler.next(|key| key.request == 1), None);
    }

    #[test]
    fn prompts_go_in_chunks() {
        let scheduler = Scheduler::new(4);
        assert_eq!(scheduler.rows(0, 10), 0..4);
        assert_eq!(scheduler.rows(8, 10), 8..10);
        assert_eq!(scheduler.rows(10, 11), 10..11);
    }
}
