//! Model architectures, each written once over a backend.

mod architecture;
mod config;
mod config_gguf;
mod config_json;
mod layer;
mod llama;
mod qwen2;
mod qwen3;
mod rope_scaling;
mod transformer;

pub use architecture::Architecture;
pub use config::{LayerConfig, ModelConfig};
pub(crate) use config_gguf::ROPE_FACTORS;
pub use rope_scaling::{RopeScaling, RotaryConfig, Yarn};
pub use transformer::{BLOCK_SIZE, Transformer, TransformerOptions};
pub(crate) use transformer::{kv_block_bytes, model_shape, vocabulary};
