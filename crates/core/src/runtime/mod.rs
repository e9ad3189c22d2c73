//! The engine as bindings see it: commands as JSON go in, events as JSON come out of tickets.
//!
//! A [`Runtime`] has no threads of its own. The caller's thread submits and takes, which never waits for anything; one
//! thread calls [`Runtime::step`], one [`Runtime::load_one`], one [`Runtime::prepare_one`], more [`Runtime::prepare_one_short`]
//! (in WebAssembly the same does all). What those threads share is the desk, a table under a short lock, and the mailboxes.

mod answer_grammar;
mod command;
mod desk;
mod engines;
mod file_bytes;
mod file_loader;
mod host;
mod load_log;
mod loader;
mod model;
mod null_model;
mod preparation;
mod submission;
mod task;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

pub use file_bytes::file_bytes;
pub use host::Host;
pub use loader::{Loaded, Loader, Source};

pub use crate::engine::{Memory, MemoryBudget};

use self::desk::{Desk, Letterbox, LoadErrand};
use self::engines::{Engines, Errand};
use self::file_loader::FileLoader;
use self::load_log::{LoadFacts, LoadLog};
use self::model::ModelShared;
use self::task::{Task, TaskEvent};
use crate::backend::cpu::ThreadPools;
use crate::engine::{Engine, MemoryUse, Taken, preparation_reserve};
use crate::error::{Error, ErrorCode, Result};
use crate::grammar::GrammarCompiler;
use crate::log::{LogLevel, LogTaken};
use crate::response::{CancelReason, SCHEMA_HASH};

/// How a runtime behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuntimeOptions {
    /// Whether `fault` is a command.
    pub test_faults: bool,
}

/// Names the generated TypeScript types that this engine speaks.
pub fn schema_hash() -> &'static str {
    SCHEMA_HASH
}

/// Everything a process has of Wick: its clients, models, tickets.
pub struct Runtime {
    shared: Arc<Shared>,
    engines: Mutex<Engines>,
    loader: Box<dyn Loader>,
    memory: Arc<Memory>,
    options: RuntimeOptions,
}

/// What doorbells reach.
struct Shared {
    desk: Mutex<Desk>,
    host: Arc<dyn Host>,
}

impl Runtime {
    /// A runtime that loads models out of files.
    pub fn new(host: Arc<dyn Host>, options: RuntimeOptions) -> Self {
        let loader = FileLoader { has_threads: host.has_threads(), pools: ThreadPools::default() };
        Self::with_loader(host, options, Box::new(loader))
    }

    /// A runtime that loads by `loader`.
    pub fn with_loader(host: Arc<dyn Host>, options: RuntimeOptions, loader: Box<dyn Loader>) -> Self {
        let counting = Arc::clone(&host);
        Self {
            shared: Arc::new(Shared { desk: Mutex::default(), host }),
            engines: Mutex::default(),
            loader,
            memory: Memory::new(move || counting.memory_budget()),
            options,
        }
    }

    /// A new client: one JavaScript environment.
    pub fn open(&self) -> u32 {
        self.desk().next_client()
    }

    /// The environment is gone: its tickets are released, its models closed. Waits for no step.
    pub fn shut(&self, client: u32) {
        let mut desk = self.desk();
        desk.clients.remove(&client);
        let tickets: Vec<u32> =
            desk.tickets.iter().filter(|(_, (owner, _))| *owner == client).map(|(ticket, _)| *ticket).collect();
        let boxes: Vec<Letterbox> =
            tickets.iter().filter_map(|ticket| desk.tickets.remove(ticket)).map(|(_, letterbox)| letterbox).collect();
        let models: Vec<u32> =
            desk.models.iter().filter(|(_, shared)| shared.client == client).map(|(model, _)| *model).collect();
        for model in models {
            desk.models.remove(&model);
            desk.errands.push_back(Errand::Close { model, task: None });
        }
        drop(desk);
        for letterbox in boxes {
            release(&letterbox);
        }
        self.shared.host.wake_engine();
    }

