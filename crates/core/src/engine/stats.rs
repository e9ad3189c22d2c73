//! Figures of a running engine.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::trace::StepTrace;

/// `ModelStats` of the TypeScript API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EngineStats {
    /// Requests that run, parked ones too.
    pub running: usize,
    /// Requests that wait.
    pub queued: usize,
    /// Running requests whose readers are behind.
    pub parked: usize,
    /// Bytes of KV blocks that sequences have.
    pub kv_bytes_used: u64,
    /// Bytes of KV blocks there may be.
    pub kv_bytes_total: u64,
    /// Tokens whose keys and values are kept for later requests.
    pub cached_tokens: u64,
    /// Tokens sampled per second, over the last seconds with work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_second: Option<f64>,
}

/// An engine's figures, readable while a step runs.
#[derive(Debug, Default)]
pub struct StatsCell(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    stats: EngineStats,
    window_start: Option<Duration>,
    window_tokens: u64,
    /// The last steps nobody has asked for.
    traces: VecDeque<StepTrace>,
}

/// Steps that are kept for who asks: seconds of a small model, and 20 KiB.
const TRACES: usize = 256;

/// Long enough for a steady figure, short enough to be of now.
const WINDOW: Duration = Duration::from_secs(1);

impl StatsCell {
    /// The figures now.
    pub fn read(&self) -> EngineStats {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).stats
    }

    /// Sets the figures of requests and blocks; that of tokens is counted here.
    pub(super) fn publish(&self, stats: EngineStats) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.stats = EngineStats { tokens_per_second: state.stats.tokens_per_second, ..stats };
    }

    /// The last steps, the oldest first, without those that were taken before.
    pub fn take_traces(&self) -> Vec<StepTrace> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).traces.drain(..).collect()
    }

    pub(super) fn trace(&self, trace: StepTrace) {
        let traces = &mut self.0.lock().unwrap_or_else(PoisonError::into_inner).traces;
        if traces.len() == TRACES {
            traces.pop_front();
        }
        traces.push_back(trace);
    }

    pub(super) fn count_token(&self, now: Duration) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = *state.window_start.get_or_insert(now);
        state.window_tokens += 1;
        let elapsed = now.saturating_sub(start);
        if elapsed >= WINDOW {
            state.stats.tokens_per_second = Some(state.window_tokens as f64 / elapsed.as_secs_f64());
            state.window_start = Some(now);
            state.window_tokens = 0;
        }
    }
}
