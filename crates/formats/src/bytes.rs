//! Where a model file's bytes are.

use std::{ops::Range, sync::Arc};

/// A whole model file in memory.
#[derive(Debug)]
pub enum ByteSource {
    /// Read or handed in.
    Owned(Vec<u8>),
}

impl ByteSource {
    /// All bytes.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
        }
    }
}

/// The bytes of one checked tensor; the range was checked against the source when this was made.
#[derive(Debug, Clone)]
pub struct TensorBytes {
    source: Arc<ByteSource>,
    range: Range<usize>,
}

impl TensorBytes {
    /// A range of `source`, or nothing when it does not fit.
    pub fn new(source: Arc<ByteSource>, range: Range<usize>) -> Option<Self> {
        source.as_slice().get(range.clone())?;
        Some(Self { source, range })
    }

    /// The tensor's bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.source.as_slice()[self.range.clone()]
    }
}
