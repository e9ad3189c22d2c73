//! What one step computes, as plain arrays that a kernel can walk.

/// What a step leaves for its sampled rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wanted {
    /// What the head makes of them.
    #[default]
    Logits,
    /// Their states after the final norm.
    Hidden,
}

/// Built once per step by the scheduler; the vectors are reused, so that a decode step allocates nothing.
///
/// `rows` is the number of tokens in the step over all sequences, flattened.
#[derive(Debug, Clone, Default)]
pub struct StepPlan {
    /// Token of each row, `(rows,)`.
    pub tokens: Vec<u32>,
    /// Absolute position of each row in its sequence, `(rows,)`.
    pub positions: Vec<u32>,
    /// First row of each sequence and the end, `(sequences + 1,)`.
    pub sequence_starts: Vec<u32>,
    /// Block ids of every sequence, one after another: position `p` of sequence `s` is in
    /// `block_tables[block_table_starts[s] + p / block_size]`. They cover every position the step reads or writes.
    pub block_tables: Vec<u32>,
    /// Where each sequence's block table begins and the end, `(sequences + 1,)`.
    pub block_table_starts: Vec<u32>,
    /// Where each row's key and value go, `block * block_size + offset`, `(rows,)`.
    pub slots: Vec<u32>,
    /// Rows of which something is wanted, ascending.
    pub sampled_rows: Vec<u32>,
    /// What that is.
    pub wanted: Wanted,
    /// Positions in a block.
    pub block_size: u32,
}

impl StepPlan {
    /// An empty plan over blocks of `block_size` positions.
    pub fn new(block_size: u32) -> Self {
        let mut plan = Self { block_size, ..Self::default() };
        plan.clear();
        plan
    }

    /// Forgets all rows and keeps the memory.
    pub fn clear(&mut self) {
        self.tokens.clear();
        self.positions.clear();
        self.sequence_starts.clear();
        self.sequence_starts.push(0);
        self.block_tables.clear();
        self.block_table_starts.clear();
        self.block_table_starts.push(0);
        self.slots.clear();
        self.sampled_rows.clear();
        self.wanted = Wanted::Logits;
    }

    /// Adds consecutive `tokens` of one sequence, the first at `position`; `blocks` is its block table up to the last of them.
    /// With `sample_last`, the last one is a sampled row.
    pub fn push_sequence(&mut self, tokens: &[u32], position: u32, blocks: &[u32], sample_last: bool) {
        for (index, &token) in tokens.iter().enumerate() {
            let position = position + index as u32;
            let block = blocks[(position / self.block_size) as usize];
            self.tokens.push(token);
            self.positions.push(position);
            self.slots.push(block * self.block_size + position % self.block_size);
        }
        self.sequence_starts.push(self.tokens.len() as u32);
        self.block_tables.extend_from_slice(blocks);
        self.block_table_starts.push(self.block_tables.len() as u32);
        if sample_last && !tokens.is_empty() {
            self.sampled_rows.push(self.tokens.len() as u32 - 1);
        }
    }

    /// Tokens in the step.
    pub fn rows(&self) -> usize {
        self.tokens.len()
    }

    /// Sequences in the step.
    pub fn sequences(&self) -> usize {
        self.sequence_starts.len() - 1
    }
}
