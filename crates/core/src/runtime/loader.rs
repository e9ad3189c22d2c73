//! Where models come from.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::chat_template::ChatTemplate;
use crate::engine::{EngineOptions, Memory};
use crate::error::{Error, Result};
use crate::fim::FimTokens;
use crate::generation_defaults::GenerationDefaults;
use crate::language_model::LanguageModel;
use crate::log::KvCacheType;
use crate::pooling::Pooling;
use crate::request::{Fields, whole_number};
use crate::text::ToolFormat;
use crate::tokenizer::Tokenizer;
pub use crate::weights::Source;

/// Turns a source into a model. The runtime's own reads files; tests bring fakes.
pub trait Loader: Send + Sync {
    /// Loads what fits `memory`, with a model that drafts for it where the options want one; may take long. `cancelled` is asked
    /// now and then.
    fn load(
        &self,
        source: Source,
        draft: Option<Source>,
        options: &Value,
        memory: &Memory,
        progress: &mut dyn FnMut(Value),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Loaded>;

    /// What a load would need, as the JSON of a `MemoryEstimate`.
    fn estimate(&self, source: Source, draft: Option<Source>, options: &Value, memory: &Memory) -> Result<Value>;
}

/// A model with all that the runtime needs to know of it.
pub struct Loaded {
    /// The maths.
    pub model: Box<dyn LanguageModel>,
    /// The one that drafts for it.
    pub draft_model: Option<Box<dyn LanguageModel>>,
    /// Text to ids and back.
    pub tokenizer: Arc<dyn Tokenizer>,
    /// For chats; raw completions need none.
    pub template: Option<Arc<ChatTemplate>>,
    /// End tokens, and what requests leave open.
    pub defaults: GenerationDefaults,
    /// For filling in the middle, where the vocabulary has the tokens.
    pub fim: Option<FimTokens>,
    /// How the model writes tool calls.
    pub tool_format: ToolFormat,
    /// Which states make the vector of a text.
    pub pooling: Pooling,
    /// JSON of a `ModelInfo` without `backend`; `id` names the model in answers.
    pub info: Value,
    /// Bytes of weights, the draft model's too, and tokenizer.
    pub weights_bytes: u64,
    /// What the model may use of memory (`maxMemoryBytes`).
    pub max_memory_bytes: Option<u64>,
    /// Threads that compute, where they are the engine's own.
    pub threads: Option<usize>,
    /// Type of keys and values.
    pub kv_cache: KvCacheType,
    /// Policy of its engine.
    pub engine: EngineOptions,
}

/// Reads a command's source in the field `name`, whose bytes lie in `buffers`.
pub(super) fn read_source(name: &str, value: Value, buffers: &mut [Option<Vec<u8>>]) -> Result<Source> {
    let mut buffer = |value: &Value, path: &str| {
        let last = buffers.len() as i64 - 1;
        let index = whole_number(value, path, 0..=last)?;
        buffers[index as usize].take().ok_or_else(|| Error::invalid_request(path, "A buffer is named twice."))
    };
    let mut fields = Fields::new(value, name)?;
    let source = match fields.require_text("kind")?.as_str() {
        "path" => Source::Path(PathBuf::from(fields.require_text("path")?)),
        "bytes" => Source::Bytes(buffer(&fields.require("buffer")?, &format!("{name}.buffer"))?),
        "files" => {
            let Value::Object(files) = fields.require("files")? else {
                let path = format!("{name}.files");
                return Err(Error::invalid_request(path, "`files` must be an object."));
            };
            let read = |(file, index): (String, Value)| {
                let path = format!("{name}.files.{file}");
                Ok((file, buffer(&index, &path)?))
            };
            Source::Files(files.into_iter().map(read).collect::<Result<_>>()?)
        }
        _ => return Err(Error::invalid_request(format!("{name}.kind"), "`kind` must be path, bytes or files.")),
    };
    let id = fields.text("id")?;
    fields.finish()?;
    Ok(match id {
        Some(id) => Source::Named { id, source: Box::new(source) },
        None => source,
    })
}
