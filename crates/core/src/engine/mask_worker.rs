//! Masks of grammars, found out beside the forward pass.

#[cfg(not(target_family = "wasm"))]
use std::sync::mpsc::channel;
use std::sync::mpsc::{Receiver, Sender};

use super::constraint::Constraint;
use super::scheduler::SequenceKey;
use crate::error::{Error, ErrorCode, Result};

/// A sequence's part of it.
pub(super) struct MaskJob {
    pub(super) key: SequenceKey,
    pub(super) constraint: Box<Constraint>,
    /// Tokens that may turn out to come.
    pub(super) draft: Vec<u32>,
}

/// A thread that computes masks while the engine's computes the model. Where there are no threads, masks are found out when
/// they are asked for.
#[derive(Default)]
pub(super) struct MaskWorker {
    thread: Option<Thread>,
    /// Jobs that no thread took.
    idle: Vec<MaskJob>,
    /// Whether there can be a thread.
    failed: bool,
}

struct Thread {
    jobs: Sender<Vec<MaskJob>>,
    done: Receiver<Vec<MaskJob>>,
    is_busy: bool,
}

impl MaskWorker {
    /// Begins `jobs`, which [`Self::finish`] gives back.
    pub(super) fn begin(&mut self, jobs: Vec<MaskJob>) {
        if self.thread.is_none() && !self.failed {
            self.thread = spawn();
            self.failed = self.thread.is_none();
        }
        match &mut self.thread {
            Some(thread) => match thread.jobs.send(jobs) {
                Ok(()) => thread.is_busy = true,
                Err(unsent) => self.idle = unsent.0,
            },
            None => self.idle = jobs,
        }
    }

    /// Waits for what was begun.
    ///
    /// # Errors
    /// `engine_failed` where the thread has ended and taken the constraints along: nothing may be drawn without them.
    pub(super) fn finish(&mut self) -> Result<Vec<MaskJob>> {
        match &mut self.thread {
            Some(thread) if thread.is_busy => {
                thread.is_busy = false;
                thread.done.recv().map_err(|_| lost())
            }
            Some(_) | None => Ok(std::mem::take(&mut self.idle)),
        }
    }
}

fn lost() -> Error {
    let message = "The thread that keeps answers to their form broke; load the model again, and please report this.";
    Error::new(ErrorCode::EngineFailed, message)
}

#[cfg(target_family = "wasm")]
fn spawn() -> Option<Thread> {
    None
}

#[cfg(not(target_family = "wasm"))]
fn spawn() -> Option<Thread> {
    let (jobs, to_do) = channel::<Vec<MaskJob>>();
    let (finished, done) = channel();
    let work = move || {
        // Ends with the engine, which then sends nothing more.
        for mut jobs in to_do {
            for job in &mut jobs {
                job.constraint.prepare(&job.draft);
            }
            if finished.send(jobs).is_err() {
                return;
            }
        }
    };
    let thread = std::thread::Builder::new().name("wick-masks".to_owned()).spawn(work);
    thread.is_ok().then_some(Thread { jobs, done, is_busy: false })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn masks_that_a_broken_thread_took_along_are_an_error_and_not_forgotten() {
        let (jobs, to_do) = channel();
        let (_, done) = channel();
        let thread = Some(Thread { jobs, done, is_busy: false });
        let mut worker = MaskWorker { thread, ..MaskWorker::default() };
        worker.begin(Vec::new());
        assert_eq!(worker.finish().err().map(|error| error.code()), Some(ErrorCode::EngineFailed));
        drop(to_do);
        // Nobody takes them any more: they are found out when they are asked for.
        worker.begin(Vec::new());
        assert!(worker.finish().is_ok());
    }
}
