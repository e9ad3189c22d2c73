//! One reader with its stream, and what it must see.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use wick_core::ErrorCode;
use wick_core::engine::{Job, Mailbox, Taken};
use wick_core::response::{CancelReason, ChatCompletion, FinishReason, Response, StopReason, Usage};

use crate::fake::POISON;
use crate::oracle::{Oracle, oracle};
use crate::world::CONTEXT;

pub(crate) struct Reader {
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) bell: Arc<AtomicBool>,
    pub(crate) job: Job,
    pub(crate) stops: Vec<&'static str>,
    pub(crate) request: u64,
    pub(crate) texts: Vec<String>,
    pub(crate) finishes: Vec<Option<FinishReason>>,
    pub(crate) chunks: usize,
    pub(crate) processed: u64,
    pub(crate) terminal: Option<Response>,
    pub(crate) cancelled: bool,
    pub(crate) released: bool,
    /// Found nothing at its last look: the bell must ring before there is something.
    pub(crate) waits: bool,
}

/// What a run allows its streams to end with.
#[expect(clippy::struct_excessive_bools, reason = "independent things that may happen")]
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// Tokens a sequence can have.
    pub(crate) room: usize,
    /// Of how many tokens the model's next one is mostly a function.
    pub(crate) window: usize,
    /// Whether the model fails over [`POISON`], all the time.
    pub(crate) poisoned: bool,
    /// Whether a step failed, or storage was refused, without anyone's doing.
    pub(crate) memory_failed: bool,
    /// Whether a step panicked.
    pub(crate) broken: bool,
    /// Whether a row of logits was damaged.
    pub(crate) numbers_failed: bool,
}

impl Reader {
    /// Takes one event and checks what every event must obey.
    pub(crate) fn read(&mut self) -> bool {
        let rung = self.bell.swap(false, Relaxed);
        let taken = self.mailbox.take();
        if self.waits && !rung && !self.released {
            assert_eq!(taken, Taken::Nothing, "an event came and the bell did not ring");
        }
        self.waits = taken == Taken::Nothing;
        let response = match taken {
            Taken::Nothing => return false,
            Taken::Over => {
                assert!(self.terminal.is_some() || self.released, "over without a terminal");
                return false;
            }
            Taken::Event(response) => response,
        };
        assert!(self.terminal.is_none(), "an event after the terminal: {response:?}");
        assert!(!self.released, "an event after release");
        match &response {
            Response::PromptProgress(progress) => {
                assert!(self.chunks == 0 && self.job.prompt_progress, "progress after a chunk, or unasked");
                assert!(progress.processed <= progress.total && progress.cached < progress.total);
                assert!(progress.processed >= self.processed, "progress goes back");
                self.processed = progress.processed;
            }
            Response::Chunk(chunk) => {
                self.chunks += 1;
                let [choice] = &chunk.choices[..] else { panic!("one choice a chunk") };
                let index = choice.index as usize;
                assert!(self.finishes[index].is_none(), "a chunk after the choice's last");
                let first = self.texts[index].is_empty() && choice.delta.role.is_some();
                assert!(first || choice.delta.role.is_none());
                self.texts[index].push_str(choice.delta.content.as_deref().unwrap_or_default());
                self.finishes[index] = choice.finish_reason;
            }
            _ => {
                assert!(response.is_terminal(), "{response:?}");
                self.terminal = Some(response);
            }
        }
        true
    }

    pub(crate) fn is_live(&self) -> bool {
        self.terminal.is_none() && !self.released && !self.cancelled
    }

