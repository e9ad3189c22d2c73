//! Where the engine leaves events and a reader takes them.
//!
//! The lock is held for a push or a take, never during a step, so that a reader waits for no one. The engine asks
//! [`Mailbox::room`] before it works for a reader who is behind.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::answer::{Answer, AnswerKind, Delta, End};
use super::queue_places::{QueuePlace, QueuePlaces};
use super::request_log::RequestLog;
use crate::log::Log;
use crate::response::{CancelReason, FinishReason, PromptProgressResponse, Response, Timings, Usage};

/// Called when an event arrives for a reader who waits, or room for an engine that waits. Never under a lock.
pub type Bell = Box<dyn Fn() + Send + Sync>;

/// A bounded queue of one stream's events.
pub struct Mailbox {
    state: Mutex<State>,
    read_ahead: u32,
    reader_bell: Bell,
    engine_bell: Bell,
    log: RequestLog,
}

pub(super) struct State {
    pub(super) answer: Answer,
    events: VecDeque<Event>,
    /// Deltas of sampled tokens among `events`.
    unread: u32,
    /// The reader found nothing and waits.
    reader_waits: bool,
    /// The engine found no room and waits.
    engine_waits: bool,
    phase: Phase,
    /// Until the request begins.
    place: Option<QueuePlace>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// The last event is in `events`.
    Ended,
    /// The last event was taken, or the reader is gone.
    Over,
}

impl State {
    /// Whether no end was told yet.
    pub(super) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Of the choices that came to their end, whether their reader knows or not.
    pub(super) fn finish_reasons(&self) -> Vec<FinishReason> {
        let mut reasons = self.answer.finish_reasons();
        for event in &self.events {
            if let Event::Delta(Delta { choice, finish: Some((reason, _)), .. }) = event
                && let Some(of_choice) = reasons.get_mut(*choice as usize)
            {
                *of_choice = Some(*reason);
            }
        }
        reasons.into_iter().flatten().collect()
    }
}

enum Event {
    Progress(PromptProgressResponse),
    Delta(Delta),
    End(End),
}

/// What a reader finds.
#[expect(clippy::large_enum_variant, reason = "nearly all are events; a box would cost each an allocation")]
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// The next event.
    Event(Response),
    /// Nothing yet; the bell rings.
    Nothing,
    /// Nothing ever again.
    Over,
}

impl Mailbox {
    /// `read_ahead` is how many sampled tokens may lie unread.
    pub fn new(kind: AnswerKind, read_ahead: u32, reader_bell: Bell, engine_bell: Bell) -> Self {
        let state = State {
            answer: Answer::new(kind, String::new(), String::new(), 0, 1),
            events: VecDeque::new(),
            unread: 0,
            reader_waits: false,
            engine_waits: false,
            phase: Phase::Open,
            place: None,
        };
        let (read_ahead, log) = (read_ahead.max(1), RequestLog::default());
        Self { state: Mutex::new(state), read_ahead, reader_bell, engine_bell, log }
    }

    /// Tells `log` how the stream ends.
    #[must_use]
    pub fn with_log(self, log: Log) -> Self {
        Self { log: RequestLog::new(log), ..self }
    }

    /// The answer's id, once it is named.
    pub fn id(&self) -> String {
        self.lock().answer.id.clone()
    }

    // The reader's side.

    /// The next event. With [`Taken::Nothing`] the bell rings at the next one.
    pub fn take(&self) -> Taken {
        let mut state = self.lock();
        let Some(event) = state.events.pop_front() else {
            return match state.phase {
                Phase::Open => {
                    state.reader_waits = true;
                    Taken::Nothing
                }
                Phase::Ended | Phase::Over => Taken::Over,
            };
        };
        let response = match event {
            Event::Progress(progress) => Response::PromptProgress(progress),
            Event::Delta(delta) => {
                state.unread = state.unread.saturating_sub(1);
                state.answer.deliver(delta)
            }
            Event::End(end) => {
                state.phase = Phase::Over;
                state.answer.end(end)
            }
        };
        // Half of the room at once, so that engine and reader do not wake one another for every token.
        let wake = state.engine_waits && state.unread <= self.read_ahead / 2;
        state.engine_waits &= !wake;
        drop(state);
        if wake {
            (self.engine_bell)();
        }
        Taken::Event(response)
    }

