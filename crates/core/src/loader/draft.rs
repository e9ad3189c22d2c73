//! The draft model of a load.

use super::{LoadOptions, LoadPlan, LoadedWeights, MemoryEstimate, Source, load_weights, text_files::TextFiles};
use crate::{
    backend::cpu::ThreadPools,
    engine::Memory,
    error::{Error, Result},
    language_model::LanguageModel,
    tokenizer::Tokenizer,
    weights::ModelSource,
};

/// Where errors of the draft model are.
const PATH: &str = "speculation.draft";

/// A draft model of which nothing but headers and texts was read.
pub(crate) struct DraftSource {
    source: ModelSource,
    options: LoadOptions,
    tokenizer: std::sync::Arc<dyn Tokenizer>,
    estimate: MemoryEstimate,
}

/// A draft model that is there.
pub(crate) struct LoadedDraft {
    pub(crate) model: Box<dyn LanguageModel>,
    pub(crate) weights_bytes: u64,
    pub(crate) warnings: Vec<String>,
}

impl DraftSource {
    /// Reads what `source` is, which is to draft for a model of `target` options: as it is stored, and where that computes.
    ///
    /// # Errors
    /// As [`super::load`] before any weight is read, each of them at `speculation.draft`.
    pub(crate) fn open(source: Source, target: &LoadOptions, memory: &Memory) -> Result<Self> {
        let open = || {
            let source = ModelSource::open(source)?;
            let own = source.config()?.context_length;
            let options = LoadOptions {
                context_length: target.context_length.map(|length| length.min(own)),
                backend: target.backend,
                device: target.device,
                threads: target.threads,
                max_memory_bytes: target.max_memory_bytes,
                max_sequences: target.max_sequences,
                prefill_chunk: target.prefill_chunk,
                ..LoadOptions::default()
            };
            let estimate = LoadPlan::new(&source, &options, memory)?.memory.estimate;
            let TextFiles { tokenizer, .. } = TextFiles::read(&source, None)?;
            Ok(Self { source, options, tokenizer, estimate })
        };
        open().map_err(at_draft)
    }

    /// What it takes, weights and keys and values.
    pub(crate) fn estimate(&self) -> MemoryEstimate {
        self.estimate
    }

    /// # Errors
    /// `unsupported` where the target's tokens are others: a drafted id would say something else there.
    pub(crate) fn require_vocabulary(&self, target: &dyn Tokenizer) -> Result<()> {
        let (own, count) = (&*self.tokenizer, target.vocabulary_size());
        if own.vocabulary_size() != count {
            let own = own.vocabulary_size();
            let message = format!("the draft model has {own} tokens and the model {count}: they must have the same");
            return Err(Error::unsupported(PATH, message));
        }
        let says = |tokenizer: &dyn Tokenizer, id: u32| {
            (tokenizer.token_bytes(id).map(<[u8]>::to_vec), tokenizer.token_text(id).map(str::to_owned))
        };
        match (0..count as u32).find(|id| says(own, *id) != says(target, *id)) {
            None => Ok(()),
            Some(id) => {
                let message =
                    format!("the token {id} of the draft model is another than the model's: they must have the same");
                Err(Error::unsupported(PATH, message))
            }
        }
    }

    /// Loads its weights, after those of its target.
    ///
    /// # Errors
    /// As [`super::load`], each of them at `speculation.draft`.
    pub(crate) fn load(
        self,
        memory: &Memory,
        pools: &ThreadPools,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<LoadedDraft> {
        let loaded =
            load_weights(&self.source, &self.options, memory, pools, &mut |_| {}, cancelled).map_err(at_draft)?;
        let LoadedWeights { model, info, weights_bytes, .. } = loaded;
        if model.vocabulary_size() < self.tokenizer.vocabulary_size() {
            return Err(Error::unsupported(PATH, "the draft model has fewer logits than tokens"));
        }
        let warnings = info.warnings.into_iter().map(|warning| format!("draft model: {warning}")).collect();
        Ok(LoadedDraft { model, weights_bytes, warnings })
    }
}

/// The same error of the draft model, which says where in its files it is.
fn at_draft(error: Error) -> Error {
    match error.info().location.clone() {
        None => error.at(PATH),
        Some(inside) => error.detail("inside", inside).at(PATH),
    }
}
