//! The tokenizers crate is the oracle: random vocabularies, merges, rules and texts.

use proptest::prelude::*;
use tokenizers::Model as _;
use tokenizers::models::bpe::{BPE, Vocab};

use super::*;
use crate::tokenizer::vocabulary::{Entry, Writing};

/// What a file says of its merges.
#[derive(Debug, Clone)]
struct Spec {
    tokens: Vec<String>,
    merges: Vec<(String, String)>,
    unk: Option<String>,
    rules: MergeRules,
}

impl Spec {
    /// Letters and bytes, then what the `picks` join: two tokens that are there already, so that merges build on merges.
    fn new(
        letters: usize,
        picks: &[(prop::sample::Index, prop::sample::Index)],
        has_unk: bool,
        rules: MergeRules,
    ) -> Self {
        let prefix = rules.continuing_subword_prefix.clone().unwrap_or_default();
        let suffix = rules.end_of_word_suffix.clone().unwrap_or_default();
        let mut tokens: Vec<String> = Vec::new();
        let mut add = |text: String| {
            if !tokens.contains(&text) {
                tokens.push(text);
            }
        };
        for letter in ["a", "b", "c", "ä", "中", "d"].iter().take(letters) {
            for (before, after) in [("", ""), (&*prefix, ""), ("", &*suffix), (&*prefix, &*suffix)] {
                add(format!("{before}{letter}{after}"));
            }
        }
        if rules.byte_fallback {
            // All but the bytes of `e`.
            (0..=255_u8).filter(|byte| *byte != b'e').for_each(|byte| add(format!("<0x{byte:02X}>")));
        }
        if has_unk {
            add("?".to_owned());
        }
        let mut merges = Vec::new();
        for (left, right) in picks {
            let pair = (left.get(&tokens).clone(), right.get(&tokens).clone());
            let Some(tail) = pair.1.get(prefix.len()..) else { continue };
            let joined = format!("{}{tail}", pair.0);
            if joined.is_empty() {
                continue;
            }
            if !tokens.contains(&joined) {
                tokens.push(joined);
            }
            merges.push(pair);
        }
        Self { tokens, merges, unk: has_unk.then(|| "?".to_owned()), rules }
    }

    fn id(&self, text: &str) -> u32 {
        self.tokens.iter().position(|token| token == text).unwrap() as u32
    }

    fn ours(&self) -> (Vocabulary, MergeModel) {
        let entry = |(text, id)| Entry { id, text, control: false, verbatim: true };
        let entries: Vec<Entry<'_>> = self.tokens.iter().map(String::as_str).zip(0..).map(entry).collect();
        let vocabulary = Vocabulary::new(&entries, &Writing::ByteLevel).unwrap();
        let joined = |left: &str, right: &str| {
            let prefix = self.rules.continuing_subword_prefix.as_ref().map_or(0, String::len);
            self.id(&format!("{left}{}", &right[prefix..]))
        };
        let merge = |(left, right): &(String, String)| Merge {
            left: self.id(left),
            right: self.id(right),
            joined: joined(left, right),
        };
        let merges: Vec<Merge> = self.merges.iter().map(merge).collect();
        let rules = MergeRules { unk: self.unk.as_ref().map(|unk| self.id(unk)), ..self.rules.clone() };
        let model = MergeModel::new(&vocabulary, (0..self.tokens.len() as u32).collect(), &merges, rules);
        (vocabulary, model)
    }

    fn oracle(&self) -> BPE {
        let vocabulary: Vocab = self.tokens.iter().cloned().zip(0..).collect();
        let mut builder = BPE::builder()
            .vocab_and_merges(vocabulary, self.merges.clone())
            .cache_capacity(0)
            .fuse_unk(self.rules.fuse_unk)
            .byte_fallback(self.rules.byte_fallback)
            .ignore_merges(self.rules.ignore_merges);
        if let Some(unk) = &self.unk {
            builder = builder.unk_token(unk.clone());
        }
        if let Some(prefix) = &self.rules.continuing_subword_prefix {
            builder = builder.continuing_subword_prefix(prefix.clone());
        }
        if let Some(suffix) = &self.rules.end_of_word_suffix {
            builder = builder.end_of_word_suffix(suffix.clone());
        }
        builder.build().unwrap()
    }
}

fn rules() -> impl Strategy<Value = MergeRules> {
    let part = |text: &'static str| prop_oneof![4 => Just(None), 1 => Just(Some(text.to_owned()))];
    (any::<[bool; 3]>(), part("##"), part("</w>")).prop_map(
        |([fuse_unk, byte_fallback, ignore_merges], continuing_subword_prefix, end_of_word_suffix)| MergeRules {
            unk: None,
            fuse_unk,
            byte_fallback,
            ignore_merges,
            continuing_subword_prefix,
            end_of_word_suffix,
        },
    )
}

fn spec() -> impl Strategy<Value = Spec> {
    let picks = prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 0..60);
    (1_usize..7, picks, any::<bool>(), rules())
        .prop_map(|(letters, picks, has_unk, rules)| Spec::new(letters, &picks, has_unk, rules))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn gives_the_ids_of_the_tokenizers_crate(spec in spec(), pieces in prop::collection::vec("[abcdeä中?]{1,24}", 1..6)) {
        let ((vocabulary, model), oracle) = (spec.ours(), spec.oracle());
        let mut scratch = MergeScratch::default();
        for piece in &pieces {
            let mut ids = Vec::new();
            model.encode(&vocabulary, piece, &mut scratch, &mut ids);
            let expected: Vec<u32> = oracle.tokenize(piece).unwrap().iter().map(|token| token.id).collect();
            prop_assert_eq!(ids, expected, "{} {:?}", piece, spec);
        }
        for text in pieces.iter().chain(&spec.tokens) {
            prop_assert_eq!(model.id(&vocabulary, text), oracle.token_to_id(text));
        }
    }
}

#[test]
fn a_merge_that_is_there_twice_has_its_later_rank() {
    let merge = |left: &str, right: &str| (left.to_owned(), right.to_owned());
    let merges = vec![merge("a", "b"), merge("b", "c"), merge("a", "b")];
    let tokens = ["a", "b", "c", "ab", "bc"].map(str::to_owned).to_vec();
    let spec = Spec { tokens, merges, unk: None, rules: MergeRules::default() };
    let ((vocabulary, model), mut ids) = (spec.ours(), Vec::new());
    model.encode(&vocabulary, "abc", &mut MergeScratch::default(), &mut ids);
    assert_eq!(ids, [0, 4]);
}

#[test]
fn long_pieces_are_merged_to_their_end() {
    let merge = |left: &str, right: &str| (left.to_owned(), right.to_owned());
    let merges = vec![merge("a", "a"), merge("aa", "aa"), merge("aaaa", "aaaa")];
    let tokens = ["a", "aa", "aaaa", "aaaaaaaa"].map(str::to_owned).to_vec();
    let spec = Spec { tokens, merges, unk: None, rules: MergeRules::default() };
    let ((vocabulary, model), mut ids) = (spec.ours(), Vec::new());
    model.encode(&vocabulary, &"a".repeat(800_007), &mut MergeScratch::default(), &mut ids);
    assert_eq!((ids.len(), &ids[99_999..]), (100_003, &[3, 2, 1, 0][..]));
}