    /// JSON of the ticket's next event. `None`: none yet, and its client's doorbell rings once there is one; or the
    /// ticket has ended.
    pub fn take(&self, ticket: u32) -> Option<String> {
        let letterbox = self.letterbox(ticket)?;
        let (event, last) = match &letterbox {
            Letterbox::Stream(mailbox) => match mailbox.take() {
                Taken::Event(response) => {
                    // Only raw logits do not serialise, and no mailbox has them.
                    let json = serde_json::to_string(&response).ok();
                    (json, response.is_terminal())
                }
                Taken::Nothing => (None, false),
                Taken::Over => (None, true),
            },
            Letterbox::Task(task) => match task.take() {
                TaskEvent::Next(event) => (Some(event), false),
                TaskEvent::Last(event) => (Some(event), !task.has_vector()),
                TaskEvent::Nothing => (None, false),
                TaskEvent::Over => (None, !task.has_vector()),
            },
            Letterbox::Log(log) => match log.take() {
                LogTaken::Entry(entry) => (Some(json!({"kind": "log", "entry": entry}).to_string()), false),
                LogTaken::Nothing => (None, false),
                LogTaken::Over => (Some(json!({"kind": "result", "value": null}).to_string()), true),
            },
        };
        if last {
            self.desk().tickets.remove(&ticket);
        }
        event
    }

    /// The vector of the event just taken, once.
    pub fn take_vector(&self, ticket: u32) -> Option<Vec<f32>> {
        match self.letterbox(ticket)? {
            Letterbox::Stream(_) | Letterbox::Log(_) => None,
            Letterbox::Task(task) => {
                let vector = task.take_vector();
                if vector.is_some() {
                    self.desk().tickets.remove(&ticket);
                }
                vector
            }
        }
    }

    /// Ends the work of a ticket; its last event is there at once.
    pub fn cancel(&self, ticket: u32, reason: CancelReason) {
        match self.letterbox(ticket) {
            Some(Letterbox::Stream(mailbox)) => mailbox.cancel(reason),
            Some(Letterbox::Task(task)) => task.cancel(reason),
            Some(Letterbox::Log(_)) | None => {}
        }
    }

    /// Nobody reads the ticket any more.
    pub fn release(&self, ticket: u32) {
        let letterbox = self.desk().tickets.remove(&ticket);
        if let Some((_, letterbox)) = letterbox {
            release(&letterbox);
        }
    }

    /// The tickets that rang since the last call.
    pub fn woken(&self, client: u32) -> Vec<u32> {
        let mut desk = self.desk();
        let Some(client) = desk.clients.get_mut(&client) else { return Vec::new() };
        client.rung = false;
        std::mem::take(&mut client.woken)
    }

    /// One turn of the engine thread; true when it is to call again at once.
    pub fn step(&self) -> bool {
        let host = &self.shared.host;
        let overdue = self.desk().overdue(host.now());
        for mailbox in overdue {
            mailbox.cancel(CancelReason::Timeout);
        }
        let mut engines = lock(&self.engines);
        loop {
            let errand = self.desk().errands.pop_front();
            let Some(errand) = errand else { break };
            engines.run(errand);
        }
        let worked = engines.step(&|| host.now());
        let mut desk = self.desk();
        desk.deadline = engines.deadline().into_iter().chain(desk.preparing_deadline()).min();
        worked || !desk.errands.is_empty()
    }

    /// Takes back what those had who have gone, and computes nothing. For a caller without an engine thread, who may not be
    /// there for another [`Self::step`].
    pub fn tidy(&self) {
        lock(&self.engines).tidy();
    }

    /// Whether there is no model and no ticket.
    pub fn is_unused(&self) -> bool {
        let desk = self.desk();
        desk.models.is_empty() && desk.tickets.is_empty() && desk.errands.is_empty()
    }

