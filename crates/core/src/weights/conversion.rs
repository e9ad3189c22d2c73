//! What happens to a tensor between its file and the backend.

use half::{bf16, f16};

use super::WeightTable;
use crate::{
    error::{Error, ErrorCode, Result},
    isq::{IsqLevel, Role, quantize},
    weight::{DType, Weight, WeightBytes},
};

/// How matrices are stored in memory. Norms and biases are always f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conversion {
    /// As in the file.
    #[default]
    AsStored,
    /// As another float type; block types stay.
    To(FloatType),
    /// In blocks, quantised while loading.
    Isq(IsqLevel),
}

/// A float type that `dtype` can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatType {
    /// Four bytes.
    F32,
    /// Two bytes, 10 bits of mantissa.
    F16,
    /// Two bytes, 7 bits of mantissa.
    BF16,
}

impl FloatType {
    fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::F16 => DType::F16,
            Self::BF16 => DType::BF16,
        }
    }
}

impl Conversion {
    /// Whether every matrix of `table` can be converted, before the first one is.
    ///
    /// # Errors
    /// `unsupported` at `isq` for a tensor that is in blocks already: quantising twice loses twice.
    pub fn check(self, table: &WeightTable) -> Result<()> {
        match (self, table.weights().find(|weight| weight.dtype.block_len() != 1)) {
            (Self::Isq(_), Some(weight)) => Err(already_quantized(weight)),
            (Self::Isq(_) | Self::AsStored | Self::To(_), _) => Ok(()),
        }
    }

    /// The type in memory of a matrix of `row` elements a row that is stored as `stored`.
    pub fn target(self, stored: DType, role: Role, row: usize) -> DType {
        match self {
            Self::To(float) if stored.block_len() == 1 => float.dtype(),
            Self::AsStored | Self::To(_) => stored,
            Self::Isq(level) => level.dtype(role, row),
        }
    }

    /// Converts a matrix. Holds at most one chunk of it in f32 besides source and result.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn apply(self, weight: Weight, role: Role, threads: usize) -> Result<Weight> {
        let row = weight.shape.last().copied().unwrap_or(1);
        let target = self.target(weight.dtype, role, row);
        if let Self::Isq(_) = self
            && weight.dtype.block_len() != 1
        {
            return Err(already_quantized(&weight));
        }
        if target == weight.dtype {
            return Ok(weight);
        }
        let bytes = weight.bytes()?;
        let converted = if target.block_len() == 1 {
            float_bytes(&bytes, weight.dtype, target)
        } else {
            quantize(&bytes, weight.dtype, target, row, threads)?
        };
        Ok(Weight { dtype: target, bytes: WeightBytes::Owned(converted.into()), ..weight })
    }
}

fn already_quantized(weight: &Weight) -> Error {
    Error::new(
        ErrorCode::Unsupported,
        format!(
            "`isq` quantises f32, f16 and bf16 weights; `{}` is {:?} already: load this file without `isq`, or the \
             unquantised model with it",
            weight.name, weight.dtype
        ),
    )
    .at("isq")
    .detail("tensor", &*weight.name)
}

/// A norm's weight or a bias, as f32.
///
/// # Errors
/// `model_invalid` where it is stored in blocks.
pub(super) fn to_f32(weight: Weight) -> Result<Weight> {
    if weight.dtype.block_len() != 1 {
        return Err(Error::new(
            ErrorCode::ModelInvalid,
            format!("`{}` is {:?}; norms and biases are stored as floats", weight.name, weight.dtype),
        )
        .at(&*weight.name));
    }
    if weight.dtype == DType::F32 {
        return Ok(weight);
    }
    let bytes = float_bytes(&weight.bytes()?, weight.dtype, DType::F32);
    Ok(Weight { dtype: DType::F32, bytes: WeightBytes::Owned(bytes.into()), ..weight })
}

/// Little-endian floats of type `from` as such of type `to`.
fn float_bytes(bytes: &[u8], from: DType, to: DType) -> Vec<u8> {
    const CHUNK: usize = 4096;
    let width = from.block_bytes();
    let mut floats = Vec::with_capacity(CHUNK);
    let mut out = Vec::with_capacity(bytes.len() / width * to.block_bytes());
    for chunk in bytes.chunks(CHUNK * width) {
        floats.clear();
        read_floats(chunk, from, &mut floats);
        match to {
            DType::F16 => out.extend(floats.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes())),
            DType::BF16 => out.extend(floats.iter().flat_map(|&value| bf16::from_f32(value).to_le_bytes())),
            _ => out.extend(floats.iter().flat_map(|value| value.to_le_bytes())),
        }
    }
    out
}

/// Appends little-endian floats of type `from` to `out`.
pub(crate) fn read_floats(bytes: &[u8], from: DType, out: &mut Vec<f32>) {
    let pairs = || bytes.as_chunks::<2>().0.iter().copied();
    match from {
        DType::F16 => out.extend(pairs().map(|pair| f16::from_le_bytes(pair).to_f32())),
        DType::BF16 => out.extend(pairs().map(|pair| bf16::from_le_bytes(pair).to_f32())),
        _ => out.extend(bytes.as_chunks::<4>().0.iter().map(|&word| f32::from_le_bytes(word))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(dtype: DType, bytes: Vec<u8>, row: usize) -> Weight {
        let rows = bytes.len() / dtype.block_bytes() * dtype.block_len() / row;
        Weight { name: "w".into(), dtype, shape: vec![rows, row], bytes: WeightBytes::Owned(bytes.into()) }
    }

    #[test]
    fn floats_convert_both_ways() {
        let stored = weight(DType::F32, [1.5f32, -2.25].iter().flat_map(|value| value.to_le_bytes()).collect(), 2);
        for float in [FloatType::F16, FloatType::BF16] {
            let half = Conversion::To(float).apply(stored.clone(), Role::Projection, 1).unwrap();
            assert_eq!(half.byte_len(), 4);
            let back = to_f32(half).unwrap();
            assert_eq!(back.bytes().unwrap(), stored.bytes().unwrap());
        }
    }

    #[test]
    fn blocks_keep_their_type_under_dtype_and_refuse_isq() {
        let stored = weight(DType::Q8_0, vec![0; 34], 32);
        let kept = Conversion::To(FloatType::F32).apply(stored.clone(), Role::Projection, 1).unwrap();
        assert_eq!(kept.dtype, DType::Q8_0);
        let error = Conversion::Isq(IsqLevel::Four).apply(stored, Role::Projection, 1).err().unwrap();
        assert_eq!((error.code(), error.info().location.as_deref()), (ErrorCode::Unsupported, Some("isq")));
    }
}
