//! What the instance asks of the JavaScript around it: of `host`, the argument of the factory that makes its bindings.

use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use wasm_bindgen::prelude::wasm_bindgen;
use wick_core::runtime::{Host, MemoryBudget};

use crate::budget::budget;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since some moment; never goes back.
    #[wasm_bindgen(js_namespace = host, js_name = now)]
    fn now_ms() -> f64;

    /// Milliseconds since 1970.
    #[wasm_bindgen(js_namespace = host, js_name = unixMs)]
    fn unix_ms() -> f64;

    /// 53 random bits.
    #[wasm_bindgen(js_namespace = host, js_name = random)]
    fn random() -> f64;

    /// The trap that follows tells nothing.
    #[wasm_bindgen(js_namespace = host, js_name = panicked)]
    fn panicked(message: &str);
}

/// Whether a ticket that was found empty has an event.
static RANG: AtomicBool = AtomicBool::new(false);

/// The JavaScript around the instance.
pub(crate) struct JavaScriptHost;

/// Sends the messages of panics to the host.
pub(crate) fn tell_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| panic::set_hook(Box::new(|info| panicked(&info.to_string()))));
}

/// Whether it rang since the last call.
pub(crate) fn rang() -> bool {
    RANG.swap(false, Relaxed)
}

/// Time since some moment.
pub(crate) fn now() -> Duration {
    Duration::try_from_secs_f64(now_ms() / 1e3).unwrap_or_default()
}

impl Host for JavaScriptHost {
    fn ring(&self, _: u32) {
        // Not a call into JavaScript, which could call back while the engine is borrowed: it is asked after each call.
        RANG.store(true, Relaxed);
    }

    // Nobody sleeps: the next step finds the work.
    fn wake_engine(&self) {}

    fn wake_preparers(&self) {}

    fn wake_loader(&self) {}

    fn now(&self) -> Duration {
        now()
    }

    fn unix_seconds(&self) -> u64 {
        (unix_ms() / 1e3) as u64
    }

    fn seed(&self) -> u64 {
        random() as u64
    }

    fn has_threads(&self) -> bool {
        false
    }

    fn memory_budget(&self) -> Option<MemoryBudget> {
        Some(budget())
    }
}
