//! safetensors' names for element types.

use std::borrow::Cow;

use crate::dtype::DType;
use crate::tensor::StoredType;

/// An element type and its bits; nothing where the name is not known.
pub(super) fn from_name(name: &str) -> (StoredType, Option<u64>) {
    let other = |name| StoredType::Other(Cow::Borrowed(name));
    match name {
        "F32" => (StoredType::Supported(DType::F32), Some(32)),
        "F16" => (StoredType::Supported(DType::F16), Some(16)),
        "BF16" => (StoredType::Supported(DType::BF16), Some(16)),
        "F64" => (other("F64"), Some(64)),
        "C64" => (other("C64"), Some(64)),
        "I64" => (other("I64"), Some(64)),
        "U64" => (other("U64"), Some(64)),
        "I32" => (other("I32"), Some(32)),
        "U32" => (other("U32"), Some(32)),
        "I16" => (other("I16"), Some(16)),
        "U16" => (other("U16"), Some(16)),
        "I8" => (other("I8"), Some(8)),
        "U8" => (other("U8"), Some(8)),
        "BOOL" => (other("BOOL"), Some(8)),
        "F8_E5M2" => (other("F8_E5M2"), Some(8)),
        "F8_E4M3" => (other("F8_E4M3"), Some(8)),
        "F8_E8M0" => (other("F8_E8M0"), Some(8)),
        "F8_E5M2FNUZ" => (other("F8_E5M2FNUZ"), Some(8)),
        "F8_E4M3FNUZ" => (other("F8_E4M3FNUZ"), Some(8)),
        "F6_E2M3" => (other("F6_E2M3"), Some(6)),
        "F6_E3M2" => (other("F6_E3M2"), Some(6)),
        "F4" => (other("F4"), Some(4)),
        _ => (StoredType::Other(Cow::Owned(name.to_owned())), None),
    }
}
