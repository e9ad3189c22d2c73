//! Which rows a step computes.

use std::collections::VecDeque;
use std::time::Duration;

/// Names one sequence: the request and its choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SequenceKey {
    /// The request.
    pub request: u64,
    /// Which of its `n`.
    pub choice: u32,
}

/// Rows of one sequence in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Whose.
    pub key: SequenceKey,
    /// How many of tokens that it has, at least 1.
    pub rows: usize,
    /// How many more of tokens that are drafted.
    pub drafted: usize,
}

/// What a step with a chunk in it may take while others decode, unless two of their own steps take longer.
const PAUSE: Duration = Duration::from_millis(60);
/// Rows below which a chunk gains nothing: a step has costs of its own.
const LEAST_CHUNK: usize = 16;

/// Round robin over the sequences that have blocks. A step serves as many as it may: one row of each that decodes, and
/// one chunk of rows shared by those whose prompts are not through, so that no prompt holds a decoding sequence up for
/// longer than a chunk. Beside decoding sequences a chunk has as many rows as were computed in [`PAUSE`] before: rows
/// far back in a long prompt take longer than the first.
#[derive(Debug)]
pub struct Scheduler {
    ring: VecDeque<SequenceKey>,
    max_sequences: usize,
    prefill_chunk: usize,
    /// Rows of a chunk beside decoding sequences.
    shared_chunk: usize,
    /// How long the last step took in which all decoded.
    decode_step: Duration,
}

impl Scheduler {
    /// A step has at most `max_sequences` sequences and, of prompts, `prefill_chunk` rows.
    pub fn new(max_sequences: usize, prefill_chunk: usize) -> Self {
        let prefill_chunk = prefill_chunk.max(1);
        Self {
            ring: VecDeque::new(),
            max_sequences: max_sequences.max(1),
            prefill_chunk,
            shared_chunk: prefill_chunk,
            decode_step: Duration::ZERO,
        }
    }

    /// Takes a sequence up, behind the others.
    pub fn add(&mut self, key: SequenceKey) {
        self.ring.push_back(key);
    }

    /// Forgets a sequence.
    pub fn remove(&mut self, key: SequenceKey) {
        self.ring.retain(|other| *other != key);
    }

    /// Chooses the turns of a step. `remaining` says how many rows a sequence has still to compute, or none where it
    /// waits for its reader; it is asked once for each, in the order of the ring. Chosen ones go to the end of it.
    pub fn plan(&mut self, mut remaining: impl FnMut(SequenceKey) -> Option<usize>, turns: &mut Vec<Turn>) {
        turns.clear();
        for &key in &self.ring {
            if turns.len() == self.max_sequences {
                break;
            }
            if let Some(rows) = remaining(key) {
                turns.push(Turn { key, rows, drafted: 0 });
            }
        }
        self.share_chunk(turns);
        self.ring.retain(|key| turns.iter().all(|turn| turn.key != *key));
        self.ring.extend(turns.iter().map(|turn| turn.key));
    }

    /// Rows of prompts that a step can have; `others` wait for it or take part in it.
    pub fn chunk(&self, others: bool) -> usize {
        if others { self.shared_chunk } else { self.prefill_chunk }
    }

    /// Learns from a step how many rows a chunk can have: so many rows of prompts took so long, and `others` waited for
    /// it or took part in it.
    pub fn took(&mut self, others: bool, prompt_rows: usize, duration: Duration) {
        if prompt_rows == 0 {
            self.decode_step = duration;
        } else if others && !duration.is_zero() {
            let allowed = PAUSE.max(2 * self.decode_step).as_secs_f64() / duration.as_secs_f64();
            // Slower to grow than to shrink: a pause that was too long is a fault, a short chunk only a cost.
            let mut fitting = prompt_rows as f64 * allowed.min(1.5);
            if allowed >= 1.0 {
                // The end of a prompt, or tokens that had to come: fewer rows than there might have been.
                fitting = fitting.max(self.shared_chunk as f64);
            }
            self.shared_chunk = (fitting as usize).clamp(LEAST_CHUNK.min(self.prefill_chunk), self.prefill_chunk);
        }
    }

