//! What chats and raw completions share: how tokens are chosen and when to end.

use serde_json::Value;

use super::fields::{Fields, array, string, whole_number, wrong_type};
use crate::error::{Error, Result};

/// Whole numbers JavaScript can hold exactly end here.
const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;
/// Answers to one prompt.
const MAX_CHOICES: i64 = 8;
/// Stop strings of a request, and bytes of one.
const MAX_STOPS: usize = 16;
const MAX_STOP_BYTES: usize = 256;
/// Entries of `logitBias`.
const MAX_LOGIT_BIASES: usize = 1024;
/// Sequence breakers of DRY, and bytes of one.
const MAX_BREAKERS: usize = 64;
const MAX_BREAKER_BYTES: usize = 64;

/// The fields of a `SamplingRequest`; `None` leaves the choice to the model's own defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct SamplingRequest {
    /// 0 to 10; 0 is greedy.
    pub temperature: Option<f32>,
    /// Above 0, at most 1.
    pub top_p: Option<f32>,
    /// 0 turns it off.
    pub top_k: Option<u32>,
    /// 0 to 1.
    pub min_p: Option<f32>,
    /// From 1; more than the context holds ends with `length` where the context does.
    pub max_tokens: Option<u64>,
    /// At most 16 of 1 to 256 bytes.
    pub stop: Vec<String>,
    /// 0 to 2^53 - 1.
    pub random_seed: Option<u64>,
    /// 1 to 8 answers.
    pub n: u32,
    /// Tokens before an end token or a stop string may end the answer.
    pub min_tokens: u64,
    /// End tokens do not end the answer.
    pub ignore_eos: bool,
    /// -100 to 100, higher first.
    pub priority: i32,
    /// -2 to 2.
    pub frequency_penalty: Option<f32>,
    /// -2 to 2.
    pub presence_penalty: Option<f32>,
    /// Above 0, at most 10; 1 is none.
    pub repetition_penalty: Option<f32>,
    /// Against repeated sequences.
    pub dry: Option<Dry>,
    /// Token ids with -100 to 100; at most 1024.
    pub logit_bias: Vec<(u32, f32)>,
    /// Whether chunks say how likely their tokens were.
    pub logprobs: bool,
    /// 0 to 20 alternatives for each.
    pub top_logprobs: u32,
}

/// DRY: a penalty that grows with the length of the sequence a token would repeat.
#[derive(Debug, Clone, PartialEq)]
pub struct Dry {
    /// 0 turns it off.
    pub multiplier: f32,
    /// 1 to 10.
    pub base: Option<f32>,
    /// From 1.
    pub allowed_length: Option<u32>,
    /// Texts over which a repetition does not reach.
    pub sequence_breakers: Option<Vec<String>>,
}

impl SamplingRequest {
    /// Takes the shared fields out of `fields`. `vocabulary` is how many tokens can be sampled.
    pub(super) fn read(fields: &mut Fields, vocabulary: usize) -> Result<Self> {
        if fields.take("extraBody").is_some() {
            return Err(Error::unsupported("extraBody", "`extraBody` is for remote models; leave it out here."));
        }
        let logprobs = fields.flag("logprobs")?.unwrap_or(false);
        let top_logprobs = fields.integer("topLogprobs", 0..=20)?;
        if top_logprobs.is_some() && !logprobs {
            return Err(Error::invalid_request("topLogprobs", "`topLogprobs` needs `logprobs: true`."));
        }
        Ok(Self {
            temperature: fields.number("temperature", 0.0..=10.0)?.map(|value| value as f32),
            top_p: above_zero(fields, "topP", 1.0)?,
            top_k: fields.integer("topK", 0..=i64::from(i32::MAX))?.map(|value| value as u32),
            min_p: fields.number("minP", 0.0..=1.0)?.map(|value| value as f32),
            max_tokens: fields.integer("maxTokens", 1..=MAX_SAFE_INTEGER)?.map(i64::cast_unsigned),
            stop: stop(fields)?,
            random_seed: fields.integer("randomSeed", 0..=MAX_SAFE_INTEGER)?.map(i64::cast_unsigned),
            n: fields.integer("n", 1..=MAX_CHOICES)?.unwrap_or(1) as u32,
            min_tokens: fields.integer("minTokens", 0..=MAX_SAFE_INTEGER)?.unwrap_or(0).cast_unsigned(),
            ignore_eos: fields.flag("ignoreEos")?.unwrap_or(false),
            priority: fields.integer("priority", -100..=100)?.unwrap_or(0) as i32,
            frequency_penalty: fields.number("frequencyPenalty", -2.0..=2.0)?.map(|value| value as f32),
            presence_penalty: fields.number("presencePenalty", -2.0..=2.0)?.map(|value| value as f32),
            repetition_penalty: above_zero(fields, "repetitionPenalty", 10.0)?,
            dry: dry(fields)?,
            logit_bias: logit_bias(fields, vocabulary)?,
            logprobs,
            top_logprobs: top_logprobs.unwrap_or(0) as u32,
        })
    }
}

fn above_zero(fields: &mut Fields, name: &str, high: f64) -> Result<Option<f32>> {
    match fields.number(name, 0.0..=high)? {
        // As f32, which is what the sampler gets.
        Some(value) if value as f32 <= 0.0 => {
            Err(Error::invalid_request(fields.path(name), format!("{name} must be above 0 and at most {high}."))
                .detail("max", high)
                .detail("got", value))
        }
        value => Ok(value.map(|value| value as f32)),
    }
}

