//! How a model's hidden states become the one vector of a text.

use serde::Deserialize;
use wick_formats::ModelFiles;
use wick_formats::gguf::Metadata;

use crate::error::{Error, ErrorCode, Result};

/// Which rows of the hidden states make the vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pooling {
    /// The last token's, which alone has seen the whole text.
    #[default]
    Last,
    /// All of them, averaged.
    Mean,
    /// The first token's.
    First,
}

/// Largest `modules.json` or pooling configuration, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// An entry of sentence-transformers' `modules.json`.
#[derive(Deserialize)]
struct Module {
    #[serde(default)]
    path: String,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct PoolingConfig {
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
    #[serde(default)]
    pooling_mode_cls_token: bool,
}

impl Pooling {
    /// What `<architecture>.pooling_type` of a GGUF file says: 1 mean, 2 first, 3 last.
    ///
    /// # Errors
    /// `model_invalid{key}` for a key of a wrong type.
    pub fn from_gguf(metadata: &Metadata) -> Result<Self> {
        let Some(architecture) = metadata.optional_str("general.architecture")? else { return Ok(Self::default()) };
        Ok(match metadata.optional_u32(&format!("{architecture}.pooling_type"))? {
            Some(1) => Self::Mean,
            Some(2) => Self::First,
            Some(_) | None => Self::Last,
        })
    }

    /// What sentence-transformers' files in a checkpoint say. What of them is not done is told in `warnings`.
    ///
    /// # Errors
    /// `model_invalid{key}` for files that are not what they should be; `io_error`, `too_large`.
    pub fn from_checkpoint(files: &ModelFiles, warnings: &mut Vec<String>) -> Result<Self> {
        if !files.contains("modules.json") {
            return Ok(Self::default());
        }
        let modules: Vec<Module> = parse(&files.read("modules.json", MAX_FILE)?, "modules.json")?;
        let mut pooling = Self::default();
        for Module { path, kind } in modules {
            match kind.rsplit('.').next().unwrap_or_default() {
                "Transformer" | "Normalize" => {}
                "Pooling" => {
                    let name = format!("{path}/config.json");
                    let config: PoolingConfig = parse(&files.within(&path)?.read("config.json", MAX_FILE)?, &name)?;
                    pooling = match config {
                        PoolingConfig { pooling_mode_mean_tokens: true, .. } => Self::Mean,
                        PoolingConfig { pooling_mode_cls_token: true, .. } => Self::First,
                        PoolingConfig { .. } => Self::Last,
                    };
                }
                other => warnings.push(format!("embeddings leave out the module `{other}` of modules.json")),
            }
        }
        Ok(pooling)
    }
}

fn parse<T: serde::de::DeserializeOwned>(json: &[u8], name: &str) -> Result<T> {
    serde_json::from_slice(json).map_err(|error| {
        Error::new(ErrorCode::ModelInvalid, format!("{name} cannot be read: {error}")).detail("key", name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wick_formats::Gguf;
    use wick_formats::gguf::Writer;

    #[test]
    fn reads_the_key_of_a_gguf_file() {
        for (stored, expected) in [
            (None, Pooling::Last),
            (Some(0), Pooling::Last),
            (Some(1), Pooling::Mean),
            (Some(2), Pooling::First),
            (Some(3), Pooling::Last),
        ] {
            let mut writer = Writer::new().metadata("general.architecture", "qwen3");
            if let Some(stored) = stored {
                writer = writer.metadata("qwen3.pooling_type", stored as u32);
            }
            let gguf = Gguf::from_bytes(writer.to_bytes(|_| Vec::new()).unwrap()).unwrap();
            assert_eq!(Pooling::from_gguf(gguf.metadata()).unwrap(), expected);
        }
    }

    #[test]
    fn reads_the_files_of_sentence_transformers() {
        let read = |modules: &str, config: &str| {
            let files = [("modules.json", modules), ("1_Pooling/config.json", config)];
            let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
            let mut warnings = Vec::new();
            Pooling::from_checkpoint(&ModelFiles::from_bytes(files), &mut warnings).map(|pooling| (pooling, warnings))
        };
        let modules = r#"[{"path": "", "type": "sentence_transformers.models.Transformer"},
            {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]"#;
        for (mode, expected) in
            [("mean_tokens", Pooling::Mean), ("lasttoken", Pooling::Last), ("cls_token", Pooling::First)]
        {
            let (pooling, warnings) = read(modules, &format!("{{\"pooling_mode_{mode}\": true}}")).unwrap();
            assert_eq!(pooling, expected);
            assert!(warnings.len() == 1 && warnings[0].contains("Dense"), "{warnings:?}");
        }
        assert_eq!(read("{", "").unwrap_err().code(), ErrorCode::ModelInvalid);
        assert_eq!(read(modules, "1").unwrap_err().code(), ErrorCode::ModelInvalid);
        let outside = r#"[{"path": "../other", "type": "Pooling"}]"#;
        assert_eq!(read(outside, "{}").unwrap_err().code(), ErrorCode::ModelInvalid);
        let nothing = Pooling::from_checkpoint(&ModelFiles::from_bytes([]), &mut Vec::new());
        assert_eq!(nothing.unwrap(), Pooling::Last);
    }
}
