//! The class that JavaScript sees.

use std::sync::Arc;

use wasm_bindgen::prelude::{JsError, wasm_bindgen};
use wick_core::Error;
use wick_core::response::CancelReason;
use wick_core::runtime::{Runtime, RuntimeOptions, file_bytes};

use crate::budget::{self, budget};
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
    refusal: Option<Error>,
}

#[wasm_bindgen]
impl Engine {
    /// The engine of a new instance. `testFaults`: whether `fault` is a command. `memoryLimit`: bytes that the instance's
    /// memory may have in all, from what it has to 4 GiB − 64 KiB.
    #[wasm_bindgen(constructor)]
    pub fn new(test_faults: bool, memory_limit: f64) -> Result<Self, JsError> {
        host::tell_panics();
        let runtime = Runtime::new(Arc::new(JavaScriptHost), RuntimeOptions { test_faults });
        let client = runtime.open();
        // After the first allocation, which counts what the memory began with.
        budget::set_limit(memory_limit).map_err(|wrong| JsError::new(&wrong))?;
        Ok(Self { runtime, client, buffers: Buffers::default(), refusal: None })
    }

    /// Bytes that the instance's memory may have in all.
    #[wasm_bindgen(js_name = memoryLimit)]
    pub fn memory_limit(&mut self) -> f64 {
        budget().limit as f64
    }

    /// Bytes of it that there must be for so many more.
    #[wasm_bindgen(js_name = memoryNeeded)]
    pub fn memory_needed(&mut self, bytes: f64) -> f64 {
        budget().needed(bytes as u64) as f64
    }

    /// Room for so many bytes of a model; the number of the buffer, nothing where there is none.
    pub fn allocate(&mut self, bytes: f64) -> Option<u32> {
        self.buffers.allocate(bytes as u64, budget())
    }

    /// Where a buffer begins in the instance's memory. It stays there.
    pub fn address(&mut self, buffer: u32) -> Option<usize> {
        self.buffers.address(buffer).map(|pointer| pointer as usize)
    }

    /// Ends a buffer after so many bytes: its source had no more.
    pub fn truncate(&mut self, buffer: u32, bytes: usize) {
        self.buffers.truncate(buffer, bytes);
    }

    /// Takes a buffer with the beginning of a GGUF file, and tells how long the file is: JSON of a `FileBytes`.
    #[wasm_bindgen(js_name = fileBytes)]
    pub fn file_bytes(&mut self, buffer: u32) -> String {
        file_bytes(self.buffers.take(buffer))
    }

    /// Gives up a buffer that no command took.
    pub fn deallocate(&mut self, buffer: u32) {
        drop(self.buffers.take(buffer));
    }

    /// Hands in a command with its buffers, which it takes, and answers with the ticket of its events; nothing where there is
    /// no memory to read it, and [`Self::refusal`] tells.
    pub fn submit(&mut self, command: &str, buffers: &[u32]) -> Option<u32> {
        let buffers = buffers.iter().map(|buffer| self.buffers.take(*buffer)).collect();
        match self.runtime.require_memory(command) {
            Ok(()) => Some(self.runtime.submit(self.client, command, buffers)),
            Err(error) => {
                self.refusal = Some(error);
                None
            }
        }
    }

    /// Why there was no ticket, once: JSON of an `ErrorInfo`.
    pub fn refusal(&mut self) -> Option<String> {
        self.refusal.take().map(|error| error.to_json())
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

    /// Ends the work of a ticket and frees what it had; its last event is still to be taken.
    pub fn cancel(&mut self, ticket: u32, reason: &str) -> Result<(), JsError> {
        let reason =
            reason.parse::<CancelReason>().map_err(|_| JsError::new(&format!("no reason to cancel: {reason:?}")))?;
        self.runtime.cancel(ticket, reason);
        self.runtime.tidy();
        Ok(())
    }

    /// Nobody reads the ticket any more: ends its work, frees what it had and forgets it.
    pub fn release(&mut self, ticket: u32) {
        self.runtime.release(ticket);
        self.runtime.tidy();
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
