//! tokenizer.json, the format of the Hugging Face tokenizers library.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::added_tokens::{AddedToken, marks_structure};
use super::bpe_tokenizer::{BpeTokenizer, Parts};
use super::decoder::Decoder;
use super::normalizer::Normalizer;
use super::pre_tokenizer::{self, Step};
use super::{Tokenizer as _, TokenizerConfig, guarded, invalid};
use crate::error::{Error, ErrorCode, Result};

/// Largest tokenizer.json accepted, in bytes; the largest published ones have about 35 MB.
const MAX_FILE: usize = 96 << 20;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    added_tokens: Option<Vec<AddedTokenSource>>,
    #[serde(default)]
    normalizer: Option<Value>,
    #[serde(default)]
    pre_tokenizer: Option<Value>,
    #[serde(default)]
    post_processor: Option<Value>,
    #[serde(default)]
    decoder: Option<Value>,
    model: ModelSource,
}

#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of the file format")]
struct AddedTokenSource {
    id: u32,
    content: String,
    #[serde(default)]
    single_word: bool,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
    #[serde(default)]
    normalized: bool,
    #[serde(default)]
    special: bool,
}

#[derive(Deserialize)]
struct ModelSource {
    #[serde(rename = "type")]
    kind: Option<String>,
    vocab: VocabularySource,
    merges: Option<MergesSource>,
    dropout: Option<f32>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    fuse_unk: Option<bool>,
    byte_fallback: Option<bool>,
    ignore_merges: Option<bool>,
}

/// `{spelling: id}`, or the list of another kind of model.
enum VocabularySource {
    Map(Vec<(String, u32)>),
    List,
}

impl<'de> Deserialize<'de> for VocabularySource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = VocabularySource;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a map of tokens to ids")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut tokens = Vec::new();
                while let Some(token) = map.next_entry()? {
                    tokens.push(token);
                }
                Ok(VocabularySource::Map(tokens))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(VocabularySource::List)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

struct MergesSource(Vec<(String, String)>);

/// `["a", "b"]`, or `"a b"` in older files.
struct MergeSource(Option<(String, String)>);

