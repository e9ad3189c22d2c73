//! What a loaded model says about itself.

use serde::Serialize;
use ts_rs::TS;

/// What a loaded model says about itself. The TypeScript side adds `backend`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct ModelInfo {
    /// Name of the file or folder, or the one in the metadata.
    pub id: String,
    /// Which backend computes.
    pub engine: EngineKind,
    /// Instructions of the kernels, where they are the engine's own: `avx512vnni`, `relaxed-simd`, ….
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simd: Option<&'static str>,
    /// What the model can be asked for.
    pub capabilities: Capabilities,
    /// Tensors not used, a shortened context, …: nothing that stops the model.
    pub warnings: Vec<String>,
    /// Where it computes: `cpu`, `cuda` or `metal`.
    #[ts(type = "\"cpu\" | \"cuda\" | \"metal\"")]
    pub device: &'static str,
    /// `llama`, `smollm3`, `qwen2` or `qwen3`.
    pub architecture: &'static str,
    /// Type of most weights in memory: `Q4_K`, `BF16`.
    pub quantization: String,
    /// Weights in all, tied ones once.
    #[ts(type = "number")]
    pub parameters: u64,
    /// Positions a sequence can have.
    pub context_length: usize,
    /// Rows of the head, padding included.
    pub vocabulary_size: usize,
}

/// Which backend computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum EngineKind {
    /// Own kernels.
    Cpu,
    /// The reference.
    Candle,
}

/// What a model can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, TS)]
#[expect(clippy::struct_excessive_bools, reason = "four independent answers, as the contract spells them")]
pub struct Capabilities {
    /// Its template takes tools.
    pub tools: bool,
    /// It can think before it answers.
    pub reasoning: bool,
    /// It has tokens for fill-in-the-middle.
    pub fim: bool,
    /// It makes embeddings.
    pub embeddings: bool,
}
