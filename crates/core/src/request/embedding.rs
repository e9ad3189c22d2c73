//! A request for embeddings.

use serde_json::Value;

use super::fields::{Fields, array, string};
use crate::error::{Error, Result};

/// Texts of a request.
const MAX_INPUTS: usize = 2048;

/// A request for embeddings, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingRequest {
    /// Each with its path, for errors.
    pub inputs: Vec<(String, String)>,
    /// Length of the vectors.
    pub dimensions: Option<usize>,
    /// Whether vectors get length 1.
    pub normalize: bool,
}

impl EmbeddingRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// `invalid_request` with the field's path.
    pub fn read(value: Value) -> Result<Self> {
        let mut fields = Fields::new(value, "")?;
        let inputs = match fields.require("inputs")? {
            Value::String(text) => vec![("inputs".to_owned(), text)],
            value => {
                let texts = array(value, "inputs")?.into_iter().enumerate();
                let named = texts.map(|(index, text)| (format!("inputs[{index}]"), text));
                named.map(|(path, text)| string(text, &path).map(|text| (path, text))).collect::<Result<_>>()?
            }
        };
        if inputs.is_empty() || inputs.len() > MAX_INPUTS {
            return Err(Error::invalid_request("inputs", format!("Give 1 to {MAX_INPUTS} texts."))
                .detail("max", MAX_INPUTS)
                .detail("got", inputs.len()));
        }
        let dimensions = fields.integer("dimensions", 1..=i64::from(i32::MAX))?.map(|value| value as usize);
        let normalize = fields.flag("normalize")?.unwrap_or(true);
        fields.finish()?;
        Ok(Self { inputs, dimensions, normalize })
    }
}
