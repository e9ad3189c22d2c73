//! One answer in the making.

use std::sync::Arc;

use super::answer::Delta;
use super::constraint::Constraint;
use super::job::{Job, ReasoningLimit};
use super::kv_cache::BlockTable;
use super::speculation::{Draft, Speculation};
use crate::error::Result;
use crate::response::{self, FinishReason, FunctionCallDelta, StopReason, TokenAlternative, TokenLogprob};
use crate::sampler::{Sampled, Sampler};
use crate::text::{TextEvent, TextOptions, TextPipeline, ToolCallDelta};
use crate::tokenizer::Tokenizer;

/// Everything that belongs to one choice: its tokens, its keys and values, its draws and its text.
pub(super) struct Sequence {
    /// Which of the `n`.
    choice: u32,
    /// Prompt, then what was sampled.
    pub(super) tokens: Vec<u32>,
    prompt_length: usize,
    /// Tokens whose keys and values are in `blocks`.
    pub(super) computed: usize,
    /// None before it begins, and again after it had to make room for others.
    pub(super) blocks: Option<BlockTable>,
    /// Generation of the KV cache that had no blocks for it.
    pub(super) refused: Option<u64>,
    pub(super) sampler: Sampler,
    pub(super) draft: Draft,
    text: TextPipeline,
    /// None where anything may be said, and while its mask is found out beside a forward pass.
    pub(super) constraint: Option<Box<Constraint>>,
    /// Of tokens that no delta has told yet.
    logprobs: Vec<TokenLogprob>,
    reasoning_tokens: u64,
    finished: bool,
    /// Reused, empty between tokens.
    events: Vec<TextEvent>,
}

/// How an answer ended.
type Finish = (FinishReason, StopReason);

/// The grammar lets nothing follow, which is what an end token says.
const GRAMMAR_END: Finish = (FinishReason::Stop, StopReason::Eos);

/// What ends an answer, beside the model and stop strings.
pub(super) struct Limits<'a> {
    pub(super) end_tokens: &'a [u32],
    pub(super) max_tokens: Option<u64>,
    /// Tokens a sequence can have, prompt and answer.
    pub(super) room: usize,
    pub(super) drop_leading_space: bool,
    pub(super) logprobs: bool,
    pub(super) reasoning: Option<&'a ReasoningLimit>,
}

impl Sequence {
    pub(super) fn new(job: &Job, choice: u32, speculation: Speculation) -> Self {
        let text = TextPipeline::new(text_options(job, choice));
        let constraint = job.grammar.as_ref().map(|grammar| Box::new(Constraint::new(grammar, text.in_reasoning())));
        Self {
            choice,
            tokens: job.prompt.clone(),
            prompt_length: job.prompt.len(),
            computed: 0,
            blocks: None,
            refused: None,
            sampler: Sampler::new(job.sampling.clone(), job.seed, choice),
            draft: Draft::new(speculation.max_tokens()),
            text,
            constraint,
            logprobs: Vec::new(),
            reasoning_tokens: 0,
            finished: false,
            events: Vec::new(),
        }
    }

    pub(super) fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    pub(super) fn prompt_length(&self) -> usize {
        self.prompt_length
    }

    /// Tokens sampled, the end token included.
    pub(super) fn sampled(&self) -> u64 {
        (self.tokens.len() - self.prompt_length) as u64
    }

