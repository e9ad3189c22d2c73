//! A weight between its file and the backend that packs it.

use std::{borrow::Cow, sync::Arc};

use crate::error::Result;

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

impl Weight {
    /// The bytes; borrowed where they are in memory already.
    ///
    /// # Errors
    /// `io_error` or `model_changed` where the file cannot be read any more.
    pub fn bytes(&self) -> Result<Cow<'_, [u8]>> {
        match &self.bytes {
            WeightBytes::File(bytes) => match bytes.as_slice() {
                Some(slice) => Ok(Cow::Borrowed(slice)),
                None => Ok(Cow::Owned(bytes.to_vec()?)),
            },
            WeightBytes::Owned(bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }

    /// Puts the bytes at their final place; `target` is exactly [`Self::byte_len`] long.
    ///
    /// # Errors
    /// `io_error` or `model_changed` where the file cannot be read any more.
    pub fn read_into(&self, target: &mut [u8]) -> Result<()> {
        match &self.bytes {
            WeightBytes::File(bytes) => bytes.read_into(target)?,
            WeightBytes::Owned(bytes) => target.copy_from_slice(bytes),
        }
        Ok(())
    }

    /// How many bytes there are.
    pub fn byte_len(&self) -> usize {
        match &self.bytes {
            WeightBytes::File(bytes) => bytes.len(),
            WeightBytes::Owned(bytes) => bytes.len(),
        }
    }

    /// How many bytes dtype and shape ask for; nothing when the row is not whole blocks or the product overflows.
    pub fn expected_bytes(&self) -> Option<usize> {
        let elements = self.shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size))?;
        let row = self.shape.last().copied().unwrap_or(1);
        if !row.is_multiple_of(self.dtype.block_len()) {
            return None;
        }
        (elements / self.dtype.block_len()).checked_mul(self.dtype.block_bytes())
    }
}
