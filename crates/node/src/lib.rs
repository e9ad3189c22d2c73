//! The napi binding of Wick: convert in, call, convert out.
//!
//! Commands and events cross as one JSON string each; only vectors travel apart, as typed arrays. Failures are events,
//! never exceptions. What the strings hold is the engine's matter (`wick_core::runtime`) and that of `wick`, the
//! TypeScript package above.
//!
//! - [`engine`]: the one exported class.
//! - [`doorbell`]: wakes a JavaScript environment whose reader waits.
//! - [`host`]: the process-wide runtime and its threads.

mod doorbell;
mod engine;
mod host;
