//! The filters, tests and methods a chat template may use; each pays for what it makes or walks through.

use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters, tests};
use minijinja_contrib::pycompat;

use super::budget::{Limit, charge, charge_deep, charge_shallow, over};
use super::operators;
use super::python_text::{to_json, write_str};

/// Widest `indent`.
const MAX_INDENT: usize = 16;
/// Longest `range`.
const MAX_RANGE: i64 = 10_000;

const FILTERS: [&str; 42] = [
    "abs",
    "attr",
    "bool",
    "capitalize",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "keys",
    "values",
];

const TESTS: [&str; 35] = [
    "defined",
    "undefined",
    "none",
    "boolean",
    "odd",
    "even",
    "divisibleby",
    "number",
    "integer",
    "int",
    "float",
    "string",
    "sequence",
    "iterable",
    "mapping",
    "startingwith",
    "endingwith",
    "lower",
    "upper",
    "sameas",
    "eq",
    "equalto",
    "==",
    "ne",
    "!=",
    "lt",
    "lessthan",
    "le",
    "gt",
    "greaterthan",
    "ge",
    "in",
    "true",
    "false",
    "callable",
];

/// Whether templates have a filter of this name.
pub(crate) fn is_filter(name: &str) -> bool {
    FILTERS.contains(&name)
}

/// Whether templates have a test of this name.
pub(crate) fn is_test(name: &str) -> bool {
    TESTS.contains(&name)
}

/// Makes filters, tests, functions and methods known to `environment`, which must be empty.
pub(crate) fn register(environment: &mut Environment<'_>) {
    register_filters(environment);
    register_tests(environment);
    environment.set_unknown_method_callback(method);
    environment.add_function("range", range);
    environment.add_function("namespace", minijinja::functions::namespace);
    environment.add_function("dict", minijinja::functions::dict);
}

fn register_filters(environment: &mut Environment<'_>) {
    let paid: [(&'static str, Value); 33] = [
        ("abs", Value::from_function(filters::abs)),
        ("attr", Value::from_function(filters::attr)),
        ("bool", Value::from_function(filters::bool)),
        ("capitalize", Value::from_function(filters::capitalize)),
        ("count", Value::from_function(filters::length)),
        ("d", Value::from_function(filters::default)),
        ("default", Value::from_function(filters::default)),
        ("e", Value::from_function(minijinja::filters::escape)),
        ("escape", Value::from_function(minijinja::filters::escape)),
        ("first", Value::from_function(filters::first)),
        ("float", Value::from_function(filters::float)),
        ("int", Value::from_function(filters::int)),
        ("items", Value::from_function(filters::items)),
        ("last", Value::from_function(filters::last)),
        ("length", Value::from_function(filters::length)),
        ("list", Value::from_function(filters::list)),
        ("lower", Value::from_function(filters::lower)),
        ("map", Value::from_function(filters::map)),
        ("reject", Value::from_function(filters::reject)),
        ("rejectattr", Value::from_function(filters::rejectattr)),
        ("reverse", Value::from_function(filters::reverse)),
        ("round", Value::from_function(filters::round)),
        ("select", Value::from_function(filters::select)),
        ("selectattr", Value::from_function(filters::selectattr)),
        ("sum", Value::from_function(filters::sum)),
        ("title", Value::from_function(filters::title)),
        ("trim", Value::from_function(filters::trim)),
        ("upper", Value::from_function(filters::upper)),
        ("safe", Value::from_function(|value: Value| value)),
        ("keys", Value::from_function(|value: &Value| value.try_iter().map(Iterator::collect::<Vec<_>>))),
        (
            "values",
            Value::from_function(|value: &Value| -> Result<Vec<Value>, Error> {
                value.try_iter()?.map(|key| value.get_item(&key)).collect()
            }),
        ),
        // Python's `str.split` has no counterpart among Jinja's filters; minijinja's is close enough to keep.
        ("split", Value::from_function(filters::split)),
        ("replace", Value::from_function(replace)),
    ];
    for (name, filter) in paid {
        environment.add_filter(name, move |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
            let args = args.into_values();
            args.iter().try_for_each(charge_shallow)?;
            let made = filter.call(state, &args)?;
            charge_shallow(&made)?;
            Ok::<Value, Error>(made)
        });
    }
    // Sorting and comparing look inside, some dozens of times.
    for (name, filter) in [
        ("dictsort", Value::from_function(filters::dictsort)),
        ("max", Value::from_function(filters::max)),
        ("min", Value::from_function(filters::min)),
        ("sort", Value::from_function(filters::sort)),
        ("unique", Value::from_function(filters::unique)),
    ] {
        environment.add_filter(name, move |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
            let args = args.into_values();
            for _ in 0..16 {
                args.iter().try_for_each(charge_deep)?;
            }
            filter.call(state, &args)
        });
    }
    environment.add_filter("string", |value: &Value| text(value));
    environment
        .add_filter("tojson", |value: &Value, indent: Option<Value>, kwargs: Kwargs| to_json(value, indent, &kwargs));
    environment.add_filter("join", |value: &Value, separator: Option<String>, kwargs: Kwargs| {
        let attribute: Option<String> = kwargs.get("attribute")?;
        let separator = separator.or(kwargs.get("d")?);
        kwargs.assert_all_used()?;
        join(value, separator.as_deref().unwrap_or_default(), attribute.as_deref())
    });
    environment.add_filter(
        "indent",
        |value: &Value, width: Option<Value>, first: Option<bool>, blank: Option<bool>, kwargs: Kwargs| {
            indent(value, width, first, blank, &kwargs)
        },
    );
}

