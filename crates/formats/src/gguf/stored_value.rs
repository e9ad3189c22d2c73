//! A metadata value as it lies in the header.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use super::header_reader::HeaderReader;
use super::limits;
use super::value_type::{Layout, ValueType};
use crate::error::{FormatError, Result, quoted};
use crate::size;

/// Where a value is in the header.
#[derive(Debug)]
pub(super) enum StoredValue {
    /// A number, a truth value or a string's text.
    Scalar(ValueType, Range<usize>),
    /// Elements of one fixed size, packed.
    Array(ValueType, Range<usize>),
    /// Where each string's length field starts.
    Strings(Vec<u32>),
    /// Arrays in an array, which no key in use has.
    Nested,
}

/// Reads `count` entries.
pub(super) fn read_values(reader: &mut HeaderReader, count: u64) -> Result<BTreeMap<String, StoredValue>> {
    let mut values = BTreeMap::new();
    for _ in 0..count {
        let start = reader.position();
        let key = reader.name("a metadata key")?;
        let type_at = reader.position();
        let value_type =
            ValueType::from_id(reader.u32()?, type_at).map_err(|error| error.detail("key", key.as_str()))?;
        let value = read_value(reader, value_type).map_err(|error| error.detail("key", key.as_str()))?;
        match values.entry(key) {
            Entry::Vacant(place) => {
                place.insert(value);
            }
            Entry::Occupied(place) => {
                return Err(FormatError::invalid(
                    "duplicate",
                    format!(
                        "metadata key {} is there twice: the file is damaged or was made wrongly",
                        quoted(place.key())
                    ),
                )
                .at_byte(start)
                .detail("key", place.key().as_str()));
            }
        }
    }
    Ok(values)
}

fn read_value(reader: &mut HeaderReader, value_type: ValueType) -> Result<StoredValue> {
    match value_type.layout() {
        Layout::Packed(bytes) => Ok(StoredValue::Scalar(value_type, read_packed(reader, value_type, bytes)?)),
        Layout::String => Ok(StoredValue::Scalar(value_type, reader.string(limits::STRING_BYTES)?)),
        Layout::Array => read_array(reader),
    }
}

fn read_array(reader: &mut HeaderReader) -> Result<StoredValue> {
    let (element, len, least) = read_array_head(reader)?;
    match element.layout() {
        Layout::Packed(_) => Ok(StoredValue::Array(element, read_packed(reader, element, least)?)),
        Layout::String => Ok(StoredValue::Strings(read_strings(reader, len)?)),
        Layout::Array => {
            skip_nested(reader, len)?;
            Ok(StoredValue::Nested)
        }
    }
}

/// Type and number of an array's elements, and the bytes they have at least. A number no header can hold is told apart
/// from a file cut short.
fn read_array_head(reader: &mut HeaderReader) -> Result<(ValueType, u64, u64)> {
    let start = reader.position();
    let element = ValueType::from_id(reader.u32()?, start)?;
    let len = reader.u64()?;
    match size::mul(len, element.layout().least_bytes()) {
        Some(least) if least <= limits::HEADER_BYTES.max(reader.remaining()) => Ok((element, len, least)),
        Some(_) | None => {
            Err(FormatError::invalid("count", format!("an array claims {len} elements: the file is damaged"))
                .at_byte(start)
                .detail("count", len))
        }
    }
}

/// Steps over `bytes` bytes of packed elements.
fn read_packed(reader: &mut HeaderReader, element: ValueType, bytes: u64) -> Result<Range<usize>> {
    let start = reader.position();
    let range = reader.take(bytes)?;
    if element == ValueType::Bool {
        check_bools(reader.get(range.clone()), start)?;
    }
    Ok(range)
}

fn read_strings(reader: &mut HeaderReader, len: u64) -> Result<Vec<u32>> {
    // No more than there can be: each string has at least its length.
    let possible = reader.remaining().min(limits::HEADER_BYTES) / Layout::String.least_bytes();
    let mut offsets = size::vec_with_capacity(size::to_usize(len.min(possible), "an array")?)?;
    for _ in 0..len {
        let offset = reader.position();
        reader.string(limits::STRING_BYTES)?;
        offsets.push(u32::try_from(offset).map_err(|_| FormatError::overflow("the header"))?);
    }
    Ok(offsets)
}

