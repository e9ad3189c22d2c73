//! The rows of a step: chosen, computed, sampled.

use std::collections::BTreeMap;
use std::time::Duration;

use super::mask_worker::MaskJob;
use super::request::Request;
use super::scheduler::{SequenceKey, Turn};
use super::sequence::{Limits, Sequence};
use super::trace::Phase;
use super::{Engine, is_fatal};
use crate::error::{Error, Result};
use crate::sampler::History;

impl Engine {
    /// One step of all sequences that can have one; false where there are none. An error is the engine's own end.
    pub(super) fn serve_batch(&mut self, clock: &dyn Fn() -> Duration) -> Result<bool> {
        let mut turns = std::mem::take(&mut self.turns);
        // Making room is work too: who has its turn next can have the blocks.
        let chosen = self.choose(&mut turns);
        let computed = self.compute(&mut turns, clock);
        self.turns = turns;
        computed.map(|()| chosen)
    }

    /// Chooses turns and gives them blocks; false where no sequence can have a turn.
    fn choose(&mut self, turns: &mut Vec<Turn>) -> bool {
        // A request runs no further ahead of its reader than it may, however many choices it has.
        let mut rooms: BTreeMap<u64, u32> = BTreeMap::new();
        let running = &self.running;
        let remaining = |key: SequenceKey| {
            let request = running.get(&key.request)?;
            let room = rooms.entry(key.request).or_insert_with(|| request.mailbox.room());
            *room = room.checked_sub(1)?;
            Some(request.sequences[key.choice as usize].remaining())
        };
        self.scheduler.plan(remaining, turns);
        let chosen = !turns.is_empty();
        // The first in rank first: who makes room comes later and is then no longer there.
        turns.sort_unstable_by_key(|turn| (self.running.get(&turn.key.request).map(Request::rank), turn.key.choice));
        turns.retain(|turn| match self.give_blocks(turn.key, turn.rows) {
            Ok(given) => given,
            Err(error) => {
                self.fail(turn.key.request, &error);
                false
            }
        });
        // A choice that failed took its request's other turns with it.
        turns.retain(|turn| self.blocks_of(turn.key).is_some());
        self.draft(turns, rooms);
        chosen
    }

    /// Runs the model over `turns`, all together; where that fails, each alone, so that one request fails and not all.
    fn compute(&mut self, turns: &mut Vec<Turn>, clock: &dyn Fn() -> Duration) -> Result<()> {
        if turns.is_empty() {
            return Ok(());
        }
        match self.forward(turns, clock) {
            Ok(()) => {
                self.sample(turns, clock)?;
            }
            Err(error) if is_fatal(&error) => return Err(error),
            // It may have failed over what nobody would have said.
            Err(error) if turns.len() > 1 || turns[0].drafted > 0 => {
                self.log_step_failed(turns.len(), &error);
                for turn in turns.drain(..) {
                    self.drop_draft(turn.key, turn.rows);
                    if self.blocks_of(turn.key).is_some() {
                        self.compute(&mut vec![Turn { drafted: 0, ..turn }], clock)?;
                    }
                }
            }
            Err(error) => self.fail(turns[0].key.request, &error),
        }
        Ok(())
    }

    fn forward(&mut self, turns: &[Turn], clock: &dyn Fn() -> Duration) -> Result<()> {
        self.plan.clear();
        for turn in turns {
            let Some(sequence) = sequence(&self.running, turn.key) else { continue };
            let Some(table) = &sequence.blocks else { continue };
            let rows = sequence.computed..sequence.computed + turn.rows;
            let blocks = &table.blocks()[..self.kv.blocks_for(rows.end + turn.drafted)];
            let (start, last) = (rows.start as u32, rows.end == sequence.tokens().len());
            if turn.drafted == 0 {
                self.plan.push_sequence(&sequence.tokens()[rows], start, blocks, last);
                continue;
            }
            self.fed.clear();
            self.fed.extend(sequence.tokens()[rows].iter().chain(&sequence.draft.tokens));
            self.plan.push_sequence(&self.fed, start, blocks, false);
            let end = self.plan.rows() as u32;
            self.plan.sampled_rows.extend(end - 1 - turn.drafted as u32..end);
        }
        let prompt_rows = turns.iter().map(|turn| turn.rows).filter(|rows| *rows > 1).sum();
        let masks = self.begin_masks(turns);
        let computed = self.run_model(turns.len(), turns.iter().any(|turn| turn.rows == 1), prompt_rows, clock);
        if masks {
            for MaskJob { key, constraint, draft: _ } in self.mask_worker.finish()? {
                if let Some(sequence) = self.sequence(key) {
                    sequence.constraint = Some(constraint);
                }
            }
        }
        computed
    }

