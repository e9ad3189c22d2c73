//! Options of `Model.load`.

use serde_json::Value;

use super::speculation;
use crate::{
    backend::KvDType,
    engine::{EngineOptions, Speculation},
    error::{Error, Result},
    isq::IsqLevel,
    text::ToolFormat,
    weights::{Conversion, FloatType},
};

/// How to load a model. Everything has a default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// Quantise a float model while loading; bits a weight.
    pub isq: Option<IsqLevel>,
    /// Float type of the weights in memory; as stored when absent. Block types stay.
    pub dtype: Option<FloatType>,
    /// Which backend computes.
    pub backend: BackendChoice,
    /// Where it computes.
    pub device: DeviceChoice,
    /// CPU threads, the calling one included; the machine's when absent.
    pub threads: Option<usize>,
    /// Positions a sequence can have; the model's own when absent.
    pub context_length: Option<usize>,
    /// Bytes for weights and KV together.
    pub max_memory_bytes: Option<u64>,
    /// Replaces the model's chat template.
    pub chat_template: Option<String>,
    /// How the model writes tool calls; as its template teaches when absent.
    pub tool_format: Option<ToolFormat>,
    /// Sequences of a step; 8 when absent.
    pub max_sequences: Option<usize>,
    /// Requests that wait before `queue_full`; 64 when absent.
    pub max_queue: Option<usize>,
    /// Rows of prompts in a step; 256 when absent.
    pub prefill_chunk: Option<usize>,
    /// Tokens the engine runs ahead of a reader; 16 when absent.
    pub read_ahead: Option<u32>,
    /// Type of keys and values; f16 when absent, f32 for a model of f32 weights.
    pub kv_cache: Option<KvDType>,
    /// Bytes for keys and values of all sequences and those kept for later requests.
    pub kv_memory_bytes: Option<u64>,
    /// Where tokens that are computed ahead come from.
    pub speculation: Speculation,
}

/// Which backend computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BackendChoice {
    /// `cpu` on the CPU, `candle` on a GPU.
    #[default]
    Auto,
    /// Own kernels on the CPU.
    Cpu,
    /// The reference, on any device.
    Candle,
}

/// Where a model computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// A GPU if this build has one that opens, otherwise the CPU.
    #[default]
    Auto,
    /// The host.
    Cpu,
    /// NVIDIA.
    Cuda,
    /// Apple.
    Metal,
}

/// Fields of the contract that this version does not honour.
const LATER: [&str; 4] = ["hub", "worker", "workerUrl", "wasmUrl"];

/// Only a browser has them.
const BROWSER: [&str; 1] = ["browserCache"];

/// More threads than any machine gains from; a larger number is a mistake.
const MAX_THREADS: u64 = 1024;

/// Every sequence of a step has a row of logits, which is half a megabyte where the vocabulary is large.
const MAX_SEQUENCES: u64 = 256;
/// Each row of a step has its activations; more rows gain nothing.
const MAX_PREFILL_CHUNK: u64 = 4096;
const MAX_QUEUE: u64 = 1 << 20;
const MAX_READ_AHEAD: u64 = 1 << 16;

/// The longest template, in bytes.
const MAX_TEMPLATE: usize = 1 << 20;

impl LoadOptions {
    /// Reads options in their JSON form; `null` is no options, a `null` field is absent.
    ///
    /// # Errors
    /// `invalid_request` at an unknown field or a value out of range; `unsupported` at a field of the contract that this version
    /// does not honour.
    pub fn from_json(options: &Value) -> Result<Self> {
        let fields = match options {
            Value::Null => return Ok(Self::default()),
            Value::Object(fields) => fields,
            _ => return Err(Error::invalid_request("options", "options are an object")),
        };
        let mut read = Self::default();
        for (field, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            read.set(field, value)?;
        }
        if read.isq.is_some() && read.dtype.is_some() {
            return Err(Error::invalid_request("dtype", "`isq` decides the type of the weights; leave out `dtype`"));
        }
        Ok(read)
    }

