//! Values as Python writes them: `str()`, `repr()` and `json.dumps()`.

use std::fmt::Write as _;

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, Value};

use super::budget::{Limit, charge, over};

/// Price of writing one value, however short: walking to it costs more than its bytes.
const NODE: u64 = 64;
/// Deepest nesting written.
const MAX_DEPTH: usize = 128;
/// Widest indentation of JSON, in spaces per level.
const MAX_INDENT: usize = 16;

/// Appends `str(value)`; an undefined value is empty text, as Jinja has it.
pub(crate) fn write_str(value: &Value, out: &mut String) -> Result<(), Error> {
    match value.as_str() {
        Some(text) => {
            charge(text.len() as u64)?;
            out.push_str(text);
            Ok(())
        }
        None => write_repr(value, out, 0),
    }
}

fn write_repr(value: &Value, out: &mut String, depth: usize) -> Result<(), Error> {
    charge(NODE)?;
    if depth > MAX_DEPTH {
        return Err(over(Limit::Bytes));
    }
    match value.kind() {
        ValueKind::Undefined => {}
        ValueKind::None => out.push_str("None"),
        ValueKind::Bool => out.push_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::Number => write_number(value, out),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            charge(text.len() as u64)?;
            write_quoted(text, out);
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let (open, close) = if value.is_tuple() { ('(', ')') } else { ('[', ']') };
            out.push(open);
            for (index, item) in value.try_iter()?.enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_repr(&item, out, depth + 1)?;
            }
            if value.is_tuple() && value.len() == Some(1) {
                out.push(',');
            }
            out.push(close);
        }
        ValueKind::Map => {
            out.push('{');
            for (index, key) in value.try_iter()?.enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_repr(&key, out, depth + 1)?;
                out.push_str(": ");
                write_repr(&value.get_item(&key)?, out, depth + 1)?;
            }
            out.push('}');
        }
        _ => {
            let before = out.len();
            let _ = write!(out, "{value}");
            charge((out.len() - before) as u64)?;
        }
    }
    Ok(())
}

fn write_number(value: &Value, out: &mut String) {
    if value.is_integer() {
        let _ = write!(out, "{value}");
        return;
    }
    match f64::try_from(value.clone()) {
        Ok(number) => write_float(number, out),
        Err(_) => {
            let _ = write!(out, "{value}");
        }
    }
}

/// A float as Python's `repr` writes it: shortest digits, exponent from 1e16 and below 1e-4.
fn write_float(number: f64, out: &mut String) {
    if !number.is_finite() {
        out.push_str(if number.is_nan() {
            "nan"
        } else if number > 0.0 {
            "inf"
        } else {
            "-inf"
        });
        return;
    }
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
        let _ = write!(out, "{digits}e{sign}{exponent:0>2}");
    } else {
        let _ = write!(out, "{number:?}");
    }
}

fn write_quoted(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            character if character == quote => {
                out.push('\\');
                out.push(character);
            }
            character if (character as u32) < 0x20 || character as u32 == 0x7f => {
                let _ = write!(out, "\\x{:02x}", character as u32);
            }
            character => out.push(character),
        }
    }
    out.push(quote);
}

/// How `json.dumps` is asked to write.
struct Json {
    ensure_ascii: bool,
    indent: Option<usize>,
    item_separator: String,
    key_separator: String,
    sort_keys: bool,
}

/// The `tojson` filter as transformers defines it:
/// `json.dumps(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False)`. No HTML escapes; key order kept.
pub(crate) fn to_json(value: &Value, indent: Option<Value>, kwargs: &Kwargs) -> Result<Value, Error> {
    let indent = match indent.or(kwargs.get::<Option<Value>>("indent")?) {
        None => None,
        Some(indent) if indent.is_none() || indent.is_undefined() => None,
        Some(indent) => Some(
            indent
                .as_usize()
                .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "tojson(indent=…) takes a whole number"))?,
        ),
    };
    if indent.is_some_and(|indent| indent > MAX_INDENT) {
        return Err(over(Limit::Bytes));
    }
    let separators = kwargs.get::<Option<Vec<String>>>("separators")?;
    let (item_separator, key_separator) = match separators.as_deref() {
        Some([item, key]) if item.len() <= 16 && key.len() <= 16 => (item.clone(), key.clone()),
        Some(_) => return Err(Error::new(ErrorKind::InvalidOperation, "tojson(separators=…) takes two short strings")),
        None => ((if indent.is_some() { "," } else { ", " }).to_owned(), ": ".to_owned()),
    };
    let style = Json {
        ensure_ascii: kwargs.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false),
        indent,
        item_separator,
        key_separator,
        sort_keys: kwargs.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
    };
    kwargs.assert_all_used()?;
    let mut out = String::new();
    style.write(value, &mut out, 0)?;
    Ok(Value::from(out))
}

