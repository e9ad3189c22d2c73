//! From files to a model that can run.

mod load_options;
mod load_progress;
mod memory_estimate;
mod model_info;
mod text_files;

pub use load_options::{BackendChoice, DeviceChoice, LoadOptions};
pub use load_progress::LoadProgress;
pub use memory_estimate::MemoryEstimate;
pub use model_info::{Capabilities, EngineKind, ModelInfo};

pub use crate::weights::Source;

use std::sync::Arc;

use self::{memory_estimate::MemoryPlan, text_files::TextFiles};
use crate::{
    backend::{
        Backend, KvDType,
        candle::{CandleBackend, DeviceKind},
        cpu::CpuBackend,
    },
    chat_template::ChatTemplate,
    engine::{EngineOptions, LOGITS_ROWS_PER_STEP},
    error::{Error, ErrorCode, Result},
    fim::FimTokens,
    generation_defaults::GenerationDefaults,
    language_model::LanguageModel,
    model::{ModelConfig, Transformer, TransformerOptions},
    pooling::Pooling,
    tokenizer::{Tokenizer, TokenizerConfig, check_embedding_rows},
    weights::{LoadObserver, ModelSource, WeightLoader, WeightTable},
};

/// A model with all that an engine needs to know of it.
pub struct LoadedModel {
    /// Weights, KV storage and the forward pass.
    pub model: Box<dyn LanguageModel>,
    /// Text to ids and back.
    pub tokenizer: Arc<dyn Tokenizer>,
    /// For chats; a base model has none.
    pub chat_template: Option<ChatTemplate>,
    /// End tokens, and what requests leave open.
    pub defaults: GenerationDefaults,
    /// For filling in the middle, where the vocabulary has the tokens.
    pub fim: Option<FimTokens>,
    /// Which states make the vector of a text.
    pub pooling: Pooling,
    /// What the model says about itself.
    pub info: ModelInfo,
    /// Bytes of the weights in memory.
    pub weights_bytes: u64,
    /// Threads that compute, where they are the backend's own.
    pub threads: Option<usize>,
    /// Type of keys and values.
    pub kv_cache: KvDType,
    /// Policy of its engine.
    pub engine: EngineOptions,
}

/// Loads a model whole. Text files first: they are small and fail early.
///
/// # Errors
/// As [`load_weights`]; `tokenizer_invalid`, `template_invalid`, `not_found`, `too_large` for the text files.
pub fn load(
    source: Source,
    options: &LoadOptions,
    progress: &mut dyn FnMut(LoadProgress),
    cancelled: &dyn Fn() -> bool,
) -> Result<LoadedModel> {
    if cancelled() {
        return Err(Error::new(ErrorCode::Cancelled, "loading was cancelled"));
    }
    let source = ModelSource::open(source)?;
    source.config()?; // an unknown architecture is said before its unknown tokenizer
    let TextFiles { tokenizer, chat_template, defaults, fim, pooling, warnings } =
        TextFiles::read(&source, options.chat_template.as_deref())?;
    if let Some(embedding) = source.table().get("model.embed_tokens.weight") {
        check_embedding_rows(&*tokenizer, embedding.shape.first().copied().unwrap_or(0))?;
    }
    let LoadedWeights { model, mut info, weights_bytes, kv_memory_bytes, threads, kv_cache } =
        load_weights(&source, options, progress, cancelled)?;
    if let Some(template) = &chat_template {
        let capabilities = template.capabilities();
        info.capabilities.tools = capabilities.tools;
        info.capabilities.reasoning = capabilities.reasoning;
    }
    info.capabilities.fim = fim.is_some();
    info.capabilities.embeddings = true;
    info.warnings.extend(warnings);
    let engine = options.engine(kv_memory_bytes);
    Ok(LoadedModel {
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
    })
}

/// A model without its tokenizer.
pub struct LoadedWeights {
    /// Ready for its first step.
    pub model: Box<dyn LanguageModel>,
    /// What it says about itself; the capabilities are its template's and tokenizer's to fill in.
    pub info: ModelInfo,
    /// Bytes of the weights in memory.
    pub weights_bytes: u64,
    /// Bytes that keys and values may have.
    pub kv_memory_bytes: u64,
    /// Threads that compute, where they are the backend's own.
    pub threads: Option<usize>,
    /// Type of keys and values.
    pub kv_cache: KvDType,
}

