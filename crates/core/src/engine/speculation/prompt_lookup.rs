//! Drafts from what was said before.

use super::PromptLookup;

impl PromptLookup {
    /// Leaves at most `length` tokens that may follow `tokens` in `draft`; none where nothing was said before.
    pub(super) fn draft(&self, tokens: &[u32], length: usize, draft: &mut Vec<u32>) {
        draft.clear();
        let Some(from) = self.find(tokens) else { return };
        // What is drafted may itself be repeated: a line that is said again and again is shorter than a draft.
        for at in from..from + length {
            let token = if at < tokens.len() { tokens[at] } else { draft[at - tokens.len()] };
            draft.push(token);
        }
    }

    /// Where what followed the longest match begins; of equally long ones the last, as a text goes on rather like its end
    /// than like its beginning.
    fn find(&self, tokens: &[u32]) -> Option<usize> {
        let (last, past) = tokens.split_last()?;
        let mut best = None;
        let mut longest = self.min_match.saturating_sub(1);
        for (end, _) in past.iter().enumerate().rev().filter(|(_, token)| *token == last) {
            let (before, ending) = (tokens[..end].iter().rev(), past.iter().rev());
            let matched = 1 + before.zip(ending).take(self.max_match - 1).take_while(|(a, b)| a == b).count();
            if matched > longest {
                (longest, best) = (matched, Some(end + 1));
            }
            if longest >= self.max_match {
                break;
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn draft(lookup: PromptLookup, tokens: &[u32], length: usize) -> Vec<u32> {
        let mut draft = vec![9; 3];
        lookup.draft(tokens, length, &mut draft);
        draft
    }

    #[test]
    fn says_what_followed_the_longest_and_last_match() {
        let lookup = PromptLookup { max_tokens: 8, min_match: 2, max_match: 3 };
        let say = |tokens: &[u32]| draft(lookup, tokens, 3);
        assert_eq!(say(&[1, 2, 3, 4, 5, 1, 2]), [3, 4, 5]);
        assert_eq!(say(&[1, 2, 3, 1, 2, 4, 1, 2]), [4, 1, 2], "the last");
        assert_eq!(say(&[0, 1, 2, 3, 9, 1, 2, 4, 0, 1, 2]), [3, 9, 1], "the longest");
        assert_eq!(say(&[5, 2, 3, 1, 2]), [] as [u32; 0], "one token is too little");
        assert_eq!(say(&[1, 1, 1]), [1, 1, 1], "it goes on from what it drafts");
        assert_eq!(say(&[7, 1, 2, 1, 2]), [1, 2, 1]);
        assert!([say(&[]), say(&[1]), say(&[1, 2])].iter().all(Vec::is_empty));
    }

    proptest! {
        #[test]
        fn equals_the_definition(
            tokens in prop::collection::vec(0_u32..4, 0..30),
            min_match in 1_usize..4,
            more in 0_usize..3,
            length in 1_usize..12,
        ) {
            let max_match = min_match + more;
            let matches = |size: usize, end: usize| end >= size && tokens[end - size..end] == tokens[tokens.len() - size..];
            let found = (min_match..=max_match.min(tokens.len())).rev().find_map(|size| {
                (0..tokens.len()).rev().find(|&end| matches(size, end))
            });
            let mut expected = tokens.clone();
            if let Some(from) = found {
                (from..from + length).for_each(|at| expected.push(expected[at]));
            }
            let lookup = PromptLookup { max_tokens: 99, min_match, max_match };
            prop_assert_eq!(draft(lookup, &tokens, length), &expected[tokens.len()..]);
        }
    }
}
