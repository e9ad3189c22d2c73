//! How a model's hidden states become the one vector of a text.

use serde::Deserialize;
use serde_json::{Map, Value};
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

/// How older files name a mode, each a key that is true.
const OLDER_KEYS: [(&str, &str); 6] = [
    ("pooling_mode_cls_token", "cls"),
    ("pooling_mode_max_tokens", "max"),
    ("pooling_mode_mean_tokens", "mean"),
    ("pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"),
    ("pooling_mode_weightedmean_tokens", "weightedmean"),
    ("pooling_mode_lasttoken", "lasttoken"),
];

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
                    let config: Map<String, Value> =
                        parse(&files.within(&path)?.read("config.json", MAX_FILE)?, &name)?;
                    let modes = modes(&config);
                    pooling = match modes[..] {
                        ["mean"] | [] => Self::Mean,
                        ["cls"] => Self::First,
                        ["lasttoken"] => Self::Last,
                        _ => {
                            let modes = modes.join(", ");
                            warnings.push(format!("embeddings are the last token's: {name} asks for `{modes}`"));
                            Self::Last
                        }
                    };
                }
                other => warnings.push(format!("embeddings leave out the module `{other}` of modules.json")),
            }
        }
        Ok(pooling)
    }
}

/// The modes whose vectors sentence-transformers puts together; `mean` where there are none.
fn modes(config: &Map<String, Value>) -> Vec<&str> {
    match config.get("pooling_mode") {
        Some(Value::String(mode)) => vec![mode],
        Some(Value::Array(modes)) => modes.iter().filter_map(Value::as_str).collect(),
        Some(_) | None => {
            let set = OLDER_KEYS.iter().filter(|(key, _)| config.get(*key) == Some(&Value::Bool(true)));
            set.map(|(_, mode)| *mode).collect()
        }
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
        for (config, expected) in [
            (r#"{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false}"#, Pooling::Mean),
            (r#"{"pooling_mode_mean_tokens": false, "pooling_mode_lasttoken": true}"#, Pooling::Last),
            (r#"{"pooling_mode_cls_token": true}"#, Pooling::First),
            (r#"{"pooling_mode": "mean"}"#, Pooling::Mean),
            (r#"{"pooling_mode": ["cls"]}"#, Pooling::First),
            (r#"{"pooling_mode": "lasttoken"}"#, Pooling::Last),
            ("{}", Pooling::Mean),
        ] {
            let (pooling, warnings) = read(modules, config).unwrap();
            assert_eq!(pooling, expected, "{config}");
            assert!(warnings.len() == 1 && warnings[0].contains("Dense"), "{warnings:?}");
        }
        for config in
            [r#"{"pooling_mode": "max"}"#, r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}"#]
        {
            let (pooling, warnings) = read(modules, config).unwrap();
            assert!(pooling == Pooling::Last && warnings[0].contains("1_Pooling/config.json"), "{warnings:?}");
        }
        assert_eq!(read("{", "").unwrap_err().code(), ErrorCode::ModelInvalid);
        assert_eq!(read(modules, "1").unwrap_err().code(), ErrorCode::ModelInvalid);
        let outside = r#"[{"path": "../other", "type": "Pooling"}]"#;
        assert_eq!(read(outside, "{}").unwrap_err().code(), ErrorCode::ModelInvalid);
        let nothing = Pooling::from_checkpoint(&ModelFiles::from_bytes([]), &mut Vec::new());
        assert_eq!(nothing.unwrap(), Pooling::Last);
    }
}
