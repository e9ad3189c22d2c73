//! Who may wait. Decided when a request comes in, before it costs any work, and in the order of coming in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, ErrorCode, Result};

/// Places of requests that have not begun: as many as may wait, and one for each slot that is free.
#[derive(Debug)]
pub struct QueuePlaces {
    max_queue: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    taken: usize,
    free_slots: usize,
}

/// Held from coming in to beginning or ending.
#[derive(Debug)]
pub struct QueuePlace(Arc<QueuePlaces>);

impl QueuePlaces {
    pub(super) fn new(max_queue: usize, free_slots: usize) -> Arc<Self> {
        Arc::new(Self { max_queue, state: Mutex::new(State { taken: 0, free_slots }) })
    }

    /// A place for one more request.
    ///
    /// # Errors
    /// `queue_full`, which passes.
    pub fn take(self: &Arc<Self>) -> Result<QueuePlace> {
        let mut state = self.lock();
        if state.taken >= self.max_queue + state.free_slots {
            let message = format!("{} requests wait already; try again later.", state.taken);
            return Err(Error::new(ErrorCode::QueueFull, message).detail("max", self.max_queue).retryable());
        }
        state.taken += 1;
        Ok(QueuePlace(Arc::clone(self)))
    }

    /// Requests that have not begun.
    pub fn taken(&self) -> usize {
        self.lock().taken
    }

    pub(super) fn set_free_slots(&self, free_slots: usize) {
        self.lock().free_slots = free_slots;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for QueuePlace {
    fn drop(&mut self) {
        self.0.lock().taken -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_slot_is_a_place_beside_those_of_the_queue() {
        let places = QueuePlaces::new(1, 2);
        let mut held: Vec<QueuePlace> = (0..3).map(|_| places.take().unwrap()).collect();
        let refused = places.take().unwrap_err();
        assert_eq!((refused.code(), places.taken()), (ErrorCode::QueueFull, 3));
        held.pop();
        assert!(places.take().is_ok(), "and left at once again");
        places.set_free_slots(0);
        assert!(places.take().is_err(), "those who wait stay, though slots are gone");
    }
}
