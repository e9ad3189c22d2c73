//! Tokenizers out of the metadata of a GGUF file.
//!
//! `gpt2` vocabularies are byte-level merges behind one of a few splitting patterns; `llama` ones are SentencePiece
//! byte-pair vocabularies whose merges follow from the scores. Patterns and their names are those of llama.cpp
//! (`src/llama-vocab.cpp`), which took them from the models' own tokenizer.json.

use std::borrow::Cow;

use serde_json::json;
use wick_formats::gguf::Metadata;

use super::added_tokens::{AddedToken, marks_structure};
use super::bpe_tokenizer::{BpeTokenizer, Parts};
use super::decoder::Decoder;
use super::normalizer::Normalizer;
use super::pre_tokenizer::{Step, gpt2_split, split};
use super::vocabulary::fallback_byte;
use super::{TokenizerConfig, guarded, invalid, merges};
use crate::error::{Error, Result};
use crate::fim::{FIM_TEXTS, FimIds};
use crate::generation_defaults::END_TEXTS;

/// Llama 3's pattern; up to three digits together.
const LLAMA_BPE: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Qwen2's pattern; every digit alone.
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Mistral's pattern for Tekken; words split where lower case goes over to upper.
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// The names of `tokenizer.ggml.pre` understood, for error messages.
const SUPPORTED: &str = "llama-bpe, qwen2, smollm, tekken, gpt-2";

/// Kinds of tokens in `tokenizer.ggml.token_type`.
mod kind {
    pub(super) const UNKNOWN: i32 = 2;
    pub(super) const CONTROL: i32 = 3;
    pub(super) const USER_DEFINED: i32 = 4;
    pub(super) const UNUSED: i32 = 5;
    pub(super) const BYTE: i32 = 6;
}

/// What a GGUF file says about its tokenizer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GgufVocabulary<'a> {
    /// `tokenizer.ggml.model`.
    pub model: String,
    /// `tokenizer.ggml.pre`.
    pub pre: Option<String>,
    /// Spellings; the index is the id.
    pub tokens: Vec<Cow<'a, str>>,
    /// Scores of a `llama` vocabulary, one for each token.
    pub scores: Vec<f32>,
    /// Kinds, one for each token; empty where the file does not say.
    pub types: Vec<i32>,
    /// Merges of a `gpt2` vocabulary, `left right`, best first.
    pub merges: Vec<Cow<'a, str>>,
    /// Begins a text.
    pub bos: Option<u32>,
    /// Ends a text.
    pub eos: Option<u32>,
    /// Ends a turn.
    pub eot: Option<u32>,
    /// Ends a message that goes on after a tool's answer.
    pub eom: Option<u32>,
    /// Stands for what has no tokens.
    pub unk: Option<u32>,
    /// Fills up.
    pub pad: Option<u32>,
    /// For filling in the middle; only ids that there are.
    pub fim: FimIds,
    /// Whether raw text begins with `bos`.
    pub add_bos: Option<bool>,
    /// Whether texts to embed end with `eos`.
    pub add_eos: Option<bool>,
    /// Whether text begins with a space that decoding drops again.
    pub add_space_prefix: Option<bool>,
    /// Chat templates by name; the main one is `default`.
    pub chat_templates: Vec<(String, String)>,
}

