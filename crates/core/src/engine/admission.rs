//! Whose sequences have blocks: who begins, who makes room, who goes on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use super::embeddings::EmbeddingsRun;
use super::logits::LogitsRun;
use super::request::{Rank, Request};
use super::scheduler::SequenceKey;
use super::sequence::Sequence;
use crate::error::{Error, ErrorCode, Result};
use crate::response::CancelReason;

impl Engine {
    /// Frees what has ended, run out of time or was left by its caller, waiting or running.
    pub(super) fn sweep(&mut self, now: Duration) {
        for request in self.queue.iter().chain(self.running.values()) {
            if request.job.deadline.is_some_and(|deadline| deadline <= now) {
                request.mailbox.cancel(CancelReason::Timeout);
            }
        }
        let waiting = self.queue.len();
        self.queue.retain(|request| !request.mailbox.is_over());
        if self.queue.len() != waiting {
            self.tell_queue_positions();
        }
        let over = |(id, request): (&u64, &Request)| request.mailbox.is_over().then_some(*id);
        for id in self.running.iter().filter_map(over).collect::<Vec<_>>() {
            self.free(id);
        }
        for run in take_all(&mut self.logits, LogitsRun::is_cancelled) {
            run.fail(cancelled(), &mut self.kv);
        }
        for run in take_all(&mut self.embeddings, EmbeddingsRun::is_cancelled) {
            run.fail(cancelled(), &mut self.kv);
        }
    }

    /// Forgets a running request and takes its blocks back.
    pub(super) fn free(&mut self, id: u64) {
        let Some(mut request) = self.running.remove(&id) else { return };
        for (sequence, choice) in request.sequences.iter_mut().zip(0..) {
            if let Some(mut table) = sequence.blocks.take() {
                self.kv.release(&mut table);
                self.scheduler.remove(SequenceKey { request: id, choice });
            }
        }
    }

    /// Lets sequences go on that made room before, then begins waiting requests, as long as there are slots and blocks.
    /// The first of either is never overtaken.
    pub(super) fn admit(&mut self, now: Duration) {
        if !self.resume() {
            return;
        }
        let before = self.queue.len();
        while let Some(next) = self.queue.front() {
            // Raw logits and embeddings came first: they need all their blocks at once.
            let slots = self.wanted_slots() + next.job.n as usize <= self.options.max_sequences;
            let logits_wait = self.logits.front().is_some_and(|run| !run.has_begun());
            if !slots || logits_wait || self.embeddings.front().is_some_and(EmbeddingsRun::waits) {
                break;
            }
            let Some(next) = self.queue.front_mut() else { break };
            let (prompt, mut refused) = (std::mem::take(&mut next.job.prompt), next.refused);
            let room = self.make_room_for(&prompt, prompt.len() + 1, &mut refused);
            let Some(next) = self.queue.front_mut() else { break };
            (next.job.prompt, next.refused) = (prompt, refused);
            if !room {
                break;
            }
            let Some(mut request) = self.queue.pop_front() else { break };
            let (table, cached) = self.kv.begin(&request.job.prompt);
            self.fault.admission();
            request.begin(cached, self.options.speculation, now);
            self.log_begun(&request, cached, now);
            request.echo();
            if let Some(first) = request.sequences.first_mut() {
                // The other choices fork from it once the prompt is through.
                first.computed = cached;
                first.blocks = Some(table);
                self.scheduler.add(SequenceKey { request: request.id, choice: 0 });
            }
            let mailbox = Arc::clone(&request.mailbox);
            self.running.insert(request.id, request);
            // First its slot is taken, then its place left: for a moment it counts twice, and never not at all.
            self.publish();
            mailbox.leave_queue();
        }
        if self.queue.len() != before {
            self.tell_queue_positions();
        }
    }

    /// Gives blocks back to sequences that lost them and whose readers wait, the first in rank first. False when one
    /// still has to wait.
    fn resume(&mut self) -> bool {
        let mut waiting: Vec<_> = self
            .running
            .values()
            .filter(|request| request.mailbox.room() > 0)
            .flat_map(|request| request.to_resume().map(|choice| (request.rank(), choice)))
            .collect();
        waiting.sort_unstable();
        for ((_, id), choice) in waiting {
            let key = SequenceKey { request: id, choice };
            let Some(sequence) = self.sequence(key) else { continue };
            let (tokens, mut refused) = (std::mem::take(&mut sequence.tokens), sequence.refused);
            let length = tokens.len();
            let begun = self.make_room_for(&tokens, tokens.len() + 1, &mut refused).then(|| self.kv.begin(&tokens));
            let Some(sequence) = self.sequence(key) else { continue };
            (sequence.tokens, sequence.refused) = (tokens, refused);
            let Some((table, computed)) = begun else { return false };
            sequence.computed = computed;
            sequence.blocks = Some(table);
            self.scheduler.add(key);
            self.log_resumed(id, choice, length, computed);
        }
        true
    }

