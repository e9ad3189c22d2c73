//! What a command sets in motion.

use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::Value;

use super::command::{AnswerCall, Command, ModelCall};
use super::desk::{Letterbox, LoadErrand};
use super::engines::{Errand, closed};
use super::loader::Source;
use super::model::{ModelShared, Outside};
use super::null_model::NullStream;
use super::preparation::{AnswerRequest, Preparation, Preparing};
use super::task::Task;
use super::{Runtime, Shared, lock};
use crate::engine::{AnswerKind, Bell, End, EngineStats, Mailbox};
use crate::error::{Error, ErrorCode, Result};
use crate::log::{Log, LogLevel};

/// Events of a stream without a model that may lie unread.
const NULL_READ_AHEAD: u32 = 16;

/// Memory that a value in JSON takes at most while it is read: its place in an array that grows.
const VALUE_BYTES: u64 = 96;
/// The same for a byte of text.
const TEXT_BYTES: u64 = 4;

impl Runtime {
    /// Asks for the memory that reading `command` takes, before [`Self::submit`]; for hosts that count theirs.
    ///
    /// # Errors
    /// `out_of_memory{needed, limit}`.
    pub fn require_memory(&self, command: &str) -> Result<()> {
        let values = command.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count() as u64;
        self.memory.require(values * VALUE_BYTES + command.len() as u64 * TEXT_BYTES)
    }

    /// Takes a command; what becomes of it, also that it cannot be read, are the events of the ticket.
    pub fn submit(&self, client: u32, command: &str, buffers: Vec<Vec<u8>>) -> u32 {
        let bytes = command.len();
        match Command::read(command, buffers) {
            Ok(Command::Answer { call, model, request, timeout }) => {
                self.submit_answer(client, call, model, request, timeout, bytes)
            }
            Ok(Command::NullModel { events, interval }) => self.submit_null(client, events, interval),
            Ok(Command::Load { source, draft, options, log }) => {
                let (estimate, sources) = (false, (source, draft));
                self.submit_load(client, sources, options, estimate, log)
            }
            Ok(Command::Estimate { source, draft, options }) => {
                let (estimate, sources) = (true, (source, draft));
                self.submit_load(client, sources, options, estimate, None)
            }
            Ok(Command::Model { model, call }) => {
                let (ticket, task) = self.open_task(client);
                self.call(model, call, &task, bytes);
                ticket
            }
            Err(error) => {
                let (ticket, task) = self.open_task(client);
                task.end(Err(error));
                ticket
            }
        }
    }
    fn submit_load(
        &self,
        client: u32,
        (source, draft): (Source, Option<Source>),
        options: Value,
        estimate: bool,
        log: Option<LogLevel>,
    ) -> u32 {
        let (ticket, task) = self.open_task(client);
        self.desk().loads.push_back(LoadErrand { client, task, source, draft, options, estimate, log });
        self.shared.host.wake_loader();
        ticket
    }

    fn submit_answer(
        &self,
        client: u32,
        call: AnswerCall,
        model: u32,
        request: Value,
        timeout: Option<Duration>,
        bytes: usize,
    ) -> u32 {
        let host = &self.shared.host;
        let outside = Outside { unix_seconds: host.unix_seconds(), seed: host.seed() };
        let kind = call.answer();
        let prefix = match kind {
            AnswerKind::Chat => "chatcmpl",
            AnswerKind::Completion => "cmpl",
        };
        let id = format!("{prefix}-{:016x}", host.seed());
        let shared = self.desk().models.get(&model).cloned();
        let read_ahead = shared.as_ref().map_or(1, |shared| shared.read_ahead);
        let log = shared.as_ref().map(|shared| shared.log.clone()).unwrap_or_default();
        let (ticket, mailbox) = self.open_stream(client, kind, read_ahead, log);
        let name = shared.as_ref().map(|shared| shared.name.clone()).unwrap_or_default();
        mailbox.begin(id.clone(), name, outside.unix_seconds, 1);
        let Some(shared) = shared else {
            mailbox.end(End::InternalError(closed().into_info()));
            return ticket;
        };
        if !mailbox.enter(&shared.places) {
            return ticket;
        }
        let arrived = host.now();
        let deadline = timeout.map(|timeout| arrived + timeout);
        let preparing = Preparing { mailbox: Arc::clone(&mailbox), deadline };
        self.desk().preparing.insert(ticket, preparing);
        let answer = AnswerRequest { ticket, model, shared, call, request, mailbox, id, outside, arrived, deadline };
        self.prepare(bytes, Preparation::Answer(Box::new(answer)));
        if deadline.is_some() {
            // It sleeps until the deadlines that it knows.
            host.wake_engine();
        }
        ticket
    }