/// Memory that `source` will take with `options`, from its headers alone.
///
/// # Errors
/// As [`load_weights`] before any weight is read, without `out_of_memory`; `template_invalid` for `chatTemplate`.
pub fn estimate(source: Source, options: &LoadOptions) -> Result<MemoryEstimate> {
    let source = ModelSource::open(source)?;
    if let Some(template) = &options.chat_template {
        ChatTemplate::parse(template, &TokenizerConfig::default(), &[])?;
    }
    Ok(LoadPlan::new(&source, options)?.memory.estimate)
}

/// What a load and an estimate decide alike, before any weight is read.
struct LoadPlan {
    config: ModelConfig,
    table: WeightTable,
    memory: MemoryPlan,
    engine: EngineKind,
    device: DeviceKind,
}

impl LoadPlan {
    /// # Errors
    /// `model_invalid` and `model_unsupported` at the key; `invalid_request` and `unsupported` at the option.
    fn new(source: &ModelSource, options: &LoadOptions) -> Result<Self> {
        let config = source.config()?;
        let table = source.table();
        options.conversion().check(&table)?;
        let (engine, device) = choose(options)?;
        let memory = MemoryPlan::new(&config, &table, options)?;
        Ok(Self { config, table, memory, engine, device })
    }
}

/// Loads the weights of an opened model.
///
/// # Errors
/// `model_invalid` and `model_unsupported` at the key or tensor; `invalid_request` and `unsupported` at the option;
/// `out_of_memory{needed, limit}` before anything is allocated; `cancelled`; `model_changed`, `io_error`.
pub fn load_weights(
    source: &ModelSource,
    options: &LoadOptions,
    progress: &mut dyn FnMut(LoadProgress),
    cancelled: &dyn Fn() -> bool,
) -> Result<LoadedWeights> {
    let LoadPlan { config, mut table, memory, engine, device } = LoadPlan::new(source, options)?;
    memory.require_fit(options.max_memory_bytes)?;

    let parameters = table.weights().map(|weight| weight.shape.iter().product::<usize>() as u64).sum();
    let mut observer = Observer { loaded_bytes: 0, total_bytes: table.bytes(), progress, cancelled };
    observer.report();
    let job = Job { config: &config, options, memory, table: &mut table, observer: &mut observer };
    let model = match engine {
        EngineKind::Cpu => job.run(CpuBackend::new(job_threads(options))?)?,
        EngineKind::Candle => job.run(CandleBackend::new(device.open()?))?,
    };
    source.verify_unchanged()?;
    observer.finish();

    let mut warnings = source.warnings().to_vec();
    warnings.extend(table.names().map(|name| format!("the tensor `{name}` is not used")));
    if options.context_length.is_none() && memory.context_length < config.context_length {
        warnings.push(format!(
            "the context is {} of {} positions: more do not fit the memory it may have",
            memory.context_length, config.context_length
        ));
    }
    if let (Some(given), Some(limit)) = (options.kv_memory_bytes, options.max_memory_bytes)
        && memory.kv_memory_bytes < given
        && memory.kv_memory_bytes == limit.saturating_sub(memory.estimate.weights_bytes)
    {
        let left = memory.kv_memory_bytes;
        warnings.push(format!("`kvMemoryBytes` is {given}, and the weights leave {left} of `maxMemoryBytes`"));
    }
    if options.device == DeviceChoice::Auto && device == DeviceKind::Cpu && options.backend != BackendChoice::Cpu {
        warnings.extend(
            DeviceKind::missing()
                .map(|(kind, error)| format!("`{}` cannot be used, so that the CPU computes: {error}", kind.name())),
        );
    }
    let info = ModelInfo {
        id: source.id.clone(),
        engine,
        capabilities: Capabilities::default(),
        warnings,
        device: device.name(),
        architecture: config.architecture.name(),
        quantization: memory.dominant.name().to_owned(),
        parameters,
        context_length: model.context_length(),
        vocabulary_size: model.vocabulary_size(),
    };
    let MemoryPlan { estimate, kv_memory_bytes, kv_dtype: kv_cache, .. } = memory;
    let threads = match engine {
        EngineKind::Cpu => Some(job_threads(options)),
        EngineKind::Candle => None,
    };
    let weights_bytes = estimate.weights_bytes;
    Ok(LoadedWeights { model, info, weights_bytes, kv_memory_bytes, threads, kv_cache })
}

