//! What a kernel can answer instead of a result.

use std::fmt;

/// Why a kernel did not run to its end; its outputs then hold anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// A task panicked in the pool; the pool itself can go on.
    TaskPanicked,
    /// Slices do not fit each other; which ones, the text says.
    Shape(&'static str),
    /// Memory for this many bytes could not be had.
    Allocation(usize),
    /// The system refused a worker thread.
    Spawn,
}

/// Result of a kernel.
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TaskPanicked => formatter.write_str("a task panicked in the thread pool"),
            Self::Shape(what) => write!(formatter, "shapes do not fit: {what}"),
            Self::Allocation(bytes) => write!(formatter, "cannot allocate {bytes} bytes"),
            Self::Spawn => formatter.write_str("cannot start a worker thread"),
        }
    }
}

impl std::error::Error for Error {}

/// `Shape(what)` unless `fits`.
pub(crate) fn check(fits: bool, what: &'static str) -> Result<()> {
    if fits { Ok(()) } else { Err(Error::Shape(what)) }
}
