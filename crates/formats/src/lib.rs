//! GGUF and safetensors files as tables of checked tensors.
//!
//! Only headers are parsed here; the bytes of a tensor are read when asked for, straight into their place. What a table
//! hands out is proved to lie inside its file: aligned, in whole blocks, overlapping nothing. Every input either gives a
//! table or a [`FormatError`]; none panics, hangs or allocates more than a small multiple of the header's own length.
//!
//! The parsers are pure over a [`ByteSource`]; files are opened at the edge ([`ByteSource::open`], [`ModelFiles`]), which
//! is all that WebAssembly leaves out.

#![deny(unsafe_code)]

mod dtype;
mod error;
mod file_kind;
pub mod gguf;
mod numbered_name;
pub mod safetensors;
mod size;
mod source;
mod tensor;
mod tensor_table;

pub use dtype::DType;
pub use error::{FormatError, FormatErrorKind, FormatProblem, Result, quoted};
pub use file_kind::FileKind;
pub use gguf::Gguf;
pub use numbered_name::NumberedName;
pub use safetensors::Safetensors;
pub use source::{ByteSource, MemoryFile, ModelFiles, OpenMode, TakenBytes, TensorBytes};
#[cfg(not(target_family = "wasm"))]
pub use source::{MappedFile, SourceFile};
pub use tensor::{StoredType, Tensor, TensorEntry};
pub use tensor_table::TensorTable;
