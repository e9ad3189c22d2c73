//! Text of a sequence: bytes of tokens → UTF-8 → stop strings → reasoning → tool calls.
//!
//! Each stage is one small type that holds back only what could still change its meaning, so that any split of the
//! same bytes into tokens gives the same events once neighbours are merged. All of them are `Clone`, which is how a
//! sequence forks; [`TextPipeline::truncate`] rolls the whole back to an earlier token.

mod answer_stage;
mod event;
mod marker_scan;
mod needle;
mod pipeline;
mod reasoning;
mod stop;
mod text_options;
mod tool_call;
mod utf8;

pub use event::{TextEvent, ToolCallDelta};
pub use pipeline::TextPipeline;
pub use reasoning::ReasoningMarkers;
pub use stop::{StopMatch, StopStrings};
pub use text_options::TextOptions;
pub use tool_call::{CallId, ParameterTypes, ToolFormat, ToolOptions};
