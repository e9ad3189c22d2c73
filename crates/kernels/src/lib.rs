//! CPU kernels: matrix products over quantised and plain weights, attention over block KV, norms, rotary positions.
//!
//! Rules that every kernel keeps, so that a row's bits depend only on its tokens, its weights and its position:
//! - integer dot products are exact; float sums run in one fixed order per output, whatever the number of rows, threads or chunks;
//! - multiply, then add, rounded after each: no reassociation, and no fused multiply-add but of products that need no rounding;
//! - [`math::exp`] and [`math::ln`] are ours, rotary angles are computed in f64 by `libm`: the same bits on every host.
//!
//! A kernel splits its work over a [`ThreadPool`] and allocates nothing. Shapes are checked: a mismatch is [`Error::Shape`].

#![expect(clippy::inline_always, reason = "an inner loop that is not inlined does not vectorise with its caller")]
#![cfg_attr(test, expect(clippy::float_cmp, reason = "exact results are what these tests are about"))]

pub mod attention;
pub mod embedding;
pub mod finite;
pub mod kv_element;
pub mod kv_store;
pub mod math;
pub mod matmul;
pub mod rms_norm;
pub mod rotary;
pub mod silu_mul;
pub mod softmax;
#[doc(hidden)]
pub mod synthetic;

mod activations;
mod aligned;
mod bf16_rows;
mod block_type;
mod blocks;
mod disjoint;
mod error;
mod half_float;
mod lanes;
mod packed;
mod panel;
mod pool;
mod quantized_rows;
#[cfg(target_arch = "x86_64")]
mod row_blocks;
mod short;
mod simd;
mod tier;

pub use activations::Activations;
pub use aligned::{Aligned, Chunks, Plain};
pub use bf16_rows::Bf16Rows;
pub use block_type::BlockType;
pub use error::{Error, Result};
pub use packed::{Packed, TakenBytes};
pub use pool::ThreadPool;
pub use quantized_rows::QuantizedRows;
pub use tier::Tier;