    /// Has the masks of those found out that draw a token in this step; false where none has one.
    fn begin_masks(&mut self, turns: &[Turn]) -> bool {
        if self.tokenizer.vocabulary_size() < self.options.masks_beside {
            return false;
        }
        let mut jobs = Vec::new();
        for &Turn { key, rows, drafted } in turns {
            let Some(sequence) = self.sequence(key) else { continue };
            if sequence.remaining() == rows
                && let Some(constraint) = sequence.constraint.take()
            {
                jobs.push(MaskJob { key, constraint, draft: sequence.draft.tokens[..drafted].to_vec() });
            }
        }
        let any = !jobs.is_empty();
        if any {
            self.mask_worker.begin(jobs);
        }
        any
    }

    /// Computes the plan, of which so many rows are of prompts; `others` wait for it or take part in it.
    pub(super) fn run_model(
        &mut self,
        sequences: usize,
        others: bool,
        prompt_rows: usize,
        clock: &dyn Fn() -> Duration,
    ) -> Result<()> {
        let start = clock();
        self.stopwatch.end(Phase::Prepare, start);
        let computed = self.fault.forward().and_then(|()| self.model.forward(&self.plan));
        let end = clock();
        self.stopwatch.end(Phase::Forward, end);
        computed?;
        // What a step of drafts takes is no measure: there are none where there are many rows.
        if prompt_rows > 0 || self.plan.rows() == sequences {
            self.scheduler.took(others, prompt_rows, end.saturating_sub(start));
        }
        let trace = &mut self.stopwatch.trace;
        trace.rows += self.plan.rows() as u32;
        trace.sequences += sequences as u32;
        trace.prompt_rows += prompt_rows as u32;
        Ok(())
    }

    /// Takes note of what was computed, and samples where a row of logits came out.
    fn sample(&mut self, turns: &[Turn], clock: &dyn Fn() -> Duration) -> Result<()> {
        let (mut rows, mut sampled) = (0, 0);
        for turn in turns {
            rows += (turn.rows + turn.drafted) as u32;
            // Logits come out in the order of turns, also for a request that an earlier choice has ended.
            let row = sampled;
            let last = self.plan.sampled_rows.get(row + turn.drafted);
            let row = last.is_some_and(|last| last + 1 == rows).then_some(row);
            sampled += row.map_or(0, |_| 1 + turn.drafted);
            if let Some(sequence) = self.sequence(turn.key) {
                sequence.draft.begin();
            }
            if let Err(error) = self.sample_turn(turn, row, clock) {
                if is_fatal(&error) {
                    return Err(error);
                }
                self.fail(turn.key.request, &error);
            }
            if turn.drafted > 0 {
                self.drop_draft(turn.key, 0);
            }
        }
        Ok(())
    }

    /// Samples the rows of a turn one after another, as long as what is drawn is what the next one was computed for.
    fn sample_turn(&mut self, turn: &Turn, row: Option<usize>, clock: &dyn Fn() -> Duration) -> Result<()> {
        let SequenceKey { request: id, choice } = turn.key;
        let mut rows = turn.rows;
        for at in 0..=turn.drafted {
            let Some(request) = self.running.get_mut(&id) else { return Ok(()) };
            let sequence = &mut request.sequences[choice as usize];
            if sequence.is_finished() || sequence.draft.accepted() < at {
                break;
            }
            sequence.computed += rows;
            rows = 1;
            let computed = sequence.computed;
            if let Some(table) = &mut sequence.blocks {
                self.kv.record(table, &sequence.tokens, computed);
            }
            let known = sequence.remaining() > 0;
            if computed <= sequence.prompt_length() {
                request.prompt_progress(computed, clock());
            }
            let Some(row) = row else { return Ok(()) };
            // Tokens that had to come were drafted too.
            if known {
                continue;
            }
            let choices = if choice == 0 && !request.forked {
                let sampled = request.job.n.min(request.mailbox.room().max(1));
                self.fork(id, sampled);
                0..sampled
            } else {
                choice..choice + 1
            };
            self.stopwatch.trace.sampled += 1;
            self.sample_row(id, choices, row + at, clock)?;
        }
        if let Some(sequence) = self.sequence(turn.key) {
            sequence.draft.learn();
        }
        Ok(())
    }