impl<'a> GgufVocabulary<'a> {
    /// Reads the `tokenizer.*` keys.
    ///
    /// # Errors
    /// `model_invalid{key}` for a missing key or one of a wrong type; `tokenizer_invalid{reason: "utf8"}`.
    pub fn from_metadata(metadata: &'a Metadata) -> Result<Self> {
        let texts = |key: &str| -> Result<Vec<Cow<'a, str>>> {
            let Some(array) = metadata.optional_string_array(key)? else { return Ok(Vec::new()) };
            array
                .iter()
                .enumerate()
                .map(|(index, bytes)| match std::str::from_utf8(bytes) {
                    Ok(text) => Ok(Cow::Borrowed(text)),
                    Err(_) => Err(invalid("utf8", format!("{key}[{index}] is not UTF-8"))),
                })
                .collect()
        };
        let id = |name: &str| -> Result<Option<u32>> {
            Ok(metadata.optional_u32(&format!("tokenizer.ggml.{name}_token_id"))?)
        };
        let mut chat_templates = Vec::new();
        if let Some(template) = metadata.optional_str("tokenizer.chat_template")? {
            chat_templates.push(("default".to_owned(), template.to_owned()));
        }
        for name in texts("tokenizer.chat_templates")?.into_iter().take(16) {
            if let Some(template) = metadata.optional_str(&format!("tokenizer.chat_template.{name}"))? {
                chat_templates.push((name.into_owned(), template.to_owned()));
            }
        }
        let tokens = texts("tokenizer.ggml.tokens")?;
        // Files of CodeLlama's relatives name ids of tokens that those do not have.
        let known = |id: Option<u32>| id.filter(|id| (*id as usize) < tokens.len());
        let either = |name: &str, old: &str| Ok::<_, Error>(known(id(&format!("fim_{name}"))?).or(known(id(old)?)));
        let fim = FimIds {
            prefix: either("pre", "prefix")?,
            suffix: either("suf", "suffix")?,
            middle: either("mid", "middle")?,
            ends: [known(id("fim_pad")?), known(id("fim_rep")?), known(id("fim_sep")?)],
        };
        metadata.string_array("tokenizer.ggml.tokens")?;
        Ok(Self {
            fim,
            model: metadata.str("tokenizer.ggml.model")?.to_owned(),
            pre: metadata.optional_str("tokenizer.ggml.pre")?.map(ToOwned::to_owned),
            tokens,
            scores: metadata.optional_f32_array("tokenizer.ggml.scores")?.unwrap_or_default(),
            types: metadata.optional_i32_array("tokenizer.ggml.token_type")?.unwrap_or_default(),
            merges: texts("tokenizer.ggml.merges")?,
            bos: id("bos")?,
            eos: id("eos")?,
            eot: id("eot")?,
            eom: id("eom")?,
            unk: id("unknown")?,
            pad: id("padding")?,
            add_bos: metadata.optional_bool("tokenizer.ggml.add_bos_token")?,
            add_eos: metadata.optional_bool("tokenizer.ggml.add_eos_token")?,
            add_space_prefix: metadata.optional_bool("tokenizer.ggml.add_space_prefix")?,
            chat_templates,
        })
    }

    /// The same in the words of a `tokenizer_config.json`: texts of the special tokens, and the chat templates.
    pub fn config(&self) -> TokenizerConfig {
        let text =
            |id: Option<u32>| id.and_then(|id| self.tokens.get(id as usize)).map(|text| text.clone().into_owned());
        TokenizerConfig {
            bos_token: text(self.bos),
            eos_token: text(self.eos),
            pad_token: text(self.pad),
            unk_token: text(self.unk),
            add_bos_token: self.add_bos,
            chat_templates: self.chat_templates.clone(),
        }
    }

    fn kind(&self, id: usize) -> i32 {
        self.types.get(id).copied().unwrap_or(1)
    }

    /// Added tokens, tokens of the merges, and those nothing may produce.
    fn sort(&self) -> Sorted<'_> {
        let marked: Vec<u32> =
            [self.bos, self.eos, self.eot, self.eom, self.pad].into_iter().flatten().chain(self.fim.all()).collect();
        let mut sorted = Sorted::default();
        for (id, text) in self.tokens.iter().map(AsRef::<str>::as_ref).enumerate() {
            let number = id as u32;
            let special = self.kind(id) == kind::CONTROL
                || (marked.contains(&number) && self.kind(id) != kind::UNKNOWN)
                || END_TEXTS.contains(&text)
                || FIM_TEXTS.as_flattened().contains(&text);
            match self.kind(id) {
                kind::UNUSED => sorted.unused.push((text, number)),
                _ if special => sorted.added.push(AddedToken::control(number, text)),
                kind::USER_DEFINED => sorted
                    .added
                    .push(AddedToken { control: marks_structure(text, false), ..AddedToken::control(number, text) }),
                _ => sorted.tokens.push((text, number)),
            }
        }
        sorted
    }

    fn check(&self) -> Result<()> {
        let size = self.tokens.len();
        for (name, count) in [("scores", self.scores.len()), ("token_type", self.types.len())] {
            if count != 0 && count != size {
                return Err(invalid(
                    "vocabulary",
                    format!("tokenizer.ggml.{name} has {count} entries for {size} tokens"),
                ));
            }
        }
        let ids = [
            ("bos", self.bos),
            ("eos", self.eos),
            ("eot", self.eot),
            ("eom", self.eom),
            ("unknown", self.unk),
            ("padding", self.pad),
        ];
        for (name, id) in ids {
            if let Some(id) = id.filter(|id| *id as usize >= size) {
                return Err(invalid(
                    "special",
                    format!("tokenizer.ggml.{name}_token_id is {id}, and there are {size} tokens"),
                ));
            }
        }
        for (id, text) in self.tokens.iter().enumerate() {
            if self.kind(id) == kind::BYTE && fallback_byte(text).is_none() {
                return Err(invalid("byte", format!("token {id} is marked as a byte and spells none")));
            }
        }
        if let Some(index) = self.scores.iter().position(|score| !score.is_finite()) {
            return Err(invalid("vocabulary", format!("the score of token {index} is no number")));
        }
        Ok(())
    }
}

