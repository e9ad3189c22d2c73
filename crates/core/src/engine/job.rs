//! A request, ready to run.

use std::sync::Arc;
use std::time::Duration;

use super::answer::AnswerKind;
use super::constraint::AnswerGrammar;
use crate::sampler::SamplingParams;
use crate::text::TextOptions;

/// What the engine needs to know of a request. Made by [`super::prompt`]; the engine itself knows no template.
#[expect(clippy::struct_excessive_bools, reason = "independent switches of a request")]
#[derive(Clone)]
pub struct Job {
    /// Chat or raw completion.
    pub kind: AnswerKind,
    /// Ids to feed; at least one.
    pub prompt: Vec<u32>,
    /// How tokens are chosen.
    pub sampling: SamplingParams,
    /// For the draws of choices; from the request or fresh.
    pub seed: u64,
    /// Answers to the prompt, at least 1.
    pub n: u32,
    /// Tokens of an answer.
    pub max_tokens: Option<u64>,
    /// Tokens before an end token may end it.
    pub min_tokens: u64,
    /// What ends it in place of the model's own end tokens.
    pub end_tokens: Option<Arc<[u32]>>,
    /// End tokens do not end it.
    pub ignore_eos: bool,
    /// Higher first.
    pub priority: i32,
    /// Where reasoning ends, whatever the model would say.
    pub reasoning_limit: Option<ReasoningLimit>,
    /// What the answer must look like.
    pub grammar: Option<AnswerGrammar>,
    /// Whether chunks carry log-probabilities.
    pub logprobs: bool,
    /// What the answer's text is searched for.
    pub text: TextOptions,
    /// Each choice begins with this.
    pub echo: Option<String>,
    /// The first space of the answer belongs to the vocabulary's way of writing words.
    pub drop_leading_space: bool,
    /// Whether `prompt_progress` is wanted.
    pub prompt_progress: bool,
    /// When to give up, on the engine's clock.
    pub deadline: Option<Duration>,
}

/// How long a model may reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasoningLimit {
    /// Tokens of it.
    pub max_tokens: u64,
    /// Ids of what ends it, at least one, which the answer then has in place of what the model would say.
    pub end: Arc<[u32]>,
}

impl Job {
    /// The tokens that end an answer, where the model's own are `of_model`.
    pub(super) fn ends<'a>(&'a self, of_model: &'a [u32]) -> &'a [u32] {
        match &self.end_tokens {
            _ if self.ignore_eos => &[],
            Some(own) => own,
            None => of_model,
        }
    }

    /// Those of `ends` that must not come after so many tokens were `sampled`.
    pub(super) fn banned<'a>(&self, ends: &'a [u32], sampled: u64) -> &'a [u32] {
        if sampled < self.min_tokens { ends } else { &[] }
    }
}
