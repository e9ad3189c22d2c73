//! What all threads share: tickets, clients, models, and work that waits. Its lock is never held while anything runs.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::engines::Errand;
use super::loader::Source;
use super::model::ModelShared;
use super::task::Task;
use crate::engine::Mailbox;

/// Where the events of a ticket are.
#[derive(Clone)]
pub(super) enum Letterbox {
    Stream(Arc<Mailbox>),
    Task(Arc<Task>),
}

/// Work for the loader thread.
pub(super) struct LoadErrand {
    pub(super) client: u32,
    pub(super) task: Arc<Task>,
    pub(super) source: Source,
    pub(super) options: Value,
    pub(super) estimate: bool,
}

#[derive(Default)]
pub(super) struct Desk {
    pub(super) tickets: HashMap<u32, (u32, Letterbox)>,
    pub(super) clients: HashMap<u32, Client>,
    pub(super) models: HashMap<u32, Arc<ModelShared>>,
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

    /// Notes that a ticket has something; true when its client's doorbell is to ring.
    pub(super) fn wake(&mut self, client: u32, ticket: u32) -> bool {
        let Some(client) = self.clients.get_mut(&client) else { return false };
        client.woken.push(ticket);
        !std::mem::replace(&mut client.rung, true)
    }
}
