//! The two functions whose bits must be the same on every machine.
//!
//! The platform's own `exp` and `ln` differ in the last bit between C libraries and WASM engines; the libm crate is
//! portable Rust.

/// e^x.
pub(super) fn exp(x: f32) -> f32 {
    libm::expf(x)
}

/// Natural logarithm.
pub(super) fn ln(x: f64) -> f64 {
    libm::log(x)
}
