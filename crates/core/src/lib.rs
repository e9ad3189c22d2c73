//! The Wick engine: loads a language model and streams what it says as [`response::Response`] values.
//!
//! Knows neither napi nor wasm-bindgen; clock, randomness and threads come in from outside.

mod allocation;
pub mod backend;
pub mod chat_template;
pub mod engine;
pub mod error;
pub mod fim;
pub mod generation_defaults;
pub mod grammar;
pub mod isq;
pub mod language_model;
pub mod loader;
pub mod log;
pub mod model;
pub mod pooling;
pub mod request;
pub mod response;
pub mod runtime;
pub mod sampler;
pub mod text;
pub mod tokenizer;
pub mod weight;
pub mod weights;

pub use error::{Error, ErrorCode, ErrorInfo, Result};
