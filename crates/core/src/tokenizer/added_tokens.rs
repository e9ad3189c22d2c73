//! Finding added tokens in text: leftmost, then longest, as the tokenizers crate does, but refusable match by match.

use super::invalid;
use crate::error::Result;

/// Longest added token, in bytes.
const MAX_CONTENT: usize = 512;
/// Most added tokens.
const MAX_TOKENS: usize = 1 << 16;

/// A token matched in text before the merges see it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of the file format")]
pub(crate) struct AddedToken {
    pub(crate) id: u32,
    pub(crate) content: String,
    /// Only between characters that are no letters, digits or `_`.
    pub(crate) single_word: bool,
    /// Takes the spaces before it along.
    pub(crate) lstrip: bool,
    /// Takes the spaces after it along.
    pub(crate) rstrip: bool,
    /// Looked for in normalised text.
    pub(crate) normalized: bool,
    /// Marks structure; recognised in templates only, never in content.
    pub(crate) control: bool,
}

impl AddedToken {
    /// A control token without any flag.
    pub(crate) fn control(id: u32, content: impl Into<String>) -> Self {
        Self {
            id,
            content: content.into(),
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            control: true,
        }
    }
}

/// Whether an added token marks structure. All special ones do; of the others those that look like markup do
/// (`<tool_call>` and `<think>` of Qwen3 are not special in its file), while runs of spaces and words are text.
pub(crate) fn marks_structure(content: &str, special: bool) -> bool {
    let enclosed = |open, close| content.len() > 2 && content.starts_with(open) && content.ends_with(close);
    special || enclosed('<', '>') || enclosed('[', ']')
}

#[derive(Debug, Default, Clone)]
struct Node {
    /// Sorted by byte.
    children: Vec<(u8, u32)>,
    /// Index of the token that ends here.
    token: Option<u32>,
}

/// A set of added tokens as a trie over bytes.
#[derive(Debug)]
pub(crate) struct AddedTokens {
    tokens: Vec<AddedToken>,
    nodes: Vec<Node>,
    /// Bytes some token starts with.
    starts: [bool; 256],
}

/// A match: the byte range it takes, stripped spaces included, and the token's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) id: u32,
}

impl AddedTokens {
    /// Indexes `tokens`; `spelling` is what each is looked for as.
    ///
    /// # Errors
    /// `tokenizer_invalid{reason: "added_token"}` for an empty, overlong or repeated spelling, or too many tokens.
    pub(crate) fn new(tokens: Vec<(AddedToken, String)>) -> Result<Self> {
        if tokens.len() > MAX_TOKENS {
            return Err(invalid(
                "added_token",
                format!("{} added tokens are over the limit of {MAX_TOKENS}", tokens.len()),
            ));
        }
        let mut set =
            Self { tokens: Vec::with_capacity(tokens.len()), nodes: vec![Node::default()], starts: [false; 256] };
        for (token, spelling) in tokens {
            if spelling.is_empty() || spelling.contains('\0') || spelling.len() > MAX_CONTENT {
                return Err(invalid(
                    "added_token",
                    format!("added token {} is empty, overlong or has a zero byte", token.id),
                ));
            }
            set.starts[spelling.as_bytes()[0] as usize] = true;
            let mut node = 0;
            for byte in spelling.bytes() {
                node = set.child(node, byte);
            }
            if set.nodes[node].token.replace(set.tokens.len() as u32).is_some() {
                return Err(invalid("added_token", format!("added token {} is there twice", token.id)));
            }
            set.tokens.push(token);
        }
        Ok(set)
    }