fn stop(fields: &mut Fields) -> Result<Vec<String>> {
    let stops = match fields.take("stop") {
        None => return Ok(Vec::new()),
        Some(Value::String(stop)) => {
            check_stop(&stop, "stop")?;
            return Ok(vec![stop]);
        }
        Some(Value::Array(stops)) => stops,
        Some(other) => return Err(wrong_type("stop", "a string or an array of strings", &other)),
    };
    if stops.len() > MAX_STOPS {
        return Err(Error::invalid_request("stop", format!("Give at most {MAX_STOPS} stop strings."))
            .detail("max", MAX_STOPS)
            .detail("got", stops.len()));
    }
    let read = |(index, stop)| {
        let path = format!("stop[{index}]");
        let stop = string(stop, &path)?;
        check_stop(&stop, &path)?;
        Ok(stop)
    };
    stops.into_iter().enumerate().map(read).collect()
}

fn check_stop(stop: &str, path: &str) -> Result<()> {
    if stop.is_empty() || stop.len() > MAX_STOP_BYTES {
        let message = format!("A stop string has 1 to {MAX_STOP_BYTES} bytes of UTF-8.");
        return Err(Error::invalid_request(path, message).detail("max", MAX_STOP_BYTES).detail("got", stop.len()));
    }
    if stop.contains('\u{fffd}') {
        // Half a surrogate pair came in as one of these, and no text of the model would match what was meant.
        return Err(Error::invalid_request(
            path,
            "A stop string must be whole Unicode; this one has a lone surrogate.",
        ));
    }
    Ok(())
}

fn dry(fields: &mut Fields) -> Result<Option<Dry>> {
    let Some(value) = fields.take("dry") else { return Ok(None) };
    let mut fields = Fields::new(value, fields.path("dry"))?;
    let multiplier = fields.number("multiplier", 0.0..=100.0)?.map(|value| value as f32);
    let Some(multiplier) = multiplier else {
        return fields.require("multiplier").map(|_| None);
    };
    let base = fields.number("base", 1.0..=10.0)?.map(|value| value as f32);
    let allowed_length = fields.integer("allowedLength", 1..=i64::from(i32::MAX))?.map(|value| value as u32);
    let sequence_breakers = match fields.take("sequenceBreakers") {
        None => None,
        Some(value) => Some(breakers(value, &fields.path("sequenceBreakers"))?),
    };
    fields.finish()?;
    Ok(Some(Dry { multiplier, base, allowed_length, sequence_breakers }))
}

fn breakers(value: Value, path: &str) -> Result<Vec<String>> {
    let items = array(value, path)?;
    if items.len() > MAX_BREAKERS {
        return Err(Error::invalid_request(path, format!("Give at most {MAX_BREAKERS} sequence breakers."))
            .detail("max", MAX_BREAKERS)
            .detail("got", items.len()));
    }
    let read = |(index, item)| {
        let path = format!("{path}[{index}]");
        let breaker = string(item, &path)?;
        if breaker.is_empty() || breaker.len() > MAX_BREAKER_BYTES {
            return Err(Error::invalid_request(
                path,
                format!("A sequence breaker has 1 to {MAX_BREAKER_BYTES} bytes."),
            ));
        }
        Ok(breaker)
    };
    items.into_iter().enumerate().map(read).collect()
}

fn logit_bias(fields: &mut Fields, vocabulary: usize) -> Result<Vec<(u32, f32)>> {
    let Some(value) = fields.take("logitBias") else { return Ok(Vec::new()) };
    let Value::Object(map) = value else { return Err(wrong_type("logitBias", "an object", &value)) };
    if map.len() > MAX_LOGIT_BIASES {
        return Err(Error::invalid_request("logitBias", format!("Give at most {MAX_LOGIT_BIASES} logit biases."))
            .detail("max", MAX_LOGIT_BIASES)
            .detail("got", map.len()));
    }
    let read = |(key, value): (&String, &Value)| {
        let path = format!("logitBias.{key}");
        // Only the canonical spelling: `+1` and `01` would collide with `1`.
        let token = key.parse::<u32>().ok().filter(|token| token.to_string() == *key && (*token as usize) < vocabulary);
        let Some(token) = token else {
            let message = format!("`{path}` must be named by a token id from 0 to {}.", vocabulary.saturating_sub(1));
            return Err(Error::invalid_request(path, message).detail("max", vocabulary.saturating_sub(1)));
        };
        let bias = value.as_f64().ok_or_else(|| wrong_type(&path, "a number", value))?;
        if !(-100.0..=100.0).contains(&bias) {
            return Err(Error::invalid_request(path.clone(), format!("{path} must be from -100 to 100.")));
        }
        Ok((token, bias as f32))
    };
    map.iter().map(read).collect()
}

/// Token ids `(tokens,)` of an array, each below `vocabulary`.
pub(crate) fn token_ids(value: Value, path: &str, vocabulary: usize) -> Result<Vec<u32>> {
    let last = vocabulary.saturating_sub(1) as i64;
    array(value, path)?
        .iter()
        .enumerate()
        .map(|(index, id)| whole_number(id, &format!("{path}[{index}]"), 0..=last).map(|id| id as u32))
        .collect()
}