    /// Gives the other choices of a prompt that is through the first one's past. Those from `sampled` on have no room yet
    /// and compute the prompt's last row again when they have.
    fn fork(&mut self, id: u64, sampled: u32) {
        let Some(request) = self.running.get_mut(&id) else { return };
        request.forked = true;
        let Some((first, others)) = request.sequences.split_first_mut() else { return };
        let Some(table) = &first.blocks else { return };
        for (sequence, choice) in others.iter_mut().zip(1..) {
            sequence.blocks = Some(self.kv.fork(table));
            sequence.computed = first.computed - usize::from(choice >= sampled);
            self.scheduler.add(SequenceKey { request: id, choice });
        }
    }

    /// Draws the next token of `choices` from one row of logits, and ends the request where all are through.
    fn sample_row(
        &mut self,
        id: u64,
        choices: std::ops::Range<u32>,
        row: usize,
        clock: &dyn Fn() -> Duration,
    ) -> Result<()> {
        let stride = self.model.vocabulary_size();
        // Columns beyond the vocabulary are padding.
        let width = stride.min(self.tokenizer.vocabulary_size());
        let logits = self.model.logits().get_mut(row * stride..row * stride + width).ok_or_else(no_row)?;
        let several = choices.len() > 1;
        if several {
            self.row.clear();
            self.row.extend_from_slice(logits);
        }
        for choice in choices.clone() {
            if several {
                logits.copy_from_slice(&self.row); // drawing uses a row up
            }
            let Some(request) = self.running.get_mut(&id) else { return Ok(()) };
            let sequence = &mut request.sequences[choice as usize];
            let end_tokens = request.job.ends(&self.end_tokens);
            let banned = request.job.banned(end_tokens, sequence.sampled());
            let limits = Limits {
                end_tokens,
                max_tokens: request.job.max_tokens,
                room: request.room,
                drop_leading_space: request.job.drop_leading_space,
                logprobs: request.job.logprobs,
                reasoning: request.job.reasoning_limit.as_ref(),
            };
            let before = sequence.sampled();
            let forced = if before == 0 { sequence.accept_forced(&*self.tokenizer, &limits)? } else { None };
            let delta = if let Some(delta) = forced {
                delta
            } else {
                let masked = match &mut sequence.constraint {
                    Some(constraint) => constraint.mask(&mut self.mask)?,
                    None => false,
                };
                let mask = masked.then_some(self.mask.as_slice());
                let is_reasoning = sequence.constraint.as_ref().is_some_and(|constraint| constraint.is_reasoning());
                let banned = match mask {
                    // A grammar that is through ends the answer, however short that is.
                    Some(mask) if allows_only(mask, banned) => &[],
                    None if is_reasoning => end_tokens,
                    Some(_) | None => banned,
                };
                let (tokens, prompt_length) = (sequence.tokens(), sequence.prompt_length());
                let history = History { tokens, prompt_length, mask, banned };
                self.stopwatch.end(Phase::Text, clock());
                self.fault.sampler(before + 1, logits);
                let sampled = sequence.sampler.sample(&mut self.scratch, logits, &history);
                self.stopwatch.end(Phase::Sample, clock());
                sequence.accept(sampled?, &*self.tokenizer, &limits)?
            };
            for _ in before..sequence.sampled() {
                self.stats.count_token(clock());
            }
            if sequence.is_finished()
                && let Some(mut table) = sequence.blocks.take()
            {
                self.kv.release(&mut table);
                self.scheduler.remove(SequenceKey { request: id, choice });
            }
            if request.post(delta, clock()) {
                self.free(id);
                return Ok(());
            }
        }
        Ok(())
    }

    fn blocks_of(&self, key: SequenceKey) -> Option<&[u32]> {
        Some(sequence(&self.running, key)?.blocks.as_ref()?.blocks())
    }
}

fn sequence(running: &BTreeMap<u64, Request>, key: SequenceKey) -> Option<&Sequence> {
    running.get(&key.request)?.sequences.get(key.choice as usize)
}

/// Whether a mask lets nothing through but some of `tokens`.
fn allows_only(mask: &[u32], tokens: &[u32]) -> bool {
    if tokens.is_empty() {
        return false;
    }
    let allowed = |token: &&u32| mask.get(**token as usize / 32).is_some_and(|word| word >> (**token % 32) & 1 == 1);
    let all: u32 = mask.iter().map(|word| word.count_ones()).sum();
    tokens.iter().filter(allowed).count() == all as usize
}

fn no_row() -> Error {
    Error::new(crate::error::ErrorCode::Internal, "A step left fewer logits than rows; please report this.")
}
