//! GGUF and safetensors files as tables of checked tensors.

mod bytes;
mod dtype;

pub use bytes::{ByteSource, TensorBytes};
pub use dtype::DType;
