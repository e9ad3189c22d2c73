//! `+`, `~`, `*`, comparisons, `in` and slices with what they cost paid for first.
//!
//! The compiled template calls these in place of minijinja's own instructions (see `program`). Their names hold a space,
//! so that no template can call or replace them.

use std::cmp::Ordering;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Value};

use super::budget::{Limit, charge, charge_deep, charge_shallow, over};
use super::python_text::write_str;

/// Longest list an operator may make.
const MAX_ITEMS: usize = 100_000;

pub(crate) const ADD: &str = "operator +";
pub(crate) const CONCAT: &str = "operator ~";
pub(crate) const MUL: &str = "operator *";
pub(crate) const EQ: &str = "operator ==";
pub(crate) const NE: &str = "operator !=";
pub(crate) const LT: &str = "operator <";
pub(crate) const LE: &str = "operator <=";
pub(crate) const GT: &str = "operator >";
pub(crate) const GE: &str = "operator >=";
pub(crate) const IN: &str = "operator in";
pub(crate) const SLICE: &str = "operator slice";

/// Makes the operators known to `environment`.
pub(crate) fn register(environment: &mut Environment<'_>) {
    environment.add_function(ADD, |a: Value, b: Value| add(&a, &b));
    environment.add_function(CONCAT, |a: Value, b: Value| concat(&a, &b));
    environment.add_function(MUL, |a: Value, b: Value| multiply(&a, &b));
    environment.add_function(EQ, |a: Value, b: Value| equal(&a, &b));
    environment.add_function(NE, |a: Value, b: Value| equal(&a, &b).map(|equal| !equal));
    environment.add_function(LT, |a: Value, b: Value| compare(&a, &b).map(Ordering::is_lt));
    environment.add_function(LE, |a: Value, b: Value| compare(&a, &b).map(Ordering::is_le));
    environment.add_function(GT, |a: Value, b: Value| compare(&a, &b).map(Ordering::is_gt));
    environment.add_function(GE, |a: Value, b: Value| compare(&a, &b).map(Ordering::is_ge));
    environment.add_function(IN, |item: Value, container: Value| contains(&item, &container));
    environment.add_function(SLICE, |value: Value, start: Value, stop: Value, step: Value| {
        slice(&value, &start, &stop, &step)
    });
}

fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

fn mismatch(operator: &str, a: &Value, b: &Value) -> Error {
    Error::new(
        ErrorKind::InvalidOperation,
        format!("unsupported operand types for {operator}: {} and {}", a.kind(), b.kind()),
    )
}

fn integer(value: &Value) -> Option<i64> {
    match value.kind() {
        ValueKind::Number if value.is_integer() => value.as_i64(),
        ValueKind::Bool => Some(i64::from(value.is_true())),
        _ => None,
    }
}

fn float(value: &Value) -> Option<f64> {
    match value.kind() {
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        ValueKind::Bool => Some(f64::from(u8::from(value.is_true()))),
        _ => None,
    }
}

fn arithmetic(
    operator: &str,
    a: &Value,
    b: &Value,
    whole: fn(i64, i64) -> Option<i64>,
    real: fn(f64, f64) -> f64,
) -> Result<Value, Error> {
    if let (Some(a), Some(b)) = (integer(a), integer(b)) {
        return whole(a, b)
            .map(Value::from)
            .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("{operator} overflows")));
    }
    match (float(a), float(b)) {
        (Some(a), Some(b)) => Ok(Value::from(real(a, b))),
        _ => Err(mismatch(operator, a, b)),
    }
}

fn list(items: Vec<Value>, tuple: bool) -> Value {
    if tuple { Value::from(minijinja::value::Tuple::from(items)) } else { Value::from(items) }
}

fn add(a: &Value, b: &Value) -> Result<Value, Error> {
    if let (Some(a), Some(b)) = (a.as_str(), b.as_str()) {
        charge((a.len() + b.len()) as u64)?;
        return Ok(Value::from([a, b].concat()));
    }
    if is_list(a) && is_list(b) && a.is_tuple() == b.is_tuple() {
        charge_shallow(a)?;
        charge_shallow(b)?;
        let items: Vec<Value> = a.try_iter()?.chain(b.try_iter()?).take(MAX_ITEMS + 1).collect();
        if items.len() > MAX_ITEMS {
            return Err(over(Limit::Bytes));
        }
        return Ok(list(items, a.is_tuple()));
    }
    arithmetic("+", a, b, i64::checked_add, |a, b| a + b)
}

fn concat(a: &Value, b: &Value) -> Result<Value, Error> {
    let mut text = String::new();
    write_str(a, &mut text)?;
    write_str(b, &mut text)?;
    Ok(Value::from(text))
}

