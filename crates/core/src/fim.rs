//! Filling in the middle: the tokens a model knows for it, and the prompt they make.

use std::sync::Arc;

use crate::error::Result;
use crate::generation_defaults::GenerationDefaults;
use crate::tokenizer::Tokenizer;

/// How published models spell the tokens before a prefix, a suffix and the middle.
pub(crate) const FIM_TEXTS: [[&str; 3]; 8] = [
    ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"],
    ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"],
    ["<fim-prefix>", "<fim-suffix>", "<fim-middle>"],
    ["<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"],
    ["▁<PRE>", "▁<SUF>", "▁<MID>"],
    [" <PRE>", " <SUF>", " <MID>"],
    ["<PRE>", "<SUF>", "<MID>"],
    [MISTRAL_PREFIX, "[SUFFIX]", "[MIDDLE]"],
];
/// Mistral's models have the suffix first, and then end with the prefix: their middle token is for training alone.
const MISTRAL_PREFIX: &str = "[PREFIX]";
/// Spellings with which a model says that the middle is full, or goes on with another file.
const END_TEXTS: [&str; 10] = [
    "<|fim_pad|>",
    "<fim_pad>",
    "<|repo_name|>",
    "<repo_name>",
    "<|file_sep|>",
    "<file_sep>",
    "<filename>",
    "▁<EOT>",
    " <EOT>",
    "<EOT>",
];
/// Text before which no vocabulary merges anything.
const MARKER: &str = "☺";

/// What a GGUF file names by id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FimIds {
    /// Before the prefix.
    pub prefix: Option<u32>,
    /// Before the suffix.
    pub suffix: Option<u32>,
    /// Before the middle.
    pub middle: Option<u32>,
    /// Ends of a middle: padding, repository, file.
    pub ends: [Option<u32>; 3],
}

impl FimIds {
    /// All of them.
    pub(crate) fn all(self) -> impl Iterator<Item = u32> {
        [self.prefix, self.suffix, self.middle].into_iter().chain(self.ends).flatten()
    }
}

/// The tokens of a model that fills in the middle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FimTokens {
    prefix: u32,
    suffix: u32,
    /// Without one the suffix comes first and the prompt ends with the prefix.
    middle: Option<u32>,
    end_tokens: Arc<[u32]>,
}

impl FimTokens {
    /// What a vocabulary has; `named` goes before the known spellings. `None` where the model was not made for it.
    pub fn find(tokenizer: &dyn Tokenizer, named: FimIds, defaults: &GenerationDefaults) -> Option<Self> {
        let control = |id: &u32| tokenizer.is_control(*id);
        let spelled = |text: &str| tokenizer.token_id(text).filter(control);
        let by_text = || {
            FIM_TEXTS.iter().find_map(|[prefix, suffix, middle]| {
                let [prefix, suffix, middle] = [prefix, suffix, middle].map(|text| spelled(text));
                Some((prefix?, suffix?, middle))
            })
        };
        let by_id = named.prefix.zip(named.suffix).map(|(prefix, suffix)| (prefix, suffix, named.middle));
        let by_id = by_id.filter(|(prefix, suffix, _)| control(prefix) && control(suffix));
        let (prefix, suffix, middle) = by_id.or_else(by_text)?;
        let middle = middle.filter(control).filter(|_| tokenizer.token_text(prefix) != Some(MISTRAL_PREFIX));
        let ends = named.ends.into_iter().flatten().filter(control).chain(END_TEXTS.iter().filter_map(|t| spelled(t)));
        let mut end_tokens: Vec<u32> = ends.chain(defaults.end_tokens.iter().copied()).collect();
        end_tokens.sort_unstable();
        end_tokens.dedup();
        Some(Self { prefix, suffix, middle, end_tokens: end_tokens.into() })
    }

    /// Ids that end a middle, the model's own ends among them.
    pub fn end_tokens(&self) -> &Arc<[u32]> {
        &self.end_tokens
    }

    /// Ids of a prompt whose answer stands between `prefix` and `suffix`. Both are text: no control token is recognised.
    ///
    /// # Errors
    /// As [`Tokenizer::encode_text`], at `prompt` or `suffix`.
    pub fn prompt(&self, tokenizer: &dyn Tokenizer, prefix: &str, suffix: &str) -> Result<Vec<u32>> {
        let prefix = tokenizer.encode_text(prefix).map_err(|error| error.at("prompt"))?;
        let suffix = continuation(tokenizer, suffix).map_err(|error| error.at("suffix"))?;
        let before_prefix = std::iter::once(self.prefix).chain(prefix);
        let before_suffix = std::iter::once(self.suffix).chain(suffix);
        Ok(match self.middle {
            Some(middle) => before_prefix.chain(before_suffix).chain([middle]).collect(),
            None => before_suffix.chain(before_prefix).collect(),
        })
    }
}

/// Ids of text that goes on from other text: without the space that some vocabularies put before the first word.
fn continuation(tokenizer: &dyn Tokenizer, text: &str) -> Result<Vec<u32>> {
    if tokenizer.drops_leading_space() {
        let marked = tokenizer.encode_text(&format!("{MARKER}{text}"))?;
        if let Some(ids) = marked.strip_prefix(&*tokenizer.encode_text(MARKER)?) {
            return Ok(ids.to_vec());
        }
    }
    tokenizer.encode_text(text)
}
