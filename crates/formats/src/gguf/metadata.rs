//! A header's keys and values.

use std::collections::BTreeMap;

use super::header_reader::HeaderBytes;
use super::stored_value::{StoredValue, float, integer};
use super::string_array::StringArray;
use super::value_type::{Layout, ValueType};
use crate::error::{FormatError, Result, quoted};
use crate::size;

/// Typed access to a file's metadata. Values stay in the header's bytes and are decoded when asked for.
#[derive(Debug)]
pub struct Metadata {
    header: HeaderBytes,
    values: BTreeMap<String, StoredValue>,
}

impl Metadata {
    pub(super) fn new(header: HeaderBytes, values: BTreeMap<String, StoredValue>) -> Self {
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
        self.values.get(key).map(StoredValue::value_type)
    }

    /// Bytes that the header and its index hold.
    pub fn memory_bytes(&self) -> usize {
        let header = match &self.header {
            HeaderBytes::Shared(_) => 0,
            HeaderBytes::Copied(bytes) => bytes.len(),
        };
        let strings = self.values.values().map(|value| match value {
            StoredValue::Strings(offsets) => offsets.len() * size_of::<u32>(),
            StoredValue::Scalar(..) | StoredValue::Array(..) | StoredValue::Nested => 0,
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
            StoredValue::Scalar(value_type, range) => float(*value_type, self.header.get(range.clone())),
            StoredValue::Array(..) | StoredValue::Strings(_) | StoredValue::Nested => None,
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
            Some(StoredValue::Scalar(ValueType::Bool, range)) => Ok(Some(self.header.get(range.clone()) == [1])),
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
            Some(StoredValue::Scalar(ValueType::String, range)) => {
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
            Some((key, StoredValue::Strings(offsets))) => Ok(Some(StringArray { key, header: &self.header, offsets })),
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
            StoredValue::Scalar(value_type, range) => integer(*value_type, self.header.get(range.clone())),
            StoredValue::Array(..) | StoredValue::Strings(_) | StoredValue::Nested => None,
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
            StoredValue::Array(element, range) => (*element, range.clone()),
            StoredValue::Scalar(..) | StoredValue::Strings(_) | StoredValue::Nested => return Err(mismatch()),
        };
        let bytes = self.header.get(range);
        let width = match element.layout() {
            Layout::Packed(width) => size::to_usize(width, "an element")?,
            Layout::String | Layout::Array => return Err(mismatch()),
        };
        let mut items = size::vec_with_capacity(bytes.len() / width)?;
        for chunk in bytes.chunks_exact(width) {
            items.push(decode(element, chunk)?.ok_or_else(mismatch)?);
        }
        Ok(Some(items))
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

fn wrong_type(key: &str, expected: &str, value: &StoredValue) -> FormatError {
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