fn multiply(a: &Value, b: &Value) -> Result<Value, Error> {
    let (repeated, times) = if a.as_str().is_some() || is_list(a) { (a, b) } else { (b, a) };
    if repeated.as_str().is_none() && !is_list(repeated) {
        return arithmetic("*", a, b, i64::checked_mul, |a, b| a * b);
    }
    let times = integer(times).ok_or_else(|| mismatch("*", a, b))?.max(0) as u64;
    if let Some(text) = repeated.as_str() {
        charge((text.len() as u64).saturating_mul(times))?;
        return Ok(Value::from(text.repeat(times as usize)));
    }
    charge_shallow(repeated)?;
    let once: Vec<Value> = repeated.try_iter()?.collect();
    let items = (once.len() as u64).saturating_mul(times);
    if items > MAX_ITEMS as u64 {
        return Err(over(Limit::Bytes));
    }
    charge(items * 24)?;
    Ok(list(once.iter().cloned().cycle().take(items as usize).collect(), repeated.is_tuple()))
}

/// Whether two values are equal, paid for.
pub(crate) fn equal(a: &Value, b: &Value) -> Result<bool, Error> {
    pay_for_comparison(a, b)?;
    Ok(a == b)
}

/// How two values compare, paid for.
pub(crate) fn compare(a: &Value, b: &Value) -> Result<Ordering, Error> {
    pay_for_comparison(a, b)?;
    Ok(a.cmp(b))
}

fn pay_for_comparison(a: &Value, b: &Value) -> Result<(), Error> {
    match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => charge(a.len().min(b.len()) as u64),
        _ if is_container(a) && is_container(b) => {
            charge_deep(a)?;
            charge_deep(b)
        }
        _ => Ok(()),
    }
}

fn is_container(value: &Value) -> bool {
    is_list(value) || value.kind() == ValueKind::Map
}

/// `item in container`: text in text, key in map, item in list; nothing is in an undefined value.
pub(crate) fn contains(item: &Value, container: &Value) -> Result<bool, Error> {
    if container.is_undefined() {
        return Ok(false);
    }
    if let Some(text) = container.as_str() {
        charge(text.len() as u64)?;
        return match item.as_str() {
            Some(part) => {
                charge(part.len() as u64)?;
                Ok(text.contains(part))
            }
            None => Err(mismatch("in", item, container)),
        };
    }
    if container.kind() == ValueKind::Map {
        // An entry that is there and undefined cannot come from JSON.
        return Ok(!container.get_item(item)?.is_undefined());
    }
    if !is_list(container) {
        return Err(mismatch("in", item, container));
    }
    charge_shallow(container)?;
    for candidate in container.try_iter()? {
        if equal(&candidate, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn slice(value: &Value, start: &Value, stop: &Value, step: &Value) -> Result<Value, Error> {
    let bound = |value: &Value| match value.kind() {
        ValueKind::None | ValueKind::Undefined => Ok(None),
        _ => integer(value)
            .map(Some)
            .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "a slice takes whole numbers")),
    };
    let (start, stop, step) = (bound(start)?, bound(stop)?, bound(step)?.unwrap_or(1));
    if step == 0 {
        return Err(Error::new(ErrorKind::InvalidOperation, "a slice cannot step by 0"));
    }
    charge_shallow(value)?;
    if let Some(text) = value.as_str() {
        charge(text.len() as u64 * 4)?;
        let characters: Vec<char> = text.chars().collect();
        let chosen: String =
            indices(characters.len(), start, stop, step).filter_map(|index| characters.get(index)).collect();
        return Ok(Value::from(chosen));
    }
    if value.is_undefined() || value.is_none() {
        return Ok(Value::from(Vec::<Value>::new()));
    }
    if !is_list(value) {
        return Err(Error::new(ErrorKind::InvalidOperation, format!("a value of type {} has no slices", value.kind())));
    }
    let items: Vec<Value> = value.try_iter()?.collect();
    let chosen = indices(items.len(), start, stop, step).filter_map(|index| items.get(index).cloned()).collect();
    Ok(list(chosen, value.is_tuple()))
}

/// Indices that Python's `[start:stop:step]` picks out of `length`.
fn indices(length: usize, start: Option<i64>, stop: Option<i64>, step: i64) -> impl Iterator<Item = usize> {
    let length = length as i64;
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let place = |bound: Option<i64>, default: i64| match bound {
        None => default,
        Some(index) if index < 0 => index.saturating_add(length).clamp(low, high),
        Some(index) => index.clamp(low, high),
    };
    let (start, stop) =
        if step > 0 { (place(start, 0), place(stop, length)) } else { (place(start, length - 1), place(stop, -1)) };
    std::iter::successors(Some(start), move |index| index.checked_add(step))
        .take_while(move |index| if step > 0 { *index < stop } else { *index > stop })
        .map(|index| index as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_as_python() {
        let pick = |start, stop, step| indices(5, start, stop, step).collect::<Vec<_>>();
        assert_eq!(pick(None, None, 1), [0, 1, 2, 3, 4]);
        assert_eq!(pick(None, None, -1), [4, 3, 2, 1, 0]);
        assert_eq!(pick(Some(1), Some(-1), 2), [1, 3]);
        assert_eq!(pick(Some(-2), None, 1), [3, 4]);
        assert_eq!(pick(Some(9), Some(0), -2), [4, 2]);
        assert!(pick(Some(3), Some(1), 1).is_empty());
    }
}