    fn submit_null(&self, client: u32, events: u64, interval: Duration) -> u32 {
        let (ticket, mailbox) = self.open_stream(client, AnswerKind::Chat, NULL_READ_AHEAD, Log::default());
        mailbox.begin("chatcmpl-null".to_owned(), "null".to_owned(), 0, 1);
        let next = self.shared.host.now() + interval;
        let stream = NullStream { mailbox, left: events, interval, next };
        self.desk().errands.push_back(Errand::Null(stream));
        self.shared.host.wake_engine();
        ticket
    }

    /// Answers a call, or sends it to the thread that can.
    fn call(&self, model: u32, call: ModelCall, task: &Arc<Task>, bytes: usize) {
        let shared = self.desk().models.get(&model).cloned();
        let answer = match (call, shared) {
            (ModelCall::Close, _) => {
                let mut desk = self.desk();
                desk.models.remove(&model);
                desk.errands.push_back(Errand::Close { model, task: Some(Arc::clone(task)) });
                drop(desk);
                self.shared.host.wake_engine();
                return;
            }
            (_, None) => Err(closed()),
            (ModelCall::Fault(_), Some(_)) if !self.options.test_faults => {
                Err(Error::unsupported("kind", "Faults are for tests, which set WICK_TEST_FAULTS=1."))
            }
            (ModelCall::Fault(fault), Some(_)) => {
                return self.errand(Errand::Fault { model, fault, task: Arc::clone(task) });
            }
            (ModelCall::Text(call), Some(shared)) => {
                let (outside, task) = (self.outside(), Arc::clone(task));
                return self.prepare(bytes, Preparation::Text { shared, call, outside, task });
            }
            (ModelCall::Logits { tokens, last }, Some(shared)) => {
                return self
                    .prepare(bytes, Preparation::Logits { model, shared, tokens, last, task: Arc::clone(task) });
            }
            (ModelCall::Embeddings { request }, Some(shared)) => {
                return self.prepare(bytes, Preparation::Embeddings { model, shared, request, task: Arc::clone(task) });
            }
            (ModelCall::Trace, Some(shared)) => to_json(shared.stats.take_traces()),
            (ModelCall::Stats, Some(shared)) => stats(&shared),
        };
        task.end(answer);
    }

    fn prepare(&self, bytes: usize, preparation: Preparation) {
        self.desk().preparations.push_back((bytes, preparation));
        self.shared.host.wake_preparers();
    }

    fn errand(&self, errand: Errand) {
        self.desk().errands.push_back(errand);
        self.shared.host.wake_engine();
    }

    fn outside(&self) -> Outside {
        Outside { unix_seconds: self.shared.host.unix_seconds(), seed: 0 }
    }

    fn open_stream(&self, client: u32, kind: AnswerKind, read_ahead: u32, log: Log) -> (u32, Arc<Mailbox>) {
        let mut desk = self.desk();
        let ticket = desk.next_ticket();
        let host = Arc::clone(&self.shared.host);
        let mailbox = Mailbox::new(kind, read_ahead, self.bell(client, ticket), Box::new(move || host.wake_engine()));
        let mailbox = Arc::new(mailbox.with_log(log));
        desk.tickets.insert(ticket, (client, Letterbox::Stream(Arc::clone(&mailbox))));
        (ticket, mailbox)
    }

    fn open_task(&self, client: u32) -> (u32, Arc<Task>) {
        let mut desk = self.desk();
        let ticket = desk.next_ticket();
        let task = Arc::new(Task::new(self.bell(client, ticket)));
        desk.tickets.insert(ticket, (client, Letterbox::Task(Arc::clone(&task))));
        (ticket, task)
    }

    pub(super) fn bell(&self, client: u32, ticket: u32) -> Bell {
        // Weak: the desk holds the mailboxes that hold the bells.
        let shared: Weak<Shared> = Arc::downgrade(&self.shared);
        Box::new(move || {
            let Some(shared) = shared.upgrade() else { return };
            let ring = lock(&shared.desk).wake(client, ticket);
            if ring {
                shared.host.ring(client);
            }
        })
    }
}

fn stats(model: &ModelShared) -> Result<Value> {
    // Those count too that the engine has not seen yet.
    to_json(EngineStats { queued: model.places.taken(), ..model.stats.read() })
}

fn to_json(value: impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))
}