#[derive(Default)]
struct Sorted<'a> {
    added: Vec<AddedToken>,
    tokens: Vec<(&'a str, u32)>,
    unused: Vec<(&'a str, u32)>,
}

/// Builds the tokenizer.
///
/// # Errors
/// `tokenizer_invalid{reason}`: `model_type` and `pre_tokenizer` name what is supported; else as for a tokenizer.json,
/// and `special`, `byte`.
pub fn build(vocabulary: &GgufVocabulary<'_>) -> Result<BpeTokenizer> {
    vocabulary.check()?;
    guarded(|| match vocabulary.model.as_str() {
        "gpt2" => byte_level(vocabulary),
        "llama" => sentence_piece(vocabulary),
        other => Err(invalid("model_type", format!("tokenizer.ggml.model is {other:?}; gpt2 and llama are supported"))),
    })
}

/// How a `tokenizer.ggml.pre` prepares text.
struct Preparation {
    steps: Vec<Step>,
    nfc: bool,
    ignore_merges: bool,
    add_bos: bool,
}

fn preparation(pre: Option<&str>) -> Result<Preparation> {
    let (steps, nfc, ignore_merges, add_bos) = match pre {
        Some("llama-bpe" | "llama3" | "llama-v3") => (vec![split(LLAMA_BPE)?], false, true, true),
        Some("qwen2" | "deepseek-r1-qwen") => (vec![split(QWEN2)?], true, false, false),
        Some("smollm") => (vec![Step::Digits { individual: true }, gpt2_split()?], false, false, false),
        Some("tekken") => (vec![split(TEKKEN)?], false, true, true),
        Some("gpt-2") => (vec![gpt2_split()?], false, false, false),
        Some(other) => {
            return Err(invalid(
                "pre_tokenizer",
                format!("tokenizer.ggml.pre is {other:?}; supported are {SUPPORTED}"),
            ));
        }
        None => {
            return Err(invalid("pre_tokenizer", format!("tokenizer.ggml.pre is missing; supported are {SUPPORTED}")));
        }
    };
    Ok(Preparation { steps, nfc, ignore_merges, add_bos })
}

fn byte_level(vocabulary: &GgufVocabulary<'_>) -> Result<BpeTokenizer> {
    let mut prepared = preparation(vocabulary.pre.as_deref())?;
    prepared.steps.push(Step::ByteLevel);
    let merges = vocabulary
        .merges
        .iter()
        .enumerate()
        .map(|(index, merge)| match merge.split_once(' ') {
            Some((left, right)) if !left.is_empty() && !right.is_empty() && !right.contains(' ') => Ok((left, right)),
            Some(_) | None => Err(invalid("merge", format!("tokenizer.ggml.merges[{index}] is not two tokens"))),
        })
        .collect::<Result<Vec<_>>>()?;
    let Sorted { added, tokens, unused } = vocabulary.sort();
    let normalizer = if prepared.nfc { Some(Normalizer::parse(&json!({ "type": "NFC" }))?) } else { None };
    let mut tokenizer = BpeTokenizer::new(Parts {
        tokens,
        unused,
        merges,
        added,
        normalizer,
        steps: prepared.steps,
        decoder: Decoder::parse(
            &json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false }),
        )?,
        unk_token: vocabulary.unk.and_then(|id| vocabulary.tokens.get(id as usize)).map(AsRef::as_ref),
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: prepared.ignore_merges,
        continuing_subword_prefix: None,
        end_of_word_suffix: None,
        byte_level: true,
    })?;
    tokenizer.set_add_eos(vocabulary.eos.filter(|_| vocabulary.add_eos == Some(true)));
    tokenizer.set_add_bos(vocabulary.bos.filter(|_| vocabulary.add_bos.unwrap_or(prepared.add_bos)));
    Ok(tokenizer)
}

