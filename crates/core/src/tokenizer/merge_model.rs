//! Byte-pair merges: the characters of a piece, joined pair by pair, the best pair first
//! ([Sennrich et al.](https://arxiv.org/abs/1508.07909)), id by id as the tokenizers crate does it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::vocabulary::Vocabulary;

/// No id, and no place.
const NONE: u32 = u32::MAX;

/// Characters that have their ids in a table: ASCII, and the alphabet of byte-level vocabularies.
const TABLED: usize = 0x144;

/// What happens beside the merges.
#[derive(Debug, Clone, Default)]
pub(crate) struct MergeRules {
    /// Stands for a character without a token; such a character is dropped where there is none.
    pub(crate) unk: Option<u32>,
    /// Neighbouring unknown characters are one.
    pub(crate) fuse_unk: bool,
    /// A character without a token is its bytes, `<0x0A>`, where those have tokens.
    pub(crate) byte_fallback: bool,
    /// A piece that is a token needs no merges.
    pub(crate) ignore_merges: bool,
    /// Stands before every character but a piece's first.
    pub(crate) continuing_subword_prefix: Option<String>,
    /// Stands behind a piece's last character.
    pub(crate) end_of_word_suffix: Option<String>,
}

/// Two tokens that make a third.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Merge {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) joined: u32,
}

/// Vocabulary and merges as sorted tables: no hash that a file could make collide, and little memory.
#[derive(Debug)]
pub(crate) struct MergeModel {
    rules: MergeRules,
    /// Ids in the order of their spellings.
    by_text: Vec<u32>,
    /// Ids of single characters.
    characters: [u32; TABLED],
    /// Ids of bytes, where all is not lost without a character's token.
    bytes: Option<Box<[u32; 256]>>,
    /// Where in `joins` the pairs with each id on their left begin.
    starts: Vec<u32>,
    /// By left part, then right part.
    joins: Vec<Join>,
}

#[derive(Debug, Clone, Copy)]
struct Join {
    right: u32,
    /// The lower, the earlier.
    rank: u32,
    joined: u32,
}

/// Memory of the merges, reused from piece to piece.
#[derive(Debug, Default)]
pub(crate) struct MergeScratch {
    symbols: Vec<Symbol>,
    queue: BinaryHeap<Reverse<Candidate>>,
}

/// A token on its way, in a list of those that are left.
#[derive(Debug, Clone, Copy)]
struct Symbol {
    /// `NONE` once it is part of the one before.
    id: u32,
    previous: u32,
    next: u32,
}

/// A pair that can be joined, in the order of joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    rank: u32,
    left: u32,
    joined: u32,
}

impl MergeModel {
    /// A model of the tokens `ids` of `vocabulary`, no two of which are spelled alike, and of `merges`, best first.
    pub(crate) fn new(vocabulary: &Vocabulary, ids: Vec<u32>, merges: &[Merge], rules: MergeRules) -> Self {
        let mut by_text = ids;
        by_text.shrink_to_fit();
        by_text.sort_unstable_by_key(|id| vocabulary.spelling(*id));
        let (starts, joins) = sorted_joins(vocabulary.len(), merges);
        let mut model = Self { rules, by_text, characters: [NONE; TABLED], bytes: None, starts, joins };
        let mut buffer = [0; 4];
        for code in 0..TABLED as u32 {
            let id =
                char::from_u32(code).and_then(|character| model.id(vocabulary, character.encode_utf8(&mut buffer)));
            model.characters[code as usize] = id.unwrap_or(NONE);
        }
        if model.rules.byte_fallback {
            let id = |byte| model.id(vocabulary, &format!("<0x{byte:02X}>")).unwrap_or(NONE);
            model.bytes = Some(Box::new(std::array::from_fn(id)));
        }
        model
    }

    /// The token spelled so.
    pub(crate) fn id(&self, vocabulary: &Vocabulary, text: &str) -> Option<u32> {
        let at = self.by_text.binary_search_by_key(&text.as_bytes(), |id| vocabulary.spelling(*id)).ok()?;
        Some(self.by_text[at])
    }

    /// Appends the ids of `piece` to `ids`.
    pub(crate) fn encode(&self, vocabulary: &Vocabulary, piece: &str, scratch: &mut MergeScratch, ids: &mut Vec<u32>) {
        if self.rules.ignore_merges
            && let Some(id) = self.id(vocabulary, piece)
        {
            ids.push(id);
            return;
        }
        let MergeScratch { symbols, queue } = scratch;
        symbols.clear();
        symbols.reserve(piece.chars().count());
        queue.clear();
        self.split(vocabulary, piece, symbols);
        self.merge(symbols, queue);
        ids.extend(symbols.iter().map(|symbol| symbol.id).filter(|id| *id != NONE));
    }

