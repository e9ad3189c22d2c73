//! A number per token id, forgotten in the time it took to fill.

/// Reused between steps; grows once to the vocabulary.
#[derive(Debug, Clone, Default)]
pub(super) struct TokenTable {
    /// `(vocabulary,)`, zero between uses.
    numbers: Vec<u32>,
    /// The ids with a number, in order of first mention.
    tokens: Vec<u32>,
}

impl TokenTable {
    /// Makes room for ids below `vocabulary_size`; others are passed over.
    pub(super) fn reset(&mut self, vocabulary_size: usize) {
        for token in self.tokens.drain(..) {
            self.numbers[token as usize] = 0;
        }
        self.numbers.resize(vocabulary_size, 0);
    }

    /// Counts one more `token`.
    pub(super) fn add(&mut self, token: u32) {
        self.update(token, |number| number + 1);
    }

    /// Keeps the largest `number` (not 0) of `token`.
    pub(super) fn raise(&mut self, token: u32, number: u32) {
        self.update(token, |old| old.max(number));
    }

    /// Each token with its number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, u32)> {
        self.tokens.iter().map(|&token| (token as usize, self.numbers[token as usize]))
    }

    fn update(&mut self, token: u32, change: impl FnOnce(u32) -> u32) {
        if let Some(number) = self.numbers.get_mut(token as usize) {
            if *number == 0 {
                self.tokens.push(token);
            }
            *number = change(*number);
        }
    }
}
