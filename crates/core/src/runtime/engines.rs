//! What the engine thread alone touches: the engines, and the work that has come in for them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::null_model::NullStream;
use super::task::Task;
use crate::engine::{EmbeddingsJob, End, Engine, Fault, Job, LogitsJob, Mailbox, Progress};
use crate::error::{Error, ErrorCode};

/// Work for the engine thread, in the order of its arrival.
pub(super) enum Errand {
    Install { model: u32, engine: Box<Engine> },
    Answer { model: u32, job: Box<Job>, mailbox: Arc<Mailbox>, arrived: Duration },
    Logits { model: u32, job: LogitsJob },
    Embeddings { model: u32, job: EmbeddingsJob },
    Null(NullStream),
    Fault { model: u32, fault: Fault, task: Arc<Task> },
    Close { model: u32, task: Option<Arc<Task>> },
}

#[derive(Default)]
pub(super) struct Engines {
    list: Vec<(u32, Box<Engine>)>,
    nulls: Vec<NullStream>,
    /// Whose turn it is in `list`.
    turn: usize,
}

impl Engines {
    /// Runs one errand; none takes long.
    pub(super) fn run(&mut self, errand: Errand) {
        match errand {
            Errand::Install { model, engine } => self.list.push((model, engine)),
            Errand::Answer { model, job, mailbox, arrived } => match self.find(model) {
                Some(engine) => {
                    engine.add(*job, mailbox, arrived);
                }
                None => mailbox.end(End::InternalError(closed().into_info())),
            },
            Errand::Logits { model, job } => match self.find(model) {
                Some(engine) => engine.add_logits(job),
                None => (job.done)(Err(closed())),
            },
            Errand::Embeddings { model, job } => match self.find(model) {
                Some(engine) => engine.add_embeddings(job),
                None => (job.done)(Err(closed())),
            },
            Errand::Null(stream) => self.nulls.push(stream),
            Errand::Fault { model, fault, task } => match self.find(model) {
                Some(engine) => {
                    engine.inject(fault);
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

    /// Takes back what those had who have gone.
    pub(super) fn tidy(&mut self) {
        for (_, engine) in &mut self.list {
            engine.tidy();
        }
        self.nulls.retain(|stream| !stream.is_over());
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
