//! What a model tells of its life to whoever wants to know.
//!
//! A [`Log`] is a handle that whoever records has; without a reader it is empty, and what would be recorded is not even put
//! together. Entries lie in a bounded buffer until they are taken. They hold names, numbers and codes, never text of a
//! prompt or an answer.

mod entry;
mod event;
mod message;
mod one_line;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use entry::{LogEntry, LogHead, LogLevel};
pub use event::{
    CacheEvictedEvent, DraftFailedEvent, EngineFailedEvent, KvCacheType, KvGrowthFailedEvent, LoadWarningEvent,
    LogEvent, ModelClosedEvent, ModelLoadedEvent, QueueFullEvent, RequestAcceptedEvent, RequestBegunEvent,
    RequestEndedEvent, RequestOutcome, SequencePreemptedEvent, SequenceResumedEvent, StepFailedEvent,
};
pub use one_line::OneLine;

/// Entries that wait for their reader; of more, the oldest are dropped. About 100 KiB.
pub const LOG_CAPACITY: usize = 256;

/// Tells the time since some moment; never goes back.
pub type LogClock = Box<dyn Fn() -> Duration + Send + Sync>;

/// Called when an entry arrives for a reader who waits. Never under a lock of the log.
pub type LogBell = Box<dyn Fn() + Send + Sync>;

/// Where a model's events are recorded; the default has no reader.
#[derive(Clone, Default)]
pub struct Log(Option<Arc<Book>>);

struct Book {
    level: LogLevel,
    clock: LogClock,
    bell: LogBell,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: VecDeque<LogEntry>,
    /// Dropped since the last entry that was taken.
    dropped: u64,
    reader_waits: bool,
    ended: bool,
}

/// What a reader finds.
#[derive(Debug, Clone, PartialEq)]
pub enum LogTaken {
    /// The oldest entry.
    Entry(Box<LogEntry>),
    /// Nothing yet; the bell rings.
    Nothing,
    /// Nothing ever again.
    Over,
}

impl Log {
    /// A log of the events from `level` on.
    pub fn new(level: LogLevel, clock: LogClock, bell: LogBell) -> Self {
        Self(Some(Arc::new(Book { level, clock, bell, state: Mutex::default() })))
    }

    /// Records an event that is told at `debug` at most; `event` is not called where nobody wants it.
    pub fn debug(&self, event: impl FnOnce() -> LogEvent) {
        self.record(LogLevel::Debug, event);
    }

    /// Records an event that is told at `info` at most.
    pub fn info(&self, event: impl FnOnce() -> LogEvent) {
        self.record(LogLevel::Info, event);
    }

    /// Records an event that is told at `warn` at most.
    pub fn warn(&self, event: impl FnOnce() -> LogEvent) {
        self.record(LogLevel::Warn, event);
    }

    /// Records an event that is told at `error`.
    pub fn error(&self, event: impl FnOnce() -> LogEvent) {
        self.record(LogLevel::Error, event);
    }

    /// The time on the log's clock; none without a reader.
    pub fn now(&self) -> Option<Duration> {
        self.0.as_ref().map(|book| (book.clock)())
    }

    /// Nothing is recorded from now on; what was can still be taken.
    pub fn end(&self) {
        let Some(book) = &self.0 else { return };
        let mut state = book.lock();
        state.ended = true;
        book.ring(state);
    }

    /// Nobody reads any more.
    pub fn release(&self) {
        let Some(book) = &self.0 else { return };
        let mut state = book.lock();
        state.ended = true;
        state.entries.clear();
    }

    /// The oldest entry. With [`LogTaken::Nothing`] the bell rings at the next one.
    pub fn take(&self) -> LogTaken {
        let Some(book) = &self.0 else { return LogTaken::Over };
        let mut state = book.lock();
        if let Some(mut entry) = state.entries.pop_front() {
            let dropped = std::mem::take(&mut state.dropped);
            entry.head.dropped = (dropped > 0).then_some(dropped);
            return LogTaken::Entry(Box::new(entry));
        }
        if state.ended {
            return LogTaken::Over;
        }
        state.reader_waits = true;
        LogTaken::Nothing
    }

    /// `most` bounds the event's own level, so that it need not be put together to know that nobody wants it.
    fn record(&self, most: LogLevel, event: impl FnOnce() -> LogEvent) {
        let Some(book) = self.0.as_ref().filter(|book| book.level <= most) else { return };
        let event = event();
        let level = event.level();
        if level < book.level {
            return;
        }
        let head =
            LogHead { level, at_ms: (book.clock)().as_secs_f64() * 1e3, message: event.message(), dropped: None };
        let mut state = book.lock();
        if state.ended {
            return;
        }
        if state.entries.len() == LOG_CAPACITY {
            state.entries.pop_front();
            state.dropped += 1;
        }
        state.entries.push_back(LogEntry { head, event });
        book.ring(state);
    }
}