    /// What the terminal must say of what was delivered.
    pub(crate) fn check_end(&self, rules: Rules) {
        if self.released {
            return;
        }
        let terminal = self.terminal.as_ref().expect("every stream ends");
        let oracles: Vec<Oracle> =
            (0..self.job.n).map(|choice| oracle(&self.job, &self.stops, choice, rules)).collect();
        let sampled: u64 = oracles.iter().map(|oracle| oracle.tokens.len() as u64).sum();
        // The last token is never fed.
        let fed = |oracle: &Oracle| oracle.tokens.split_last().is_some_and(|(_, fed)| fed.contains(&POISON));
        let poisoned = rules.poisoned && (self.job.prompt.contains(&POISON) || oracles.iter().any(fed));
        match terminal {
            Response::Done(done) => {
                assert!(!poisoned, "it was fed what the model fails over");
                self.check_completion(&done.completion, None);
                for (choice, oracle) in done.completion.choices.iter().zip(&oracles) {
                    assert_eq!(choice.message.content, oracle.text);
                    assert_eq!(choice.stop_reason.as_ref(), Some(&oracle.stop));
                    let length = matches!(oracle.stop, StopReason::MaxTokens | StopReason::Context);
                    assert_eq!(choice.finish_reason, if length { FinishReason::Length } else { FinishReason::Stop });
                }
                assert!(self.finishes.iter().all(Option::is_some), "a choice's last chunk carries its finishReason");
                self.check_usage(done.completion.usage, sampled..=sampled);
            }
            Response::ModelError(error) => {
                match error.error.code {
                    ErrorCode::NumericError => assert!(rules.numbers_failed),
                    ErrorCode::OutOfMemory => assert!(poisoned || rules.memory_failed, "another request's failure"),
                    other => panic!("{other:?}"),
                }
                self.check_completion(&error.partial, Some(FinishReason::Error));
                self.check_prefixes(&oracles);
                self.check_usage(error.partial.usage, 0..=sampled);
            }
            Response::InternalError(error) => {
                match error.error.code {
                    ErrorCode::EngineFailed => assert!(rules.broken, "it broke by itself: {:?}", error.error),
                    ErrorCode::EngineClosed => {}
                    other => panic!("{other:?}"),
                }
                self.check_completion(&error.partial, Some(FinishReason::Error));
                self.check_prefixes(&oracles);
                self.check_usage(error.partial.usage, 0..=sampled);
            }
            Response::Cancelled(cancelled) => {
                assert!(self.cancelled || cancelled.reason == CancelReason::Timeout);
                self.check_completion(&cancelled.partial, Some(FinishReason::Cancelled));
                self.check_prefixes(&oracles);
                self.check_usage(cancelled.partial.usage, 0..=sampled);
            }
            Response::ValidationError(error) => {
                assert!(self.texts.iter().all(String::is_empty), "nothing was generated");
                match error.error.code {
                    ErrorCode::ContextOverflow => assert!(self.job.prompt.len() >= CONTEXT),
                    ErrorCode::OutOfMemory => assert!(self.job.prompt.len() >= rules.room),
                    ErrorCode::QueueFull => assert!(error.error.retryable),
                    other => panic!("{other:?}"),
                }
            }
            other => panic!("{other:?} ends no chat"),
        }
    }

    /// Law 2: the terminal says what the deltas said.
    fn check_completion(&self, completion: &ChatCompletion, unfinished: Option<FinishReason>) {
        assert_eq!(completion.choices.len(), self.texts.len().min(completion.choices.len()));
        for (choice, (text, finish)) in completion.choices.iter().zip(self.texts.iter().zip(&self.finishes)) {
            assert_eq!(&choice.message.content, text);
            assert_eq!(Some(choice.finish_reason), finish.or(unfinished));
        }
    }

    /// Law 6 and law 3 for streams that ended early: nobody else's text, whole characters.
    fn check_prefixes(&self, oracles: &[Oracle]) {
        for (text, oracle) in self.texts.iter().zip(oracles) {
            // A character that was cut is flushed as one U+FFFD.
            let whole = text.strip_suffix('\u{fffd}').unwrap_or(text);
            assert!(oracle.raw.starts_with(text) || oracle.raw.starts_with(whole), "{text:?} of {:?}", oracle.raw);
        }
    }

    fn check_usage(&self, usage: Option<Usage>, completion: RangeInclusive<u64>) {
        let usage = usage.expect("a local engine knows");
        assert!(completion.contains(&usage.completion_tokens), "{usage:?} {completion:?}");
        assert_eq!(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
        // Nothing was fed to a request that ended in the queue.
        assert!(usage.prompt_tokens == self.job.prompt.len() as u64 || usage.completion_tokens == 0);
        assert!(usage.cached_tokens.unwrap_or(0) < self.job.prompt.len() as u64, "the last token is computed");
    }
}
