//! What the log of a model begins with.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::Runtime;
use crate::engine::{EngineOptions, EngineStats};
use crate::log::{KvCacheType, LoadWarningEvent, Log, LogEvent, LogLevel, ModelLoadedEvent, OneLine};

/// A log and the ticket of its entries, which the desk does not know yet.
pub(super) struct LoadLog {
    pub(super) ticket: Option<u32>,
    pub(super) log: Log,
}

impl Runtime {
    /// A log of a model's events from `level` on; empty where nobody wants any.
    pub(super) fn open_log(&self, client: u32, level: Option<LogLevel>) -> LoadLog {
        let Some(level) = level else { return LoadLog { ticket: None, log: Log::default() } };
        let ticket = self.desk().next_ticket();
        let host = Arc::clone(&self.shared.host);
        let log = Log::new(level, Box::new(move || host.now()), self.bell(client, ticket));
        LoadLog { ticket: Some(ticket), log }
    }
}

/// What a load came to, beside the model's own information.
pub(super) struct LoadFacts {
    pub(super) weights_bytes: u64,
    pub(super) threads: Option<usize>,
    pub(super) kv_cache: KvCacheType,
    pub(super) context_length: usize,
    pub(super) options: EngineOptions,
    /// When the load began.
    pub(super) began: Duration,
}

/// Warnings that are told one by one: a file with the tensors of another model has thousands.
const WARNINGS: usize = 16;

impl LoadFacts {
    /// Warnings first, so that the model's own entry ends the load.
    pub(super) fn tell(&self, log: &Log, info: &Value, stats: &EngineStats) {
        let Some(now) = log.now() else { return };
        let field = |name: &str| info.get(name).and_then(Value::as_str).map(OneLine::new);
        let model = field("id").unwrap_or_else(|| OneLine::new(""));
        let warnings = info.get("warnings").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for warning in warnings.iter().take(WARNINGS).filter_map(Value::as_str) {
            let (model, warning) = (model.clone(), OneLine::new(warning));
            log.warn(|| LogEvent::LoadWarning(LoadWarningEvent { model, warning }));
        }
        log.info(|| {
            LogEvent::ModelLoaded(ModelLoadedEvent {
                model,
                architecture: field("architecture"),
                engine: field("engine"),
                device: field("device"),
                quantization: field("quantization"),
                threads: self.threads,
                weights_bytes: self.weights_bytes,
                kv_cache: self.kv_cache,
                kv_memory_bytes: stats.kv_bytes_total,
                context_length: self.context_length,
                max_sequences: self.options.max_sequences,
                warnings: warnings.len(),
                load_ms: now.saturating_sub(self.began).as_secs_f64() * 1e3,
            })
        });
    }
}
