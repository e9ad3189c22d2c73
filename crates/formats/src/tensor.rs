//! One tensor of a file.

use std::borrow::Cow;
use std::sync::Arc;

use crate::dtype::DType;
use crate::error::{FormatError, Result, quoted};
use crate::source::TensorBytes;

/// What a file says its elements are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredType {
    /// Usable as a weight.
    Supported(DType),
    /// Known by name only; harmless as long as no model asks for the tensor.
    Other(Cow<'static, str>),
}

/// A line of a file's tensor table: usable or not, its bytes are inside the file.
#[derive(Debug, Clone)]
pub struct TensorEntry {
    /// The name in the file.
    pub name: Arc<str>,
    /// Element type as stored.
    pub stored: StoredType,
    /// Outermost first: a projection is `(out, in)`.
    pub shape: Vec<usize>,
    /// The tensor's bytes, row-major.
    pub bytes: TensorBytes,
}

/// A tensor that can be used as a weight.
#[derive(Debug, Clone)]
pub struct Tensor {
    /// The name in the file.
    pub name: Arc<str>,
    /// Element or block type.
    pub dtype: DType,
    /// Outermost first: a projection is `(out, in)`.
    pub shape: Vec<usize>,
    /// The tensor's bytes, row-major, exactly as many as `shape` and `dtype` say.
    pub bytes: TensorBytes,
}

impl TensorEntry {
    /// The entry as a weight.
    ///
    /// # Errors
    /// `model_unsupported{dtype}` with `details {tensor, dtype}`.
    pub fn to_tensor(&self) -> Result<Tensor> {
        match &self.stored {
            StoredType::Supported(dtype) => Ok(Tensor {
                name: Arc::clone(&self.name),
                dtype: *dtype,
                shape: self.shape.clone(),
                bytes: self.bytes.clone(),
            }),
            StoredType::Other(stored) => Err(unsupported_type(&self.name, stored)),
        }
    }
}

/// `model_unsupported{dtype}`: names the tensor, its type and what can be read instead.
pub(crate) fn unsupported_type(tensor: &str, stored: &str) -> FormatError {
    FormatError::unsupported(
        "dtype",
        format!(
            "tensor {} has type {}, which is not supported; use a file with F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 or Q2_K to Q6_K",
            quoted(tensor),
            quoted(stored)
        ),
    )
    .detail("tensor", tensor)
    .detail("dtype", stored)
}
