//! Which sequence has which blocks of the KV storage.

use super::memory::{Account, MemoryUse};
use crate::error::{Error, ErrorCode, Result};
use crate::language_model::{KvLayout, LanguageModel};

/// Hands out blocks of the model's KV storage. The storage grows with what is used, up to a limit.
#[derive(Debug)]
pub struct KvCache {
    layout: KvLayout,
    /// Sequences that use each block; the next free one is taken from `free`.
    references: Vec<u32>,
    free: Vec<u32>,
    /// Blocks the storage may have.
    limit: usize,
    /// Blocks promised to sequences that have begun.
    promised: usize,
}

/// Blocks of one sequence: position `p` is in block `p / block_size`.
#[derive(Debug, Default)]
pub struct BlockTable {
    blocks: Vec<u32>,
    /// Blocks it may still take, so that a sequence that began can come to its end.
    promised: usize,
}

impl BlockTable {
    /// Block ids in the order of positions.
    pub fn blocks(&self) -> &[u32] {
        &self.blocks
    }
}

impl KvCache {
    /// An empty cache of at most `limit` blocks.
    pub fn new(layout: KvLayout, limit: usize) -> Self {
        Self { layout, references: Vec::new(), free: Vec::new(), limit, promised: 0 }
    }

    /// Shape of a block.
    pub fn layout(&self) -> KvLayout {
        self.layout
    }

    /// Blocks for so many positions.
    pub fn blocks_for(&self, positions: usize) -> usize {
        positions.div_ceil(self.layout.block_size)
    }

    /// Blocks there may ever be.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Blocks that sequences have.
    pub fn used(&self) -> usize {
        self.references.len() - self.free.len()
    }

    /// Whether so many blocks can be promised now.
    pub fn can_promise(&self, blocks: usize) -> bool {
        self.promised + blocks <= self.limit
    }

    /// Promises so many blocks to a sequence; it takes them by [`Self::grow`].
    pub fn promise(&mut self, blocks: usize) -> BlockTable {
        self.promised += blocks;
        BlockTable { blocks: Vec::new(), promised: blocks }
    }

    /// Gives `table` blocks up to `positions`, all or none.
    ///
    /// # Errors
    /// `out_of_memory` over what was promised or where the storage cannot grow.
    pub fn grow(
        &mut self,
        table: &mut BlockTable,
        positions: usize,
        model: &mut dyn LanguageModel,
        account: &Account,
    ) -> Result<()> {
        let wanted = self.blocks_for(positions).saturating_sub(table.blocks.len());
        if wanted == 0 {
            return Ok(());
        }
        if table.blocks.len() + wanted > table.promised {
            return Err(self.exhausted(table.blocks.len() + wanted, table.promised));
        }
        if wanted > self.free.len() {
            self.enlarge(wanted - self.free.len(), model, account)?;
        }
        for _ in 0..wanted {
            // `enlarge` made them.
            let Some(block) = self.free.pop() else { break };
            self.references[block as usize] = 1;
            table.blocks.push(block);
        }
        Ok(())
    }

    /// Takes a sequence's blocks and promise back.
    pub fn release(&mut self, table: &mut BlockTable) {
        for block in table.blocks.drain(..).rev() {
            let references = &mut self.references[block as usize];
            *references -= 1;
            if *references == 0 {
                self.free.push(block);
            }
        }
        self.promised -= std::mem::take(&mut table.promised);
    }

    fn enlarge(&mut self, missing: usize, model: &mut dyn LanguageModel, account: &Account) -> Result<()> {
        let now = self.references.len();
        let needed = now + missing;
        if needed > self.limit {
            return Err(self.exhausted(needed, self.limit));
        }
        // A quarter more than needed: growing may copy, and memory beyond the need is waste.
        let target = (needed + needed / 4 + 1).min(self.limit);
        let grown = self.reserve(now, target, model, account).map(|()| target).or_else(|_| {
            // The exact need may still fit.
            self.reserve(now, needed, model, account).map(|()| needed)
        })?;
        self.references.resize(grown, 0);
        // Popped from the end: lower blocks first.
        self.free.splice(0..0, (now as u32..grown as u32).rev());
        Ok(())
    }

    fn reserve(&self, now: usize, blocks: usize, model: &mut dyn LanguageModel, account: &Account) -> Result<()> {
        let bytes = (blocks - now) as u64 * self.layout.block_bytes as u64;
        account.charge(MemoryUse::Kv, bytes)?;
        model.reserve_kv_blocks(blocks).inspect_err(|_| account.refund(MemoryUse::Kv, bytes))
    }

    /// # Errors
    /// Always: more is `needed` than there can be.
    pub fn exhausted(&self, needed: usize, limit: usize) -> Error {
        let bytes = |blocks: usize| blocks as u64 * self.layout.block_bytes as u64;
        Error::new(
            ErrorCode::OutOfMemory,
            "The KV cache has no room for this; shorten the prompt, lower maxTokens or load with more memory.",
        )
        .detail("needed", bytes(needed))
        .detail("limit", bytes(limit))
    }
}
