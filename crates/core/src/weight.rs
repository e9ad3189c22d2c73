//! A weight between its file and the backend that packs it.

use std::{borrow::Cow, sync::Arc};

use crate::error::{Error, ErrorCode, Result};

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
    /// The bytes; borrowed where they are in memory already, otherwise read.
    ///
    /// # Errors
    /// `io_error` or `model_changed` where the file cannot be read any more; `out_of_memory`.
    pub fn bytes(&self) -> Result<Cow<'_, [u8]>> {
        match &self.bytes {
            WeightBytes::File(bytes) => match bytes.as_slice() {
                Some(bytes) => Ok(Cow::Borrowed(bytes)),
                None => Ok(Cow::Owned(bytes.to_vec()?)),
            },
            WeightBytes::Owned(bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }

    /// Whether the file is in memory whole.
    pub fn is_in_memory(&self) -> bool {
        match &self.bytes {
            WeightBytes::File(bytes) => bytes.is_in_memory(),
            WeightBytes::Owned(_) => false,
        }
    }

    /// The memory of the bytes, of a file that is in memory whole; once.
    pub fn take(&self) -> Option<wick_formats::TakenBytes> {
        match &self.bytes {
            WeightBytes::File(bytes) => bytes.take(),
            WeightBytes::Owned(_) => None,
        }
    }

    /// Reads the bytes that begin at `start` straight into their place, `out`.
    ///
    /// # Errors
    /// As [`Self::bytes`]; `internal` for bytes that are not there.
    pub fn read_range_into(&self, start: usize, out: &mut [u8]) -> Result<()> {
        match &self.bytes {
            WeightBytes::File(bytes) => Ok(bytes.read_range_into(start, out)?),
            WeightBytes::Owned(bytes) => match start.checked_add(out.len()).and_then(|end| bytes.get(start..end)) {
                Some(bytes) => {
                    out.copy_from_slice(bytes);
                    Ok(())
                }
                None => Err(Error::new(
                    ErrorCode::Internal,
                    format!("`{}` has {} bytes, and {} were read at {start}", self.name, bytes.len(), out.len()),
                )),
            },
        }
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
        stored_bytes(self.dtype, &self.shape)
    }
}

/// Bytes of a tensor of `shape` in `dtype`; nothing when the row is not whole blocks or the product overflows.
pub fn stored_bytes(dtype: DType, shape: &[usize]) -> Option<usize> {
    let elements = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size))?;
    let row = shape.last().copied().unwrap_or(1);
    if !row.is_multiple_of(dtype.block_len()) {
        return None;
    }
    (elements / dtype.block_len()).checked_mul(dtype.block_bytes())
}

impl From<wick_formats::Tensor> for Weight {
    fn from(tensor: wick_formats::Tensor) -> Self {
        let wick_formats::Tensor { name, dtype, shape, bytes } = tensor;
        Self { name, dtype, shape, bytes: WeightBytes::File(bytes) }
    }
}
