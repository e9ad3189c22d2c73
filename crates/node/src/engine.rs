//! The class that JavaScript sees.

use napi::bindgen_prelude::{Float32Array, Function, Uint8Array, Uint32Array};
use napi::{Env, Error, Result, Status};
use napi_derive::napi;
use wick_core::response::CancelReason;
use wick_core::runtime;

use crate::host::{self, DOORBELLS, RUNTIME};

/// One environment's door to the engine of this process. Commands and events are JSON; a failure is an event.
#[napi]
pub struct Engine {
    client: u32,
}

#[expect(
    clippy::unused_self,
    clippy::needless_pass_by_value,
    reason = "a class for JavaScript: its methods hang on an instance and get their strings from napi as owned values"
)]
#[napi]
impl Engine {
    /// `doorbell` is called without arguments when a ticket that `take` found empty has an event: then ask `woken`.
    /// It does not keep the process alive; hold a timer while a reader waits.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, doorbell: Function<'_, (), ()>) -> Result<Self> {
        host::start()
            .map_err(|error| Error::new(Status::GenericFailure, format!("no thread for the engine: {error}")))?;
        let client = RUNTIME.open();
        DOORBELLS.hang(client, &doorbell)?;
        env.add_env_cleanup_hook(client, leave)?;
        Ok(Self { client })
    }

    /// Hands in a command with its byte buffers, and answers with the ticket of its events.
    #[napi(catch_unwind)]
    pub fn submit(&self, command: String, buffers: Option<Vec<Uint8Array>>) -> u32 {
        let buffers = buffers.unwrap_or_default().iter().map(|buffer| buffer.to_vec()).collect();
        RUNTIME.submit(self.client, &command, buffers)
    }

    /// The next event. `null`: none yet (the doorbell rings once there is one), or the ticket has ended.
    #[napi(catch_unwind)]
    pub fn take(&self, ticket: u32) -> Option<String> {
        RUNTIME.take(ticket)
    }

    /// The vector that came with the event just taken, once.
    #[napi(catch_unwind)]
    pub fn take_vector(&self, ticket: u32) -> Option<Float32Array> {
        RUNTIME.take_vector(ticket).map(Float32Array::new)
    }

    /// Ends the work of a ticket; its last event is still to be taken.
    #[napi(catch_unwind, ts_args_type = "ticket: number, reason: 'signal' | 'cancel' | 'timeout' | 'disconnect'")]
    pub fn cancel(&self, ticket: u32, reason: String) -> Result<()> {
        let reason = reason
            .parse::<CancelReason>()
            .map_err(|_| Error::new(Status::InvalidArg, format!("no reason to cancel: {reason:?}")))?;
        RUNTIME.cancel(ticket, reason);
        Ok(())
    }

    /// Nobody reads the ticket any more: ends its work and forgets it.
    #[napi(catch_unwind)]
    pub fn release(&self, ticket: u32) {
        RUNTIME.release(ticket);
    }

    /// The tickets that the doorbell rang for. To be asked at every ring.
    #[napi(catch_unwind)]
    pub fn woken(&self) -> Uint32Array {
        Uint32Array::new(RUNTIME.woken(self.client))
    }

    /// Microseconds on the clock by which a paced stream without a model says when it spoke.
    #[napi(catch_unwind)]
    pub fn clock(&self) -> f64 {
        host::now().as_micros() as f64
    }

    /// Names the generated types that this addon speaks.
    #[napi(catch_unwind)]
    pub fn schema_hash(&self) -> String {
        runtime::schema_hash().to_owned()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        leave(self.client);
    }
}

/// The environment ends or has dropped its engine; whichever comes first, the other finds nothing left.
fn leave(client: u32) {
    DOORBELLS.take_down(client);
    RUNTIME.shut(client);
}
