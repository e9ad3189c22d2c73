//! Where the time of a step went.

use std::time::Duration;

use serde::Serialize;

/// One step, in milliseconds on the engine's clock. The phases do not overlap; together they are the step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepTrace {
    /// Counts up from 1.
    pub step: u64,
    /// When it began.
    pub at_ms: f64,
    /// Rows computed, those of prompts included.
    pub rows: u32,
    /// Rows of prompts.
    pub prompt_rows: u32,
    /// Sequences that had a turn.
    pub sequences: u32,
    /// Tokens sampled.
    pub sampled: u32,
    /// Requests that went on waiting.
    pub queued: u32,
    /// Freeing who has gone and beginning who has waited.
    pub queue_ms: f64,
    /// Choosing rows, giving them blocks, writing the plan.
    pub prepare_ms: f64,
    /// The model.
    pub forward_ms: f64,
    /// Drawing tokens.
    pub sample_ms: f64,
    /// Tokens to text, and the rest: blocks kept for later, events left for readers.
    pub text_ms: f64,
}

/// Takes the times of a step's phases.
#[derive(Debug, Default)]
pub(super) struct Stopwatch {
    pub(super) trace: StepTrace,
    lap: Duration,
}

/// A phase of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Queue,
    Prepare,
    Forward,
    Sample,
    Text,
}

impl Stopwatch {
    /// Begins a step.
    pub(super) fn start(&mut self, now: Duration) {
        self.trace = StepTrace { step: self.trace.step, at_ms: ms(now), ..StepTrace::default() };
        self.lap = now;
    }

    /// Ends a step in which something was done; others do not count.
    pub(super) fn finish(&mut self, queued: usize, now: Duration) -> StepTrace {
        self.end(Phase::Text, now);
        self.trace.step += 1;
        self.trace.queued = queued as u32;
        self.trace
    }

    /// Counts the time since the last phase's end for `phase`.
    pub(super) fn end(&mut self, phase: Phase, now: Duration) {
        let elapsed = ms(now.saturating_sub(self.lap));
        self.lap = now;
        *match phase {
            Phase::Queue => &mut self.trace.queue_ms,
            Phase::Prepare => &mut self.trace.prepare_ms,
            Phase::Forward => &mut self.trace.forward_ms,
            Phase::Sample => &mut self.trace.sample_ms,
            Phase::Text => &mut self.trace.text_ms,
        } += elapsed;
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_add_up_to_the_step() {
        let mut watch = Stopwatch::default();
        let at = Duration::from_millis;
        watch.start(at(100));
        for (phase, now) in [
            (Phase::Queue, 101),
            (Phase::Prepare, 103),
            (Phase::Forward, 107),
            (Phase::Sample, 108),
            (Phase::Text, 110),
            (Phase::Sample, 111),
        ] {
            watch.end(phase, at(now));
        }
        let StepTrace { step, at_ms, queue_ms, prepare_ms, forward_ms, sample_ms, text_ms, .. } =
            watch.finish(0, at(115));
        let phases = [at_ms, queue_ms, prepare_ms, forward_ms, sample_ms, text_ms].map(|ms| ms.round() as u64);
        assert_eq!((step, phases), (1, [100, 1, 2, 4, 2, 6]));
        watch.start(at(120));
        let idle = watch.trace;
        assert_eq!((idle.step, idle.forward_ms.to_bits()), (1, 0));
    }
}
