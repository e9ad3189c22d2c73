//! What all threads share: tickets, clients, models, and work that waits. Its lock is never held while anything runs.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::engines::Errand;
use super::loader::Source;
use super::model::ModelShared;
use super::preparation::{Preparation, Preparing};
use super::task::Task;
use crate::engine::Mailbox;
use crate::log::{Log, LogLevel};

/// Where the events of a ticket are.
#[derive(Clone)]
pub(super) enum Letterbox {
    Stream(Arc<Mailbox>),
    Task(Arc<Task>),
    Log(Log),
}

/// Work for the loader thread.
pub(super) struct LoadErrand {
    pub(super) client: u32,
    pub(super) task: Arc<Task>,
    pub(super) source: Source,
    pub(super) draft: Option<Source>,
    pub(super) options: Value,
    pub(super) estimate: bool,
    /// From which level on the model's events are wanted.
    pub(super) log: Option<LogLevel>,
}

#[derive(Default)]
pub(super) struct Desk {
    pub(super) tickets: HashMap<u32, (u32, Letterbox)>,
    pub(super) clients: HashMap<u32, Client>,
    pub(super) models: HashMap<u32, Arc<ModelShared>>,
    /// With the length of the command.
    pub(super) preparations: VecDeque<(usize, Preparation)>,
    /// Streams whose requests wait in `preparations` or are being prepared, by ticket.
    pub(super) preparing: HashMap<u32, Preparing>,
    pub(super) errands: VecDeque<Errand>,
    pub(super) loads: VecDeque<LoadErrand>,
    /// When the engine thread is due though nobody wakes it.
    pub(super) deadline: Option<Duration>,
    last_ticket: u32,
    last_client: u32,
    last_model: u32,
}

/// One JavaScript environment.
#[derive(Default)]
pub(super) struct Client {
    pub(super) woken: Vec<u32>,
    /// The doorbell rang and nobody has looked since.
    pub(super) rung: bool,
}

impl Desk {
    pub(super) fn next_ticket(&mut self) -> u32 {
        // After 2^32 tickets a number may be that of one that still lives.
        loop {
            self.last_ticket = self.last_ticket.wrapping_add(1);
            if self.last_ticket != 0 && !self.tickets.contains_key(&self.last_ticket) {
                return self.last_ticket;
            }
        }
    }

    pub(super) fn next_client(&mut self) -> u32 {
        self.last_client += 1;
        self.clients.insert(self.last_client, Client::default());
        self.last_client
    }

    pub(super) fn next_model(&mut self) -> u32 {
        self.last_model += 1;
        self.last_model
    }

    /// The oldest preparation of a command no longer than `longest`, with its length.
    pub(super) fn next_preparation(&mut self, longest: usize) -> Option<(usize, Preparation)> {
        let at = self.preparations.iter().position(|(bytes, _)| *bytes <= longest)?;
        self.preparations.remove(at)
    }

    /// The earliest deadline of a stream that the engine does not know yet.
    pub(super) fn preparing_deadline(&self) -> Option<Duration> {
        let live = self.preparing.values().filter(|stream| !stream.mailbox.is_over());
        live.filter_map(|stream| stream.deadline).min()
    }

    /// Mailboxes of streams that ran out of time before the engine knew them.
    pub(super) fn overdue(&self, now: Duration) -> Vec<Arc<Mailbox>> {
        let late = self.preparing.values().filter(|stream| stream.deadline.is_some_and(|deadline| deadline <= now));
        late.map(|stream| Arc::clone(&stream.mailbox)).collect()
    }

    /// Notes that a ticket has something; true when its client's doorbell is to ring.
    pub(super) fn wake(&mut self, client: u32, ticket: u32) -> bool {
        let Some(client) = self.clients.get_mut(&client) else { return false };
        client.woken.push(ticket);
        !std::mem::replace(&mut client.rung, true)
    }
}
