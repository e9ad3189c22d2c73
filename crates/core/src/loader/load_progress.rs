//! How far a load is.

use serde::Serialize;
use ts_rs::TS;

/// How far a load is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[ts(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum LoadProgress {
    /// Weights read, converted and packed.
    Weights {
        /// Bytes of the files' tensors that are in memory.
        #[ts(type = "number")]
        loaded_bytes: u64,
        /// Bytes of all of them.
        #[ts(type = "number")]
        total_bytes: u64,
    },
}
