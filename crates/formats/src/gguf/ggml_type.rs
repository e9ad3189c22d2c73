//! ggml's numbers for element types (`enum ggml_type` in ggml.h, block layouts in ggml-common.h).

use std::borrow::Cow;

use crate::dtype::DType;
use crate::tensor::StoredType;

/// What a number in a tensor's header stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GgmlType {
    /// The type as a table entry.
    pub(crate) stored: StoredType,
    /// Elements and bytes of a block; nothing where ggml removed the type, files disagree or the number is new, so that
    /// a tensor's end cannot be known.
    pub(crate) block: Option<(u64, u64)>,
}

impl GgmlType {
    pub(crate) fn from_id(id: u32) -> Self {
        let supported = |dtype: DType| Self {
            stored: StoredType::Supported(dtype),
            block: Some((dtype.block_len() as u64, dtype.block_bytes() as u64)),
        };
        let other =
            |name, len, bytes| Self { stored: StoredType::Other(Cow::Borrowed(name)), block: Some((len, bytes)) };
        let without_layout = |name| Self { stored: StoredType::Other(Cow::Borrowed(name)), block: None };
        match id {
            0 => supported(DType::F32),
            1 => supported(DType::F16),
            2 => supported(DType::Q4_0),
            3 => supported(DType::Q4_1),
            4 => without_layout("Q4_2 (removed from ggml)"),
            5 => without_layout("Q4_3 (removed from ggml)"),
            6 => supported(DType::Q5_0),
            7 => supported(DType::Q5_1),
            8 => supported(DType::Q8_0),
            9 => other("Q8_1", 32, 36),
            10 => supported(DType::Q2_K),
            11 => supported(DType::Q3_K),
            12 => supported(DType::Q4_K),
            13 => supported(DType::Q5_K),
            14 => supported(DType::Q6_K),
            15 => other("Q8_K", 256, 292),
            16 => other("IQ2_XXS", 256, 66),
            17 => other("IQ2_XS", 256, 74),
            18 => other("IQ3_XXS", 256, 98),
            19 => other("IQ1_S", 256, 50),
            20 => other("IQ4_NL", 32, 18),
            21 => other("IQ3_S", 256, 110),
            22 => other("IQ2_S", 256, 82),
            23 => other("IQ4_XS", 256, 136),
            24 => other("I8", 1, 1),
            25 => other("I16", 1, 2),
            26 => other("I32", 1, 4),
            27 => other("I64", 1, 8),
            28 => other("F64", 1, 8),
            29 => other("IQ1_M", 256, 56),
            30 => supported(DType::BF16),
            31 => without_layout("Q4_0_4_4 (removed from ggml)"),
            32 => without_layout("Q4_0_4_8 (removed from ggml)"),
            33 => without_layout("Q4_0_8_8 (removed from ggml)"),
            34 => other("TQ1_0", 256, 54),
            35 => other("TQ2_0", 256, 66),
            36 => without_layout("IQ4_NL_4_4 (removed from ggml)"),
            37 => without_layout("IQ4_NL_4_8 (removed from ggml)"),
            38 => without_layout("IQ4_NL_8_8 (removed from ggml)"),
            39 => other("MXFP4", 32, 17),
            40 => other("NVFP4", 64, 36),
            41 => other("Q1_0", 128, 18),
            // 64 elements upstream, 128 in the files of the fork that made it known.
            42 => without_layout("Q2_0"),
            _ => Self { stored: StoredType::Other(Cow::Owned(format!("ggml type {id}"))), block: None },
        }
    }

    /// The number of a supported type.
    pub(crate) const fn id(dtype: DType) -> u32 {
        match dtype {
            DType::F32 => 0,
            DType::F16 => 1,
            DType::Q4_0 => 2,
            DType::Q4_1 => 3,
            DType::Q5_0 => 6,
            DType::Q5_1 => 7,
            DType::Q8_0 => 8,
            DType::Q2_K => 10,
            DType::Q3_K => 11,
            DType::Q4_K => 12,
            DType::Q5_K => 13,
            DType::Q6_K => 14,
            DType::BF16 => 30,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_supported_types_round_trip() {
        let supported = (0..64).filter_map(|id| match GgmlType::from_id(id).stored {
            StoredType::Supported(dtype) => Some((id, dtype)),
            StoredType::Other(_) => None,
        });
        let mut count = 0;
        for (id, dtype) in supported {
            assert_eq!(GgmlType::id(dtype), id);
            count += 1;
        }
        assert_eq!(count, 13);
    }

    #[test]
    fn names_unknown_numbers() {
        let unknown = GgmlType::from_id(u32::MAX);
        assert_eq!(unknown.stored, StoredType::Other("ggml type 4294967295".into()));
        assert_eq!(unknown.block, None);
    }
}
