//! What a model will take, from its headers alone.

use serde::Serialize;
use ts_rs::TS;

use super::LoadOptions;
use crate::{
    backend::KvDType,
    error::{Error, ErrorCode, Result},
    model::{BLOCK_SIZE, ModelConfig, kv_block_bytes},
    weight::{DType, stored_bytes},
    weights::WeightTable,
};

/// Memory a loaded model takes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct MemoryEstimate {
    /// Weights as they will be in memory.
    #[ts(type = "number")]
    pub weights_bytes: u64,
    /// Keys and values of one sequence that fills the context.
    #[ts(type = "number")]
    pub kv_bytes: u64,
    /// Both.
    #[ts(type = "number")]
    pub total_bytes: u64,
    /// Whether that is within `maxMemoryBytes`; true without a limit.
    pub fits: bool,
}

/// What is decided before any weight is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MemoryPlan {
    pub(super) estimate: MemoryEstimate,
    pub(super) kv_dtype: KvDType,
    pub(super) context_length: usize,
    /// Bytes that keys and values of all sequences may have.
    pub(super) kv_memory_bytes: u64,
    /// Type of most weights in memory.
    pub(super) dominant: DType,
}

/// Keys and values may have so much where nobody says: enough for several conversations, little beside the weights.
const DEFAULT_KV_MEMORY: u64 = 1 << 30;

/// The least context worth loading a model for when memory decides its length.
const LEAST_CONTEXT: usize = 256;

impl MemoryPlan {
    /// Sizes weights and KV. Without `contextLength` the context shrinks to what `maxMemoryBytes` and `kvMemoryBytes`
    /// leave, down to 256 positions. Without `kvMemoryBytes` keys and values may have one whole context, or a gibibyte
    /// if that is more, but no more than all sequences could use.
    ///
    /// # Errors
    /// `invalid_request` at `contextLength` above the model's own, and at `kvMemoryBytes` that the context does not fit.
    pub(super) fn new(config: &ModelConfig, table: &WeightTable, options: &LoadOptions) -> Result<Self> {
        let (weights_bytes, dominant) = weights_in_memory(table, options);
        let natural = if dominant == DType::F32 { KvDType::F32 } else { KvDType::F16 };
        let kv_dtype = options.kv_cache.unwrap_or(natural);
        let block_bytes = kv_block_bytes(config, kv_dtype) as u64;
        let kv_bytes = |context: usize| context.div_ceil(BLOCK_SIZE) as u64 * block_bytes;
        let limit = options.max_memory_bytes;
        let context_length = match options.context_length {
            Some(context) if context > config.context_length => {
                return Err(Error::invalid_request(
                    "contextLength",
                    format!("is {context} and the model was made for {}", config.context_length),
                )
                .detail("max", config.context_length));
            }
            Some(context) => context,
            None => match [limit.map(|limit| limit.saturating_sub(weights_bytes)), options.kv_memory_bytes]
                .into_iter()
                .flatten()
                .min()
            {
                Some(left) => {
                    let blocks = left / block_bytes.max(1);
                    let affordable = usize::try_from(blocks).unwrap_or(usize::MAX).saturating_mul(BLOCK_SIZE);
                    config.context_length.min(affordable.max(LEAST_CONTEXT))
                }
                None => config.context_length,
            },
        };
        let kv_bytes = kv_bytes(context_length);
        if let Some(given) = options.kv_memory_bytes.filter(|given| *given < kv_bytes) {
            let message = format!(
                "is {given}, and {context_length} positions need {kv_bytes}: raise it or lower `contextLength`"
            );
            return Err(Error::invalid_request("kvMemoryBytes", message).detail("needed", kv_bytes));
        }
        let sequences = options.engine(0).max_sequences as u64;
        let wanted = options.kv_memory_bytes.unwrap_or_else(|| kv_bytes.max(DEFAULT_KV_MEMORY));
        let left = limit.map_or(u64::MAX, |limit| limit.saturating_sub(weights_bytes));
        let kv_memory_bytes = wanted.min(kv_bytes.saturating_mul(sequences)).min(left);
        let total_bytes = weights_bytes.saturating_add(kv_bytes);
        let fits = limit.is_none_or(|limit| total_bytes <= limit);
        let estimate = MemoryEstimate { weights_bytes, kv_bytes, total_bytes, fits };
        Ok(Self { estimate, kv_dtype, context_length, kv_memory_bytes, dominant })
    }

    /// # Errors
    /// `out_of_memory{needed, limit}` before anything is allocated.
    pub(super) fn require_fit(&self, limit: Option<u64>) -> Result<()> {
        match limit {
            Some(limit) if !self.estimate.fits => Err(Error::new(
                ErrorCode::OutOfMemory,
                format!(
                    "the model needs {} bytes for its weights and {} for {} positions, and `maxMemoryBytes` is {limit}: raise \
                     it, lower `contextLength`, or quantise with `isq`",
                    self.estimate.weights_bytes, self.estimate.kv_bytes, self.context_length
                ),
            )
            .detail("needed", self.estimate.total_bytes)
            .detail("limit", limit)),
            Some(_) | None => Ok(()),
        }
    }
}

/// Bytes of all weights in memory, and the type that most of them have.
fn weights_in_memory(table: &WeightTable, options: &LoadOptions) -> (u64, DType) {
    let conversion = options.conversion();
    let mut total = 0u64;
    let mut by_type: Vec<(DType, u64)> = Vec::new();
    for weight in table.weights() {
        let row = weight.shape.last().copied().unwrap_or(1);
        let is_matrix = weight.shape.len() > 1;
        let dtype = if is_matrix { conversion.target(weight.dtype, table.role(&weight.name), row) } else { DType::F32 };
        let bytes = stored_bytes(dtype, &weight.shape).unwrap_or(weight.byte_len()) as u64;
        total = total.saturating_add(bytes);
        if is_matrix {
            match by_type.iter_mut().find(|(known, _)| *known == dtype) {
                Some((_, sum)) => *sum += bytes,
                None => by_type.push((dtype, bytes)),
            }
        }
    }
    let dominant = by_type.iter().max_by_key(|(_, sum)| *sum).map_or(DType::F32, |(dtype, _)| *dtype);
    (total, dominant)
}