fn sentence_piece(vocabulary: &GgufVocabulary<'_>) -> Result<BpeTokenizer> {
    if vocabulary.scores.len() != vocabulary.tokens.len() {
        return Err(invalid("vocabulary", "a llama vocabulary needs tokenizer.ggml.scores"));
    }
    let Sorted { mut added, tokens, unused } = vocabulary.sort();
    for token in &mut added {
        if !token.control {
            token.content = token.content.replace('▁', " ");
        }
    }
    let pieces: Vec<(&str, f32, bool)> = tokens
        .iter()
        .filter_map(|(text, id)| {
            let merged = !matches!(vocabulary.kind(*id as usize), kind::UNKNOWN | kind::BYTE);
            Some((*text, *vocabulary.scores.get(*id as usize)?, merged))
        })
        .collect();
    let merges = merges::from_scores(&pieces);
    let unk = vocabulary
        .unk
        .map(|id| id as usize)
        .or_else(|| vocabulary.types.iter().position(|kind| *kind == kind::UNKNOWN));
    let space_prefix = vocabulary.add_space_prefix.unwrap_or(true);
    let spaces = json!({ "type": "Replace", "pattern": { "String": " " }, "content": "▁" });
    let normalizer = if space_prefix {
        json!({ "type": "Sequence", "normalizers": [{ "type": "Prepend", "prepend": "▁" }, spaces] })
    } else {
        spaces
    };
    let mut decoders = vec![
        json!({ "type": "Replace", "pattern": { "String": "▁" }, "content": " " }),
        json!({ "type": "ByteFallback" }),
        json!({ "type": "Fuse" }),
    ];
    if space_prefix {
        decoders.push(json!({ "type": "Strip", "content": " ", "start": 1, "stop": 0 }));
    }
    let mut tokenizer = BpeTokenizer::new(Parts {
        tokens,
        unused,
        merges,
        added,
        normalizer: Some(Normalizer::parse(&normalizer)?),
        steps: Vec::new(),
        decoder: Decoder::parse(&json!({ "type": "Sequence", "decoders": decoders }))?,
        unk_token: unk.and_then(|id| vocabulary.tokens.get(id)).map(AsRef::as_ref),
        fuse_unk: true,
        byte_fallback: true,
        ignore_merges: false,
        continuing_subword_prefix: None,
        end_of_word_suffix: None,
        byte_level: false,
    })?;
    tokenizer.set_add_eos(vocabulary.eos.filter(|_| vocabulary.add_eos == Some(true)));
    tokenizer.set_add_bos(vocabulary.bos.filter(|_| vocabulary.add_bos.unwrap_or(true)));
    Ok(tokenizer)
}
