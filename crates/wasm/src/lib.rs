//! The WebAssembly binding of Wick: convert in, call, convert out.
//!
//! The same commands and events as in `crates/node`, and no threads: whoever reads has [`Engine::step`] called. A panic
//! ends the instance with a trap, after its message has left by the host.
//!
//! - [`engine`]: the one exported class.
//! - [`buffers`]: a model's bytes at their final place in linear memory.
//! - [`host`]: clocks, randomness and panics of the JavaScript around it.

mod buffers;
mod engine;
mod host;

pub use engine::Engine;
