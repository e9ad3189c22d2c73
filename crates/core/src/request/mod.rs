//! Requests: read from JSON, every field checked, every mistake named by its path.
//!
//! An unknown field is an error, and so is one that this engine cannot honour; nothing is silently ignored.

mod chat;
mod completion;
mod embedding;
mod fields;
mod fim;
mod json;
mod message;
mod response_format;
mod sampling;
mod template_kwargs;
mod tool;
mod tool_choice;

pub use chat::ChatRequest;
pub use completion::{CompletionRequest, Prompt};
pub use embedding::EmbeddingRequest;
pub(crate) use fields::{Fields, whole_number};
pub use fim::FimRequest;
pub use json::parse_json;
pub use message::{Content, Message, MessageToolCall};
pub(crate) use sampling::token_ids;
pub use sampling::{Dry, SamplingRequest};
pub use tool::FunctionTool;
pub use tool_choice::ToolChoice;
