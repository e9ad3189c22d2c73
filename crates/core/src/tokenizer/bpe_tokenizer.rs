//! Byte-pair encoding with everything around it; the one implementation of [`Tokenizer`].

use std::collections::{HashMap, HashSet};

use tokenizers::normalizer::Range;

use super::added_tokens::{AddedToken, AddedTokens, straddles};
use super::decoder::Decoder;
use super::merge_model::{MergeModel, MergeRules, MergeScratch};
use super::normalizer::Normalizer;
use super::pre_tokenizer::{self, Step};
use super::vocabulary::{Entry, Vocabulary};
use super::{Tokenizer, byte_level, guarded, invalid, merges};
use crate::error::{Error, ErrorCode, Result};

/// Longest text to encode at once, in bytes.
const MAX_TEXT: usize = 16 << 20;

/// What a tokenizer is made of, whichever file it came from. Nothing in it is trusted yet.
#[expect(clippy::struct_excessive_bools, reason = "the flags of the file format")]
pub(crate) struct Parts<'a> {
    /// The vocabulary of the merges: spelling and id.
    pub(crate) tokens: Vec<(&'a str, u32)>,
    /// Tokens that nothing encodes to: rows a model has and never uses.
    pub(crate) unused: Vec<(&'a str, u32)>,
    /// Best first.
    pub(crate) merges: Vec<(&'a str, &'a str)>,
    pub(crate) added: Vec<AddedToken>,
    pub(crate) normalizer: Option<Normalizer>,
    pub(crate) steps: Vec<Step>,
    pub(crate) decoder: Decoder,
    pub(crate) unk_token: Option<&'a str>,
    pub(crate) fuse_unk: bool,
    pub(crate) byte_fallback: bool,
    pub(crate) ignore_merges: bool,
    pub(crate) continuing_subword_prefix: Option<String>,
    pub(crate) end_of_word_suffix: Option<String>,
    /// Text reaches the merges one character per byte.
    pub(crate) byte_level: bool,
}

/// A byte-pair tokenizer: added tokens, normaliser, pre-tokenizers, merges, decoder.
pub struct BpeTokenizer {
    vocabulary: Vocabulary,
    /// Added tokens looked for in the text as it is.
    raw: AddedTokens,
    /// Added tokens looked for in normalised text.
    normalized: AddedTokens,
    added_ids: HashMap<String, u32>,
    /// What the decoder is given for added tokens whose normalised spelling is another.
    normalized_texts: HashMap<u32, String>,
    normalizer: Option<Normalizer>,
    steps: Vec<Step>,
    model: MergeModel,
    decoder: Decoder,
    add_bos: Option<u32>,
    add_eos: Option<u32>,
}

impl std::fmt::Debug for BpeTokenizer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("BpeTokenizer").field("vocabulary", &self.vocabulary.len()).finish_non_exhaustive()
    }
}

/// Added tokens as they are looked for.
struct Spellings {
    /// In the text as it is.
    raw: Vec<(AddedToken, String)>,
    /// In normalised text.
    normalized: Vec<(AddedToken, String)>,
    /// Where normalising changed the spelling.
    normalized_texts: HashMap<u32, String>,
}

impl Spellings {
    fn new(added: Vec<AddedToken>, normalizer: Option<&Normalizer>) -> Result<Self> {
        let mut spellings = Self { raw: Vec::new(), normalized: Vec::new(), normalized_texts: HashMap::new() };
        for token in added {
            if !token.normalized {
                let spelling = token.content.clone();
                spellings.raw.push((token, spelling));
                continue;
            }
            let form = match normalizer {
                Some(normalizer) => guarded(|| normalizer.run(&token.content))?,
                None => None,
            };
            let spelling = form.map_or_else(|| token.content.clone(), |form| form.get().to_owned());
            if spelling != token.content {
                spellings.normalized_texts.insert(token.id, spelling.clone());
            }
            spellings.normalized.push((token, spelling));
        }
        Ok(spellings)
    }
}

