//! What a log consists of.

use serde::Serialize;
use ts_rs::TS;

use super::event::LogEvent;

/// How much an entry matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum LogLevel {
    /// What becomes of each request.
    Debug,
    /// What is usual and rare.
    Info,
    /// Something is wrong or short, and the model goes on.
    Warn,
    /// The model does not go on.
    Error,
}

impl LogLevel {
    /// The level of that name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "debug" => Some(Self::Debug),
            "info" => Some(Self::Info),
            "warn" => Some(Self::Warn),
            "error" => Some(Self::Error),
            _ => None,
        }
    }
}

/// What every entry of a log has.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(rename_all = "camelCase")]
pub struct LogHead {
    /// How much it matters.
    pub level: LogLevel,
    /// When, in milliseconds on the engine's clock, which is that of `model.trace()`.
    pub at_ms: f64,
    /// The event in plain words, on one line.
    pub message: String,
    /// Entries before this one that were dropped, because the reader was more than 256 behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dropped: Option<u64>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogEntry {
    /// When, and how much it matters.
    #[serde(flatten)]
    pub head: LogHead,
    /// What.
    #[serde(flatten)]
    pub event: LogEvent,
}
