//! The parts of a model that are text: tokenizer, chat template, generation defaults.

use std::sync::Arc;

use wick_formats::{FormatErrorKind, Gguf, ModelFiles};

use crate::{
    chat_template::ChatTemplate,
    error::{Error, ErrorCode, Result},
    fim::{FimIds, FimTokens},
    generation_defaults::GenerationDefaults,
    pooling::Pooling,
    tokenizer::{self, GgufVocabulary, Tokenizer, TokenizerConfig},
    weights::{ModelSource, SourceFiles},
};

/// Everything about a model that is not weights.
pub(super) struct TextFiles {
    pub(super) tokenizer: Arc<dyn Tokenizer>,
    pub(super) chat_template: Option<ChatTemplate>,
    pub(super) defaults: GenerationDefaults,
    pub(super) fim: Option<FimTokens>,
    pub(super) pooling: Pooling,
    /// What of the files is not done.
    pub(super) warnings: Vec<String>,
}

/// Longest tokenizer.json, in bytes; the longest in use have 35 million.
const TOKENIZER_BYTES: u64 = 256 << 20;
/// Longest of the small files, in bytes.
const SMALL_BYTES: u64 = 16 << 20;

impl TextFiles {
    /// Reads them from `source`; `template` replaces the model's own.
    ///
    /// # Errors
    /// `tokenizer_invalid`, `template_invalid`, `not_found` without a tokenizer.json, `too_large`, `io_error`.
    pub(super) fn read(source: &ModelSource, template: Option<&str>) -> Result<Self> {
        match &source.files {
            SourceFiles::Gguf(gguf) => Self::from_gguf(gguf, template),
            SourceFiles::Checkpoint { files, tensors: _ } => Self::from_checkpoint(files, template),
        }
    }

    fn from_gguf(gguf: &Gguf, template: Option<&str>) -> Result<Self> {
        let metadata = gguf.metadata();
        let vocabulary = GgufVocabulary::from_metadata(metadata)?;
        let tokenizer = tokenizer::gguf::build(&vocabulary)?;
        let own = metadata.optional_str("tokenizer.chat_template")?;
        let chat_template = parse(template.or(own), &vocabulary.config(), &tokenizer)?;
        let defaults = GenerationDefaults::from_gguf(metadata, &vocabulary, &tokenizer)?;
        let fim = FimTokens::find(&tokenizer, vocabulary.fim, &defaults);
        let pooling = Pooling::from_gguf(metadata)?;
        Ok(Self { tokenizer: Arc::new(tokenizer), chat_template, defaults, fim, pooling, warnings: Vec::new() })
    }

    fn from_checkpoint(files: &ModelFiles, template: Option<&str>) -> Result<Self> {
        let json = files.read("tokenizer.json", TOKENIZER_BYTES)?;
        let config = match optional(files, "tokenizer_config.json")? {
            Some(bytes) => TokenizerConfig::parse(&bytes)?,
            None => TokenizerConfig::default(),
        };
        let tokenizer = tokenizer::hugging_face::from_json(&json, Some(&config))?;
        let jinja = match optional(files, "chat_template.jinja")? {
            Some(bytes) => Some(String::from_utf8(bytes).map_err(|_| {
                Error::new(ErrorCode::TemplateInvalid, "chat_template.jinja is not UTF-8").at("chat_template.jinja")
            })?),
            None => None,
        };
        // transformers prefers the file of its own
        let own = jinja.as_deref().or_else(|| config.chat_template(true));
        let chat_template = parse(template.or(own), &config, &tokenizer)?;
        let generation_config = optional(files, "generation_config.json")?;
        let defaults = GenerationDefaults::new(generation_config.as_deref(), Some(&config), &tokenizer)?;
        let fim = FimTokens::find(&tokenizer, FimIds::default(), &defaults);
        let mut warnings = Vec::new();
        let pooling = Pooling::from_checkpoint(files, &mut warnings)?;
        Ok(Self { tokenizer: Arc::new(tokenizer), chat_template, defaults, fim, pooling, warnings })
    }
}

fn parse(template: Option<&str>, special: &TokenizerConfig, tokenizer: &dyn Tokenizer) -> Result<Option<ChatTemplate>> {
    template.map(|template| ChatTemplate::parse(template, special, &tokenizer.control_texts())).transpose()
}

fn optional(files: &ModelFiles, name: &str) -> Result<Option<Vec<u8>>> {
    match files.read(name, SMALL_BYTES) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == FormatErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
