//! One weak threadsafe function per JavaScript environment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Result, Status};

/// Weak, so that an idle engine lets the process exit; a queue of one, because a second ring would say nothing new.
type Bell = ThreadsafeFunction<(), (), (), Status, false, true, 1>;

/// The doorbells of all environments of the process, by client.
#[derive(Default)]
pub(crate) struct Doorbells(Mutex<HashMap<u32, Arc<Bell>>>);

impl Doorbells {
    /// Hangs up a bell for `client`. To be called on the environment's own thread, like all but [`Self::ring`].
    pub(crate) fn hang(&self, client: u32, callback: &Function<'_, (), ()>) -> Result<()> {
        let bell = callback
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .max_queue_size::<1>()
            .build()?;
        self.bells().insert(client, Arc::new(bell));
        Ok(())
    }

    /// Takes the bell down; the environment may be ending.
    pub(crate) fn take_down(&self, client: u32) {
        let bell = self.bells().remove(&client);
        drop(bell); // after the lock
    }

    /// Rings from any thread. The runtime asks for it once until the environment has asked what woke it.
    pub(crate) fn ring(&self, client: u32) {
        // The lock is not held over the call into Node: ending an environment waits for calls in flight.
        let Some(bell) = self.bells().get(&client).cloned() else { return };
        // `Closing`: the environment ends, nobody waits. `QueueFull`: a ring is already on its way.
        bell.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }

    fn bells(&self) -> std::sync::MutexGuard<'_, HashMap<u32, Arc<Bell>>> {
        // No code runs under this lock that could leave the map half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
