//! From files to a model that can run.

mod draft;
mod load_options;
mod load_progress;
mod memory_estimate;
mod model_info;
mod speculation;
mod text_files;

pub(crate) use draft::{DraftSource, LoadedDraft};
pub use load_options::{BackendChoice, DeviceChoice, LoadOptions};
pub use load_progress::LoadProgress;
pub use memory_estimate::MemoryEstimate;
pub use model_info::{Capabilities, EngineKind, ModelInfo};

pub use crate::weights::Source;

use std::sync::Arc;

use wick_kernels::Tier;

use self::{
    memory_estimate::{HostRoom, MemoryPlan},
    text_files::TextFiles,
};
use crate::{
    backend::{
        Backend, KvDType,
        candle::{CandleBackend, DeviceKind},
        cpu::{CpuBackend, ThreadPools, arena_bytes},
    },
    chat_template::ChatTemplate,
    engine::{EngineOptions, Memory},
    error::{Error, ErrorCode, Result},
    fim::FimTokens,
    generation_defaults::GenerationDefaults,
    language_model::LanguageModel,
    model::{ModelConfig, Transformer, TransformerOptions, model_shape, vocabulary},
    pooling::Pooling,
    text::ToolFormat,
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
    /// How the model writes tool calls: as its template teaches, or as the options say.
    pub tool_format: ToolFormat,
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

/// Loads a model whole, within `memory`, to compute on one of `pools`. Text files first: they are small and fail early.
///
/// # Errors
/// As [`load_weights`]; `tokenizer_invalid`, `template_invalid`, `not_found`, `too_large` for the text files.
pub fn load(
    source: Source,
    options: &LoadOptions,
    memory: &Memory,
    pools: &ThreadPools,
    progress: &mut dyn FnMut(LoadProgress),
    cancelled: &dyn Fn() -> bool,
) -> Result<LoadedModel> {
    load_checked(source, options, &|_| Ok(()), memory, pools, progress, cancelled)
}

/// Loads a model whose tokenizer passes `check`, which is asked before any weight is read.
pub(crate) fn load_checked(
    source: Source,
    options: &LoadOptions,
    check: &dyn Fn(&dyn Tokenizer) -> Result<()>,
    memory: &Memory,
    pools: &ThreadPools,
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
    check(&*tokenizer)?;
    if let Some(embedding) = source.table().get("model.embed_tokens.weight") {
        check_embedding_rows(&*tokenizer, embedding.shape.first().copied().unwrap_or(0))?;
    }
    let LoadedWeights { model, mut info, weights_bytes, kv_memory_bytes, threads, kv_cache } =
        load_weights(&source, options, memory, pools, progress, cancelled)?;
    if let Some(template) = &chat_template {
        let capabilities = template.capabilities();
        info.capabilities.tools = capabilities.tools;
        info.capabilities.reasoning = capabilities.reasoning;
    }
    info.capabilities.fim = fim.is_some();
    info.capabilities.embeddings = true;
    info.warnings.extend(warnings);
    let engine = options.engine(kv_memory_bytes);
    let taught = chat_template.as_ref().and_then(|template| ToolFormat::of_template(template.source()));
    let tool_format = options.tool_format.or(taught).unwrap_or(ToolFormat::Hermes);
    Ok(LoadedModel {
        model,
        tokenizer,
        chat_template,
        defaults,
        fim,
        pooling,
        tool_format,
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
pub fn estimate(source: Source, options: &LoadOptions, memory: &Memory) -> Result<MemoryEstimate> {
    let source = ModelSource::open(source)?;
    if let Some(template) = &options.chat_template {
        ChatTemplate::parse(template, &TokenizerConfig::default(), &[])?;
    }
    Ok(LoadPlan::new(&source, options, memory)?.memory.estimate)
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
    fn new(source: &ModelSource, options: &LoadOptions, memory: &Memory) -> Result<Self> {
        let config = source.config()?;
        let table = source.table();
        options.conversion().check(&table)?;
        let (engine, device) = choose(options)?;
        let room = match memory.budget() {
            Some(budget) => Some(HostRoom { budget, engine, scratch: scratch_bytes(&config, &table, options)? }),
            None => None,
        };
        let memory = MemoryPlan::new(&config, &table, options, room)?;
        Ok(Self { config, table, memory, engine, device })
    }
}

/// Loads the weights of an opened model, within `memory`.
///
/// # Errors
/// `model_invalid` and `model_unsupported` at the key or tensor; `invalid_request` and `unsupported` at the option;
/// `out_of_memory{needed, limit}` before anything is allocated; `cancelled`; `model_changed`, `io_error`.
pub fn load_weights(
    source: &ModelSource,
    options: &LoadOptions,
    memory: &Memory,
    pools: &ThreadPools,
    progress: &mut dyn FnMut(LoadProgress),
    cancelled: &dyn Fn() -> bool,
) -> Result<LoadedWeights> {
    let is_counted = memory.budget().is_some();
    let LoadPlan { config, mut table, memory, engine, device } = LoadPlan::new(source, options, memory)?;
    memory.require_fit(options.max_memory_bytes)?;

    let parameters = table.weights().map(|weight| weight.shape.iter().product::<usize>() as u64).sum();
    let mut observer = Observer { loaded_bytes: 0, total_bytes: table.bytes(), progress, cancelled };
    observer.report();
    let MemoryPlan { context_length, kv_dtype, kv_memory_bytes, .. } = memory;
    let mut transformer = transformer_options(options, context_length, kv_dtype, kv_memory_bytes);
    if is_counted {
        transformer.headroom = 0;
    }
    let job = Job { config: &config, options, transformer, table: &mut table, observer: &mut observer };
    let model = match engine {
        EngineKind::Cpu => job.run(CpuBackend::new(pools.get(job_threads(options))?))?,
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
    if let (Some(given), Some(left)) = (options.kv_memory_bytes, memory.left)
        && left < given
        && left == memory.kv_memory_bytes
    {
        warnings.push(format!("`kvMemoryBytes` is {given}, and the weights leave {left} of the memory there may be"));
    }
    if options.device == DeviceChoice::Auto && device == DeviceKind::Cpu && options.backend != BackendChoice::Cpu {
        warnings.extend(
            DeviceKind::missing()
                .map(|(kind, error)| format!("`{}` cannot be used, so that the CPU computes: {error}", kind.name())),
        );
    }
    let (simd, threads) = match engine {
        EngineKind::Cpu => (Some(Tier::detect().name()), Some(job_threads(options))),
        EngineKind::Candle => (None, None),
    };
    let info = ModelInfo {
        id: source.id.clone(),
        engine,
        simd,
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

/// What keys and values leave of the system's memory. Little else can do without the memory it asks for: the process
/// ends. More than glibc ever takes from its heap, whose thresholds a smaller allocation would move.
const HEADROOM: usize = 48 << 20;

fn transformer_options(
    options: &LoadOptions,
    context_length: usize,
    kv_dtype: KvDType,
    kv_memory_bytes: u64,
) -> TransformerOptions {
    let engine = options.engine(kv_memory_bytes);
    TransformerOptions {
        context_length,
        kv_dtype,
        kv_limit: Some(kv_memory_bytes),
        headroom: HEADROOM,
        max_rows: engine.max_rows(),
        max_sampled_rows: engine.max_sampled_rows(),
    }
}

/// What drawing takes for each token of the vocabulary: candidates, their weights, a copy of the row for several choices.
const SAMPLER_BYTES: u64 = 24;

/// Bytes that steps take beside weights, keys and values. Candle allocates as it goes, and about as much.
fn scratch_bytes(config: &ModelConfig, table: &WeightTable, options: &LoadOptions) -> Result<u64> {
    let vocabulary = vocabulary(config, table);
    // Keys and values are not in it, whatever their type and number.
    let any = transformer_options(options, config.context_length, KvDType::F16, 0);
    let arena = arena_bytes(&model_shape(config, vocabulary, any), &[config.rotary.dim / 2])?;
    Ok(arena.saturating_add(SAMPLER_BYTES * vocabulary as u64))
}

/// Threads that convert and compute: where nothing is said one for each core that the process may use. Two threads of one core share its
/// multipliers, and wait for each other at the end of every product.
fn job_threads(options: &LoadOptions) -> usize {
    options.threads.unwrap_or_else(|| {
        let usable = std::thread::available_parallelism().map_or(1, usize::from);
        #[cfg(not(target_family = "wasm"))]
        let usable = usable.min(num_cpus::get_physical().max(1));
        usable
    })
}

/// Everything a load needs but the backend.
struct Job<'a, 'b> {
    config: &'a ModelConfig,
    options: &'a LoadOptions,
    transformer: TransformerOptions,
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
        Ok(Box::new(Transformer::load(loader, self.config, self.transformer)?))
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