impl BpeTokenizer {
    /// Checks the parts against each other and builds the model.
    ///
    /// # Errors
    /// `tokenizer_invalid{reason}`: `vocabulary`, `merge`, `added_token`, `coverage`.
    pub(crate) fn new(parts: Parts<'_>) -> Result<Self> {
        let Parts { tokens, merges, added, .. } = parts;
        let prefix = parts.continuing_subword_prefix.as_deref().unwrap_or_default();
        let by_text: HashMap<&str, u32> = tokens.iter().copied().collect();
        check_added(&added, &by_text)?;
        if by_text.len() != tokens.len() {
            return Err(invalid("vocabulary", "two tokens have the same spelling"));
        }
        let mut merges = merges::resolve(&merges, &by_text, prefix)?;
        let covered = covers_everything(&by_text, parts.byte_level, parts.byte_fallback);
        if !covered {
            match parts.unk_token {
                Some(unk) if by_text.contains_key(unk) => {}
                Some(_) | None => {
                    return Err(invalid(
                        "coverage",
                        "some text has no tokens: bytes are missing and there is no unknown token",
                    ));
                }
            }
        }
        // Merges must not be able to spell a control token, whatever the file says. The unknown token stays where the
        // model may need it.
        let unk_token = parts.unk_token.filter(|_| !covered);
        let unk = unk_token.and_then(|text| by_text.get(text).copied());
        let controls: HashSet<u32> = added
            .iter()
            .filter(|token| token.control)
            .filter_map(|token| by_text.get(token.content.as_str()).copied())
            .collect();
        merges.retain(|merge| [merge.left, merge.right, merge.joined].iter().all(|id| !controls.contains(id)));
        drop(by_text);

        let added_texts: HashSet<&str> = added.iter().map(|token| token.content.as_str()).collect();
        let mut entries: Vec<Entry<'_>> = added
            .iter()
            .map(|token| Entry { id: token.id, text: &token.content, control: token.control, verbatim: true })
            .collect();
        let plain = tokens.iter().filter(|(text, _)| !added_texts.contains(text));
        entries.extend(plain.map(|&(text, id)| Entry { id, text, control: false, verbatim: false }));
        entries.extend(parts.unused.iter().map(|&(text, id)| Entry { id, text, control: true, verbatim: true }));
        let vocabulary = Vocabulary::new(&entries, &parts.decoder.writing)?;
        drop(entries);
        drop(added_texts);

        let ids =
            tokens.into_iter().map(|(_, id)| id).filter(|id| Some(*id) == unk || !controls.contains(id)).collect();
        let rules = MergeRules {
            unk,
            fuse_unk: parts.fuse_unk,
            byte_fallback: parts.byte_fallback,
            ignore_merges: parts.ignore_merges,
            continuing_subword_prefix: parts.continuing_subword_prefix,
            end_of_word_suffix: parts.end_of_word_suffix,
        };
        let model = MergeModel::new(&vocabulary, ids, &merges, rules);

        let added_ids = added.iter().map(|token| (token.content.clone(), token.id)).collect();
        let Spellings { raw, normalized, normalized_texts } = Spellings::new(added, parts.normalizer.as_ref())?;
        Ok(Self {
            vocabulary,
            raw: AddedTokens::new(raw)?,
            normalized: AddedTokens::new(normalized)?,
            added_ids,
            normalized_texts,
            normalizer: parts.normalizer,
            steps: parts.steps,
            model,
            decoder: parts.decoder,
            add_bos: None,
            add_eos: None,
        })
    }

    /// Sets the token put in front of raw text.
    pub(crate) fn set_add_bos(&mut self, id: Option<u32>) {
        self.add_bos = id;
    }

    /// Sets the token put behind texts to embed.
    pub(crate) fn set_add_eos(&mut self, id: Option<u32>) {
        self.add_eos = id;
    }

    /// `breaks`: `None` recognises no control token at all.
    fn encode(&self, text: &str, breaks: Option<&[usize]>) -> Result<Vec<u32>> {
        if text.len() > MAX_TEXT {
            return Err(Error::new(
                ErrorCode::TooLarge,
                format!("a text of {} bytes is over the limit of {MAX_TEXT}", text.len()),
            )
            .detail("limit", MAX_TEXT));
        }
        guarded(|| {
            let mut encoding = Encoding { ids: Vec::with_capacity(text.len() / 4), scratch: MergeScratch::default() };
            let found = self.raw.find(text, |token, start, end| allowed(token, breaks, start, end));
            let mut at = 0;
            for token in found {
                self.encode_plain(text.get(at..token.start).unwrap_or_default(), at, breaks, &mut encoding)?;
                encoding.ids.push(token.id);
                at = token.end;
            }
            self.encode_plain(&text[at..], at, breaks, &mut encoding)?;
            Ok(encoding.ids)
        })
    }

