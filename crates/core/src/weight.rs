//! A weight between its file and the backend that packs it.

use std::sync::Arc;

/// Element or block type of a stored tensor. Block types hold 32 or 256 elements along the row.
pub use wick_formats::DType;

/// One tensor on its way into a backend: where its bytes are, what they mean, where they came from.
///
/// Keeps the file's own bytes until a backend packs them, so that a tied head, a mixture-of-experts stack
/// or two loads of one file share them.
#[derive(Clone)]
pub struct Weight {
    /// The name in the file, for error messages: `blk.0.attn_q.weight`.
    pub name: Arc<str>,
    /// Element or block type.
    pub dtype: DType,
    /// Outermost first, as in safetensors and candle: a projection is `(out, in)`.
    pub shape: Vec<usize>,
    /// The tensor's bytes, row-major.
    pub bytes: WeightBytes,
}

/// The bytes of one tensor.
#[derive(Clone)]
pub enum WeightBytes {
    /// A range of a model file, mapped or in memory.
    File(wick_formats::TensorBytes),
    /// Made while loading, by requantising or converting.
    Owned(Arc<[u8]>),
}