impl Book {
    fn ring(&self, mut state: MutexGuard<'_, State>) {
        let waits = std::mem::take(&mut state.reader_waits);
        drop(state);
        if waits {
            (self.bell)();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::*;

    fn log(level: LogLevel) -> (Log, Arc<AtomicU64>) {
        let rings = Arc::new(AtomicU64::new(0));
        let rung = Arc::clone(&rings);
        let bell = Box::new(move || {
            rung.fetch_add(1, Relaxed);
        });
        (Log::new(level, Box::new(|| Duration::from_millis(1500)), bell), rings)
    }

    fn closed(ended: usize) -> LogEvent {
        LogEvent::ModelClosed(ModelClosedEvent { ended })
    }

    fn preempted(preemptions: u32) -> LogEvent {
        let request = OneLine::new("chatcmpl-1");
        LogEvent::SequencePreempted(SequencePreemptedEvent { request, choice: 0, blocks: 1, tokens: 2, preemptions })
    }

    fn taken(log: &Log) -> Vec<LogEntry> {
        std::iter::from_fn(|| match log.take() {
            LogTaken::Entry(entry) => Some(*entry),
            LogTaken::Nothing | LogTaken::Over => None,
        })
        .collect()
    }

    #[test]
    fn a_reader_behind_is_told_how_much_it_missed() {
        let (log, _) = log(LogLevel::Info);
        for ended in 0..LOG_CAPACITY + 10 {
            log.info(|| closed(ended));
        }
        let entries = taken(&log);
        let (first, rest) = entries.split_first().unwrap();
        assert_eq!((entries.len(), first.head.dropped, &first.event), (LOG_CAPACITY, Some(10), &closed(10)));
        assert!(rest.iter().all(|entry| entry.head.dropped.is_none()), "it is told once");
        log.info(|| closed(0));
        assert_eq!(taken(&log)[0].head.dropped, None);
    }

    #[test]
    fn what_nobody_wants_is_not_put_together() {
        let unwanted = || -> LogEvent { panic!("was put together") };
        Log::default().error(unwanted);
        assert_eq!((Log::default().take(), Log::default().now()), (LogTaken::Over, None));
        let (log, _) = log(LogLevel::Warn);
        log.debug(unwanted);
        log.info(unwanted);
        assert_eq!(log.take(), LogTaken::Nothing);
    }

    #[test]
    fn an_event_has_its_own_level() {
        let (log, _) = log(LogLevel::Info);
        log.info(|| preempted(1));
        log.info(|| preempted(2));
        let entries = taken(&log);
        assert_eq!((entries.len(), entries[0].head.level), (1, LogLevel::Info));
    }

    #[test]
    fn the_bell_rings_once_for_a_reader_who_waits() {
        let (log, rings) = log(LogLevel::Debug);
        log.info(|| closed(1));
        assert_eq!(rings.load(Relaxed), 0, "nobody waits yet");
        assert_eq!(taken(&log).len(), 1);
        log.info(|| closed(2));
        log.info(|| closed(3));
        assert_eq!((rings.load(Relaxed), taken(&log).len()), (1, 2));
        log.end();
        assert_eq!((rings.load(Relaxed), log.take()), (2, LogTaken::Over));
    }

    #[test]
    fn after_the_end_nothing_is_recorded_and_what_was_is_there() {
        let (log, _) = log(LogLevel::Debug);
        log.info(|| closed(1));
        log.end();
        log.info(|| closed(2));
        assert_eq!((taken(&log).len(), log.take()), (1, LogTaken::Over));
        let (log, _) = self::log(LogLevel::Debug);
        log.info(|| closed(1));
        log.release();
        assert_eq!(log.take(), LogTaken::Over);
    }

    #[test]
    fn an_entry_is_flat_json_on_one_line() {
        let (log, _) = log(LogLevel::Debug);
        let (model, warning) = (OneLine::new("a\nb"), OneLine::new("`x\r\ny` is not used"));
        log.warn(|| LogEvent::LoadWarning(LoadWarningEvent { model, warning }));
        let entry = serde_json::to_value(&taken(&log)[0]).unwrap();
        let expected = serde_json::json!({
            "level": "warn", "atMs": 1500.0, "message": "a\\nb: `x\\r\\ny` is not used", "event": "load_warning",
            "model": "a\\nb", "warning": "`x\\r\\ny` is not used",
        });
        assert_eq!(entry, expected);
    }
}