fn register_tests(environment: &mut Environment<'_>) {
    environment.add_test("defined", tests::is_defined);
    environment.add_test("undefined", tests::is_undefined);
    environment.add_test("none", tests::is_none);
    environment.add_test("boolean", tests::is_boolean);
    environment.add_test("odd", tests::is_odd);
    environment.add_test("even", tests::is_even);
    environment.add_test("divisibleby", tests::is_divisibleby);
    environment.add_test("number", tests::is_number);
    environment.add_test("integer", tests::is_integer);
    environment.add_test("int", tests::is_integer);
    environment.add_test("float", tests::is_float);
    environment.add_test("string", tests::is_string);
    environment.add_test("mapping", tests::is_mapping);
    environment.add_test("startingwith", tests::is_startingwith);
    environment.add_test("endingwith", tests::is_endingwith);
    environment.add_test("lower", tests::is_lower);
    environment.add_test("upper", tests::is_upper);
    environment.add_test("true", tests::is_true);
    environment.add_test("false", tests::is_false);
    environment.add_test("callable", |value: &Value| value.kind() == ValueKind::Plain);
    // To Jinja text is a sequence, and so is whatever has a length and items.
    let has_items =
        |value: &Value| matches!(value.kind(), ValueKind::String | ValueKind::Bytes | ValueKind::Seq | ValueKind::Map);
    environment.add_test("sequence", has_items);
    environment.add_test("iterable", move |value: &Value| has_items(value) || value.kind() == ValueKind::Iterable);
    for name in ["eq", "equalto", "==", "sameas"] {
        environment.add_test(name, |a: &Value, b: &Value| operators::equal(a, b));
    }
    for name in ["ne", "!="] {
        environment.add_test(name, |a: &Value, b: &Value| operators::equal(a, b).map(|equal| !equal));
    }
    for name in ["lt", "lessthan"] {
        environment.add_test(name, |a: &Value, b: &Value| operators::compare(a, b).map(std::cmp::Ordering::is_lt));
    }
    for name in ["gt", "greaterthan"] {
        environment.add_test(name, |a: &Value, b: &Value| operators::compare(a, b).map(std::cmp::Ordering::is_gt));
    }
    environment.add_test("le", |a: &Value, b: &Value| operators::compare(a, b).map(std::cmp::Ordering::is_le));
    environment.add_test("ge", |a: &Value, b: &Value| operators::compare(a, b).map(std::cmp::Ordering::is_ge));
    environment.add_test("in", |item: &Value, container: &Value| operators::contains(item, container));
}

fn text(value: &Value) -> Result<String, Error> {
    let mut out = String::new();
    write_str(value, &mut out)?;
    Ok(out)
}

fn range(lower: i64, upper: Option<i64>, step: Option<i64>) -> Result<Vec<i64>, Error> {
    let (start, stop) = upper.map_or((0, lower), |upper| (lower, upper));
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Error::new(ErrorKind::InvalidOperation, "range() cannot step by 0"));
    }
    let span = if step > 0 { i128::from(stop) - i128::from(start) } else { i128::from(start) - i128::from(stop) };
    let stride = i128::from(step.unsigned_abs());
    let count = (span.max(0) + stride - 1) / stride;
    if count > i128::from(MAX_RANGE) {
        return Err(over(Limit::Fuel));
    }
    charge(count as u64 * 24)?;
    Ok((0..count as i64).map(|index| start + index * step).collect())
}