impl<'de> Deserialize<'de> for MergeSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = MergeSource;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a merge: two tokens, or one string with a space between them")
            }

            fn visit_str<E: serde::de::Error>(self, merge: &str) -> std::result::Result<Self::Value, E> {
                if merge.starts_with("#version") {
                    return Ok(MergeSource(None));
                }
                match merge.split_once(' ') {
                    Some((left, right)) if !right.contains(' ') => {
                        Ok(MergeSource(Some((left.to_owned(), right.to_owned()))))
                    }
                    Some(_) | None => Err(E::invalid_value(serde::de::Unexpected::Str(merge), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Self::Value, A::Error> {
                let pair = (seq.next_element()?, seq.next_element()?, seq.next_element::<IgnoredAny>()?);
                match pair {
                    (Some(left), Some(right), None) => Ok(MergeSource(Some((left, right)))),
                    _ => Err(serde::de::Error::custom("a merge has two parts")),
                }
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for MergesSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let merges: Vec<MergeSource> = Vec::deserialize(deserializer)?;
        Ok(Self(merges.into_iter().filter_map(|merge| merge.0).collect()))
    }
}

/// Reads a tokenizer.json; `config` is the `tokenizer_config.json` beside it.
///
/// # Errors
/// `too_large`; `tokenizer_invalid{reason}`: `json`, `model_type`, `vocabulary`, `merge`, `regex`, `added_token`,
/// `normalizer`, `pre_tokenizer`, `decoder`, `coverage`, `panic`.
pub fn from_json(json: &[u8], config: Option<&TokenizerConfig>) -> Result<BpeTokenizer> {
    if json.len() > MAX_FILE {
        return Err(Error::new(
            ErrorCode::TooLarge,
            format!("tokenizer.json has {} bytes, over the limit of {MAX_FILE}", json.len()),
        )
        .detail("limit", MAX_FILE));
    }
    guarded(|| {
        let file: File =
            serde_json::from_slice(json).map_err(|error| invalid("json", format!("tokenizer.json: {error}")))?;
        build(file, config)
    })
}

fn build(file: File, config: Option<&TokenizerConfig>) -> Result<BpeTokenizer> {
    let model = file.model;
    let kind = model.kind.as_deref().unwrap_or("BPE");
    if kind != "BPE" {
        return Err(invalid("model_type", format!("the model type {kind:?} is not supported; BPE is")));
    }
    let (VocabularySource::Map(tokens), Some(MergesSource(merges))) = (model.vocab, model.merges) else {
        return Err(invalid("model_type", "a BPE model has a map of tokens and a list of merges"));
    };
    if model.dropout.is_some_and(|dropout| dropout != 0.0) {
        return Err(invalid("model_type", "merges with dropout give other ids on every call"));
    }
    let normalizer = file.normalizer.filter(|value| !value.is_null());
    let byte_level_normalizer = normalizer.as_ref().is_some_and(|value| value["type"] == "ByteLevel");
    if byte_level_normalizer {
        return Err(invalid("normalizer", "byte-level text is supported as a pre-tokenizer, not as a normaliser"));
    }
    let normalizer = normalizer.as_ref().map(Normalizer::parse).transpose()?;
    let steps = match file.pre_tokenizer.filter(|value| !value.is_null()) {
        Some(value) => pre_tokenizer::parse(&value)?,
        None => Vec::new(),
    };
    let Some(decoder) = file.decoder.filter(|value| !value.is_null()) else {
        return Err(invalid("decoder", "tokenizer.json names no decoder"));
    };
    let added: Vec<AddedToken> = file
        .added_tokens
        .unwrap_or_default()
        .into_iter()
        .map(|token| AddedToken {
            id: token.id,
            control: marks_structure(&token.content, token.special),
            content: token.content,
            single_word: token.single_word,
            lstrip: token.lstrip,
            rstrip: token.rstrip,
            normalized: token.normalized,
        })
        .collect();
    let byte_level = steps.iter().any(|step| matches!(step, Step::ByteLevel));
    let special = |place| file.post_processor.as_ref().and_then(|value| special(value, place, 0));
    let (template_bos, template_eos) = (special(Place::First), special(Place::Last));
    let mut tokenizer = BpeTokenizer::new(Parts {
        tokens: tokens.iter().map(|(text, id)| (text.as_str(), *id)).collect(),
        unused: Vec::new(),
        merges: merges.iter().map(|(left, right)| (left.as_str(), right.as_str())).collect(),
        added,
        normalizer,
        steps,
        decoder: Decoder::parse(&decoder)?,
        unk_token: model.unk_token.as_deref(),
        fuse_unk: model.fuse_unk.unwrap_or(false),
        byte_fallback: model.byte_fallback.unwrap_or(false),
        ignore_merges: model.ignore_merges.unwrap_or(false),
        continuing_subword_prefix: model.continuing_subword_prefix.filter(|prefix| !prefix.is_empty()),
        end_of_word_suffix: model.end_of_word_suffix.filter(|suffix| !suffix.is_empty()),
        byte_level,
    })?;
    let configured = config.and_then(|config| Some((config.add_bos_token?, config.bos_token.as_deref())));
    let bos = match configured {
        Some((true, Some(text))) => tokenizer.token_id(text),
        Some((false, _)) => None,
        Some((true, None)) | None => template_bos.and_then(|text| tokenizer.token_id(text)),
    };
    tokenizer.set_add_bos(bos);
    tokenizer.set_add_eos(template_eos.and_then(|text| tokenizer.token_id(text)));
    Ok(tokenizer)
}

#[derive(Clone, Copy)]
enum Place {
    First,
    Last,
}

/// The special token that a post-processor's template puts before or behind a single text.
fn special(value: &Value, place: Place, depth: usize) -> Option<&str> {
    match value.get("type").and_then(Value::as_str) {
        Some("Sequence") if depth < 4 => {
            value.get("processors")?.as_array()?.iter().find_map(|inner| special(inner, place, depth + 1))
        }
        Some("TemplateProcessing") => {
            let single = value.get("single")?.as_array()?;
            let piece = match place {
                Place::First => single.first(),
                Place::Last => single.last(),
            };
            piece?.get("SpecialToken")?.get("id")?.as_str()
        }
        Some(_) | None => None,
    }
}
