//! Options of `Model.load`.

use serde_json::Value;

use crate::{
    error::{Error, Result},
    isq::IsqLevel,
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
const LATER: [&str; 11] = [
    "maxSequences",
    "maxQueue",
    "prefillChunk",
    "readAhead",
    "kvCache",
    "kvMemoryBytes",
    "speculation",
    "hub",
    "worker",
    "workerUrl",
    "wasmUrl",
];

/// Only a browser has them.
const BROWSER: [&str; 1] = ["browserCache"];

/// More threads than any machine gains from; a larger number is a mistake.
const MAX_THREADS: u64 = 1024;

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

    /// What happens to matrices on their way into memory.
    pub fn conversion(&self) -> Conversion {
        match (self.isq, self.dtype) {
            (Some(level), _) => Conversion::Isq(level),
            (None, Some(float)) => Conversion::To(float),
            (None, None) => Conversion::AsStored,
        }
    }
}

fn one_of(field: &str, value: &Value, allowed: &str) -> Error {
    let shown: String = value.to_string().chars().take(64).collect();
    Error::invalid_request(field, format!("`{field}` is {shown}; it has to be {allowed}"))
}

fn count(field: &str, value: &Value, max: u64) -> Result<u64> {
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
    use crate::error::ErrorCode;

    #[test]
    fn reads_every_field() {
        let options = LoadOptions::from_json(&json!({
            "isq": 4, "backend": "candle", "device": "cpu", "threads": 2, "contextLength": 512.0,
            "maxMemoryBytes": 1_000_000_000, "chatTemplate": "{{ messages }}", "dtype": null,
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
        };
        assert_eq!(options, expected);
        assert_eq!(LoadOptions::from_json(&Value::Null).unwrap(), LoadOptions::default());
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
            (json!({ "maxSequences": 8 }), ErrorCode::Unsupported, "maxSequences"),
            (json!({ "speculation": { "draft": "x" } }), ErrorCode::Unsupported, "speculation"),
            (json!({ "kvCache": "q8" }), ErrorCode::Unsupported, "kvCache"),
            (json!([1]), ErrorCode::InvalidRequest, "options"),
        ];
        for (options, code, field) in cases {
            let error = LoadOptions::from_json(&options).unwrap_err();
            assert_eq!((error.code(), error.info().location.as_deref()), (code, Some(field)), "{error}");
        }
    }
}
