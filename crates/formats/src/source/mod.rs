//! Where the bytes of model files come from.

mod byte_source;
#[cfg(not(target_family = "wasm"))]
mod mapped_file;
mod memory_file;
mod model_files;
#[cfg(not(target_family = "wasm"))]
mod source_file;
mod tensor_bytes;

pub use byte_source::{ByteSource, OpenMode};
#[cfg(not(target_family = "wasm"))]
pub use mapped_file::MappedFile;
pub use memory_file::{MemoryFile, TakenBytes};
pub use model_files::ModelFiles;
pub(crate) use model_files::is_plain_name;
#[cfg(not(target_family = "wasm"))]
pub use source_file::SourceFile;
pub use tensor_bytes::TensorBytes;
