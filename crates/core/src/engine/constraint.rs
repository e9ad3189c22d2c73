//! What a grammar wants of a sequence's next token.

use std::sync::Arc;

use crate::error::Result;
use crate::grammar::{Grammar, GrammarMatcher};

/// The grammar of an answer.
#[derive(Clone)]
pub struct AnswerGrammar {
    /// What the answer must look like, behind any reasoning.
    pub grammar: Arc<Grammar>,
    /// Where the model may reason before it answers, how that opens.
    pub reasoning: Option<ReasoningOpening>,
}

/// How reasoning opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasoningOpening {
    /// What the model may say in place of the answer's beginning.
    pub token: u32,
    /// What then must follow.
    pub rest: Arc<[u32]>,
}

/// Where in its grammar a sequence is.
pub(super) struct Constraint {
    matcher: GrammarMatcher,
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    /// The answer begins, or reasoning.
    Leading(ReasoningOpening),
    /// Reasoning has opened; so much must follow.
    Opening(Arc<[u32]>),
    /// Anything goes.
    Reasoning,
    Answer,
}

impl Constraint {
    /// `in_reasoning` where the prompt has opened it.
    pub(super) fn new(answer: &AnswerGrammar, in_reasoning: bool) -> Self {
        let phase = match &answer.reasoning {
            _ if in_reasoning => Phase::Reasoning,
            Some(opening) => Phase::Leading(opening.clone()),
            None => Phase::Answer,
        };
        Self { matcher: answer.grammar.matcher(), phase }
    }

    /// Takes note of a token that was drawn; `in_reasoning` where what comes next is reasoning.
    pub(super) fn consume(&mut self, token: u32, in_reasoning: bool) -> Result<()> {
        match &self.phase {
            Phase::Leading(opening) if opening.token == token => {
                self.phase = Phase::Opening(Arc::clone(&opening.rest));
            }
            Phase::Leading(_) | Phase::Answer => {
                self.phase = Phase::Answer;
                self.matcher.consume(token)?;
            }
            Phase::Opening(_) => self.phase = Phase::Reasoning,
            Phase::Reasoning if in_reasoning => {}
            Phase::Reasoning => self.phase = Phase::Answer,
        }
        Ok(())
    }

    /// Reasoning was ended, whatever the model would have said.
    pub(super) fn end_reasoning(&mut self) {
        self.phase = Phase::Answer;
    }

    /// Takes the tokens that must come next, often none.
    pub(super) fn consume_forced(&mut self) -> Result<Vec<u32>> {
        match &self.phase {
            Phase::Opening(rest) => {
                let rest = rest.to_vec();
                self.phase = Phase::Reasoning;
                Ok(rest)
            }
            Phase::Answer => self.matcher.consume_forced(),
            Phase::Leading(_) | Phase::Reasoning => Ok(Vec::new()),
        }
    }

    /// How many tokens of a draft may come.
    pub(super) fn allowed(&mut self, draft: &[u32]) -> usize {
        match self.phase {
            // Masks behind what may be either are not worth it: it is one token.
            Phase::Leading(_) | Phase::Opening(_) => 0,
            Phase::Reasoning => draft.len(),
            Phase::Answer => self.matcher.allowed(draft),
        }
    }

    /// Finds out which tokens may come now, and behind each of a draft that [`Self::allowed`] lets through.
    pub(super) fn prepare(&mut self, draft: &[u32]) {
        match self.phase {
            Phase::Leading(_) | Phase::Answer => self.matcher.prepare(draft),
            Phase::Opening(_) | Phase::Reasoning => {}
        }
    }

    /// Which tokens may come: bit `i % 32` of word `i / 32` for token `i`; all where there is no mask.
    pub(super) fn mask(&mut self, mask: &mut Vec<u32>) -> Result<bool> {
        match &self.phase {
            Phase::Opening(_) | Phase::Reasoning => return Ok(false),
            Phase::Leading(opening) => {
                let token = opening.token as usize;
                mask.clear();
                mask.extend_from_slice(self.matcher.mask()?);
                if let Some(word) = mask.get_mut(token / 32) {
                    *word |= 1 << (token % 32);
                }
            }
            Phase::Answer => {
                mask.clear();
                mask.extend_from_slice(self.matcher.mask()?);
            }
        }
        Ok(true)
    }

    /// Whether the answer cannot end here, since it has not begun.
    pub(super) fn is_reasoning(&self) -> bool {
        matches!(self.phase, Phase::Opening(_) | Phase::Reasoning)
    }

    /// Whether nothing can follow but the end.
    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Answer && self.matcher.is_over()
    }
}
