//! A walk through a grammar, token by token.

use std::collections::VecDeque;

use llguidance::Matcher;
use llguidance::api::StopReason;
use llguidance::toktrie::SimpleVob;

use super::compiler::{is_limit, told};
use crate::error::{Error, ErrorCode, Result};

/// Where in a grammar one sequence is.
pub struct GrammarMatcher {
    matcher: Matcher,
    /// Of this place; none where it was not asked for yet.
    mask: Option<SimpleVob>,
    /// Tokens that may come one after another, and the mask behind each.
    ahead: VecDeque<(u32, SimpleVob)>,
}

impl GrammarMatcher {
    pub(super) fn new(matcher: Matcher) -> Self {
        Self { matcher, mask: None, ahead: VecDeque::new() }
    }

    /// Which tokens may come: bit `i % 32` of word `i / 32` for token `i`. End tokens may where the grammar may end.
    ///
    /// # Errors
    /// `grammar_limit` where finding that out takes too long.
    pub fn mask(&mut self) -> Result<&[u32]> {
        if self.mask.is_none() {
            self.mask = Some(self.compute_mask()?);
        }
        Ok(self.mask.as_ref().map_or(&[], SimpleVob::as_slice))
    }

    /// Finds out the masks of this place and of those behind each of `draft`, so that they are there when they are asked
    /// for. An error shows then.
    pub fn prepare(&mut self, draft: &[u32]) {
        if self.mask().is_err() {
            return;
        }
        self.ahead.clear();
        for token in draft {
            if self.matcher.consume_token(*token).is_err() {
                return;
            }
            let Ok(mask) = self.compute_mask() else { return };
            self.ahead.push_back((*token, mask));
        }
        // Fails where walking ahead has, and then so does what comes next.
        self.matcher.rollback(draft.len()).ok();
    }

    /// Goes on by a token that the mask allows.
    ///
    /// # Errors
    /// `grammar_limit` where that takes too long, `grammar_invalid` for a token that may not come.
    pub fn consume(&mut self, token: u32) -> Result<()> {
        match self.ahead.pop_front() {
            Some((next, mask)) if next == token => self.mask = Some(mask),
            Some(_) | None => {
                self.mask = None;
                self.ahead.clear();
            }
        }
        self.matcher.consume_token(token).map_err(|error| self.failed(&error.to_string()))
    }

    /// Goes on by the tokens that must come, as the model's tokenizer writes them, and says which. Often none.
    ///
    /// # Errors
    /// As [`Self::consume`].
    pub fn consume_forced(&mut self) -> Result<Vec<u32>> {
        if self.is_over() {
            return Ok(Vec::new());
        }
        let tokens = self.matcher.compute_ff_tokens();
        for token in &tokens {
            self.consume(*token)?;
        }
        Ok(tokens)
    }

    /// How many of `tokens`, from the first on, may come.
    pub fn allowed(&mut self, tokens: &[u32]) -> usize {
        self.matcher.validate_tokens(tokens).unwrap_or(0)
    }

    /// Whether nothing can follow but the end.
    pub fn is_over(&self) -> bool {
        self.matcher.is_stopped()
    }

    fn compute_mask(&mut self) -> Result<SimpleVob> {
        self.matcher.compute_mask_or_eos().map_err(|error| self.failed(&error.to_string()))
    }

    fn failed(&self, message: &str) -> Error {
        let said = told(message);
        let is_complex = match self.matcher.stop_reason() {
            StopReason::LexerTooComplex | StopReason::ParserTooComplex => true,
            StopReason::NotStopped
            | StopReason::MaxTokensTotal
            | StopReason::MaxTokensParser
            | StopReason::NoExtension
            | StopReason::NoExtensionBias
            | StopReason::EndOfSentence
            | StopReason::InternalError
            | StopReason::Cancelled => is_limit(&said),
        };
        let code = if is_complex { ErrorCode::GrammarLimit } else { ErrorCode::GrammarInvalid };
        Error::new(code, format!("This form of an answer cannot be kept to: {said}"))
    }
}
