//! candle's errors as ours.

use crate::error::{Error, ErrorCode};

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        let message = error.to_string();
        let lower = message.to_lowercase();
        let code = if lower.contains("out of memory") || lower.contains("out_of_memory") {
            ErrorCode::OutOfMemory
        } else if is_device(&error) {
            ErrorCode::DeviceLost
        } else {
            ErrorCode::Internal
        };
        // the first line: candle appends a backtrace when asked for one
        Self::new(code, format!("candle: {}", message.lines().next().unwrap_or_default()))
    }
}

fn is_device(error: &candle_core::Error) -> bool {
    match error {
        candle_core::Error::Cuda(_) | candle_core::Error::Metal(_) => true,
        candle_core::Error::WithBacktrace { inner, .. } | candle_core::Error::WithPath { inner, .. } => {
            is_device(inner)
        }
        candle_core::Error::Context { inner, .. } => is_device(inner),
        _ => false,
    }
}
