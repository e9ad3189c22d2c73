//! The WebAssembly binding of Wick: convert in, call, convert out.
//!
//! The same commands and events as in `crates/node`, and no threads: whoever reads has [`Engine::step`] called. A panic
//! ends the instance with a trap, after its message has left by the host.
//!
//! - [`engine`]: the one exported class.
//! - [`buffers`]: a model's bytes at their final place in linear memory.
//! - [`host`]: clocks, randomness and panics of the JavaScript around it.
//! - [`budget`]: how much linear memory there may be, and what of it is in use.
//! - [`linear_memory`]: the allocator that keeps to it.

#[cfg_attr(
    not(any(target_family = "wasm", test)),
    expect(dead_code, reason = "the allocator, which counts, is WebAssembly's alone")
)]
mod budget;
mod buffers;
mod engine;
mod host;
#[cfg(target_family = "wasm")]
mod linear_memory;

pub use engine::Engine;
