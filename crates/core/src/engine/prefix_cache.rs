//! Full blocks of keys and values, found again by the tokens they were computed from.
//!
//! A tree: a block follows the block before it. Two prompts share blocks as far as their tokens are equal, which is
//! compared and never guessed from a hash.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Parent of a prompt's first block.
const ROOT: u32 = u32::MAX;

/// Which blocks hold which tokens, and which of them nobody uses.
#[derive(Debug, Default)]
pub(super) struct PrefixCache {
    /// By parent, then by tokens.
    index: BTreeMap<u32, BTreeMap<Box<[u32]>, u32>>,
    /// By block.
    nodes: Vec<Option<Node>>,
    /// Unused blocks without children, least recently used first.
    evictable: BTreeSet<(u64, u32)>,
    unused: usize,
    clock: u64,
}

#[derive(Debug)]
struct Node {
    parent: u32,
    tokens: Box<[u32]>,
    /// Blocks that follow this one.
    children: u32,
    last_used: u64,
    used: bool,
}

impl PrefixCache {
    /// Blocks that no sequence uses.
    pub(super) fn unused(&self) -> usize {
        self.unused
    }

    /// The block of `tokens` after `parent`, which is none for a prompt's first.
    pub(super) fn find(&self, parent: Option<u32>, tokens: &[u32]) -> Option<u32> {
        self.index.get(&parent.unwrap_or(ROOT))?.get(tokens).copied()
    }

    /// Remembers `block`, which a sequence uses, as that of `tokens` after `parent`.
    pub(super) fn insert(&mut self, parent: Option<u32>, tokens: &[u32], block: u32) {
        let parent = parent.unwrap_or(ROOT);
        let at = block as usize;
        if self.nodes.len() <= at {
            self.nodes.resize_with(at + 1, || None);
        }
        self.index.entry(parent).or_default().insert(tokens.into(), block);
        self.nodes[at] = Some(Node { parent, tokens: tokens.into(), children: 0, last_used: self.clock, used: true });
        if let Some(parent) = self.node(parent) {
            parent.children += 1;
        }
    }

    /// A sequence uses `block`, which nobody did.
    pub(super) fn take_up(&mut self, block: u32) {
        let Some(node) = self.node(block) else { return };
        let key = (node.last_used, block);
        node.used = true;
        self.unused -= 1;
        self.evictable.remove(&key);
    }

    /// Nobody uses `block` any more; true when it is kept.
    pub(super) fn leave(&mut self, block: u32) -> bool {
        self.clock += 1;
        let clock = self.clock;
        let Some(node) = self.node(block) else { return false };
        node.used = false;
        node.last_used = clock;
        let leaf = node.children == 0;
        self.unused += 1;
        if leaf {
            self.evictable.insert((clock, block));
        }
        true
    }

    /// Forgets the least recently used block that none follows, and gives it away.
    pub(super) fn evict(&mut self) -> Option<u32> {
        let (_, block) = self.evictable.pop_first()?;
        let node = self.nodes.get_mut(block as usize)?.take()?;
        self.unused -= 1;
        let parent = node.parent;
        if let Entry::Occupied(mut siblings) = self.index.entry(parent) {
            siblings.get_mut().remove(&node.tokens);
            if siblings.get().is_empty() {
                siblings.remove();
            }
        }
        if let Some(before) = self.node(parent) {
            before.children -= 1;
            if !before.used && before.children == 0 {
                let key = (before.last_used, parent);
                self.evictable.insert(key);
            }
        }
        Some(block)
    }

    fn node(&mut self, block: u32) -> Option<&mut Node> {
        self.nodes.get_mut(block as usize)?.as_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_tokens_and_by_what_came_before() {
        let mut cache = PrefixCache::default();
        cache.insert(None, &[1, 2], 7);
        cache.insert(Some(7), &[3, 4], 8);
        assert_eq!(cache.find(None, &[1, 2]), Some(7));
        assert_eq!(cache.find(Some(7), &[3, 4]), Some(8));
        assert_eq!(cache.find(None, &[3, 4]), None);
        assert_eq!(cache.find(Some(8), &[3, 4]), None);
        assert_eq!(cache.find(None, &[1]), None);
    }

    #[test]
    fn evicts_the_least_recently_used_and_no_parent_before_its_child() {
        let mut cache = PrefixCache::default();
        for (parent, tokens, block) in [(None, [1], 0), (Some(0), [2], 1), (Some(0), [3], 2), (None, [4], 3)] {
            cache.insert(parent, &tokens, block);
        }
        assert_eq!(cache.evict(), None, "all are used");
        for block in [0, 3, 2, 1] {
            assert!(cache.leave(block));
        }
        assert!(!cache.leave(9), "nobody knows it");
        cache.take_up(2);
        assert_eq!(cache.unused(), 3);
        assert_eq!(
            [cache.evict(), cache.evict(), cache.evict()],
            [Some(3), Some(1), None],
            "0 has a child that is used"
        );
        assert_eq!(cache.find(Some(0), &[2]), None);
        cache.leave(2);
        assert_eq!([cache.evict(), cache.evict(), cache.evict()], [Some(2), Some(0), None]);
        assert_eq!(cache.unused(), 0);
    }
}
