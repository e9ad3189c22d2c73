//! Checking and making merges.

use std::collections::HashMap;

use super::invalid;
use super::merge_model::Merge;
use crate::error::Result;

/// The ids of merges, after checking that each part is a token, and so are the two joined, the second without a
/// continuing-subword prefix.
///
/// # Errors
/// `tokenizer_invalid{reason: "merge"}`.
pub(crate) fn resolve(merges: &[(&str, &str)], vocabulary: &HashMap<&str, u32>, prefix: &str) -> Result<Vec<Merge>> {
    let mut joined = String::new();
    let mut resolved = Vec::with_capacity(merges.len());
    for (index, (left, right)) in merges.iter().enumerate() {
        let bad = |what: &str| Err(invalid("merge", format!("merge {index} {what}")));
        let (Some(&left_id), Some(&right_id)) = (vocabulary.get(left), vocabulary.get(right)) else {
            return bad("has a part that is no token");
        };
        let Some(tail) = right.get(prefix.len()..) else { return bad("has a part shorter than the subword prefix") };
        joined.clear();
        joined.push_str(left);
        joined.push_str(tail);
        let Some(&joined) = vocabulary.get(joined.as_str()) else { return bad("makes no token") };
        resolved.push(Merge { left: left_id, right: right_id, joined });
    }
    Ok(resolved)
}

/// Merges of a SentencePiece vocabulary, best first: every way to join two tokens into a third, ordered by the third's
/// score and, where equal, by its id, as sentencepiece and transformers' `SentencePieceExtractor` do.
///
/// `pieces`: spelling, score and whether merges may make it; the index is the id.
pub(crate) fn from_scores<'a>(pieces: &[(&'a str, f32, bool)]) -> Vec<(&'a str, &'a str)> {
    let ids: HashMap<&str, u32> =
        pieces.iter().enumerate().filter(|(_, piece)| piece.2).map(|(id, piece)| (piece.0, id as u32)).collect();
    // (score, id of the result, left, right): a later sort by score needs no text.
    let mut found: Vec<(f32, u32, u32, u32)> = Vec::new();
    for (&text, &id) in &ids {
        for (at, _) in text.char_indices().skip(1) {
            if let (Some(&left), Some(&right)) = (ids.get(&text[..at]), ids.get(&text[at..])) {
                found.push((pieces[id as usize].1, id, left, right));
            }
        }
    }
    found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2, a.3).cmp(&(b.1, b.2, b.3))));
    let text = |id: u32| pieces[id as usize].0;
    found.into_iter().map(|(_, _, left, right)| (text(left), text(right))).collect()
}
