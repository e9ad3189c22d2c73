//! The class that JavaScript sees.

use std::sync::Arc;

use wasm_bindgen::prelude::{JsError, wasm_bindgen};
use wick_core::response::CancelReason;
use wick_core::runtime::{Runtime, RuntimeOptions};

use crate::buffers::Buffers;
use crate::host::{self, JavaScriptHost};

/// The engine of this instance. Commands and events are JSON; a failure is an event.
///
/// Every method borrows it exclusively, so that a call from within a call is an error of JavaScript and touches nothing.
#[wasm_bindgen]
pub struct Engine {
    runtime: Runtime,
    client: u32,
    buffers: Buffers,
}

#[wasm_bindgen]
impl Engine {
    /// The engine of a new instance. `testFaults`: whether `fault` is a command.
    #[wasm_bindgen(constructor)]
    pub fn new(test_faults: bool) -> Self {
        host::tell_panics();
        let runtime = Runtime::new(Arc::new(JavaScriptHost), RuntimeOptions { test_faults });
        let client = runtime.open();
        Self { runtime, client, buffers: Buffers::default() }
    }

    /// Room for so many bytes of a model; the number of the buffer, nothing where there is none.
    pub fn allocate(&mut self, bytes: usize) -> Option<u32> {
        self.buffers.allocate(bytes)
    }

    /// Where a buffer begins in the instance's memory. It stays there.
    pub fn address(&mut self, buffer: u32) -> Option<usize> {
        self.buffers.address(buffer).map(|pointer| pointer as usize)
    }

    /// Gives up a buffer that no command took.
    pub fn deallocate(&mut self, buffer: u32) {
        drop(self.buffers.take(buffer));
    }

    /// Hands in a command with its buffers, which it takes, and answers with the ticket of its events.
    pub fn submit(&mut self, command: &str, buffers: &[u32]) -> u32 {
        let buffers = buffers.iter().map(|buffer| self.buffers.take(*buffer)).collect();
        self.runtime.submit(self.client, command, buffers)
    }

    /// The next event. `undefined`: none yet, or the ticket has ended.
    pub fn take(&mut self, ticket: u32) -> Option<String> {
        self.runtime.take(ticket)
    }

    /// The vector that came with the event just taken, once.
    #[wasm_bindgen(js_name = takeVector)]
    pub fn take_vector(&mut self, ticket: u32) -> Option<Vec<f32>> {
        self.runtime.take_vector(ticket)
    }

    /// Ends the work of a ticket; its last event is still to be taken.
    pub fn cancel(&mut self, ticket: u32, reason: &str) -> Result<(), JsError> {
        let reason =
            reason.parse::<CancelReason>().map_err(|_| JsError::new(&format!("no reason to cancel: {reason:?}")))?;
        self.runtime.cancel(ticket, reason);
        Ok(())
    }

    /// Nobody reads the ticket any more: ends its work and forgets it.
    pub fn release(&mut self, ticket: u32) {
        self.runtime.release(ticket);
    }

    /// The tickets that have an event since they were found empty.
    pub fn woken(&mut self) -> Vec<u32> {
        self.runtime.woken(self.client)
    }

    /// Whether there are any: to be asked after every call.
    pub fn rang(&mut self) -> bool {
        host::rang()
    }

    /// Loads and computes what is next, and prepares what came in: all short texts, so that the most urgent is known, and one
    /// of any length. True when there may be more to do at once.
    pub fn step(&mut self) -> bool {
        while self.runtime.prepare_one_short() {}
        self.runtime.load_one() | self.runtime.prepare_one() | self.runtime.step()
    }

    /// Milliseconds until [`Self::step`] is due though nobody asks for it.
    #[wasm_bindgen(js_name = dueInMs)]
    pub fn due_in_ms(&mut self) -> Option<f64> {
        self.runtime.next_deadline().map(|at| at.saturating_sub(host::now()).as_secs_f64() * 1e3)
    }

    /// Whether there is no model and no ticket: nothing is lost with the instance.
    #[wasm_bindgen(js_name = isUnused)]
    pub fn is_unused(&mut self) -> bool {
        self.runtime.is_unused()
    }

    /// Names the generated types that this module speaks.
    #[wasm_bindgen(js_name = schemaHash)]
    pub fn schema_hash(&mut self) -> String {
        wick_core::runtime::schema_hash().to_owned()
    }
}