    /// Encodes a piece without raw added tokens that stands at byte `offset` of the text.
    fn encode_plain(
        &self,
        piece: &str,
        offset: usize,
        breaks: Option<&[usize]>,
        encoding: &mut Encoding,
    ) -> Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        let form = match &self.normalizer {
            Some(normalizer) => normalizer.run(piece)?,
            None => None,
        };
        let text = form.as_ref().map_or(piece, |form| form.get());
        if self.normalized.is_empty() {
            return self.merge(text, offset == 0, encoding);
        }
        let original = |start: usize, end: usize| match &form {
            Some(form) => form.convert_offsets(Range::Normalized(start..end)).unwrap_or(0..piece.len()),
            None => start..end,
        };
        let found = self.normalized.find(text, |token, start, end| {
            let range = original(start, end);
            allowed(token, breaks, offset + range.start, offset + range.end)
        });
        let mut at = 0;
        for token in found {
            self.merge(text.get(at..token.start).unwrap_or_default(), offset == 0 && at == 0, encoding)?;
            encoding.ids.push(token.id);
            at = token.end;
        }
        self.merge(&text[at..], offset == 0 && at == 0, encoding)
    }

    fn merge(&self, text: &str, first: bool, encoding: &mut Encoding) -> Result<()> {
        pre_tokenizer::run(&self.steps, text, first, &mut |piece| {
            self.model.encode(&self.vocabulary, piece, &mut encoding.scratch, &mut encoding.ids);
            Ok(())
        })
    }
}

/// Ids so far, and the memory that finds more.
struct Encoding {
    ids: Vec<u32>,
    scratch: MergeScratch,
}

fn allowed(token: &AddedToken, breaks: Option<&[usize]>, start: usize, end: usize) -> bool {
    !token.control || breaks.is_some_and(|breaks| !straddles(breaks, start, end))
}

fn check_added(added: &[AddedToken], by_text: &HashMap<&str, u32>) -> Result<()> {
    for token in added {
        if by_text.get(token.content.as_str()).is_some_and(|id| *id != token.id) {
            return Err(invalid("added_token", format!("added token {} has another id in the vocabulary", token.id)));
        }
    }
    Ok(())
}

/// Whether every text has tokens without an unknown token.
fn covers_everything(by_text: &HashMap<&str, u32>, byte_level: bool, byte_fallback: bool) -> bool {
    let mut buffer = [0; 4];
    (byte_level && (0..=255).all(|byte| by_text.contains_key(&*byte_level::character(byte).encode_utf8(&mut buffer))))
        || (byte_fallback && (0..=255_u8).all(|byte| by_text.contains_key(format!("<0x{byte:02X}>").as_str())))
}

impl Tokenizer for BpeTokenizer {
    fn encode_text(&self, text: &str) -> Result<Vec<u32>> {
        self.encode(text, None)
    }

    fn encode_with_control(&self, text: &str, breaks: &[usize]) -> Result<Vec<u32>> {
        self.encode(text, Some(breaks))
    }

    fn token_bytes(&self, id: u32) -> Option<&[u8]> {
        self.vocabulary.bytes(id)
    }

    fn is_control(&self, id: u32) -> bool {
        self.vocabulary.is_control(id)
    }

    fn token_text(&self, id: u32) -> Option<&str> {
        self.vocabulary.text(id)
    }

    fn token_id(&self, text: &str) -> Option<u32> {
        self.added_ids.get(text).copied().or_else(|| self.model.id(&self.vocabulary, text))
    }

    fn vocabulary_size(&self) -> usize {
        self.vocabulary.len()
    }

    fn add_bos(&self) -> Option<u32> {
        self.add_bos
    }

    fn add_eos(&self) -> Option<u32> {
        self.add_eos
    }

    fn drops_leading_space(&self) -> bool {
        self.decoder.drops_leading_space
    }

    fn decode(&self, ids: &[u32]) -> Result<String> {
        let mut tokens = Vec::with_capacity(ids.len());
        for (index, id) in ids.iter().enumerate() {
            let Some(text) = self.vocabulary.text(*id) else {
                return Err(Error::invalid_request(
                    format!("tokens[{index}]"),
                    format!("{id} is no token of this model"),
                ));
            };
            tokens.push(self.normalized_texts.get(id).map_or(text, String::as_str).to_owned());
        }
        guarded(|| self.decoder.decode(tokens))
    }

    fn control_texts(&self) -> Vec<&str> {
        let tokens = self.raw.tokens().iter().chain(self.normalized.tokens());
        tokens.filter(|token| token.control).map(|token| token.content.as_str()).collect()
    }

    fn memory_bytes(&self) -> usize {
        let added: usize = self.added_ids.keys().map(|text| text.len() + 40).sum();
        self.vocabulary.memory_bytes()
            + self.raw.memory_bytes()
            + self.normalized.memory_bytes()
            + added
            + self.model.memory_bytes()
    }
}
