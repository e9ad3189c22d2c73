//! `tokenizer_config.json`: special tokens by role, whether a BOS is added, chat templates.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::invalid;
use crate::error::Result;

/// Largest file accepted, in bytes: some list all added tokens again.
const MAX_FILE: usize = 16 << 20;

/// What Wick reads of a `tokenizer_config.json`; everything else in the file is ignored, code never runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TokenizerConfig {
    /// Spelling of the token before a text.
    pub bos_token: Option<String>,
    /// Spelling of the token after an answer.
    pub eos_token: Option<String>,
    /// Spelling of the padding token.
    pub pad_token: Option<String>,
    /// Spelling of the unknown token.
    pub unk_token: Option<String>,
    /// Whether raw text is to begin with the BOS token; `None` where the file does not say.
    pub add_bos_token: Option<bool>,
    /// Chat templates by name; a single one is named `default`.
    pub chat_templates: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Token {
        content: String,
    },
    /// Anything else is as good as absent.
    Other(IgnoredAny),
}

impl Text {
    fn into_text(self) -> Option<String> {
        match self {
            Self::Plain(text) | Self::Token { content: text } => Some(text).filter(|text| !text.is_empty()),
            Self::Other(_) => None,
        }
    }
}

#[derive(Deserialize)]
struct NamedTemplate {
    name: String,
    template: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Templates {
    One(String),
    Many(Vec<NamedTemplate>),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct File {
    bos_token: Option<Text>,
    eos_token: Option<Text>,
    pad_token: Option<Text>,
    unk_token: Option<Text>,
    add_bos_token: Option<Value>,
    chat_template: Option<Templates>,
}

impl TokenizerConfig {
    /// Reads the file's bytes.
    ///
    /// # Errors
    /// `tokenizer_invalid{reason: "json"}`.
    pub fn parse(json: &[u8]) -> Result<Self> {
        if json.len() > MAX_FILE {
            return Err(invalid(
                "json",
                format!("tokenizer_config.json has {} bytes, over the limit of {MAX_FILE}", json.len()),
            ));
        }
        let file: File =
            serde_json::from_slice(json).map_err(|error| invalid("json", format!("tokenizer_config.json: {error}")))?;
        let text = |value: Option<Text>| value.and_then(Text::into_text);
        let chat_templates = match file.chat_template {
            Some(Templates::One(template)) => vec![("default".to_owned(), template)],
            Some(Templates::Many(named)) => named.into_iter().map(|named| (named.name, named.template)).collect(),
            Some(Templates::Other(_)) | None => Vec::new(),
        };
        Ok(Self {
            bos_token: text(file.bos_token),
            eos_token: text(file.eos_token),
            pad_token: text(file.pad_token),
            unk_token: text(file.unk_token),
            add_bos_token: file.add_bos_token.as_ref().and_then(Value::as_bool),
            chat_templates,
        })
    }

    /// The template to use: `tool_use` where tools are given and there is one, else `default`, else the only one.
    pub fn chat_template(&self, tools: bool) -> Option<&str> {
        let named = |name: &str| self.chat_templates.iter().find(|template| template.0 == name);
        let tool_use = if tools { named("tool_use") } else { None };
        let chosen = tool_use.or_else(|| named("default")).or_else(|| self.chat_templates.first());
        chosen.map(|template| template.1.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_ways_of_writing_a_token_and_templates() {
        let config = TokenizerConfig::parse(
            br#"{"bos_token":{"content":"<s>","lstrip":false},"eos_token":"</s>","pad_token":null,"add_bos_token":true,
                "chat_template":[{"name":"default","template":"a"},{"name":"tool_use","template":"b"}]}"#,
        )
        .unwrap();
        assert_eq!(config.bos_token.as_deref(), Some("<s>"));
        assert_eq!(config.eos_token.as_deref(), Some("</s>"));
        assert_eq!((config.pad_token.as_deref(), config.add_bos_token), (None, Some(true)));
        assert_eq!((config.chat_template(false), config.chat_template(true)), (Some("a"), Some("b")));
    }
}
