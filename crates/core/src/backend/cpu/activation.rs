//! Names of arena buffers.

use super::internal;
use crate::error::Result;

/// Which buffer of the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Buffer {
    /// The residual stream.
    Hidden,
    /// Rotated queries.
    Queries,
    /// What attention gave.
    Heads,
}

/// Activations of the step under way: the name of an arena buffer. Not `Clone`: what takes one by value overwrites the buffer.
#[derive(Debug)]
pub struct Activation {
    buffer: Buffer,
    rows: usize,
    step: u64,
}

impl Activation {
    pub(super) fn new(buffer: Buffer, rows: usize, step: u64) -> Self {
        Self { buffer, rows, step }
    }

    /// Rows, after checking that this is `buffer` of step `step`.
    pub(super) fn rows_of(&self, buffer: Buffer, step: u64) -> Result<usize> {
        if self.buffer == buffer && self.step == step {
            Ok(self.rows)
        } else {
            Err(internal("an activation was passed to the wrong operation or outlived its step"))
        }
    }
}
