//! The table of tokens: id → spelling, bytes and kind.

use super::{byte_level, invalid};
use crate::error::Result;

/// Highest id accepted: the tables are dense, and no published vocabulary comes near.
const MAX_ID: u32 = 4 << 20;
/// Longest token accepted, in bytes.
const MAX_TOKEN: usize = 4 << 10;

/// How the bytes of a vocabulary entry follow from its spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Writing {
    /// One character for each byte.
    ByteLevel,
    /// Strings replaced one after the other (`▁` by a space), and bytes as `<0x0A>` where `byte_fallback`.
    Replaced { replacements: Vec<(String, String)>, byte_fallback: bool },
}

impl Writing {
    fn bytes(&self, text: &str) -> Vec<u8> {
        match self {
            Self::ByteLevel => byte_level::bytes(text).unwrap_or_else(|| text.as_bytes().to_vec()),
            Self::Replaced { replacements, byte_fallback } => {
                if let Some(byte) = fallback_byte(text).filter(|_| *byte_fallback) {
                    return vec![byte];
                }
                let mut text = text.to_owned();
                for (from, to) in replacements {
                    text = text.replace(from, to);
                }
                text.into_bytes()
            }
        }
    }
}

/// The byte that `<0x0A>` spells.
pub(crate) fn fallback_byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    if digits.len() != 2 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u8::from_str_radix(digits, 16).ok()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// No token has this id.
    Hole,
    Text,
    Control,
}

/// Strings one after the other in one allocation.
#[derive(Debug)]
struct Strings {
    data: Vec<u8>,
    ends: Vec<u32>,
}

impl Strings {
    fn new(bytes: usize, count: usize) -> Self {
        Self { data: Vec::with_capacity(bytes), ends: Vec::with_capacity(count) }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.data.extend_from_slice(bytes);
        self.ends.push(self.data.len() as u32);
    }

    fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)? as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        self.data.get(start..end)
    }

    fn memory_bytes(&self) -> usize {
        self.data.capacity() + self.ends.capacity() * size_of::<u32>()
    }
}

/// A token on its way into the table.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) id: u32,
    pub(crate) text: &'a str,
    pub(crate) control: bool,
    /// The spelling is the text itself, whatever the vocabulary's writing.
    pub(crate) verbatim: bool,
}

/// Id → spelling, bytes and kind.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    texts: Strings,
    bytes: Strings,
    kinds: Vec<Kind>,
}

impl Vocabulary {
    /// Builds the table; entries may come in any order.
    ///
    /// # Errors
    /// `tokenizer_invalid{reason: "vocabulary"}` for an id taken twice or over the limit, or a token over 4 KiB.
    pub(crate) fn new(entries: &[Entry<'_>], writing: &Writing) -> Result<Self> {
        let size = entries.iter().map(|entry| entry.id).max().map_or(0, |id| id as usize + 1);
        if size > MAX_ID as usize {
            return Err(invalid("vocabulary", format!("a token has the id {}, over the limit of {MAX_ID}", size - 1)));
        }
        if size == 0 {
            return Err(invalid("vocabulary", "the vocabulary is empty"));
        }
        // Dense tables for a handful of tokens with far-away ids would be a cheap way to make us allocate.
        if size > entries.len().saturating_mul(4).saturating_add(1 << 16) {
            return Err(invalid("vocabulary", format!("{} tokens have ids up to {}", entries.len(), size - 1)));
        }
        let mut by_id: Vec<Option<&Entry<'_>>> = vec![None; size];
        let mut total = 0_usize;
        for entry in entries {
            if entry.text.len() > MAX_TOKEN {
                return Err(invalid(
                    "vocabulary",
                    format!("token {} has {} bytes, over the limit of {MAX_TOKEN}", entry.id, entry.text.len()),
                ));
            }
            total += entry.text.len();
            if by_id[entry.id as usize].replace(entry).is_some() {
                return Err(invalid("vocabulary", format!("two tokens have the id {}", entry.id)));
            }
        }
        if u32::try_from(total.saturating_mul(4)).is_err() {
            return Err(invalid("vocabulary", format!("the tokens have {total} bytes")));
        }
        let mut table = Self {
            texts: Strings::new(total, size),
            bytes: Strings::new(total, size),
            kinds: Vec::with_capacity(size),
        };
        for entry in by_id {
            let (text, bytes, kind) = match entry {
                None => ("", Vec::new(), Kind::Hole),
                Some(entry) if entry.control => (entry.text, Vec::new(), Kind::Control),
                Some(entry) if entry.verbatim => (entry.text, entry.text.as_bytes().to_vec(), Kind::Text),
                Some(entry) => (entry.text, writing.bytes(entry.text), Kind::Text),
            };
            table.texts.push(text.as_bytes());
            table.bytes.push(&bytes);
            table.kinds.push(kind);
        }
        // Bytes are at most what their spellings have, and often fewer.
        table.bytes.data.shrink_to_fit();
        Ok(table)
    }

    pub(crate) fn len(&self) -> usize {
        self.kinds.len()
    }

    fn kind(&self, id: u32) -> Kind {
        self.kinds.get(id as usize).copied().unwrap_or(Kind::Hole)
    }

    pub(crate) fn bytes(&self, id: u32) -> Option<&[u8]> {
        match self.kind(id) {
            Kind::Hole => None,
            Kind::Text | Kind::Control => self.bytes.get(id as usize),
        }
    }

    /// As [`Self::text`], without a look at its kind: empty for an id that no token has.
    pub(crate) fn spelling(&self, id: u32) -> &[u8] {
        self.texts.get(id as usize).unwrap_or_default()
    }

    pub(crate) fn text(&self, id: u32) -> Option<&str> {
        match self.kind(id) {
            Kind::Hole => None,
            Kind::Text | Kind::Control => self.texts.get(id as usize).and_then(|bytes| std::str::from_utf8(bytes).ok()),
        }
    }

    pub(crate) fn is_control(&self, id: u32) -> bool {
        self.kind(id) == Kind::Control
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.texts.memory_bytes() + self.bytes.memory_bytes() + self.kinds.capacity()
    }
}
