//! A weight matrix as candle holds it, and the projection made of it.

use std::{borrow::Cow, sync::Arc};

use candle_core::{
    DType as CandleDType, Device, Tensor,
    quantized::{GgmlDType, QStorage, QTensor},
};

use crate::{
    error::{Error, ErrorCode, Result},
    weight::{DType, Weight},
};

/// A matrix `(out, in)` in the type of its file; clones share the storage.
#[derive(Clone)]
pub(crate) enum Matrix {
    /// Blocks of 32 or 256 elements along the row.
    Quantized(Arc<QTensor>),
    /// f32, f16 or bf16.
    Plain(Tensor),
}

impl Matrix {
    pub(super) fn load(weight: &Weight, device: &Device) -> Result<Self> {
        match ggml_dtype(weight.dtype) {
            None => plain_tensor(weight, device).map(Self::Plain),
            Some(dtype) => {
                check_length(weight)?;
                let bytes = weight.bytes()?;
                let storage = with_aligned(&bytes, |bytes| QStorage::from_data(Cow::Borrowed(bytes), device, dtype))?;
                Ok(Self::Quantized(Arc::new(QTensor::new(storage, weight.shape.clone())?)))
            }
        }
    }

    /// `(rows, in)` in f32 to `(rows, out)` in f32.
    pub(super) fn project(&self, rows: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Quantized(matrix) => rows.contiguous()?.apply_op1_no_bwd(matrix.as_ref())?,
            // candle has no bf16 product on the CPU and rounds f16 products to f16: widen for each call, so that the
            // resident copy stays the file's.
            Self::Plain(matrix) if matrix.device().is_cpu() => rows.matmul(&matrix.to_dtype(CandleDType::F32)?.t()?)?,
            Self::Plain(matrix) => rows.to_dtype(matrix.dtype())?.matmul(&matrix.t()?)?.to_dtype(CandleDType::F32)?,
        })
    }

    /// Rows `ids` as f32, `(ids, in)`.
    pub(super) fn select(&self, ids: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Quantized(matrix) => matrix.embedding(ids)?.to_dtype(CandleDType::F32)?,
            Self::Plain(matrix) => matrix.index_select(ids, 0)?.to_dtype(CandleDType::F32)?,
        })
    }
}

/// A projection `(out, in)` with an optional bias.
pub struct CandleLinear {
    pub(super) matrix: Matrix,
    pub(super) bias: Option<Tensor>,
}

impl CandleLinear {
    /// `(rows, in)` to `(rows, out)`, f32.
    pub(super) fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        let product = self.matrix.project(rows)?;
        Ok(match &self.bias {
            Some(bias) => product.broadcast_add(bias)?,
            None => product,
        })
    }
}

/// A float weight in its own type.
pub(super) fn plain_tensor(weight: &Weight, device: &Device) -> Result<Tensor> {
    let dtype = match weight.dtype {
        DType::F32 => CandleDType::F32,
        DType::F16 => CandleDType::F16,
        DType::BF16 => CandleDType::BF16,
        DType::Q4_0
        | DType::Q4_1
        | DType::Q5_0
        | DType::Q5_1
        | DType::Q8_0
        | DType::Q2_K
        | DType::Q3_K
        | DType::Q4_K
        | DType::Q5_K
        | DType::Q6_K => {
            return Err(Error::new(
                ErrorCode::ModelInvalid,
                format!("`{}` is {:?}; norms and biases are stored as floats", weight.name, weight.dtype),
            ));
        }
    };
    check_length(weight)?;
    Ok(with_aligned(&weight.bytes()?, |bytes| Tensor::from_raw_buffer(bytes, dtype, &weight.shape, device))?)
}

/// candle's name of a block type; nothing for the floats.
pub(crate) fn ggml_dtype(dtype: DType) -> Option<GgmlDType> {
    match dtype {
        DType::F32 | DType::F16 | DType::BF16 => None,
        DType::Q4_0 => Some(GgmlDType::Q4_0),
        DType::Q4_1 => Some(GgmlDType::Q4_1),
        DType::Q5_0 => Some(GgmlDType::Q5_0),
        DType::Q5_1 => Some(GgmlDType::Q5_1),
        DType::Q8_0 => Some(GgmlDType::Q8_0),
        DType::Q2_K => Some(GgmlDType::Q2K),
        DType::Q3_K => Some(GgmlDType::Q3K),
        DType::Q4_K => Some(GgmlDType::Q4K),
        DType::Q5_K => Some(GgmlDType::Q5K),
        DType::Q6_K => Some(GgmlDType::Q6K),
    }
}

fn check_length(weight: &Weight) -> Result<()> {
    let bytes = weight.byte_len();
    if weight.expected_bytes() == Some(bytes) {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::ModelInvalid,
        format!("`{}` has {bytes} bytes, which is not {:?} of {:?}", weight.name, weight.shape, weight.dtype),
    )
    .at(&*weight.name))
}

/// candle asserts the alignment of its block structs (4 bytes at most); a GGUF file may have an alignment of 1.
fn with_aligned<R>(bytes: &[u8], read: impl FnOnce(&[u8]) -> R) -> R {
    const ALIGNMENT: usize = 8;
    if bytes.as_ptr().align_offset(ALIGNMENT) == 0 {
        return read(bytes);
    }
    let mut copy: Vec<u8> = Vec::with_capacity(bytes.len() + ALIGNMENT);
    let padding = copy.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
    copy.resize(padding, 0);
    copy.extend_from_slice(bytes); // within capacity: the padding stays right
    read(&copy[padding..])
}
