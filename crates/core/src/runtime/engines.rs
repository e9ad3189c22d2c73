//! What the engine thread alone touches: the engines, and the work that has come in for them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::model::{ModelShared, Outside};
use super::null_model::NullStream;
use super::task::Task;
use crate::engine::{AnswerKind, End, Engine, LogitsJob, Mailbox, Progress};
use crate::error::{Error, ErrorCode};

/// Work for the engine thread, in the order of its arrival.
pub(super) enum Errand {
    Install { model: u32, engine: Box<Engine> },
    Answer(Box<AnswerErrand>),
    Logits { model: u32, job: LogitsJob },
    Null(NullStream),
    Panic { model: u32, task: Arc<Task> },
    Close { model: u32, task: Option<Arc<Task>> },
}

/// A chat or raw completion that is still to be read, rendered and tokenised.
pub(super) struct AnswerErrand {
    pub(super) model: u32,
    pub(super) shared: Arc<ModelShared>,
    pub(super) kind: AnswerKind,
    pub(super) request: Value,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) id: String,
    pub(super) outside: Outside,
    pub(super) arrived: Duration,
    pub(super) deadline: Option<Duration>,
}

#[derive(Default)]
pub(super) struct Engines {
    list: Vec<(u32, Box<Engine>)>,
    nulls: Vec<NullStream>,
    /// Whose turn it is in `list`.
    turn: usize,
}

impl Engines {
    /// Runs one errand. True where it may have taken long, so that a step comes before the next one.
    pub(super) fn run(&mut self, errand: Errand) -> bool {
        match errand {
            Errand::Install { model, engine } => self.list.push((model, engine)),
            Errand::Answer(errand) => {
                self.answer(*errand);
                return true;
            }
            Errand::Logits { model, job } => match self.find(model) {
                Some(engine) => engine.add_logits(job),
                None => (job.done)(Err(closed())),
            },
            Errand::Null(stream) => self.nulls.push(stream),
            Errand::Panic { model, task } => match self.find(model) {
                Some(engine) => {
                    engine.inject_panic();
                    task.end(Ok(Value::Null));
                }
                None => task.end(Err(closed())),
            },
            Errand::Close { model, task } => {
                if let Some(at) = self.list.iter().position(|(id, _)| *id == model) {
                    let (_, mut engine) = self.list.remove(at);
                    engine.close();
                }
                if let Some(task) = task {
                    task.end(Ok(Value::Null));
                }
            }
        }
        false
    }

    fn answer(&mut self, errand: AnswerErrand) {
        let AnswerErrand { model, shared, kind, request, mailbox, id, outside, arrived, deadline } = errand;
        if mailbox.is_over() {
            return;
        }
        let Some(engine) = self.find(model) else {
            mailbox.end(End::InternalError(closed().into_info()));
            return;
        };
        // Templates and tokenizers are programs out of files.
        let job = catch_unwind(AssertUnwindSafe(|| match kind {
            AnswerKind::Chat => shared.chat_job(request, outside),
            AnswerKind::Completion => shared.completion_job(request, outside),
        }));
        match job {
            Ok(Ok(mut job)) => {
                job.deadline = deadline;
                mailbox.begin(id, shared.name.clone(), outside.unix_seconds, job.n);
                engine.add(job, mailbox, arrived);
            }
            Ok(Err(error)) => mailbox.end(End::ValidationError(error.into_info())),
            Err(_) => {
                let message = "The engine broke while it read this request; please report it.";
                mailbox.end(End::InternalError(Error::new(ErrorCode::Internal, message).into_info()));
            }
        }
    }

    /// One step of one engine, in turn; true when something was done.
    pub(super) fn step(&mut self, clock: &dyn Fn() -> Duration) -> bool {
        let mut worked = false;
        for offset in 0..self.list.len() {
            let at = (self.turn + offset) % self.list.len();
            if self.list[at].1.step(clock) == Progress::Worked {
                self.turn = at + 1;
                worked = true;
                break;
            }
        }
        self.nulls.retain(|stream| !stream.is_over());
        for stream in &mut self.nulls {
            worked |= stream.step(clock());
        }
        worked
    }

    /// When something is due though nobody asks.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let engines = self.list.iter().filter_map(|(_, engine)| engine.next_deadline());
        engines.chain(self.nulls.iter().filter_map(NullStream::due)).min()
    }

    fn find(&mut self, model: u32) -> Option<&mut Engine> {
        self.list.iter_mut().find(|(id, _)| *id == model).map(|(_, engine)| &mut **engine)
    }
}

pub(super) fn closed() -> Error {
    Error::new(ErrorCode::EngineClosed, "This model was closed; load it again.")
}