    /// Whether a sequence can begin with `tokens` and come to `positions`. Parked sequences give up theirs for it.
    /// `refused` is the generation of the cache at which it could not: it asks at every step.
    pub(super) fn make_room_for(&mut self, tokens: &[u32], positions: usize, refused: &mut Option<u64>) -> bool {
        loop {
            let generation = self.kv.generation();
            if *refused != Some(generation) && self.kv.can_begin(tokens, positions) {
                return true;
            }
            *refused = Some(generation);
            let Some(parked) = self.last_parked() else { return false };
            self.preempt(parked);
        }
    }

    /// Gives `key` blocks for `rows` more tokens. Where there are none, parked sequences lose theirs, then those after
    /// it in rank, at last its own: false then.
    ///
    /// # Errors
    /// `out_of_memory` when nobody else has blocks and the system has no more.
    pub(super) fn give_blocks(&mut self, key: SequenceKey, rows: usize) -> Result<bool> {
        loop {
            let Some(request) = self.running.get_mut(&key.request) else { return Ok(false) };
            let rank = (request.rank(), key.choice);
            let sequence = &mut request.sequences[key.choice as usize];
            let first = sequence.computed;
            let Some(table) = &mut sequence.blocks else { return Ok(false) };
            let grown = self.kv.grow(table, first, first + rows, &mut *self.model, &self.account);
            let blocks = table.blocks().len();
            let victim = match grown {
                Ok(true) => return Ok(true),
                Ok(false) | Err(_) => self.last_parked().or_else(|| self.last_after(rank)),
            };
            match (victim, grown) {
                (Some(victim), _) => self.preempt(victim),
                (None, Err(error)) if error.code() != ErrorCode::OutOfMemory || self.is_alone(blocks) => {
                    return Err(error);
                }
                (None, Ok(_) | Err(_)) => {
                    self.preempt(key);
                    return Ok(false);
                }
            }
        }
    }

    /// Whether a sequence with so many blocks is the only one to have any.
    fn is_alone(&self, blocks: usize) -> bool {
        let sequences = self.running.values().flat_map(|request| &request.sequences);
        self.kv.used() == blocks && sequences.filter(|sequence| sequence.blocks.is_some()).count() == 1
    }

    /// Takes the blocks of a sequence; it computes them again when it has its turn.
    fn preempt(&mut self, key: SequenceKey) {
        self.scheduler.remove(key);
        let Some(request) = self.running.get_mut(&key.request) else { return };
        request.preemptions += 1;
        let sequence = &mut request.sequences[key.choice as usize];
        let tokens = sequence.computed;
        sequence.computed = 0;
        if let Some(mut table) = sequence.blocks.take() {
            let blocks = table.blocks().len();
            self.kv.release(&mut table);
            self.log_preempted(key, blocks, tokens);
        }
    }

    pub(super) fn sequence(&mut self, key: SequenceKey) -> Option<&mut Sequence> {
        self.running.get_mut(&key.request)?.sequences.get_mut(key.choice as usize)
    }

    /// The last in rank of those with blocks that wait for their readers.
    fn last_parked(&self) -> Option<SequenceKey> {
        self.last_with_blocks(|request| request.mailbox.room() == 0).map(|(_, key)| key)
    }

    /// The last in rank of those with blocks, if it comes after `rank`.
    fn last_after(&self, rank: (Rank, u32)) -> Option<SequenceKey> {
        self.last_with_blocks(|_| true).filter(|(last, _)| *last > rank).map(|(_, key)| key)
    }

    fn last_with_blocks(&self, of: impl Fn(&Request) -> bool) -> Option<((Rank, u32), SequenceKey)> {
        let sequences = self.running.values().filter(|request| of(request)).flat_map(|request| {
            let with_blocks = request.sequences.iter().zip(0..).filter(|(sequence, _)| sequence.blocks.is_some());
            with_blocks.map(|(_, choice)| ((request.rank(), choice), SequenceKey { request: request.id, choice }))
        });
        sequences.max_by_key(|(rank, _)| *rank)
    }

    /// Sequences that would be computed if they could.
    pub(super) fn wanted_slots(&self) -> usize {
        let reading = self.running.values().filter(|request| request.mailbox.room() > 0);
        reading.map(Request::unfinished).sum()
    }

    pub(super) fn tell_queue_positions(&self) {
        for (request, position) in self.queue.iter().zip(0..) {
            request.queue_progress(position);
        }
    }
}

fn take_all<T>(runs: &mut VecDeque<T>, mut gone: impl FnMut(&T) -> bool) -> VecDeque<T> {
    if !runs.iter().any(&mut gone) {
        return VecDeque::new();
    }
    let (taken, left) = std::mem::take(runs).into_iter().partition(gone);
    *runs = left;
    taken
}

fn cancelled() -> Error {
    Error::new(ErrorCode::Cancelled, "The call was cancelled.")
}
