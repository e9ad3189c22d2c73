//! What a model will take, from its headers alone.

use serde::Serialize;
use ts_rs::TS;

use super::{EngineKind, LoadOptions};
use crate::{
    backend::KvDType,
    engine::{MemoryBudget, preparation_reserve},
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
    /// Whether that is within `maxMemoryBytes`, and WebAssembly's memory has room for it; true without a limit.
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
    /// Bytes that are left of what there may be; none without a limit.
    pub(super) left: Option<u64>,
    /// Type of most weights in memory.
    pub(super) dominant: DType,
    host: Option<HostNeed>,
}

/// What a host that counts its memory has for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HostRoom {
    pub(super) budget: MemoryBudget,
    /// Who computes: candle copies weights that lie in memory.
    pub(super) engine: EngineKind,
    /// Bytes that a step takes beside weights, keys and values.
    pub(super) scratch: u64,
}

/// What a model comes to on such a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HostNeed {
    /// Bytes in use when it is loaded, without keys and values.
    loaded: u64,
    limit: u64,
}

/// Keys and values may have so much where nobody says: enough for several conversations, little beside the weights.
const DEFAULT_KV_MEMORY: u64 = 1 << 30;

/// The least context worth loading a model for when memory decides its length.
const LEAST_CONTEXT: usize = 256;

impl MemoryPlan {
    /// Sizes weights and KV. Without `contextLength` the context shrinks to what `maxMemoryBytes`, `kvMemoryBytes` and the
    /// `host` leave, down to 256 positions. Without `kvMemoryBytes` keys and values may have one whole context, or a gibibyte
    /// if that is more, but no more than all sequences could use.
    ///
    /// # Errors
    /// `invalid_request` at `contextLength` above the model's own, and at `kvMemoryBytes` that the context does not fit.
    pub(super) fn new(
        config: &ModelConfig,
        table: &WeightTable,
        options: &LoadOptions,
        host: Option<HostRoom>,
    ) -> Result<Self> {
        let WeightsInMemory { bytes: weights_bytes, lying, converting, dominant } =
            WeightsInMemory::new(table, options);
        let host = host.map(|HostRoom { budget, engine, scratch }| {
            let kept = match engine {
                EngineKind::Cpu => lying,
                EngineKind::Candle => 0,
            };
            let loaded = budget.needed((weights_bytes - kept).saturating_add(converting).saturating_add(scratch));
            HostNeed { loaded, limit: budget.limit }
        });
        let own_left = options.max_memory_bytes.map(|limit| limit.saturating_sub(weights_bytes));
        let host_left = host.map(|HostNeed { loaded, limit }| limit.saturating_sub(loaded));
        let natural = if dominant == DType::F32 { KvDType::F32 } else { KvDType::F16 };
        let kv_dtype = options.kv_cache.unwrap_or(natural);
        let block_bytes = kv_block_bytes(config, kv_dtype) as u64;
        let kv_bytes = |context: usize| context.div_ceil(BLOCK_SIZE) as u64 * block_bytes;
        let context_length = match options.context_length {
            Some(context) if context > config.context_length => {
                return Err(Error::invalid_request(
                    "contextLength",
                    format!("is {context} and the model was made for {}", config.context_length),
                )
                .detail("max", config.context_length));
            }
            Some(context) => context,
            None => {
                let positions = |left: u64, block: u64| {
                    usize::try_from(left / block.max(1)).unwrap_or(usize::MAX).saturating_mul(BLOCK_SIZE)
                };
                let affordable = [
                    own_left.map(|left| positions(left, block_bytes)),
                    options.kv_memory_bytes.map(|left| positions(left, block_bytes)),
                    host_left.map(|left| positions(left, block_bytes + preparation_reserve(BLOCK_SIZE))),
                ];
                let affordable = affordable.into_iter().flatten().min().unwrap_or(usize::MAX);
                config.context_length.min(affordable.max(LEAST_CONTEXT))
            }
        };
        let reserve = preparation_reserve(context_length);
        let left = [own_left, host_left.map(|left| left.saturating_sub(reserve))].into_iter().flatten().min();
        let kv_bytes = kv_bytes(context_length);
        if let Some(given) = options.kv_memory_bytes.filter(|given| *given < kv_bytes) {
            let message = format!(
                "is {given}, and {context_length} positions need {kv_bytes}: raise it or lower `contextLength`"
            );
            return Err(Error::invalid_request("kvMemoryBytes", message).detail("needed", kv_bytes));
        }
        let sequences = options.engine(0).max_sequences as u64;
        let wanted = options.kv_memory_bytes.unwrap_or_else(|| kv_bytes.max(DEFAULT_KV_MEMORY));
        let kv_memory_bytes = wanted.min(kv_bytes.saturating_mul(sequences)).min(left.unwrap_or(u64::MAX));
        let total_bytes = weights_bytes.saturating_add(kv_bytes);
        let fits = left.is_none_or(|left| kv_bytes <= left);
        let estimate = MemoryEstimate { weights_bytes, kv_bytes, total_bytes, fits };
        Ok(Self { estimate, kv_dtype, context_length, kv_memory_bytes, left, dominant, host })
    }