    /// Gives each prompt an equal part of the chunk; what a short one leaves goes to the longer.
    fn share_chunk(&self, turns: &mut Vec<Turn>) {
        let mut left = self.chunk(turns.iter().any(|turn| turn.rows == 1));
        let mut prompts = turns.iter().filter(|turn| turn.rows > 1).count();
        // In the ring's order but for what shorter ones leave: each round settles those below the fair part.
        let mut settled = vec![false; turns.len()];
        while prompts > 0 {
            let part = left / prompts;
            let open = |turn: &Turn, settled: bool| turn.rows > 1 && !settled;
            let below = turns.iter().zip(&settled).position(|(turn, done)| open(turn, *done) && turn.rows <= part);
            if let Some(index) = below {
                settled[index] = true;
                left -= turns[index].rows;
                prompts -= 1;
                continue;
            }
            let mut odd = left % prompts;
            for (turn, _) in turns.iter_mut().zip(&settled).filter(|(turn, done)| open(turn, **done)) {
                turn.rows = part + usize::from(odd > 0);
                odd = odd.saturating_sub(1);
            }
            break;
        }
        turns.retain(|turn| turn.rows > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(request: u64) -> SequenceKey {
        SequenceKey { request, choice: 0 }
    }

    /// Rows of each request in a step, by request.
    fn step(scheduler: &mut Scheduler, remaining: &[usize]) -> Vec<(u64, usize)> {
        let mut turns = Vec::new();
        let rows = |key: SequenceKey| Some(remaining[key.request as usize]).filter(|&rows| rows > 0);
        scheduler.plan(rows, &mut turns);
        let mut turns: Vec<_> = turns.iter().map(|turn| (turn.key.request, turn.rows)).collect();
        turns.sort_unstable();
        turns
    }

    fn scheduler(max_sequences: usize, prefill_chunk: usize, sequences: u64) -> Scheduler {
        let mut scheduler = Scheduler::new(max_sequences, prefill_chunk);
        (0..sequences).for_each(|request| scheduler.add(key(request)));
        scheduler
    }

    #[test]
    fn decodes_all_and_shares_one_chunk() {
        let mut all = scheduler(8, 12, 5);
        assert_eq!(step(&mut all, &[1, 100, 1, 3, 100]), [(0, 1), (1, 5), (2, 1), (3, 3), (4, 4)]);
        assert_eq!(step(&mut all, &[1, 0, 1, 0, 100]), [(0, 1), (2, 1), (4, 12)]);
        assert_eq!(step(&mut all, &[0, 0, 0, 0, 0]), []);
    }

    #[test]
    fn chunks_fit_a_pause_while_others_decode() {
        let mut two = scheduler(8, 256, 2);
        assert_eq!(step(&mut two, &[1, 9999]), [(0, 1), (1, 256)]);
        two.took(true, 256, Duration::from_millis(400));
        assert_eq!(step(&mut two, &[1, 9999]), [(0, 1), (1, 38)]);
        assert_eq!(step(&mut two, &[0, 9999]), [(1, 256)], "nobody waits");
        two.took(true, 38, Duration::from_millis(30));
        assert_eq!(step(&mut two, &[1, 9999]), [(0, 1), (1, 57)]);
        two.took(true, 2, Duration::from_millis(10));
        assert_eq!(step(&mut two, &[1, 9999]), [(0, 1), (1, 57)], "a prompt's end says nothing of its middle");
        two.took(true, 57, Duration::from_mins(1));
        assert_eq!(step(&mut two, &[1, 9999]), [(0, 1), (1, LEAST_CHUNK)]);
        // Where decoding itself is slow, a chunk may take two such steps.
        two.took(true, 0, Duration::from_millis(300));
        two.took(true, 16, Duration::from_millis(600));
        assert_eq!(step(&mut two, &[1, 9999]), [(0, 1), (1, 16)]);
    }

    #[test]
    fn goes_round_where_not_all_fit() {
        let mut two = scheduler(2, 4, 3);
        let mut turns = vec![0; 3];
        for _ in 0..9 {
            for (request, _) in step(&mut two, &[1, 1, 1]) {
                turns[request as usize] += 1;
            }
        }
        assert_eq!(turns, [6, 6, 6]);
        two.remove(key(1));
        assert_eq!(step(&mut two, &[1, 1, 1]), [(0, 1), (2, 1)]);
    }

    #[test]
    fn a_chunk_smaller_than_the_prompts_goes_round_too() {
        let mut narrow = scheduler(8, 2, 3);
        let mut rows = vec![0; 3];
        for _ in 0..9 {
            for (request, count) in step(&mut narrow, &[9, 9, 9]) {
                rows[request as usize] += count;
            }
        }
        assert_eq!(rows, [6, 6, 6]);
    }
}