    pub(super) fn reasoning_tokens(&self) -> u64 {
        self.reasoning_tokens
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Tokens that are still to be computed before the next one can be sampled.
    pub(super) fn remaining(&self) -> usize {
        self.tokens.len() - self.computed
    }

    /// Appends a token that was drawn, and those that then must come, and says what they make certain.
    ///
    /// # Errors
    /// Those of the grammar.
    pub(super) fn accept(&mut self, drawn: Sampled, tokenizer: &dyn Tokenizer, limits: &Limits<'_>) -> Result<Delta> {
        let token = drawn.token;
        let finish = self.append(drawn, tokenizer, limits);
        if finish.is_none()
            && let Some(constraint) = &mut self.constraint
        {
            constraint.consume(token, self.text.in_reasoning())?;
        }
        self.finish_or_force(finish, tokenizer, limits)
    }

    /// Appends the tokens that must come, if there are any, and says what they make certain: what the grammar leaves no
    /// choice in, and the end of reasoning that is over its limit. Nothing is drawn for them.
    ///
    /// # Errors
    /// Those of the grammar.
    pub(super) fn accept_forced(&mut self, tokenizer: &dyn Tokenizer, limits: &Limits<'_>) -> Result<Option<Delta>> {
        let before = self.tokens.len();
        let delta = self.finish_or_force(None, tokenizer, limits)?;
        Ok((self.tokens.len() > before || self.finished).then_some(delta))
    }

    fn finish_or_force(
        &mut self,
        mut finish: Option<Finish>,
        tokenizer: &dyn Tokenizer,
        limits: &Limits<'_>,
    ) -> Result<Delta> {
        while finish.is_none() {
            if self.constraint.as_ref().is_some_and(|constraint| constraint.is_over()) {
                finish = Some(GRAMMAR_END);
                break;
            }
            let forced = self.forced(limits.reasoning)?;
            if forced.is_empty() {
                break;
            }
            finish =
                forced.into_iter().find_map(|token| self.append(certain(token, limits.logprobs), tokenizer, limits));
        }
        let finish = finish.map(|finish| self.finish(finish));
        Ok(self.delta(finish, limits.logprobs))
    }

    /// Takes the tokens that must come next, often none.
    fn forced(&mut self, limit: Option<&ReasoningLimit>) -> Result<Vec<u32>> {
        if let Some(ReasoningLimit { max_tokens, end }) = limit
            && self.text.in_reasoning()
            && self.reasoning_tokens >= *max_tokens
        {
            if let Some(constraint) = &mut self.constraint {
                constraint.end_reasoning();
            }
            return Ok(end.to_vec());
        }
        self.constraint.as_mut().map_or_else(|| Ok(Vec::new()), |constraint| constraint.consume_forced())
    }

    /// Appends a token; how it ends the answer, if it does.
    fn append(&mut self, sampled: Sampled, tokenizer: &dyn Tokenizer, limits: &Limits<'_>) -> Option<Finish> {
        let token = sampled.token;
        let ended = limits.end_tokens.contains(&token);
        self.reasoning_tokens += u64::from(self.text.in_reasoning());
        let first = self.sampled() == 0;
        self.tokens.push(token);
        self.draft.verify(token);
        let mut stopped = None;
        if !ended {
            if limits.logprobs {
                self.logprobs.push(token_logprob(sampled, tokenizer));
            }
            let mut bytes = tokenizer.token_bytes(token).unwrap_or_default();
            if first && limits.drop_leading_space {
                bytes = bytes.strip_prefix(b" ").unwrap_or(bytes);
            }
            let control = if tokenizer.is_control(token) { tokenizer.token_text(token) } else { None };
            stopped = self.text.push(bytes, control, &mut self.events);
        }
        if ended {
            Some((FinishReason::Stop, StopReason::Eos))
        } else if let Some(stop) = stopped {
            Some((FinishReason::Stop, StopReason::StopString { text: stop.text }))
        } else if limits.max_tokens.is_some_and(|max| self.sampled() >= max) {
            Some((FinishReason::Length, StopReason::MaxTokens))
        } else if self.tokens.len() >= limits.room {
            Some((FinishReason::Length, StopReason::Context))
        } else {
            None
        }
    }

    fn finish(&mut self, (reason, stop): Finish) -> Finish {
        self.text.finish(&mut self.events);
        self.finished = true;
        let (started, complete) = (self.text.started_tool_calls(), self.text.complete_tool_calls());
        match stop {
            // Calls that the model ended itself, each of them whole.
            StopReason::Eos if started > 0 && started == complete => (FinishReason::ToolCalls, stop),
            StopReason::Eos | StopReason::StopString { .. } | StopReason::MaxTokens | StopReason::Context => {
                (reason, stop)
            }
        }
    }

    /// The text still held back, when the sequence ends before its time.
    pub(super) fn flush(&mut self, logprobs: bool) -> Delta {
        self.text.finish(&mut self.events);
        self.finished = true;
        self.delta(None, logprobs)
    }

    fn delta(&mut self, finish: Option<Finish>, logprobs: bool) -> Delta {
        let mut delta = Delta { choice: self.choice, finish, ..Delta::default() };
        for event in self.events.drain(..) {
            match event {
                TextEvent::Content(text) => append(&mut delta.content, text),
                TextEvent::Reasoning(text) => append(&mut delta.reasoning, text),
                TextEvent::ToolCall(call) => delta.tool_calls.push(tool_call_delta(call)),
            }
        }
        if logprobs && !delta.is_empty() && !self.logprobs.is_empty() {
            delta.logprobs = Some(std::mem::take(&mut self.logprobs));
        }
        delta
    }
}

/// The job's, with ids of tool calls that differ between choices.
fn text_options(job: &Job, choice: u32) -> TextOptions {
    let mut options = job.text.clone();
    if let Some(tools) = &mut options.tools
        && choice > 0
    {
        let inner = Arc::clone(&tools.call_id);
        // No answer has a million calls.
        tools.call_id = Arc::new(move |index| inner(index + choice as usize * 1_000_000));
    }
    options
}

/// A token that had no alternative.
fn certain(token: u32, logprobs: bool) -> Sampled {
    Sampled { token, logprob: logprobs.then_some(0.0), top: Vec::new() }
}

/// Moves the first piece, copies the rare second.
fn append(text: &mut String, piece: String) {
    if text.is_empty() {
        *text = piece;
    } else {
        text.push_str(&piece);
    }
}

fn tool_call_delta(call: ToolCallDelta) -> response::ToolCallDelta {
    let ToolCallDelta { index, id, name, arguments } = call;
    response::ToolCallDelta { index: index as u32, id, function: FunctionCallDelta { name, arguments } }
}

fn token_logprob(sampled: Sampled, tokenizer: &dyn Tokenizer) -> TokenLogprob {
    let text = |id: u32| match tokenizer.token_bytes(id) {
        Some(bytes) if !bytes.is_empty() => String::from_utf8_lossy(bytes).into_owned(),
        Some(_) | None => tokenizer.token_text(id).unwrap_or_default().to_owned(),
    };
    // JSON has no infinity: an impossible token gets the least number.
    let finite = |logprob: f32| logprob.max(f32::MIN);
    let alternatives = |top: Vec<(u32, f32)>| {
        top.into_iter()
            .map(|(id, logprob)| TokenAlternative { token: text(id), id, logprob: finite(logprob) })
            .collect::<Vec<_>>()
    };
    TokenLogprob {
        token: text(sampled.token),
        id: sampled.token,
        logprob: finite(sampled.logprob.unwrap_or_default()),
        bytes: tokenizer.token_bytes(sampled.token).map(<[u8]>::to_vec),
        top: (!sampled.top.is_empty()).then(|| alternatives(sampled.top)),
    }
}
