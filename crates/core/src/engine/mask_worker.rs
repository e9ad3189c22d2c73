//! Masks of grammars, found out beside the forward pass.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::constraint::Constraint;
use super::scheduler::SequenceKey;

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
    pub(super) fn finish(&mut self) -> Vec<MaskJob> {
        match &mut self.thread {
            Some(thread) if thread.is_busy => {
                thread.is_busy = false;
                thread.done.recv().unwrap_or_default()
            }
            Some(_) | None => std::mem::take(&mut self.idle),
        }
    }
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
