//! Types of metadata values.

use crate::error::{FormatError, Result};

/// Type of a metadata value or of an array's elements (`gguf_metadata_value_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are GGUF's own")]
pub enum ValueType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    String,
    Array,
    U64,
    I64,
    F64,
}

/// How a value lies in the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// So many bytes.
    Packed(u64),
    /// A length and text.
    String,
    /// A type, a number and elements.
    Array,
}

impl Layout {
    /// Bytes that a value has at least.
    pub(super) const fn least_bytes(self) -> u64 {
        match self {
            Self::Packed(bytes) => bytes,
            Self::String => 8,
            Self::Array => 12,
        }
    }
}

impl ValueType {
    /// The type of that number, read at byte `offset`.
    pub(super) fn from_id(id: u32, offset: u64) -> Result<Self> {
        Ok(match id {
            0 => Self::U8,
            1 => Self::I8,
            2 => Self::U16,
            3 => Self::I16,
            4 => Self::U32,
            5 => Self::I32,
            6 => Self::F32,
            7 => Self::Bool,
            8 => Self::String,
            9 => Self::Array,
            10 => Self::U64,
            11 => Self::I64,
            12 => Self::F64,
            _ => {
                return Err(FormatError::invalid(
                    "type",
                    format!("metadata value type {id} does not exist: the file is damaged"),
                )
                .at_byte(offset)
                .detail("type", id));
            }
        })
    }

    /// The type's number.
    pub(super) const fn id(self) -> u32 {
        match self {
            Self::U8 => 0,
            Self::I8 => 1,
            Self::U16 => 2,
            Self::I16 => 3,
            Self::U32 => 4,
            Self::I32 => 5,
            Self::F32 => 6,
            Self::Bool => 7,
            Self::String => 8,
            Self::Array => 9,
            Self::U64 => 10,
            Self::I64 => 11,
            Self::F64 => 12,
        }
    }

    /// How a value lies in the header.
    pub(super) const fn layout(self) -> Layout {
        match self {
            Self::U8 | Self::I8 | Self::Bool => Layout::Packed(1),
            Self::U16 | Self::I16 => Layout::Packed(2),
            Self::U32 | Self::I32 | Self::F32 => Layout::Packed(4),
            Self::U64 | Self::I64 | Self::F64 => Layout::Packed(8),
            Self::String => Layout::String,
            Self::Array => Layout::Array,
        }
    }

    /// The type's name, for messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::U16 => "u16",
            Self::I16 => "i16",
            Self::U32 => "u32",
            Self::I32 => "i32",
            Self::F32 => "f32",
            Self::Bool => "bool",
            Self::String => "string",
            Self::Array => "array",
            Self::U64 => "u64",
            Self::I64 => "i64",
            Self::F64 => "f64",
        }
    }
}
