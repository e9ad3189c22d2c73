//! What comes in: refused before any work, or put where it waits.

use std::sync::Arc;
use std::time::Duration;

use super::answer::End;
use super::embeddings::EmbeddingsRun;
use super::logits::LogitsRun;
use super::request::Request;
use super::{EmbeddingInput, EmbeddingsJob, Engine, Job, LogitsJob, Mailbox};
use crate::error::{Error, ErrorCode, Result};

impl Engine {
    /// Takes a job up. What is wrong with it becomes the mailbox's `validation_error`, before any work.
    /// The answer is named in `mailbox` already ([`Mailbox::begin`]), which has its place ([`Mailbox::enter`]).
    pub fn add(&mut self, job: Job, mailbox: Arc<Mailbox>, arrived: Duration) -> u64 {
        let id = self.next_request;
        self.next_request += 1;
        if mailbox.is_over() {
            return id;
        }
        match self.check(&job) {
            Ok(room) => {
                let request = Request::new(id, job, room, mailbox, arrived);
                // First come, first served among equals, though threads that prepare may swap neighbours.
                let before = |other: &Request| (-other.job.priority, other.arrived) <= (-request.job.priority, arrived);
                let at = self.queue.partition_point(before);
                self.queue.insert(at, request);
                self.log_accepted(at);
                self.tell_queue_positions();
                self.publish();
            }
            Err(error) => match &self.dead {
                Some(error) => mailbox.end(End::InternalError(error.info().clone())),
                None => mailbox.end(End::ValidationError(error.into_info())),
            },
        }
        id
    }

    /// Takes a call for raw logits up.
    pub fn add_logits(&mut self, job: LogitsJob) {
        let context = self.model.context_length();
        let blocks = self.kv.blocks_for(job.tokens.len());
        let refused = match &self.dead {
            Some(error) => Some(error.clone()),
            None if job.tokens.is_empty() => {
                Some(Error::invalid_request("tokens", "`tokens` is empty; give at least one."))
            }
            None if job.tokens.len() > context => Some(overflow(job.tokens.len(), context).at("tokens")),
            None if blocks > self.kv.limit() => Some(self.kv.exhausted(blocks)),
            None => None,
        };
        match refused {
            Some(error) => (job.done)(Err(error)),
            None => self.logits.push_back(LogitsRun::new(job)),
        }
    }

    /// Takes a call for embeddings up.
    pub fn add_embeddings(&mut self, job: EmbeddingsJob) {
        let context = self.model.context_length();
        let refused = |input: &EmbeddingInput| {
            let blocks = self.kv.blocks_for(input.tokens.len());
            match input.tokens.len() {
                0 => Some(Error::invalid_request("", "The text is empty, and the model has no token to begin with.")),
                tokens if tokens > context => Some(overflow(tokens, context)),
                _ if blocks > self.kv.limit() => Some(self.kv.exhausted(blocks)),
                _ => None,
            }
            .map(|error| error.at(input.path.clone()))
        };
        match self.dead.clone().or_else(|| job.inputs.iter().find_map(refused)) {
            Some(error) => (job.done)(Err(error)),
            None => self.embeddings.push_back(EmbeddingsRun::new(job)),
        }
    }

    /// Room a job's sequences have, or why it cannot run.
    fn check(&self, job: &Job) -> Result<usize> {
        if let Some(error) = &self.dead {
            return Err(error.clone());
        }
        let context = self.model.context_length();
        let prompt = job.prompt.len();
        if prompt == 0 {
            return Err(Error::invalid_request(
                "prompt",
                "The prompt is empty and the model has no token to begin with.",
            ));
        }
        if prompt >= context {
            return Err(overflow(prompt, context));
        }
        if job.n as usize > self.options.max_sequences {
            let message = format!("This engine runs at most {} sequences at once.", self.options.max_sequences);
            return Err(Error::unsupported("n", message));
        }
        // Others make room for a sequence that needs it, its own choices too: alone it must fit.
        let room = context.min(self.kv.limit() * self.kv.layout().block_size);
        if prompt >= room {
            return Err(self.kv.exhausted(self.kv.blocks_for(prompt + 1)));
        }
        Ok(room)
    }
}

fn overflow(prompt: usize, max: usize) -> Error {
    let message =
        format!("The prompt has {prompt} tokens, and prompt and answer share a context of {max}; shorten it.");
    Error::new(ErrorCode::ContextOverflow, message).detail("prompt", prompt).detail("max", max)
}
