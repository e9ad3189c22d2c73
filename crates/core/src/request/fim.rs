//! A request to fill in the middle.

use serde_json::Value;

use super::fields::Fields;
use super::sampling::SamplingRequest;
use crate::error::Result;

/// A request to fill in the middle, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct FimRequest {
    /// How tokens are chosen and when to end.
    pub sampling: SamplingRequest,
    /// Before the hole.
    pub prompt: String,
    /// After it; empty where there is nothing.
    pub suffix: String,
}

impl FimRequest {
    /// Reads a request; `vocabulary` is how many tokens can be sampled.
    ///
    /// # Errors
    /// `invalid_request` or `unsupported`, with the field's path.
    pub fn read(value: Value, vocabulary: usize) -> Result<Self> {
        let mut fields = Fields::new(value, "")?;
        let sampling = SamplingRequest::read(&mut fields, vocabulary)?;
        let prompt = fields.require_text("prompt")?;
        let suffix = fields.text("suffix")?.unwrap_or_default();
        fields.finish()?;
        Ok(Self { sampling, prompt, suffix })
    }
}
