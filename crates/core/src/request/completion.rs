//! A raw completion request.

use serde_json::Value;

use super::fields::{Fields, string};
use super::sampling::{SamplingRequest, token_ids};
use crate::error::{Error, Result};

/// What is gone on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// Text; control tokens spelled in it are recognised, as the caller wrote all of it.
    Text(String),
    /// Ids, fed as they are.
    Tokens(Vec<u32>),
}

/// A raw completion request, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct CompletionRequest {
    /// How tokens are chosen and when to end.
    pub sampling: SamplingRequest,
    /// What is gone on from.
    pub prompt: Prompt,
    /// The text begins with the prompt's.
    pub echo: bool,
}

impl CompletionRequest {
    /// Reads a request; `vocabulary` is how many tokens can be sampled.
    ///
    /// # Errors
    /// `invalid_request` or `unsupported`, with the field's path.
    pub fn read(value: Value, vocabulary: usize) -> Result<Self> {
        let mut fields = Fields::new(value, "")?;
        let sampling = SamplingRequest::read(&mut fields, vocabulary)?;
        let prompt = match fields.require("prompt")? {
            value @ Value::Array(_) => Prompt::Tokens(token_ids(value, "prompt", vocabulary)?),
            value => Prompt::Text(string(value, "prompt")?),
        };
        let echo = fields.flag("echo")?.unwrap_or(false);
        if echo && sampling.logprobs {
            return Err(Error::unsupported(
                "echo",
                "`echo` with `logprobs` would need those of the prompt; leave one out.",
            ));
        }
        fields.finish()?;
        Ok(Self { sampling, prompt, echo })
    }
}