/// `str.replace`, also as a filter: with nothing to look for, Python puts the new text between all characters.
fn replace(value: &Value, old: &str, new: &str, count: Option<i64>) -> Result<String, Error> {
    let subject = text(value)?;
    let found = subject.matches(old).count() as u64;
    charge(found.saturating_mul(new.len() as u64))?;
    Ok(match count.and_then(|count| usize::try_from(count).ok()) {
        Some(count) => subject.replacen(old, new, count),
        None => subject.replace(old, new),
    })
}

fn join(values: &Value, separator: &str, attribute: Option<&str>) -> Result<String, Error> {
    let mut out = String::new();
    for (index, value) in values.try_iter()?.enumerate() {
        if index > 0 {
            charge(separator.len() as u64)?;
            out.push_str(separator);
        }
        match attribute {
            Some(attribute) => write_str(&value.get_attr(attribute)?, &mut out)?,
            None => write_str(&value, &mut out)?,
        }
    }
    Ok(out)
}

/// Jinja's `indent(width=4, first=False, blank=False)`; `width` may be the text to put in.
fn indent(
    value: &Value,
    width: Option<Value>,
    first: Option<bool>,
    blank: Option<bool>,
    kwargs: &Kwargs,
) -> Result<String, Error> {
    let width = width.or(kwargs.get("width")?);
    let first = first.or(kwargs.get("first")?).unwrap_or(false);
    let blank = blank.or(kwargs.get("blank")?).unwrap_or(false);
    kwargs.assert_all_used()?;
    let lead = match width {
        None => "    ".to_owned(),
        Some(width) => match (width.as_str(), width.as_usize()) {
            (Some(lead), _) if lead.len() <= MAX_INDENT => lead.to_owned(),
            (None, Some(width)) if width <= MAX_INDENT => " ".repeat(width),
            _ => return Err(over(Limit::Bytes)),
        },
    };
    let subject = text(value)?;
    charge((subject.matches('\n').count() * lead.len()) as u64)?;
    let mut out = String::with_capacity(subject.len());
    for (index, line) in subject.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if (index > 0 || first) && (blank || !line.is_empty()) {
            out.push_str(&lead);
        }
        out.push_str(line);
    }
    Ok(out)
}

/// Python's methods on text, dicts and lists.
fn method(state: &mut State<'_, '_>, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    charge_shallow(value)?;
    args.iter().try_for_each(charge_shallow)?;
    if let Some(subject) = value.as_str() {
        match name {
            "join" => {
                let (values,): (&Value,) = minijinja::value::from_args(args)?;
                return join(values, subject, None).map(Value::from);
            }
            "replace" => {
                let (old, new, count): (&str, &str, Option<i64>) = minijinja::value::from_args(args)?;
                return replace(value, old, new, count).map(Value::from);
            }
            "split" | "splitlines" => {
                let separator = args.first().and_then(Value::as_str).unwrap_or(" ");
                charge(subject.matches(separator).count() as u64 * 24)?;
            }
            "strip" | "lstrip" | "rstrip" => {
                if let Some(characters) = args.first().and_then(Value::as_str) {
                    charge((subject.len() as u64).saturating_mul(characters.chars().count() as u64))?;
                }
            }
            "removeprefix" => {
                let (prefix,): (&str,) = minijinja::value::from_args(args)?;
                return Ok(Value::from(subject.strip_prefix(prefix).unwrap_or(subject)));
            }
            "removesuffix" => {
                let (suffix,): (&str,) = minijinja::value::from_args(args)?;
                return Ok(Value::from(subject.strip_suffix(suffix).unwrap_or(subject)));
            }
            // A width of digits makes text out of nothing.
            "format" if subject.as_bytes().windows(4).any(|four| four.iter().all(u8::is_ascii_digit)) => {
                return Err(over(Limit::Bytes));
            }
            _ => {}
        }
    }
    let made = pycompat::unknown_method_callback(state, value, name, args)?;
    charge_shallow(&made)?;
    Ok(made)
}