    fn child(&mut self, node: usize, byte: u8) -> usize {
        match self.nodes[node].children.binary_search_by_key(&byte, |child| child.0) {
            Ok(index) => self.nodes[node].children[index].1 as usize,
            Err(index) => {
                let new = self.nodes.len();
                self.nodes[node].children.insert(index, (byte, new as u32));
                self.nodes.push(Node::default());
                new
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    pub(crate) fn tokens(&self) -> &[AddedToken] {
        &self.tokens
    }

    /// Matches in `text`, left to right. As with the crate, spaces that a token took along can be a token of their own
    /// that follows. `allowed` decides on each `(token, start, end)`; where the
    /// longest token at a place is refused, a shorter one may stand.
    pub(crate) fn find(&self, text: &str, allowed: impl Fn(&AddedToken, usize, usize) -> bool) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        if self.is_empty() {
            return found;
        }
        let bytes = text.as_bytes();
        let mut candidates: Vec<(usize, &AddedToken)> = Vec::new();
        let mut at = 0;
        let mut taken = 0;
        while at < bytes.len() {
            if !self.starts[bytes[at] as usize] {
                at += 1;
                continue;
            }
            candidates.clear();
            let mut node = 0;
            for (length, byte) in bytes[at..].iter().enumerate() {
                let children = &self.nodes[node].children;
                let Ok(index) = children.binary_search_by_key(byte, |child| child.0) else { break };
                node = children[index].1 as usize;
                if let Some(token) = self.nodes[node].token {
                    candidates.push((length + 1, &self.tokens[token as usize]));
                }
            }
            let longest = candidates.iter().rev().find(|(length, token)| allowed(token, at, at + length));
            let Some(&(length, token)) = longest else {
                at += 1;
                continue;
            };
            let (mut start, mut end) = (at, at + length);
            at = end;
            if token.single_word && (ends_in_word(&text[..start]) || starts_with_word(&text[end..])) {
                continue;
            }
            if token.lstrip {
                start = text[..start].trim_end().len().max(taken).min(end);
            }
            if token.rstrip {
                end = text.len() - text[end..].trim_start().len();
            }
            found.push(Found { start, end, id: token.id });
            taken = end;
        }
        found
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        let nodes: usize = self.nodes.iter().map(|node| size_of::<Node>() + node.children.capacity() * 8).sum();
        let tokens: usize = self.tokens.iter().map(|token| size_of::<AddedToken>() + token.content.capacity()).sum();
        nodes + tokens
    }
}

fn ends_in_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(|character| character.is_alphanumeric() || character == '_')
}

fn starts_with_word(text: &str) -> bool {
    text.chars().next().is_some_and(|character| character.is_alphanumeric() || character == '_')
}

/// Whether a match `[start, end)` crosses one of `breaks` (ascending): `start < b && b <= end`.
pub(crate) fn straddles(breaks: &[usize], start: usize, end: usize) -> bool {
    breaks.get(breaks.partition_point(|&at| at <= start)).is_some_and(|&at| at <= end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(contents: &[&str]) -> AddedTokens {
        let tokens = contents.iter().enumerate();
        AddedTokens::new(
            tokens.map(|(id, content)| (AddedToken::control(id as u32, *content), (*content).to_owned())).collect(),
        )
        .unwrap()
    }

    #[test]
    fn takes_the_leftmost_longest_match() {
        let tokens = set(&["<|a|>", "<|a|><|b|>", "|>"]);
        let ids: Vec<_> = tokens.find("<|a|><|a|><|b|>|>", |_, _, _| true).iter().map(|found| found.id).collect();
        assert_eq!(ids, [0, 1, 2]);
    }

    #[test]
    fn lets_a_shorter_token_stand_where_the_longest_is_refused() {
        let tokens = set(&["ab", "abcd", "cd"]);
        let found = tokens.find("abcd", |_, start, end| !straddles(&[3], start, end));
        assert_eq!(found, [Found { start: 0, end: 2, id: 0 }]);
    }

    #[test]
    fn refuses_a_match_with_a_break_inside_or_at_its_end() {
        assert!(straddles(&[3], 2, 4) && straddles(&[3], 2, 3) && straddles(&[0, 9], 3, 9));
        assert!(!straddles(&[3], 3, 6) && !straddles(&[3, 9], 4, 8) && !straddles(&[], 0, 9));
    }
}