    /// When [`Self::step`] is due though nobody wakes the engine thread, on [`Host::now`]'s clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.desk().deadline
    }

    /// Reads, renders and tokenises one request, to its end; true when there was one. Several threads may.
    pub fn prepare_one(&self) -> bool {
        self.prepare_up_to(usize::MAX)
    }

    /// [`Self::prepare_one`] for a thread that leaves long texts to others, so that it is there for short ones.
    pub fn prepare_one_short(&self) -> bool {
        self.prepare_up_to(preparation::SHORT)
    }

    fn prepare_up_to(&self, longest: usize) -> bool {
        let preparation = self.desk().next_preparation(longest);
        let Some((bytes, preparation)) = preparation else { return false };
        let ticket = preparation.ticket();
        let errand = match self.memory.require(preparation.memory(bytes)) {
            Ok(()) => preparation.run(),
            Err(error) => {
                preparation.refuse(error);
                None
            }
        };
        let mut desk = self.desk();
        if let Some(ticket) = ticket {
            desk.preparing.remove(&ticket);
        }
        let Some(errand) = errand else { return true };
        desk.errands.push_back(errand);
        drop(desk);
        self.shared.host.wake_engine();
        true
    }

    /// Loads or estimates one model, to its end; true when there was one.
    pub fn load_one(&self) -> bool {
        let errand = self.desk().loads.pop_front();
        let Some(errand) = errand else { return false };
        if errand.task.is_cancelled() {
            return true;
        }
        let task = Arc::clone(&errand.task);
        // Formats and tokenizers are checked, but a broken file must not end the thread.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.load(errand))) {
            let message = "Loading broke inside the engine; please report it with the model's name.";
            task.end(Err(Error::new(ErrorCode::Internal, message).after_panic(&*panic)));
        }
        true
    }

    fn load(&self, errand: LoadErrand) {
        let LoadErrand { client, task, source, draft, options, estimate, log } = errand;
        if estimate {
            task.end(self.loader.estimate(source, draft, &options, &self.memory));
            return;
        }
        let began = self.shared.host.now();
        let mut progress = |progress: Value| task.progress(&progress);
        let cancelled = || task.is_cancelled();
        let loaded = self.loader.load(source, draft, &options, &self.memory, &mut progress, &cancelled);
        match loaded.and_then(|loaded| self.install(client, &task, loaded, log, began)) {
            Ok(()) => {}
            Err(error) => task.end(Err(error)),
        }
    }

    fn install(&self, client: u32, task: &Task, loaded: Loaded, log: Option<LogLevel>, began: Duration) -> Result<()> {
        let Loaded {
            model,
            draft_model,
            tokenizer,
            template,
            defaults,
            fim,
            pooling,
            tool_format,
            info,
            weights_bytes,
            max_memory_bytes,
            threads,
            kv_cache,
            engine: options,
        } = loaded;
        let context_length = model.context_length();
        let account = self.memory.open(max_memory_bytes).with_reserve(preparation_reserve(context_length));
        account.note(MemoryUse::Weights, weights_bytes)?;
        let embedding_width = model.hidden_size();
        let grammars =
            GrammarCompiler::new(Arc::clone(&tokenizer), defaults.end_tokens.clone(), Arc::clone(&self.memory));
        let engine = Engine::new(model, Arc::clone(&tokenizer), defaults.end_tokens, options, account);
        let LoadLog { ticket: log_ticket, log } = self.open_log(client, log);
        let mut engine = engine.with_log(log.clone());
        if let Some(draft_model) = draft_model {
            engine = engine.with_draft_model(draft_model);
        }
        let facts = LoadFacts { weights_bytes, threads, kv_cache, context_length, options, began };
        facts.tell(&log, &info, &engine.stats().read());
        let name = info.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let tokenizer_bytes = tokenizer.memory_bytes();
        let bytes_of = |id| tokenizer.token_bytes(id).map_or(0, <[u8]>::len);
        let longest_token = (0..tokenizer.vocabulary_size() as u32).map(bytes_of).max().unwrap_or(0);
        let shared = ModelShared {
            name,
            client,
            tokenizer,
            template,
            defaults: defaults.sampling,
            grammars,
            fim,
            pooling,
            tool_format,
            embedding_width,
            read_ahead: options.read_ahead,
            context_length,
            longest_token,
            stats: engine.stats(),
            places: engine.places(),
            log: log.clone(),
        };
        let mut desk = self.desk();
        if !desk.clients.contains_key(&client) || task.is_cancelled() {
            return Err(Error::new(ErrorCode::Cancelled, "The call was cancelled."));
        }
        let model = desk.next_model();
        desk.models.insert(model, Arc::new(shared));
        desk.errands.push_back(Errand::Install { model, engine: Box::new(engine) });
        if let Some(ticket) = log_ticket {
            desk.tickets.insert(ticket, (client, Letterbox::Log(log)));
        }
        drop(desk);
        let mut event = json!({"kind": "loaded", "model": model, "info": info, "tokenizerBytes": tokenizer_bytes});
        if let Some(ticket) = log_ticket {
            event["log"] = ticket.into();
        }
        if !task.end_with(Ok(event), None) {
            // Cancelled just now: nobody learns of this model.
            let mut desk = self.desk();
            desk.models.remove(&model);
            log_ticket.and_then(|ticket| desk.tickets.remove(&ticket));
            desk.errands.push_back(Errand::Close { model, task: None });
        }
        self.shared.host.wake_engine();
        Ok(())
    }

    fn letterbox(&self, ticket: u32) -> Option<Letterbox> {
        self.desk().tickets.get(&ticket).map(|(_, letterbox)| letterbox.clone())
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        lock(&self.shared.desk)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic under one of these locks is caught further in, or leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn release(letterbox: &Letterbox) {
    match letterbox {
        Letterbox::Stream(mailbox) => mailbox.release(),
        Letterbox::Task(task) => task.cancel(CancelReason::Disconnect),
        Letterbox::Log(log) => log.release(),
    }
}
