//! Stands in for the engine's runtime: answers `null_model` alone.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

const CAPACITY: usize = 16;

pub(crate) trait Host: Send + Sync {
    fn ring(&self, client: u32);
    fn wake_engine(&self);
    fn wake_loader(&self);
    fn now(&self) -> Duration;
    fn unix_seconds(&self) -> u64;
    fn seed(&self) -> u64;
}

pub(crate) struct RuntimeOptions {
    pub(crate) test_faults: bool,
}

pub(crate) struct CancelReason;
impl std::str::FromStr for CancelReason {
    type Err = ();
    fn from_str(_: &str) -> Result<Self, ()> {
        Ok(Self)
    }
}

pub(crate) fn schema_hash() -> &'static str {
    "stand-in"
}

struct Mailbox {
    client: u32,
    events: VecDeque<String>,
    left: u64,
    sent: u64,
    interval: Duration,
    due: Duration,
    submitted: u128,
    armed: bool,
    over: bool,
}

#[derive(Default)]
struct State {
    next: u32,
    mailboxes: HashMap<u32, Mailbox>,
    woken: HashMap<u32, Vec<u32>>,
}

pub(crate) struct Runtime {
    host: std::sync::Arc<dyn Host>,
    state: Mutex<State>,
}

impl Runtime {
    pub(crate) fn new(host: std::sync::Arc<dyn Host>, options: RuntimeOptions) -> Self {
        let _ = options.test_faults;
        Self { host, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn open(&self) -> u32 {
        let mut state = self.state();
        state.next += 1;
        state.next
    }

    pub(crate) fn shut(&self, client: u32) {
        let mut state = self.state();
        state.mailboxes.retain(|_, mailbox| mailbox.client != client);
        state.woken.remove(&client);
    }

    pub(crate) fn submit(&self, client: u32, command: &str, _buffers: Vec<Vec<u8>>) -> u32 {
        let command: Value = serde_json::from_str(command).unwrap_or_default();
        let interval = Duration::from_millis(command["intervalMs"].as_u64().unwrap_or_default());
        let left = command["events"].as_u64().unwrap_or_default();
        let mut state = self.state();
        state.next += 1;
        let ticket = state.next;
        let submitted = self.host.now().as_micros();
        let due = self.host.now() + interval;
        let mailbox = Mailbox {
            client,
            events: VecDeque::new(),
            left,
            sent: 0,
            interval,
            due,
            submitted,
            armed: false,
            over: false,
        };
        state.mailboxes.insert(ticket, mailbox);
        drop(state);
        self.host.wake_engine();
        self.host.wake_loader();
        ticket
    }

    pub(crate) fn take(&self, ticket: u32) -> Option<String> {
        let mut state = self.state();
        let mailbox = state.mailboxes.get_mut(&ticket)?;
        let was_full = mailbox.events.len() == CAPACITY;
        let event = mailbox.events.pop_front();
        mailbox.armed = event.is_none() && !mailbox.over;
        drop(state);
        if was_full {
            self.host.wake_engine();
        }
        event
    }

    pub(crate) fn take_vector(&self, _ticket: u32) -> Option<Vec<f32>> {
        None
    }

    pub(crate) fn cancel(&self, ticket: u32, _reason: CancelReason) {
        if let Some(mailbox) = self.state().mailboxes.get_mut(&ticket) {
            mailbox.left = 0;
        }
        self.host.wake_engine();
    }

    pub(crate) fn release(&self, ticket: u32) {
        self.state().mailboxes.remove(&ticket);
    }

    pub(crate) fn woken(&self, client: u32) -> Vec<u32> {
        self.state().woken.remove(&client).unwrap_or_default()
    }

    pub(crate) fn step(&self) -> bool {
        let mut rings = Vec::new();
        let mut more = false;
        let now = self.host.now();
        let mut state = self.state();
        let State { mailboxes, woken, .. } = &mut *state;
        for (&ticket, mailbox) in mailboxes.iter_mut() {
            if mailbox.over || mailbox.events.len() >= CAPACITY || mailbox.due > now {
                continue;
            }
            if mailbox.left == 0 {
                mailbox.over = true;
                mailbox.events.push_back(r#"{"kind":"done"}"#.to_owned());
            } else {
                mailbox.left -= 1;
                mailbox.sent += 1;
                let sent = mailbox.sent;
                let us = self.host.now().as_micros();
                let submitted = mailbox.submitted;
                mailbox.events.push_back(format!(
                    r#"{{"kind":"chunk","id":"{submitted}","model":"null","created":{us},"choices":[{{"index":0,"delta":{{"content":"{sent}"}},"finishReason":null}}]}}"#
                ));
                mailbox.due += mailbox.interval;
                more = true;
            }
            if std::mem::take(&mut mailbox.armed) {
                woken.entry(mailbox.client).or_default().push(ticket);
                rings.push(mailbox.client);
            }
        }
        drop(state);
        rings.into_iter().for_each(|client| self.host.ring(client));
        more
    }

    pub(crate) fn load_one(&self) -> bool {
        false
    }

    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let state = self.state();
        state.mailboxes.values().filter(|m| !m.over && m.events.len() < CAPACITY).map(|m| m.due).min()
    }
}