/// The backend and device that the options come to.
fn choose(options: &LoadOptions) -> Result<(EngineKind, DeviceKind)> {
    let device = match (options.device, options.backend) {
        (DeviceChoice::Auto, BackendChoice::Cpu) | (DeviceChoice::Cpu, _) => DeviceKind::Cpu,
        (DeviceChoice::Auto, BackendChoice::Auto | BackendChoice::Candle) => DeviceKind::detect(),
        (DeviceChoice::Cuda, _) => DeviceKind::Cuda,
        (DeviceChoice::Metal, _) => DeviceKind::Metal,
    };
    let engine = match (options.backend, device) {
        (BackendChoice::Candle, _) | (BackendChoice::Auto, DeviceKind::Cuda | DeviceKind::Metal) => EngineKind::Candle,
        (BackendChoice::Auto | BackendChoice::Cpu, DeviceKind::Cpu) => EngineKind::Cpu,
        (BackendChoice::Cpu, DeviceKind::Cuda | DeviceKind::Metal) => {
            return Err(Error::unsupported(
                "backend",
                format!("the backend `cpu` does not run on `{}`; use `candle` or `auto`", device.name()),
            ));
        }
    };
    device.require_built()?;
    if engine == EngineKind::Candle && options.kv_cache == Some(KvDType::Q8) {
        let message = "`kvCache` \"q8\" needs the backend `cpu`; with candle use \"f16\"";
        return Err(Error::unsupported("kvCache", message));
    }
    Ok((engine, device))
}

/// Threads that convert and compute.
fn job_threads(options: &LoadOptions) -> usize {
    options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Everything a load needs but the backend.
struct Job<'a, 'b> {
    config: &'a ModelConfig,
    options: &'a LoadOptions,
    memory: MemoryPlan,
    table: &'a mut WeightTable,
    observer: &'a mut Observer<'b>,
}

impl Job<'_, '_> {
    fn run<B: Backend>(self, backend: B) -> Result<Box<dyn LanguageModel>> {
        let loader = WeightLoader {
            backend,
            table: self.table,
            conversion: self.options.conversion(),
            threads: job_threads(self.options),
            observer: self.observer,
        };
        let engine = self.options.engine(self.memory.kv_memory_bytes);
        let options = TransformerOptions {
            context_length: self.memory.context_length,
            kv_dtype: self.memory.kv_dtype,
            kv_limit: Some(self.memory.kv_memory_bytes),
            max_rows: engine.prefill_chunk + engine.max_sequences,
            max_sampled_rows: engine.max_sequences.max(LOGITS_ROWS_PER_STEP),
        };
        Ok(Box::new(Transformer::load(loader, self.config, options)?))
    }
}

/// Counts bytes for the progress events.
struct Observer<'a> {
    loaded_bytes: u64,
    total_bytes: u64,
    progress: &'a mut dyn FnMut(LoadProgress),
    cancelled: &'a dyn Fn() -> bool,
}

impl Observer<'_> {
    fn report(&mut self) {
        (self.progress)(LoadProgress::Weights { loaded_bytes: self.loaded_bytes, total_bytes: self.total_bytes });
    }

    /// Tensors that are not used count as loaded at the end.
    fn finish(&mut self) {
        if self.loaded_bytes < self.total_bytes {
            self.loaded_bytes = self.total_bytes;
            self.report();
        }
    }
}

impl LoadObserver for Observer<'_> {
    fn loaded(&mut self, bytes: u64) {
        self.loaded_bytes += bytes;
        self.report();
    }

    fn cancelled(&self) -> bool {
        (self.cancelled)()
    }
}
