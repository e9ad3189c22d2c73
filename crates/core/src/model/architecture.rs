//! Which architectures there are, and the names files call them by.

use crate::error::{Error, ErrorCode, Result};

/// A supported architecture. Each has its own file in `model/`, except that Mistral and `SmolLM` share Llama's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// Llama 2 and 3, Mistral 7B, `SmolLM2`.
    Llama,
    /// Llama with layers that have no positions.
    SmolLm3,
    /// Biases on the query, key and value projections.
    Qwen2,
    /// Norms on the heads of queries and keys.
    Qwen3,
}

/// `config.json`'s `model_type`.
const HUGGING_FACE: [(&str, Architecture); 5] = [
    ("llama", Architecture::Llama),
    ("mistral", Architecture::Llama),
    ("smollm3", Architecture::SmolLm3),
    ("qwen2", Architecture::Qwen2),
    ("qwen3", Architecture::Qwen3),
];

/// GGUF's `general.architecture`; Mistral and `SmolLM2` call themselves llama there.
const GGUF: [(&str, Architecture); 4] = [
    ("llama", Architecture::Llama),
    ("smollm3", Architecture::SmolLm3),
    ("qwen2", Architecture::Qwen2),
    ("qwen3", Architecture::Qwen3),
];

impl Architecture {
    /// The architecture of a `config.json`.
    ///
    /// # Errors
    /// `model_unsupported` at `model_type`, naming it and what is supported.
    pub fn from_model_type(name: &str) -> Result<Self> {
        find(&HUGGING_FACE, name, "model_type")
    }

    /// The architecture of a GGUF file.
    ///
    /// # Errors
    /// `model_unsupported` at `general.architecture`, naming it and what is supported.
    pub fn from_gguf(name: &str) -> Result<Self> {
        find(&GGUF, name, "general.architecture")
    }

    /// Its name in a model's information.
    pub fn name(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::SmolLm3 => "smollm3",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
        }
    }
}

fn find(table: &[(&str, Architecture)], name: &str, key: &str) -> Result<Architecture> {
    table.iter().find(|(known, _)| *known == name).map(|(_, architecture)| *architecture).ok_or_else(|| {
        let known: Vec<&str> = table.iter().map(|(known, _)| *known).collect();
        let shown: String = name.chars().take(64).collect();
        Error::new(
            ErrorCode::ModelUnsupported,
            format!("the architecture `{shown}` is not supported; supported are {}", known.join(", ")),
        )
        .at(key)
        .detail("architecture", shown)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_names_and_names_them_when_it_does_not() {
        assert_eq!(Architecture::from_model_type("mistral").unwrap(), Architecture::Llama);
        assert_eq!(Architecture::from_gguf("qwen3").unwrap(), Architecture::Qwen3);
        let error = Architecture::from_gguf("mamba").unwrap_err();
        assert_eq!(error.code(), ErrorCode::ModelUnsupported);
        assert!(error.info().message.contains("mamba") && error.info().message.contains("qwen2"));
    }
}