    /// Drops what is unread and ends the stream with `cancelled`, unless its last event was taken. Idempotent.
    pub fn cancel(&self, reason: CancelReason) {
        let mut state = self.lock();
        let cancelled = state.events.iter().any(|event| matches!(event, Event::End(End::Cancelled(_))));
        if state.phase == Phase::Over || cancelled {
            return;
        }
        state.events.clear();
        state.unread = 0;
        self.finish(state, End::Cancelled(reason));
        (self.engine_bell)();
    }

    /// The reader is gone: nothing is kept for it.
    pub fn release(&self) {
        let mut state = self.lock();
        let ended = self.log.ended(&state, &End::Cancelled(CancelReason::Disconnect));
        state.phase = Phase::Over;
        state.place = None;
        state.events.clear();
        state.unread = 0;
        drop(state);
        self.log.tell(ended);
        (self.engine_bell)();
    }

    // The engine's side.

    /// Takes a place among those who wait; false when there is none, which ended the stream.
    pub fn enter(&self, places: &Arc<QueuePlaces>) -> bool {
        match places.take() {
            Ok(place) => {
                self.lock().place = Some(place);
                true
            }
            Err(error) => {
                self.end(End::ValidationError(error.into_info()));
                false
            }
        }
    }

    /// The request begins.
    pub(super) fn leave_queue(&self) {
        self.lock().place = None;
    }

    /// Whether the stream has ended: nothing posted arrives, and the sequence is to be freed.
    pub fn is_over(&self) -> bool {
        self.lock().phase != Phase::Open
    }

    /// Tokens that the engine may run on. If none, the engine's bell rings once half of the room is free.
    pub fn room(&self) -> u32 {
        let mut state = self.lock();
        let room = match state.phase {
            Phase::Open => self.read_ahead.saturating_sub(state.unread),
            Phase::Ended | Phase::Over => self.read_ahead,
        };
        state.engine_waits = room == 0;
        room
    }

    /// Deltas that nobody has read.
    pub fn unread(&self) -> u32 {
        self.lock().unread
    }

    /// Names the answer; before its first event.
    pub fn begin(&self, id: String, model: String, created: u64, choices: u32) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            let kind = state.answer.kind;
            state.answer = Answer::new(kind, id, model, created, choices);
        }
    }

    /// Says how far the prompt is. Of several in a row the reader finds the last.
    pub fn progress(&self, progress: PromptProgressResponse) {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return;
        }
        if let Some(Event::Progress(last)) = state.events.back_mut() {
            *last = progress;
            return;
        }
        state.events.push_back(Event::Progress(progress));
        self.ring(state);
    }

    /// Counts a sampled token, with the text it makes certain. False when the stream has ended.
    pub fn post(&self, delta: Delta, usage: Usage, timings: Timings) -> bool {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return false;
        }
        state.answer.usage = usage;
        state.answer.timings = timings;
        if delta.is_empty() {
            return true;
        }
        state.unread += 1;
        state.events.push_back(Event::Delta(delta));
        self.ring(state);
        true
    }

    /// Ends the stream after what is unread. Only the first end counts.
    pub fn end(&self, end: End) {
        let state = self.lock();
        if state.phase == Phase::Open {
            self.finish(state, end);
        }
    }

    fn finish(&self, mut state: MutexGuard<'_, State>, end: End) {
        let ended = self.log.ended(&state, &end);
        state.events.push_back(Event::End(end));
        state.phase = Phase::Ended;
        state.place = None;
        let waits = std::mem::take(&mut state.reader_waits);
        drop(state);
        // Before the reader knows: what it does next comes later in the log.
        self.log.tell(ended);
        if waits {
            (self.reader_bell)();
        }
    }

    fn ring(&self, mut state: MutexGuard<'_, State>) {
        let waits = std::mem::take(&mut state.reader_waits);
        drop(state);
        if waits {
            (self.reader_bell)();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can leave the state half changed, so that a poisoned one is as good.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Mailbox").field("read_ahead", &self.read_ahead).finish_non_exhaustive()
    }
}