impl Json {
    fn write(&self, value: &Value, out: &mut String, depth: usize) -> Result<(), Error> {
        charge(NODE + (depth * self.indent.unwrap_or(0)) as u64)?;
        if depth > MAX_DEPTH {
            return Err(over(Limit::Bytes));
        }
        match value.kind() {
            ValueKind::None => out.push_str("null"),
            ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => match f64::try_from(value.clone()) {
                Ok(number) if number.is_nan() => out.push_str("NaN"),
                Ok(number) if number.is_infinite() => out.push_str(if number > 0.0 { "Infinity" } else { "-Infinity" }),
                Ok(_) | Err(_) => write_number(value, out),
            },
            ValueKind::String => self.write_text(value.as_str().unwrap_or_default(), out)?,
            ValueKind::Seq | ValueKind::Iterable => {
                out.push('[');
                let mut empty = true;
                for item in value.try_iter()? {
                    self.begin(out, empty, depth + 1);
                    empty = false;
                    self.write(&item, out, depth + 1)?;
                }
                self.end(out, empty, depth, ']');
            }
            ValueKind::Map => {
                out.push('{');
                let mut keys: Vec<Value> = value.try_iter()?.collect();
                if self.sort_keys {
                    keys.sort();
                }
                let empty = keys.is_empty();
                for (index, key) in keys.iter().enumerate() {
                    self.begin(out, index == 0, depth + 1);
                    if let Some(text) = key.as_str() {
                        self.write_text(text, out)?;
                    } else {
                        out.push('"');
                        self.write(key, out, depth + 1)?;
                        out.push('"');
                    }
                    out.push_str(&self.key_separator);
                    self.write(&value.get_item(key)?, out, depth + 1)?;
                }
                self.end(out, empty, depth, '}');
            }
            ValueKind::Undefined => {
                return Err(Error::new(ErrorKind::InvalidOperation, "an undefined value has no JSON"));
            }
            other => {
                return Err(Error::new(ErrorKind::InvalidOperation, format!("a value of type {other} has no JSON")));
            }
        }
        Ok(())
    }

    fn begin(&self, out: &mut String, first: bool, depth: usize) {
        if !first {
            out.push_str(&self.item_separator);
        }
        self.line(out, depth);
    }

    fn end(&self, out: &mut String, empty: bool, depth: usize, close: char) {
        if !empty {
            self.line(out, depth);
        }
        out.push(close);
    }

    fn line(&self, out: &mut String, depth: usize) {
        if let Some(indent) = self.indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent * depth));
        }
    }

    fn write_text(&self, text: &str, out: &mut String) -> Result<(), Error> {
        charge(text.len() as u64)?;
        out.push('"');
        for character in text.chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                character if (character as u32) < 0x20 || (self.ensure_ascii && !character.is_ascii()) => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        let _ = write!(out, "\\u{unit:04x}");
                    }
                }
                character => out.push(character),
            }
        }
        out.push('"');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::budget;
    use super::*;

    fn repr(value: serde_json::Value) -> String {
        let mut out = String::new();
        budget::with(1 << 20, || write_repr(&super::super::variable(value), &mut out, 0)).unwrap();
        out
    }

    #[test]
    fn writes_as_python() {
        assert_eq!(
            repr(serde_json::json!({"a": [1, 2.0, true, null, "it's"], "b": "q\"'"})),
            r#"{'a': [1, 2.0, True, None, "it's"], 'b': 'q"\''}"#
        );
        assert_eq!(repr(serde_json::json!([1e16, 1e-5, 0.1, -2.5e-7])), "[1e+16, 1e-05, 0.1, -2.5e-07]");
    }
}
