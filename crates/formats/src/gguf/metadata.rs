//! A header's keys and values.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use super::header_reader::{HeaderBytes, HeaderReader};
use super::limits;
use super::string_array::StringArray;
use super::value_type::ValueType;
use crate::error::{FormatError, Result, quoted};
use crate::size;

/// Typed access to a file's metadata. Values stay in the header's bytes and are decoded when asked for.
#[derive(Debug)]
pub struct Metadata {
    header: HeaderBytes,
    values: BTreeMap<String, Stored>,
}

/// Where a value is in the header.
#[derive(Debug)]
pub(super) enum Stored {
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
pub(super) fn read_values(reader: &mut HeaderReader, count: u64) -> Result<BTreeMap<String, Stored>> {
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

fn read_value(reader: &mut HeaderReader, value_type: ValueType) -> Result<Stored> {
    match value_type {
        ValueType::String => Ok(Stored::Scalar(value_type, reader.string(limits::STRING_BYTES)?)),
        ValueType::Array => read_array(reader),
        ValueType::U8
        | ValueType::I8
        | ValueType::U16
        | ValueType::I16
        | ValueType::U32
        | ValueType::I32
        | ValueType::F32
        | ValueType::Bool
        | ValueType::U64
        | ValueType::I64
        | ValueType::F64 => Ok(Stored::Scalar(value_type, read_packed(reader, value_type, 1)?)),
    }
}

fn read_array(reader: &mut HeaderReader) -> Result<Stored> {
    let (element, len) = read_array_head(reader)?;
    match element {
        ValueType::String => Ok(Stored::Strings(read_strings(reader, len)?)),
        ValueType::Array => {
            skip_nested(reader, len)?;
            Ok(Stored::Nested)
        }
        ValueType::U8
        | ValueType::I8
        | ValueType::U16
        | ValueType::I16
        | ValueType::U32
        | ValueType::I32
        | ValueType::F32
        | ValueType::Bool
        | ValueType::U64
        | ValueType::I64
        | ValueType::F64 => Ok(Stored::Array(element, read_packed(reader, element, len)?)),
    }
}

/// Type and number of an array's elements. A number no header can hold is told apart from a file cut short.
fn read_array_head(reader: &mut HeaderReader) -> Result<(ValueType, u64)> {
    let start = reader.position();
    let element = ValueType::from_id(reader.u32()?, start)?;
    let len = reader.u64()?;
    let least = size::mul(len, element.fixed_bytes().unwrap_or(8));
    if least.is_none_or(|bytes| bytes > limits::HEADER_BYTES && bytes > reader.remaining()) {
        return Err(FormatError::invalid("count", format!("an array claims {len} elements: the file is damaged"))
            .at_byte(start)
            .detail("count", len));
    }
    Ok((element, len))
}

/// Steps over `len` values of one fixed size.
fn read_packed(reader: &mut HeaderReader, element: ValueType, len: u64) -> Result<Range<usize>> {
    let start = reader.position();
    let bytes = size::mul(len, element.fixed_bytes().unwrap_or(0)).ok_or_else(|| FormatError::overflow("an array"))?;
    let range = reader.take(bytes)?;
    if element == ValueType::Bool {
        check_bools(reader.get(range.clone()), start)?;
    }
    Ok(range)
}

fn read_strings(reader: &mut HeaderReader, len: u64) -> Result<Vec<u32>> {
    // Grows with the strings that are really there: each has at least its eight bytes of length.
    let mut offsets = size::vec_with_capacity(size::to_usize(len.min(reader.remaining() / 8), "an array")?)?;
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
        let (element, len) = read_array_head(reader)?;
        match element {
            ValueType::Array if open.len() == limits::ARRAY_DEPTH => {
                let message = format!("arrays nested deeper than {}; no known model has that", limits::ARRAY_DEPTH);
                return Err(FormatError::invalid("depth", message).at_byte(start));
            }
            ValueType::Array => open.push(len),
            ValueType::String => {
                for _ in 0..len {
                    reader.string(limits::STRING_BYTES)?;
                }
            }
            ValueType::U8
            | ValueType::I8
            | ValueType::U16
            | ValueType::I16
            | ValueType::U32
            | ValueType::I32
            | ValueType::F32
            | ValueType::Bool
            | ValueType::U64
            | ValueType::I64
            | ValueType::F64 => {
                read_packed(reader, element, len)?;
            }
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

impl Metadata {
    pub(super) fn new(header: HeaderBytes, values: BTreeMap<String, Stored>) -> Self {
        Self { header, values }
    }

    /// All keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Whether the key is there.
    pub fn contains(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Type of a value; [`ValueType::Array`] for every array.
    pub fn value_type(&self, key: &str) -> Option<ValueType> {
        self.values.get(key).map(Stored::value_type)
    }

    /// Bytes that the header and its index hold.
    pub fn memory_bytes(&self) -> usize {
        let header = match &self.header {
            HeaderBytes::Shared(_) => 0,
            HeaderBytes::Copied(bytes) => bytes.len(),
        };
        let strings = self.values.values().map(|value| match value {
            Stored::Strings(offsets) => offsets.len() * size_of::<u32>(),
            Stored::Scalar(..) | Stored::Array(..) | Stored::Nested => 0,
        });
        header + strings.sum::<usize>()
    }

    /// A whole number of any width, if the key is there.
    ///
    /// # Errors
    /// `model_invalid{type, key}`; `model_invalid{value, key}` when the number does not fit a `u32`.
    pub fn optional_u32(&self, key: &str) -> Result<Option<u32>> {
        self.integer(key)
    }

    /// A whole number of any width.
    ///
    /// # Errors
    /// As [`Self::optional_u32`]; `model_invalid{key}` where the key is missing.
    pub fn u32(&self, key: &str) -> Result<u32> {
        require(key, self.optional_u32(key)?)
    }

    /// As [`Self::optional_u32`], for 64 bits.
    pub fn optional_u64(&self, key: &str) -> Result<Option<u64>> {
        self.integer(key)
    }

    /// As [`Self::u32`], for 64 bits.
    pub fn u64(&self, key: &str) -> Result<u64> {
        require(key, self.optional_u64(key)?)
    }

    /// As [`Self::optional_u32`], with a sign.
    pub fn optional_i32(&self, key: &str) -> Result<Option<i32>> {
        self.integer(key)
    }

    /// A finite floating-point number, if the key is there.
    ///
    /// # Errors
    /// `model_invalid{type, key}`; `model_invalid{value, key}` for NaN and infinity.
    pub fn optional_f32(&self, key: &str) -> Result<Option<f32>> {
        let Some(value) = self.values.get(key) else { return Ok(None) };
        let number = match value {
            Stored::Scalar(value_type, range) => float(*value_type, self.header.get(range.clone())),
            Stored::Array(..) | Stored::Strings(_) | Stored::Nested => None,
        }
        .ok_or_else(|| wrong_type(key, "f32", value))?;
        if number.is_finite() { Ok(Some(number)) } else { Err(wrong_value(key, "a finite number", number)) }
    }

    /// A finite floating-point number.
    ///
    /// # Errors
    /// As [`Self::optional_f32`]; `model_invalid{key}` where the key is missing.
    pub fn f32(&self, key: &str) -> Result<f32> {
        require(key, self.optional_f32(key)?)
    }

    /// A truth value, if the key is there.
    ///
    /// # Errors
    /// `model_invalid{type, key}`.
    pub fn optional_bool(&self, key: &str) -> Result<Option<bool>> {
        match self.values.get(key) {
            None => Ok(None),
            Some(Stored::Scalar(ValueType::Bool, range)) => Ok(Some(self.header.get(range.clone()) == [1])),
            Some(value) => Err(wrong_type(key, "bool", value)),
        }
    }

    /// A truth value.
    ///
    /// # Errors
    /// As [`Self::optional_bool`]; `model_invalid{key}` where the key is missing.
    pub fn bool(&self, key: &str) -> Result<bool> {
        require(key, self.optional_bool(key)?)
    }

    /// A string, if the key is there.
    ///
    /// # Errors
    /// `model_invalid{type, key}`; `model_invalid{utf8, key}`.
    pub fn optional_str(&self, key: &str) -> Result<Option<&str>> {
        match self.values.get(key) {
            None => Ok(None),
            Some(Stored::Scalar(ValueType::String, range)) => {
                std::str::from_utf8(self.header.get(range.clone())).map(Some).map_err(|_| {
                    FormatError::invalid(
                        "utf8",
                        format!("the value of {} is not UTF-8: the file is damaged", quoted(key)),
                    )
                    .detail("key", key)
                })
            }
            Some(value) => Err(wrong_type(key, "string", value)),
        }
    }

    /// A string.
    ///
    /// # Errors
    /// As [`Self::optional_str`]; `model_invalid{key}` where the key is missing.
    pub fn str(&self, key: &str) -> Result<&str> {
        require(key, self.optional_str(key)?)
    }

    /// An array of strings, if the key is there.
    ///
    /// # Errors
    /// `model_invalid{type, key}`.
    pub fn optional_string_array(&self, key: &str) -> Result<Option<StringArray<'_>>> {
        match self.values.get_key_value(key) {
            None => Ok(None),
            Some((key, Stored::Strings(offsets))) => Ok(Some(StringArray { key, header: &self.header, offsets })),
            Some((_, value)) => Err(wrong_type(key, "array of strings", value)),
        }
    }

    /// An array of strings.
    ///
    /// # Errors
    /// As [`Self::optional_string_array`]; `model_invalid{key}` where the key is missing.
    pub fn string_array(&self, key: &str) -> Result<StringArray<'_>> {
        require(key, self.optional_string_array(key)?)
    }

    /// An array of whole numbers of any width, if the key is there.
    ///
    /// # Errors
    /// `model_invalid{type, key}`; `model_invalid{value, key}` when a number does not fit; `out_of_memory`.
    pub fn optional_i32_array(&self, key: &str) -> Result<Option<Vec<i32>>> {
        self.integer_array(key)
    }

    /// An array of whole numbers of any width.
    ///
    /// # Errors
    /// As [`Self::optional_i32_array`]; `model_invalid{key}` where the key is missing.
    pub fn i32_array(&self, key: &str) -> Result<Vec<i32>> {
        require(key, self.optional_i32_array(key)?)
    }

    /// As [`Self::optional_i32_array`], without a sign.
    pub fn optional_u32_array(&self, key: &str) -> Result<Option<Vec<u32>>> {
        self.integer_array(key)
    }

    /// An array of floating-point numbers, if the key is there. NaN and infinity pass: scores can be anything.
    ///
    /// # Errors
    /// `model_invalid{type, key}`; `out_of_memory`.
    pub fn optional_f32_array(&self, key: &str) -> Result<Option<Vec<f32>>> {
        self.array(key, "array of f32", |value_type, bytes| Ok(float(value_type, bytes)))
    }

    /// An array of floating-point numbers.
    ///
    /// # Errors
    /// As [`Self::optional_f32_array`]; `model_invalid{key}` where the key is missing.
    pub fn f32_array(&self, key: &str) -> Result<Vec<f32>> {
        require(key, self.optional_f32_array(key)?)
    }

    /// An array of truth values, if the key is there.
    ///
    /// # Errors
    /// `model_invalid{type, key}`; `out_of_memory`.
    pub fn optional_bool_array(&self, key: &str) -> Result<Option<Vec<bool>>> {
        self.array(
            key,
            "array of bool",
            |value_type, bytes| Ok((value_type == ValueType::Bool).then_some(bytes == [1])),
        )
    }

    fn integer<T: TryFrom<i128>>(&self, key: &str) -> Result<Option<T>> {
        let Some(value) = self.values.get(key) else { return Ok(None) };
        let number = match value {
            Stored::Scalar(value_type, range) => integer(*value_type, self.header.get(range.clone())),
            Stored::Array(..) | Stored::Strings(_) | Stored::Nested => None,
        }
        .ok_or_else(|| wrong_type(key, "whole number", value))?;
        fit(key, number).map(Some)
    }

    fn integer_array<T: TryFrom<i128>>(&self, key: &str) -> Result<Option<Vec<T>>> {
        self.array(key, "array of whole numbers", |value_type, bytes| {
            integer(value_type, bytes).map(|number| fit(key, number)).transpose()
        })
    }

    /// Decodes a packed array; `decode` gives nothing for a type it does not take.
    fn array<T>(
        &self,
        key: &str,
        expected: &str,
        decode: impl Fn(ValueType, &[u8]) -> Result<Option<T>>,
    ) -> Result<Option<Vec<T>>> {
        let Some(value) = self.values.get(key) else { return Ok(None) };
        let mismatch = || wrong_type(key, expected, value);
        let (element, range) = match value {
            Stored::Array(element, range) => (*element, range.clone()),
            Stored::Scalar(..) | Stored::Strings(_) | Stored::Nested => return Err(mismatch()),
        };
        let bytes = self.header.get(range);
        let width = size::to_usize(element.fixed_bytes().ok_or_else(mismatch)?, "an element")?;
        let mut items = size::vec_with_capacity(bytes.len() / width)?;
        for chunk in bytes.chunks_exact(width) {
            items.push(decode(element, chunk)?.ok_or_else(mismatch)?);
        }
        Ok(Some(items))
    }
}

impl Stored {
    fn value_type(&self) -> ValueType {
        match self {
            Self::Scalar(value_type, _) => *value_type,
            Self::Array(..) | Self::Strings(_) | Self::Nested => ValueType::Array,
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Scalar(value_type, _) => value_type.name().to_owned(),
            Self::Array(element, _) => format!("array of {}", element.name()),
            Self::Strings(_) => "array of strings".to_owned(),
            Self::Nested => "array of arrays".to_owned(),
        }
    }
}

fn integer(value_type: ValueType, bytes: &[u8]) -> Option<i128> {
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

fn float(value_type: ValueType, bytes: &[u8]) -> Option<f32> {
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

fn fit<T: TryFrom<i128>>(key: &str, number: i128) -> Result<T> {
    let range = || wrong_value(key, &format!("a number that fits {}", std::any::type_name::<T>()), number);
    T::try_from(number).map_err(|_| range())
}

fn require<T>(key: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| {
        FormatError::invalid("key", format!("metadata key {} is missing: the file is incomplete", quoted(key)))
            .detail("key", key)
    })
}

fn wrong_type(key: &str, expected: &str, value: &Stored) -> FormatError {
    let got = value.describe();
    FormatError::invalid("type", format!("metadata key {} should be {expected} and is {got}", quoted(key)))
        .detail("key", key)
        .detail("expected", expected)
        .detail("got", got)
}

fn wrong_value(key: &str, expected: &str, got: impl std::fmt::Display) -> FormatError {
    FormatError::invalid("value", format!("metadata key {} should be {expected} and is {got}", quoted(key)))
        .detail("key", key)
        .detail("got", got.to_string())
}
