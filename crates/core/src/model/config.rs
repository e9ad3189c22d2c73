//! What a model is, whichever file said so.

use super::{Architecture, RotaryConfig};
use crate::error::{Error, ErrorCode, Result};

/// A validated description of a model's graph.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    /// Which file in `model/` builds it.
    pub architecture: Architecture,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Width of the feed-forward.
    pub intermediate: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; divides `heads`.
    pub kv_heads: usize,
    /// Elements of a head.
    pub head_dim: usize,
    /// Rows of embedding and head; absent where only the tensor knows (GGUF).
    pub vocabulary: Option<usize>,
    /// Positions the model was made for.
    pub context_length: usize,
    /// Epsilon of every RMS norm.
    pub norm_epsilon: f32,
    /// How positions rotate queries and keys.
    pub rotary: RotaryConfig,
    /// Whether the head is the embedding; where the file does not say, whether a head is stored decides.
    pub tied_embeddings: Option<bool>,
    /// Biases on query, key and value; `None` where the tensors decide (GGUF).
    pub attention_bias: Option<bool>,
    /// Biases on gate, up and down; `None` where the tensors decide (GGUF).
    pub feed_forward_bias: Option<bool>,
    /// What differs from layer to layer, `(layers,)`.
    pub layers: Vec<LayerConfig>,
}

/// What differs from layer to layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerConfig {
    /// How many positions back a row sees, itself included.
    pub window: Option<u32>,
    /// Whether queries and keys are rotated.
    pub rotary: bool,
}

/// Bounds far above every published model: a number beyond them is a broken file, and nothing is allocated for it.
pub(super) mod limit {
    pub(in crate::model) const LAYERS: usize = 1024;
    pub(in crate::model) const WIDTH: usize = 1 << 20;
    pub(in crate::model) const HEADS: usize = 4096;
    pub(in crate::model) const HEAD_DIM: usize = 4096;
    pub(in crate::model) const VOCABULARY: usize = 1 << 24;
    pub(in crate::model) const CONTEXT: usize = 1 << 28;
}

/// `model_invalid` at a key of config or metadata.
pub(super) fn invalid(key: &str, message: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::ModelInvalid, format!("`{key}` {message}")).at(key).detail("key", key)
}

/// `model_unsupported` at a key of config or metadata.
pub(super) fn unsupported(key: &str, message: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::ModelUnsupported, format!("`{key}` {message}")).at(key).detail("key", key)
}

impl ModelConfig {
    /// Checks what holds between values, with the source's own keys in the errors.
    pub(super) fn checked(self, keys: &RelationKeys<'_>) -> Result<Self> {
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(invalid(
                keys.kv_heads,
                format_args!("is {}, which does not divide the {} heads", self.kv_heads, self.heads),
            ));
        }
        if !self.rotary.dim.is_multiple_of(2) || self.rotary.dim == 0 || self.rotary.dim > self.head_dim {
            return Err(invalid(
                keys.rotary_dim,
                format_args!(
                    "rotates {} elements of a head of {}; it has to be even and no more than the head",
                    self.rotary.dim, self.head_dim
                ),
            ));
        }
        Ok(self)
    }

    /// Width of the queries, `heads * head_dim`.
    pub fn query_width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Width of the keys and of the values, `kv_heads * head_dim`.
    pub fn kv_width(&self) -> usize {
        self.kv_heads * self.head_dim
    }
}

/// What a source calls the values that have to fit together.
pub(super) struct RelationKeys<'a> {
    pub(super) kv_heads: &'a str,
    pub(super) rotary_dim: &'a str,
}
