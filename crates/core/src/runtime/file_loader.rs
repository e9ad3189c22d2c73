//! Models out of files.

use std::sync::Arc;

use serde_json::Value;

use super::loader::{Loaded, Loader};
use crate::backend::{KvDType, cpu::ThreadPools};
use crate::engine::{Memory, Speculation};
use crate::error::{Error, ErrorCode, Result};
use crate::loader::{self, DraftSource, LoadOptions, LoadedDraft, LoadedModel, Source};
use crate::log::KvCacheType;
use crate::tokenizer::Tokenizer;

/// Reads GGUF files and the folders of checkpoints.
pub(super) struct FileLoader {
    /// Whether steps run beside the program.
    pub(super) has_threads: bool,
    /// What models compute on.
    pub(super) pools: ThreadPools,
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
        draft: Option<Source>,
        options: &Value,
        memory: &Memory,
        progress: &mut dyn FnMut(Value),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Loaded> {
        let options = self.options(options)?;
        let draft = open_draft(draft, &options, memory)?;
        let own = LoadOptions {
            // What is left beside the draft model.
            max_memory_bytes: options
                .max_memory_bytes
                .map(|limit| limit.saturating_sub(draft.as_ref().map_or(0, |draft| draft.estimate().weights_bytes))),
            ..options.clone()
        };
        let check = |tokenizer: &dyn Tokenizer| match &draft {
            Some(draft) => draft.require_vocabulary(tokenizer),
            None => Ok(()),
        };
        // A progress that is no JSON is none that anyone could read.
        let mut tell = |step| progress(serde_json::to_value(step).unwrap_or_default());
        let LoadedModel {
            model,
            tokenizer,
            chat_template,
            defaults,
            fim,
            pooling,
            tool_format,
            mut info,
            weights_bytes,
            threads,
            kv_cache,
            engine,
        } = loader::load_checked(source, &own, &check, memory, &self.pools, &mut tell, cancelled)?;
        let draft = draft.map(|draft| draft.load(memory, &self.pools, cancelled)).transpose()?;
        let (draft_model, draft_bytes) = match draft {
            None => (None, 0),
            Some(LoadedDraft { model, weights_bytes, warnings }) => {
                info.warnings.extend(warnings);
                (Some(model), weights_bytes)
            }
        };
        Ok(Loaded {
            model,
            draft_model,
            weights_bytes: weights_bytes + draft_bytes + tokenizer.memory_bytes() as u64,
            tokenizer,
            template: chat_template.map(Arc::new),
            defaults,
            fim,
            pooling,
            tool_format,
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

    fn estimate(&self, source: Source, draft: Option<Source>, options: &Value, memory: &Memory) -> Result<Value> {
        let options = self.options(options)?;
        let draft = open_draft(draft, &options, memory)?.map(|draft| draft.estimate());
        let mut estimate = loader::estimate(source, &options, memory)?;
        if let Some(draft) = draft {
            estimate.weights_bytes += draft.weights_bytes;
            estimate.kv_bytes += draft.kv_bytes;
            estimate.total_bytes += draft.total_bytes;
            estimate.fits &= draft.fits && options.max_memory_bytes.is_none_or(|limit| estimate.total_bytes <= limit);
        }
        to_json(estimate)
    }
}

/// The draft model that `options` want, which came as a source of its own.
fn open_draft(draft: Option<Source>, options: &LoadOptions, memory: &Memory) -> Result<Option<DraftSource>> {
    let is_wanted = match options.speculation {
        Speculation::DraftModel { max_tokens: _ } => true,
        Speculation::Off | Speculation::PromptLookup(_) => false,
    };
    match (is_wanted, draft) {
        (false, None) => Ok(None),
        (true, Some(source)) => Ok(Some(DraftSource::open(source, options, memory)?)),
        (true, None) => Err(Error::invalid_request("options.speculation.draft", "The draft model is missing.")),
        (false, Some(_)) => Err(Error::invalid_request("draft", "There is a draft model that no option asks for.")),
    }
}

fn to_json(value: impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))
}
