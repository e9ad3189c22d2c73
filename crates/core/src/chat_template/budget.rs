//! What one rendering may cost beyond steps: bytes of strings and lists made or walked through.
//!
//! minijinja's fuel counts instructions, and one instruction can double a string. Every operation here that makes or
//! walks through data pays for it first. The account belongs to the thread: rendering never leaves it.

use std::cell::Cell;
use std::fmt;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

/// Cost of a list item or a map entry, in bytes: about what minijinja keeps for one.
const ITEM: u64 = 24;
/// Nesting walked through at most; JSON from requests has 64 levels at most.
const MAX_DEPTH: usize = 128;

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(0) };
}

/// Runs `work` with `bytes` to spend.
pub(crate) fn with<T>(bytes: u64, work: impl FnOnce() -> T) -> T {
    struct Restore(u64);
    impl Drop for Restore {
        fn drop(&mut self) {
            LEFT.set(self.0);
        }
    }
    let _restore = Restore(LEFT.replace(bytes));
    work()
}

/// The limit that was run over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Steps, or items of a range.
    Fuel,
    /// Bytes of values or of output.
    Bytes,
}

impl Limit {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Fuel => "fuel",
            Self::Bytes => "bytes",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the template ran over its limit of {}", self.word())
    }
}

impl std::error::Error for Limit {}

/// The error that ends a rendering over `limit`.
pub(crate) fn over(limit: Limit) -> Error {
    Error::new(ErrorKind::InvalidOperation, "over a limit").with_source(limit)
}

/// Pays for `bytes`.
pub(crate) fn charge(bytes: u64) -> Result<(), Error> {
    match LEFT.get().checked_sub(bytes) {
        Some(left) => {
            LEFT.set(left);
            Ok(())
        }
        None => Err(over(Limit::Bytes)),
    }
}

/// Pays for a value without looking inside its items.
pub(crate) fn charge_shallow(value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::String | ValueKind::Bytes => charge(value.as_str().map_or(64, |text| text.len() as u64)),
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => charge(value.len().unwrap_or(64) as u64 * ITEM),
        _ => charge(1),
    }
}

/// Pays for a value and everything in it, each time it occurs: shared lists can unfold exponentially.
pub(crate) fn charge_deep(value: &Value) -> Result<(), Error> {
    deep(value, 0)
}

fn deep(value: &Value, depth: usize) -> Result<(), Error> {
    charge_shallow(value)?;
    if depth > MAX_DEPTH {
        return Err(over(Limit::Bytes));
    }
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            for item in value.try_iter()? {
                deep(&item, depth + 1)?;
            }
        }
        ValueKind::Map => {
            for key in value.try_iter()? {
                charge_shallow(&key)?;
                deep(&value.get_item(&key)?, depth + 1)?;
            }
        }
        _ => {}
    }
    Ok(())
}
