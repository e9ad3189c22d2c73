//! Reads a JSON object field by field, knowing the path of each.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The fields of one object that nobody has read yet. [`Self::finish`] refuses what is left.
pub(crate) struct Fields {
    path: String,
    map: Map<String, Value>,
}

impl Fields {
    /// `path` is empty for the request itself.
    pub(crate) fn new(value: Value, path: impl Into<String>) -> Result<Self> {
        let path = path.into();
        match value {
            Value::Object(map) => Ok(Self { path, map }),
            other => Err(wrong_type(&path, "an object", &other)),
        }
    }

    /// Path of the field `name`: `dry.base`.
    pub(crate) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Takes a field as it is.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.map.shift_remove(name)
    }

    /// Takes a field that must be there.
    pub(crate) fn require(&mut self, name: &str) -> Result<Value> {
        self.take(name)
            .ok_or_else(|| Error::invalid_request(self.path(name), format!("`{}` is missing.", self.path(name))))
    }

    /// A number in `range`.
    pub(crate) fn number(&mut self, name: &str, range: RangeInclusive<f64>) -> Result<Option<f64>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let path = self.path(name);
        let number = value.as_f64().ok_or_else(|| wrong_type(&path, "a number", &value))?;
        if range.contains(&number) {
            Ok(Some(number))
        } else {
            Err(out_of_range(&path, range.start(), range.end(), &value))
        }
    }

    /// A whole number in `range`, also when it is written `1.0`.
    pub(crate) fn integer(&mut self, name: &str, range: RangeInclusive<i64>) -> Result<Option<i64>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let path = self.path(name);
        whole_number(&value, &path, range).map(Some)
    }

    /// True or false.
    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(wrong_type(&self.path(name), "true or false", &other)),
        }
    }

    /// A string.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => string(value, &self.path(name)).map(Some),
        }
    }

    /// A string that must be there.
    pub(crate) fn require_text(&mut self, name: &str) -> Result<String> {
        string(self.require(name)?, &self.path(name))
    }

    /// Refuses every field that was not taken.
    pub(crate) fn finish(self) -> Result<()> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(name) => {
                let path = self.path(name);
                Err(Error::invalid_request(
                    path.clone(),
                    format!("`{path}` is no field of a request; check its spelling."),
                ))
            }
        }
    }
}

/// The string in `value`.
pub(crate) fn string(value: Value, path: &str) -> Result<String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(wrong_type(path, "a string", &other)),
    }
}

/// The array in `value`.
pub(crate) fn array(value: Value, path: &str) -> Result<Vec<Value>> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(wrong_type(path, "an array", &other)),
    }
}

/// The whole number in `value`, from within `range`.
pub(crate) fn whole_number(value: &Value, path: &str, range: RangeInclusive<i64>) -> Result<i64> {
    let number = value.as_f64().ok_or_else(|| wrong_type(path, "a whole number", value))?;
    if number.fract() != 0.0 {
        return Err(wrong_type(path, "a whole number", value));
    }
    // Beyond 2^53 the conversion rounds or saturates; no range here goes that far.
    let whole = value.as_i64().unwrap_or(number as i64);
    if range.contains(&whole) { Ok(whole) } else { Err(out_of_range(path, range.start(), range.end(), value)) }
}

/// `path` holds something of another type.
pub(crate) fn wrong_type(path: &str, expected: &str, got: &Value) -> Error {
    let found = match got {
        Value::Null => "null (NaN and infinity become null in JSON; leave a field out to not set it)",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    let what = if path.is_empty() { "The request" } else { path };
    Error::invalid_request(path, format!("{what} must be {expected}, but it is {found}."))
}

fn out_of_range(path: &str, low: impl std::fmt::Display, high: impl std::fmt::Display, got: &Value) -> Error {
    Error::invalid_request(path, format!("{path} must be from {low} to {high}."))
        .detail("min", low.to_string().parse::<f64>().unwrap_or_default())
        .detail("max", high.to_string().parse::<f64>().unwrap_or_default())
        .detail("got", got.clone())
}