    /// # Errors
    /// `out_of_memory{needed, limit}` before anything is allocated.
    pub(super) fn require_fit(&self, max_memory_bytes: Option<u64>) -> Result<()> {
        if self.estimate.fits {
            return Ok(());
        }
        let MemoryEstimate { weights_bytes, kv_bytes, total_bytes, fits: _ } = self.estimate;
        let model = format!(
            "the model needs {weights_bytes} bytes for its weights and {kv_bytes} for {} positions",
            self.context_length
        );
        let (message, needed, limit) = match (max_memory_bytes.filter(|limit| total_bytes > *limit), self.host) {
            (None, Some(HostNeed { loaded, limit })) => {
                let needed = loaded.saturating_add(kv_bytes).saturating_add(preparation_reserve(self.context_length));
                let message = format!(
                    "{model}, {needed} with all that is beside them, and there are {limit}: lower `contextLength`, or use a \
                     smaller model or one of fewer bits"
                );
                (message, needed, limit)
            }
            (limit, _) => {
                let limit = limit.unwrap_or(0);
                let message = format!(
                    "{model}, and `maxMemoryBytes` is {limit}: raise it, lower `contextLength`, or quantise with `isq`"
                );
                (message, total_bytes, limit)
            }
        };
        Err(Error::new(ErrorCode::OutOfMemory, message).detail("needed", needed).detail("limit", limit))
    }
}

/// What the weights of a table come to.
struct WeightsInMemory {
    /// Bytes of all, as they will be in memory.
    bytes: u64,
    /// Bytes of those that lie in memory already and stay there.
    lying: u64,
    /// Bytes that are there beside them while one is converted.
    converting: u64,
    /// The type that most of them have.
    dominant: DType,
}

impl WeightsInMemory {
    fn new(table: &WeightTable, options: &LoadOptions) -> Self {
        let conversion = options.conversion();
        let (mut bytes, mut lying, mut converting) = (0u64, 0u64, 0u64);
        let mut by_type: Vec<(DType, u64)> = Vec::new();
        for weight in table.weights() {
            let row = weight.shape.last().copied().unwrap_or(1);
            let is_matrix = weight.shape.len() > 1;
            let dtype =
                if is_matrix { conversion.target(weight.dtype, table.role(&weight.name), row) } else { DType::F32 };
            let own = stored_bytes(dtype, &weight.shape).unwrap_or(weight.byte_len()) as u64;
            bytes = bytes.saturating_add(own);
            if !is_matrix {
                continue;
            }
            if dtype != weight.dtype {
                // As it comes out, and once more on its way to its place.
                converting = converting.max(own.saturating_mul(2));
            } else if weight.is_in_memory() {
                lying = lying.saturating_add(own);
            }
            match by_type.iter_mut().find(|(known, _)| *known == dtype) {
                Some((_, sum)) => *sum += own,
                None => by_type.push((dtype, own)),
            }
        }
        let dominant = by_type.iter().max_by_key(|(_, sum)| *sum).map_or(DType::F32, |(dtype, _)| *dtype);
        Self { bytes, lying, converting, dominant }
    }
}