    fn set(&mut self, field: &str, value: &Value) -> Result<()> {
        match field {
            "isq" => {
                let level = value.as_u64().and_then(IsqLevel::from_bits);
                self.isq = Some(level.ok_or_else(|| one_of(field, value, "2, 3, 4, 5, 6 or 8"))?);
            }
            "dtype" => {
                self.dtype = Some(match value.as_str() {
                    Some("f32") => FloatType::F32,
                    Some("f16") => FloatType::F16,
                    Some("bf16") => FloatType::BF16,
                    Some(_) | None => return Err(one_of(field, value, "\"f32\", \"f16\" or \"bf16\"")),
                });
            }
            "backend" => {
                self.backend = match value.as_str() {
                    Some("auto") => BackendChoice::Auto,
                    Some("cpu") => BackendChoice::Cpu,
                    Some("candle") => BackendChoice::Candle,
                    Some(_) | None => return Err(one_of(field, value, "\"auto\", \"cpu\" or \"candle\"")),
                };
            }
            "device" => {
                self.device = match value.as_str() {
                    Some("auto") => DeviceChoice::Auto,
                    Some("cpu") => DeviceChoice::Cpu,
                    Some("cuda") => DeviceChoice::Cuda,
                    Some("metal") => DeviceChoice::Metal,
                    Some(_) | None => return Err(one_of(field, value, "\"auto\", \"cpu\", \"cuda\" or \"metal\"")),
                };
            }
            "threads" => self.threads = Some(count(field, value, MAX_THREADS)? as usize),
            "contextLength" => self.context_length = Some(count(field, value, u64::from(u32::MAX))? as usize),
            "maxMemoryBytes" => self.max_memory_bytes = Some(count(field, value, 1 << 53)?),
            "maxSequences" => self.max_sequences = Some(count(field, value, MAX_SEQUENCES)? as usize),
            "maxQueue" => self.max_queue = Some(count(field, value, MAX_QUEUE)? as usize),
            "prefillChunk" => self.prefill_chunk = Some(count(field, value, MAX_PREFILL_CHUNK)? as usize),
            "readAhead" => self.read_ahead = Some(count(field, value, MAX_READ_AHEAD)? as u32),
            "kvMemoryBytes" => self.kv_memory_bytes = Some(count(field, value, 1 << 53)?),
            "kvCache" => {
                self.kv_cache = Some(match value.as_str() {
                    Some("f16") => KvDType::F16,
                    Some("f32") => KvDType::F32,
                    Some("q8") => KvDType::Q8,
                    Some(_) | None => return Err(one_of(field, value, "\"f16\", \"f32\" or \"q8\"")),
                });
            }
            "speculation" => self.speculation = speculation::read(value)?,
            "toolFormat" => {
                let format = value.as_str().and_then(ToolFormat::from_name);
                let names = || ToolFormat::NAMES.map(|(name, _)| format!("{name:?}")).join(" or ");
                self.tool_format = Some(format.ok_or_else(|| one_of(field, value, &names()))?);
            }
            "chatTemplate" => match value.as_str() {
                Some(template) if template.len() <= MAX_TEMPLATE => self.chat_template = Some(template.to_owned()),
                Some(_) => return Err(Error::invalid_request(field, format!("is longer than {MAX_TEMPLATE} bytes"))),
                None => return Err(one_of(field, value, "a string")),
            },
            later if LATER.contains(&later) => {
                return Err(Error::unsupported(later, format!("`{later}` is not supported yet; leave it out")));
            }
            browser if BROWSER.contains(&browser) => {
                return Err(Error::unsupported(browser, format!("`{browser}` is for browsers; leave it out")));
            }
            unknown => {
                let shown: String = unknown.chars().take(64).collect();
                return Err(Error::invalid_request(shown.clone(), format!("there is no option `{shown}`")));
            }
        }
        Ok(())
    }

    /// Policy of the model's engine, whose keys and values may have `kv_memory_bytes`.
    pub fn engine(&self, kv_memory_bytes: u64) -> EngineOptions {
        let defaults = EngineOptions::default();
        EngineOptions {
            max_sequences: self.max_sequences.unwrap_or(defaults.max_sequences),
            max_queue: self.max_queue.unwrap_or(defaults.max_queue),
            prefill_chunk: self.prefill_chunk.unwrap_or(defaults.prefill_chunk),
            read_ahead: self.read_ahead.unwrap_or(defaults.read_ahead),
            kv_memory_bytes: Some(kv_memory_bytes),
            speculation: self.speculation,
            masks_beside: defaults.masks_beside,
        }
    }

    /// What happens to matrices on their way into memory.
    pub fn conversion(&self) -> Conversion {
        match (self.isq, self.dtype) {
            (Some(level), _) => Conversion::Isq(level),
            (None, Some(float)) => Conversion::To(float),
            (None, None) => Conversion::AsStored,
        }
    }
}

