//! Which sequence has which blocks of the KV storage, and which blocks are kept for later requests.

use super::memory::{Account, MemoryUse};
use super::prefix_cache::PrefixCache;
use crate::error::{Error, ErrorCode, Result};
use crate::language_model::{KvLayout, LanguageModel};

/// Hands out blocks of the model's KV storage. The storage grows with what is used, up to a limit; blocks that nobody
/// uses keep what they hold until there is no other.
#[derive(Debug)]
pub struct KvCache {
    layout: KvLayout,
    /// Blocks the storage may have.
    limit: usize,
    /// Sequences that use each block.
    references: Vec<u32>,
    /// Blocks that hold nothing; the next one is taken from the end.
    free: Vec<u32>,
    prefixes: PrefixCache,
    /// Blocks with references.
    used: usize,
    generation: u64,
    /// Kept blocks that were given away, ever.
    evicted: u64,
    /// Whether the storage could not grow when it last had to.
    is_short: bool,
}

/// Blocks of one sequence: position `p` is in block `p / block_size`.
#[derive(Debug, Default)]
pub struct BlockTable {
    blocks: Vec<u32>,
    /// Blocks that the prefix cache knows.
    recorded: usize,
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
        Self {
            layout,
            limit,
            references: Vec::new(),
            free: Vec::new(),
            prefixes: PrefixCache::default(),
            used: 0,
            generation: 0,
            evicted: 0,
            is_short: false,
        }
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
        self.used
    }

    /// Blocks there are.
    pub fn blocks(&self) -> usize {
        self.references.len()
    }

    /// Blocks that were kept for later and had to make room, ever.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Whether there was no memory for more blocks when they were last needed.
    pub fn is_short(&self) -> bool {
        self.is_short
    }

    /// Tokens whose blocks nobody uses and a later request may find.
    pub fn cached_tokens(&self) -> usize {
        self.prefixes.unused() * self.layout.block_size
    }

    /// Counts up when there may be room for who had none: [`Self::can_begin`] says no again until then.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether a sequence that begins with `tokens` can have blocks up to `positions` without taking anyone else's.
    pub fn can_begin(&self, tokens: &[u32], positions: usize) -> bool {
        let found = self.find(tokens);
        let unused = found.iter().filter(|&&block| self.references[block as usize] == 0).count();
        self.used + unused + self.blocks_for(positions).saturating_sub(found.len()) <= self.limit
    }

    /// The blocks that hold the beginning of `tokens`, and how many tokens that is: never all, so that the last one's
    /// logits are computed.
    pub fn begin(&mut self, tokens: &[u32]) -> (BlockTable, usize) {
        let blocks = self.find(tokens);
        for &block in &blocks {
            self.refer(block);
        }
        let recorded = blocks.len();
        (BlockTable { blocks, recorded }, recorded * self.layout.block_size)
    }

    /// A second sequence with the same past.
    pub fn fork(&mut self, table: &BlockTable) -> BlockTable {
        for &block in &table.blocks {
            self.refer(block);
        }
        BlockTable { blocks: table.blocks.clone(), recorded: table.recorded }
    }

    /// Gives `table` blocks up to `positions`, of which the sequence will write those from `first` on. False when there
    /// are none; what it got by then stays its own.
    ///
    /// # Errors
    /// `out_of_memory` where the storage may grow and cannot.
    pub fn grow(
        &mut self,
        table: &mut BlockTable,
        first: usize,
        positions: usize,
        model: &mut dyn LanguageModel,
        account: &Account,
    ) -> Result<bool> {
        // After a fork the last block is another's too.
        let written = first / self.layout.block_size;
        if let Some(shared) = table.blocks.get_mut(written)
            && self.references[*shared as usize] > 1
        {
            let Some(own) = self.allocate(model, account)? else { return Ok(false) };
            model.copy_kv_block(*shared, own)?;
            self.references[*shared as usize] -= 1;
            *shared = own;
            // The cache knows the other one: what follows this one must not be found behind it.
            table.recorded = table.recorded.min(written);
        }
        while table.blocks.len() < self.blocks_for(positions) {
            let Some(block) = self.allocate(model, account)? else { return Ok(false) };
            table.blocks.push(block);
        }
        Ok(true)
    }

    /// Gives `table` blocks up to `positions` as long as there are some that hold nothing: none is taken from those kept for
    /// later. How many positions it has then.
    pub fn grow_spare(
        &mut self,
        table: &mut BlockTable,
        positions: usize,
        model: &mut dyn LanguageModel,
        account: &Account,
    ) -> usize {
        while table.blocks.len() < self.blocks_for(positions) {
            // What cannot be had now is no news: the sequence asks again when it needs it.
            let is_free = !self.free.is_empty()
                || (self.references.len() < self.limit && !self.is_short && self.enlarge(model, account).is_ok());
            if !is_free {
                break;
            }
            let Some(block) = self.free.pop() else { break };
            self.references[block as usize] = 1;
            self.used += 1;
            table.blocks.push(block);
        }
        positions.min(table.blocks.len() * self.layout.block_size)
    }

    /// Takes the blocks back that `table` has beyond `positions`. Nothing of what they hold was recorded.
    pub fn trim(&mut self, table: &mut BlockTable, positions: usize) {
        for block in table.blocks.drain(positions.div_ceil(self.layout.block_size).min(table.blocks.len())..).rev() {
            self.unrefer(block);
        }
    }

    /// Remembers the full blocks among the `computed` first of `tokens`. A block that the cache has already is given
    /// back, and its twin taken.
    pub fn record(&mut self, table: &mut BlockTable, tokens: &[u32], computed: usize) {
        let size = self.layout.block_size;
        for index in table.recorded..computed / size {
            let parent = index.checked_sub(1).map(|before| table.blocks[before]);
            let tokens = &tokens[index * size..(index + 1) * size];
            let own = table.blocks[index];
            match self.prefixes.find(parent, tokens) {
                Some(twin) if twin == own => {}
                Some(twin) => {
                    self.refer(twin);
                    self.unrefer(own);
                    table.blocks[index] = twin;
                }
                None => {
                    self.prefixes.insert(parent, tokens, own);
                    self.generation += 1;
                }
            }
            table.recorded = index + 1;
        }
    }

    /// Takes a sequence's blocks back.
    pub fn release(&mut self, table: &mut BlockTable) {
        table.recorded = 0;
        // A block after those it follows, so that the least recently used are whole ends.
        for block in table.blocks.drain(..).rev() {
            self.unrefer(block);
        }
    }

    fn find(&self, tokens: &[u32]) -> Vec<u32> {
        let size = self.layout.block_size;
        let mut found = Vec::new();
        for tokens in tokens[..tokens.len().saturating_sub(1)].chunks_exact(size) {
            let Some(block) = self.prefixes.find(found.last().copied(), tokens) else { break };
            found.push(block);
        }
        found
    }

    fn refer(&mut self, block: u32) {
        let references = &mut self.references[block as usize];
        *references += 1;
        if *references == 1 {
            self.used += 1;
            self.prefixes.take_up(block);
        }
    }

    fn unrefer(&mut self, block: u32) {
        let references = &mut self.references[block as usize];
        *references -= 1;
        if *references == 0 {
            self.used -= 1;
            self.generation += 1;
            if !self.prefixes.leave(block) {
                self.free.push(block);
            }
        }
    }

    /// A block of one's own: free, new, or the one that was needed longest ago.
    fn allocate(&mut self, model: &mut dyn LanguageModel, account: &Account) -> Result<Option<u32>> {
        if self.free.is_empty() && self.references.len() < self.limit {
            let enlarged = self.enlarge(model, account);
            self.is_short = enlarged.is_err();
            if self.prefixes.unused() == 0 {
                enlarged?;
            }
        }
        let free = self.free.pop();
        let Some(block) = free.or_else(|| self.prefixes.evict()) else { return Ok(None) };
        self.evicted += u64::from(free.is_none());
        self.references[block as usize] = 1;
        self.used += 1;
        Ok(Some(block))
    }

    fn enlarge(&mut self, model: &mut dyn LanguageModel, account: &Account) -> Result<()> {
        let now = self.references.len();
        // A quarter more than needed: growing costs a call of the system. Where memory is counted, what is beyond the need is
        // missed elsewhere.
        let spare = if account.is_counted() { 0 } else { now / 4 };
        let target = (now + spare + 1).min(self.limit);
        let grown = self.reserve(now, target, model, account).map(|()| target).or_else(|_| {
            // The exact need may still fit.
            self.reserve(now, now + 1, model, account).map(|()| now + 1)
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
    pub fn exhausted(&self, needed: usize) -> Error {
        let bytes = |blocks: usize| blocks as u64 * self.layout.block_bytes as u64;
        Error::new(
            ErrorCode::OutOfMemory,
            "The KV cache has no room for this; shorten the prompt, or load with a larger `kvMemoryBytes` or `maxMemoryBytes`.",
        )
        .detail("needed", bytes(needed))
        .detail("limit", bytes(self.limit))
    }
}