    /// The tokens of a piece's characters.
    fn split(&self, vocabulary: &Vocabulary, piece: &str, symbols: &mut Vec<Symbol>) {
        let mut unknown = None;
        for (at, character) in piece.char_indices() {
            let is_last = at + character.len_utf8() == piece.len();
            if let Some(id) = self.character(vocabulary, character, at == 0, is_last) {
                symbols.extend(unknown.take().map(Symbol::new));
                symbols.push(Symbol::new(id));
                continue;
            }
            let text = self.decorated(character, at == 0, is_last);
            let byte = |byte: u8| self.bytes.as_ref().map_or(NONE, |bytes| bytes[byte as usize]);
            if text.bytes().all(|each| byte(each) != NONE) {
                // Before an unknown one that waits, as the crate has it.
                symbols.extend(text.bytes().map(|each| Symbol::new(byte(each))));
                continue;
            }
            if !self.rules.fuse_unk {
                symbols.extend(unknown.take().map(Symbol::new));
            }
            unknown = self.rules.unk;
        }
        symbols.extend(unknown.map(Symbol::new));
        let count = symbols.len() as u32;
        for (symbol, at) in symbols.iter_mut().zip(0..count) {
            symbol.previous = at.checked_sub(1).unwrap_or(NONE);
            symbol.next = if at + 1 < count { at + 1 } else { NONE };
        }
    }

    fn character(&self, vocabulary: &Vocabulary, character: char, is_first: bool, is_last: bool) -> Option<u32> {
        let plain = (is_first || self.rules.continuing_subword_prefix.is_none())
            && (!is_last || self.rules.end_of_word_suffix.is_none());
        match self.characters.get(character as usize) {
            Some(id) if plain => Some(*id).filter(|id| *id != NONE),
            None if plain => self.id(vocabulary, character.encode_utf8(&mut [0; 4])),
            Some(_) | None => self.id(vocabulary, &self.decorated(character, is_first, is_last)),
        }
    }

    /// A character as the vocabulary spells it at its place in the piece.
    fn decorated(&self, character: char, is_first: bool, is_last: bool) -> String {
        let MergeRules { continuing_subword_prefix, end_of_word_suffix, .. } = &self.rules;
        let prefix = continuing_subword_prefix.as_deref().filter(|_| !is_first).unwrap_or_default();
        let suffix = end_of_word_suffix.as_deref().filter(|_| is_last).unwrap_or_default();
        format!("{prefix}{character}{suffix}")
    }

    fn merge(&self, symbols: &mut [Symbol], queue: &mut BinaryHeap<Reverse<Candidate>>) {
        let candidate = |symbols: &[Symbol], left: u32| {
            let symbol = symbols.get(left as usize)?;
            let right = symbols.get(symbol.next as usize)?;
            let Join { right: _, rank, joined } = self.join(symbol.id, right.id)?;
            Some(Reverse(Candidate { rank, left, joined }))
        };
        queue.extend((0..symbols.len() as u32).filter_map(|left| candidate(symbols, left)));
        while let Some(Reverse(best)) = queue.pop() {
            let left = symbols[best.left as usize];
            let Some(&right) = symbols.get(left.next as usize) else { continue };
            // What it was made for may be joined otherwise by now.
            if self.join(left.id, right.id).is_none_or(|join| join.joined != best.joined) {
                continue;
            }
            symbols[left.next as usize].id = NONE;
            symbols[best.left as usize] = Symbol { id: best.joined, next: right.next, ..left };
            if let Some(after) = symbols.get_mut(right.next as usize) {
                after.previous = best.left;
            }
            queue.extend(candidate(symbols, left.previous));
            queue.extend(candidate(symbols, best.left));
        }
    }

    fn join(&self, left: u32, right: u32) -> Option<Join> {
        let start = *self.starts.get(left as usize)? as usize;
        let end = *self.starts.get(left as usize + 1)? as usize;
        let joins = self.joins.get(start..end)?;
        joins.binary_search_by_key(&right, |join| join.right).ok().map(|at| joins[at])
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        let bytes = self.bytes.as_ref().map_or(0, |bytes| size_of_val(&**bytes));
        size_of::<Self>()
            + bytes
            + (self.by_text.capacity() + self.starts.capacity()) * size_of::<u32>()
            + self.joins.capacity() * size_of::<Join>()
    }
}

impl Symbol {
    fn new(id: u32) -> Self {
        Self { id, previous: NONE, next: NONE }
    }
}

/// `merges` by their parts, and where each left part's begin. Of two with the same parts the later one counts.
fn sorted_joins(tokens: usize, merges: &[Merge]) -> (Vec<u32>, Vec<Join>) {
    let mut ranks: Vec<u32> = (0..merges.len() as u32).collect();
    ranks.sort_unstable_by_key(|&rank| (merges[rank as usize].left, merges[rank as usize].right, Reverse(rank)));
    let parts = |rank: u32| (merges[rank as usize].left, merges[rank as usize].right);
    ranks.dedup_by_key(|rank| parts(*rank));
    let joins: Vec<Join> = ranks
        .iter()
        .map(|&rank| Join { right: merges[rank as usize].right, rank, joined: merges[rank as usize].joined })
        .collect();
    let mut starts = vec![0; tokens + 1];
    for &rank in &ranks {
        starts[merges[rank as usize].left as usize + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    (starts, joins)
}

#[cfg(test)]
#[path = "merge_model_tests.rs"]
mod tests;