/// Steps over arrays in an array, without recursion.
fn skip_nested(reader: &mut HeaderReader, len: u64) -> Result<()> {
    let start = reader.position();
    let mut open = vec![len];
    let mut arrays = 0;
    while let Some(left) = open.last_mut() {
        if *left == 0 {
            open.pop();
            continue;
        }
        *left -= 1;
        arrays += 1;
        if arrays > limits::NESTED_ARRAYS {
            let message = format!("more than {} arrays in one array; no known model has that", limits::NESTED_ARRAYS);
            return Err(FormatError::invalid("count", message).at_byte(start));
        }
        let (element, len, least) = read_array_head(reader)?;
        match element.layout() {
            Layout::Packed(_) => {
                read_packed(reader, element, least)?;
            }
            Layout::String => {
                for _ in 0..len {
                    reader.string(limits::STRING_BYTES)?;
                }
            }
            Layout::Array if open.len() == limits::ARRAY_DEPTH => {
                let message = format!("arrays nested deeper than {}; no known model has that", limits::ARRAY_DEPTH);
                return Err(FormatError::invalid("depth", message).at_byte(start));
            }
            Layout::Array => open.push(len),
        }
    }
    Ok(())
}

fn check_bools(bytes: &[u8], start: u64) -> Result<()> {
    match bytes.iter().position(|&byte| byte > 1) {
        None => Ok(()),
        Some(index) => {
            Err(FormatError::invalid("type", format!("{} is no truth value: the file is damaged", bytes[index]))
                .at_byte(start + index as u64))
        }
    }
}

impl StoredValue {
    /// [`ValueType::Array`] for every array.
    pub(super) fn value_type(&self) -> ValueType {
        match self {
            Self::Scalar(value_type, _) => *value_type,
            Self::Array(..) | Self::Strings(_) | Self::Nested => ValueType::Array,
        }
    }

    /// The type, for messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Scalar(value_type, _) => value_type.name().to_owned(),
            Self::Array(element, _) => format!("array of {}", element.name()),
            Self::Strings(_) => "array of strings".to_owned(),
            Self::Nested => "array of arrays".to_owned(),
        }
    }
}

/// A whole number of any width; nothing for other types.
pub(super) fn integer(value_type: ValueType, bytes: &[u8]) -> Option<i128> {
    Some(match value_type {
        ValueType::U8 => u8::from_le_bytes(bytes.try_into().ok()?).into(),
        ValueType::I8 => i8::from_le_bytes(bytes.try_into().ok()?).into(),
        ValueType::U16 => u16::from_le_bytes(bytes.try_into().ok()?).into(),
        ValueType::I16 => i16::from_le_bytes(bytes.try_into().ok()?).into(),
        ValueType::U32 => u32::from_le_bytes(bytes.try_into().ok()?).into(),
        ValueType::I32 => i32::from_le_bytes(bytes.try_into().ok()?).into(),
        ValueType::U64 => u64::from_le_bytes(bytes.try_into().ok()?).into(),
        ValueType::I64 => i64::from_le_bytes(bytes.try_into().ok()?).into(),
        ValueType::F32 | ValueType::F64 | ValueType::Bool | ValueType::String | ValueType::Array => return None,
    })
}

/// A floating-point number of either width; nothing for other types.
pub(super) fn float(value_type: ValueType, bytes: &[u8]) -> Option<f32> {
    match value_type {
        ValueType::F32 => Some(f32::from_le_bytes(bytes.try_into().ok()?)),
        ValueType::F64 => Some(f64::from_le_bytes(bytes.try_into().ok()?) as f32),
        ValueType::U8
        | ValueType::I8
        | ValueType::U16
        | ValueType::I16
        | ValueType::U32
        | ValueType::I32
        | ValueType::U64
        | ValueType::I64
        | ValueType::Bool
        | ValueType::String
        | ValueType::Array => None,
    }
}
