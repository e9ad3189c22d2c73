//! Models out of files.

use std::sync::Arc;

use serde_json::Value;

use super::loader::{Loaded, Loader};
use crate::backend::KvDType;
use crate::engine::Memory;
use crate::error::{Error, ErrorCode, Result};
use crate::loader::{self, LoadOptions, LoadedModel, Source};
use crate::log::KvCacheType;

/// Reads GGUF files and the folders of checkpoints.
pub(super) struct FileLoader {
    /// Whether steps run beside the program.
    pub(super) has_threads: bool,
}

/// Rows of prompts in a step that the program waits for: on one thread more gain nothing, and take memory each.
const WAITED_FOR_CHUNK: usize = 32;

impl FileLoader {
    fn options(&self, options: &Value) -> Result<LoadOptions> {
        let mut options = LoadOptions::from_json(options).map_err(|error| {
            let path = error.info().location.as_ref().map(|field| format!("options.{field}"));
            error.at(path.unwrap_or_else(|| "options".to_owned()))
        })?;
        if !self.has_threads {
            options.prefill_chunk.get_or_insert(WAITED_FOR_CHUNK);
        }
        Ok(options)
    }
}

impl Loader for FileLoader {
    fn load(
        &self,
        source: Source,
        options: &Value,
        memory: &Memory,
        progress: &mut dyn FnMut(Value),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Loaded> {
        let options = self.options(options)?;
        // A progress that is no JSON is none that anyone could read.
        let mut tell = |step| progress(serde_json::to_value(step).unwrap_or_default());
        let LoadedModel {
            model,
            tokenizer,
            chat_template,
            defaults,
            fim,
            pooling,
            info,
            weights_bytes,
            threads,
            kv_cache,
            engine,
        } = loader::load(source, &options, memory, &mut tell, cancelled)?;
        Ok(Loaded {
            model,
            weights_bytes: weights_bytes + tokenizer.memory_bytes() as u64,
            tokenizer,
            template: chat_template.map(Arc::new),
            defaults,
            fim,
            pooling,
            info: to_json(info)?,
            max_memory_bytes: options.max_memory_bytes,
            threads,
            kv_cache: match kv_cache {
                KvDType::F16 => KvCacheType::F16,
                KvDType::F32 => KvCacheType::F32,
                KvDType::Q8 => KvCacheType::Q8,
            },
            engine,
        })
    }

    fn estimate(&self, source: Source, options: &Value, memory: &Memory) -> Result<Value> {
        to_json(loader::estimate(source, &self.options(options)?, memory)?)
    }
}

fn to_json(value: impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))
}