pub(super) fn one_of(field: &str, value: &Value, allowed: &str) -> Error {
    let shown: String = value.to_string().chars().take(64).collect();
    Error::invalid_request(field, format!("`{field}` is {shown}; it has to be {allowed}"))
}

pub(super) fn count(field: &str, value: &Value, max: u64) -> Result<u64> {
    // JavaScript has one kind of number: 4 may arrive as 4.0
    let whole = value.as_u64().or_else(|| value.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0).map(|n| n as u64));
    whole
        .filter(|number| (1..=max).contains(number))
        .ok_or_else(|| one_of(field, value, &format!("a whole number from 1 to {max}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{engine::PromptLookup, error::ErrorCode};

    #[test]
    fn reads_every_field() {
        let options = LoadOptions::from_json(&json!({
            "isq": 4, "backend": "candle", "device": "cpu", "threads": 2, "contextLength": 512.0,
            "maxMemoryBytes": 1_000_000_000, "chatTemplate": "{{ messages }}", "dtype": null, "maxSequences": 4,
            "toolFormat": "lfm",
            "maxQueue": 1, "prefillChunk": 64, "readAhead": 2, "kvCache": "f32", "kvMemoryBytes": 1_000_000,
            "speculation": "ngram",
        }))
        .unwrap();
        let expected = LoadOptions {
            isq: Some(IsqLevel::Four),
            dtype: None,
            backend: BackendChoice::Candle,
            device: DeviceChoice::Cpu,
            threads: Some(2),
            context_length: Some(512),
            max_memory_bytes: Some(1_000_000_000),
            chat_template: Some("{{ messages }}".to_owned()),
            tool_format: Some(ToolFormat::Lfm),
            max_sequences: Some(4),
            max_queue: Some(1),
            prefill_chunk: Some(64),
            read_ahead: Some(2),
            kv_cache: Some(KvDType::F32),
            kv_memory_bytes: Some(1_000_000),
            speculation: Speculation::PromptLookup(PromptLookup::default()),
        };
        assert_eq!(options, expected);
        let engine = EngineOptions {
            max_sequences: 4,
            max_queue: 1,
            prefill_chunk: 64,
            read_ahead: 2,
            kv_memory_bytes: Some(7),
            speculation: options.speculation,
            ..EngineOptions::default()
        };
        assert_eq!(options.engine(7), engine);
        assert_eq!(LoadOptions::from_json(&Value::Null).unwrap(), LoadOptions::default());
        for (name, dtype) in [("f16", KvDType::F16), ("q8", KvDType::Q8)] {
            assert_eq!(LoadOptions::from_json(&json!({ "kvCache": name })).unwrap().kv_cache, Some(dtype));
        }
    }

    #[test]
    fn names_the_field_that_cannot_stand() {
        let cases = [
            (json!({ "isq": 7 }), ErrorCode::InvalidRequest, "isq"),
            (json!({ "dtype": "f64" }), ErrorCode::InvalidRequest, "dtype"),
            (json!({ "isq": 4, "dtype": "f16" }), ErrorCode::InvalidRequest, "dtype"),
            (json!({ "threads": 0 }), ErrorCode::InvalidRequest, "threads"),
            (json!({ "contextLength": 1.5 }), ErrorCode::InvalidRequest, "contextLength"),
            (json!({ "maxMemoryBytes": -1 }), ErrorCode::InvalidRequest, "maxMemoryBytes"),
            (json!({ "quantize": 4 }), ErrorCode::InvalidRequest, "quantize"),
            (json!({ "maxSequences": 0 }), ErrorCode::InvalidRequest, "maxSequences"),
            (json!({ "prefillChunk": 1e9 }), ErrorCode::InvalidRequest, "prefillChunk"),
            (json!({ "readAhead": "16" }), ErrorCode::InvalidRequest, "readAhead"),
            (json!({ "toolFormat": "xml" }), ErrorCode::InvalidRequest, "toolFormat"),
            (json!({ "kvCache": "f8" }), ErrorCode::InvalidRequest, "kvCache"),
            (json!([1]), ErrorCode::InvalidRequest, "options"),
        ];
        for (options, code, field) in cases {
            let error = LoadOptions::from_json(&options).unwrap_err();
            assert_eq!((error.code(), error.info().location.as_deref()), (code, Some(field)), "{error}");
        }
    }
}
