//! What a request may ask of the sampler, checked.

use super::dry::{Breakers, Dry, MAX_MATCH};
use super::penalties::Penalties;
use super::temperature::GREEDY_BELOW;
use crate::error::{Error, Result};

/// Entries a logit bias may have.
const MAX_BIASES: usize = 1024;
/// Most likely tokens a request may ask for at each position.
const MAX_TOP_LOGPROBS: f64 = 20.0;
/// Far above every useful temperature, penalty and base; keeps the arithmetic finite.
const LARGEST: f64 = 100.0;

/// Sampling fields as a request says them, numbers unchecked. `None` is not set.
#[derive(Debug, Clone, Default)]
pub struct SamplingOptions {
    /// 0 (greedy) to 100; 1 when not set. Below 10⁻⁵ it is greedy.
    pub temperature: Option<f64>,
    /// Over 0, up to 1 (off).
    pub top_p: Option<f64>,
    /// A whole number from 1.
    pub top_k: Option<f64>,
    /// 0 (off) to 1.
    pub min_p: Option<f64>,
    /// −2 to 2; 0 is off.
    pub frequency_penalty: Option<f64>,
    /// −2 to 2; 0 is off.
    pub presence_penalty: Option<f64>,
    /// Over 0, up to 100; 1 is off.
    pub repetition_penalty: Option<f64>,
    /// Off when not set.
    pub dry: Option<DryOptions>,
    /// Token id, as the JSON key it is, and bias from −100 to 100; at most 1,024.
    pub logit_bias: Vec<(String, f64)>,
    /// Whether log-probabilities are wanted.
    pub logprobs: Option<bool>,
    /// How many of the most likely tokens, 0 to 20; needs `logprobs`.
    pub top_logprobs: Option<f64>,
    /// A whole number from 0 to 2⁵³ − 1.
    pub random_seed: Option<f64>,
}

/// DRY as a request says it.
#[derive(Debug, Clone, Default)]
pub struct DryOptions {
    /// 0 (off) to 100.
    pub multiplier: f64,
    /// 1 to 100; 1.75 when not set.
    pub base: Option<f64>,
    /// A whole number from 0 to 50; 2 when not set.
    pub allowed_length: Option<f64>,
    /// Token ids of the sequence breakers, from [`super::breaker_tokens`].
    pub breakers: Vec<u32>,
}

/// Checked sampling parameters for one vocabulary.
#[derive(Debug, Clone, PartialEq)]
pub struct SamplingParams {
    pub(super) vocabulary_size: usize,
    /// 0 is greedy.
    pub(super) temperature: f32,
    /// Below the size of the vocabulary.
    pub(super) top_k: Option<usize>,
    /// 1 is off.
    pub(super) top_p: f64,
    /// 0 is off.
    pub(super) min_p: f32,
    pub(super) penalties: Penalties,
    pub(super) dry: Option<Dry>,
    /// Ascending tokens.
    pub(super) logit_bias: Vec<(u32, f32)>,
    /// How many of the most likely tokens, if log-probabilities are wanted at all.
    pub(super) top_logprobs: Option<usize>,
    seed: Option<u64>,
}

impl SamplingParams {
    /// Checks `options` for a tokenizer with `vocabulary_size` ids. Ids from there to the width of the logits are
    /// padding and cannot be named.
    ///
    /// # Errors
    /// `invalid_request` at the field's path, as the TypeScript API spells it.
    pub fn new(options: &SamplingOptions, vocabulary_size: usize) -> Result<Self> {
        let temperature = within("temperature", options.temperature, 1.0, 0.0, LARGEST)?;
        let top_p = within("topP", options.top_p, 1.0, 0.0, 1.0)?;
        if top_p == 0.0 {
            return Err(Error::invalid_request("topP", "Give a number over 0, up to 1."));
        }
        let top_k = match options.top_k {
            None => None,
            // 2⁵³ is no whole number that JSON carries for certain.
            Some(_) => Some(whole("topK", options.top_k, 1.0, 1.0, MAX_SAFE_INTEGER)? as usize),
        };
        let repetition = within("repetitionPenalty", options.repetition_penalty, 1.0, 0.0, LARGEST)?;
        // As f32, in which it is used.
        if repetition as f32 <= f32::MIN_POSITIVE {
            return Err(Error::invalid_request("repetitionPenalty", "Give a number over 0, up to 100."));
        }
        let top_logprobs = whole("topLogprobs", options.top_logprobs, 0.0, 0.0, MAX_TOP_LOGPROBS)? as usize;
        let logprobs = options.logprobs.unwrap_or_default();
        if options.top_logprobs.is_some() && !logprobs {
            return Err(Error::invalid_request("topLogprobs", "Set logprobs to true as well."));
        }
        Ok(Self {
            vocabulary_size,
            temperature: if temperature < GREEDY_BELOW { 0.0 } else { temperature as f32 },
            top_k: top_k.filter(|&k| k < vocabulary_size),
            top_p,
            min_p: within("minP", options.min_p, 0.0, 0.0, 1.0)? as f32,
            penalties: Penalties {
                repetition: repetition as f32,
                frequency: within("frequencyPenalty", options.frequency_penalty, 0.0, -2.0, 2.0)? as f32,
                presence: within("presencePenalty", options.presence_penalty, 0.0, -2.0, 2.0)? as f32,
            },
            dry: options.dry.as_ref().map(|options| dry(options, vocabulary_size)).transpose()?.flatten(),
            logit_bias: logit_bias(&options.logit_bias, vocabulary_size)?,
            top_logprobs: logprobs.then_some(top_logprobs),
            seed: match options.random_seed {
                None => None,
                Some(_) => Some(whole("randomSeed", options.random_seed, 0.0, 0.0, MAX_SAFE_INTEGER)? as u64),
            },
        })
    }

    /// The request's seed; without one the caller chooses.
    pub fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// Whether the best token is always taken.
    pub fn is_greedy(&self) -> bool {
        self.temperature == 0.0
    }
}

/// 2⁵³ − 1, JavaScript's `Number.MAX_SAFE_INTEGER`.
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

fn dry(options: &DryOptions, vocabulary_size: usize) -> Result<Option<Dry>> {
    let dry = Dry {
        multiplier: within("dry.multiplier", Some(options.multiplier), 0.0, 0.0, LARGEST)?,
        base: within("dry.base", options.base, 1.75, 1.0, LARGEST)?,
        allowed_length: whole("dry.allowedLength", options.allowed_length, 2.0, 0.0, MAX_MATCH as f64)? as usize,
        breakers: Breakers::new(&options.breakers, vocabulary_size),
    };
    Ok((dry.multiplier > 0.0).then_some(dry))
}

fn logit_bias(entries: &[(String, f64)], vocabulary_size: usize) -> Result<Vec<(u32, f32)>> {
    if entries.len() > MAX_BIASES {
        return Err(Error::invalid_request("logitBias", format!("Give at most {MAX_BIASES} tokens."))
            .detail("max", MAX_BIASES)
            .detail("got", entries.len()));
    }
    let mut biases = Vec::with_capacity(entries.len());
    for (key, bias) in entries {
        let path = format!("logitBias[{:?}]", key.chars().take(MAX_KEY).collect::<String>());
        // Only the canonical spelling: `01` and `+1` would name a token twice.
        let token = key.parse::<u32>().ok().filter(|token| token.to_string() == *key);
        let Some(token) = token.filter(|&token| (token as usize) < vocabulary_size) else {
            let message = format!("Name a token id from 0 to {}.", vocabulary_size.saturating_sub(1));
            return Err(Error::invalid_request(path, message).detail("max", vocabulary_size.saturating_sub(1)));
        };
        biases.push((token, within(&path, Some(*bias), 0.0, -LARGEST, LARGEST)? as f32));
    }
    biases.sort_unstable_by_key(|&(token, _)| token);
    if let Some(pair) = biases.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let path = format!("logitBias[\"{}\"]", pair[0].0);
        return Err(Error::invalid_request(path, "Name each token once."));
    }
    Ok(biases)
}

/// Characters of a wrong key that an error repeats.
const MAX_KEY: usize = 32;

/// A number from `low` to `high`, both included.
fn within(path: &str, value: Option<f64>, default: f64, low: f64, high: f64) -> Result<f64> {
    let value = value.unwrap_or(default);
    if (low..=high).contains(&value) {
        return Ok(value);
    }
    Err(Error::invalid_request(path, format!("Give a number from {low} to {high}.")))
}

/// A whole number from `low` to `high`, both included.
fn whole(path: &str, value: Option<f64>, default: f64, low: f64, high: f64) -> Result<f64> {
    let value = within(path, value, default, low, high)?;
    if value.fract() == 0.0 {
        return Ok(value);
    }
    Err(Error::invalid_request(path, "Give a whole number."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[track_caller]
    fn refused(path: &str, change: impl Fn(&mut SamplingOptions)) {
        let mut options = SamplingOptions::default();
        change(&mut options);
        let error = SamplingParams::new(&options, 1_000).unwrap_err();
        assert_eq!((error.code(), error.info().location.as_deref()), (ErrorCode::InvalidRequest, Some(path)));
    }

    fn accepted(change: impl Fn(&mut SamplingOptions)) -> SamplingParams {
        let mut options = SamplingOptions::default();
        change(&mut options);
        SamplingParams::new(&options, 1_000).unwrap()
    }

    #[test]
    fn refuses_numbers_out_of_range() {
        for bad in [-1.0, f64::NAN, f64::INFINITY, 1e308] {
            refused("temperature", |o| o.temperature = Some(bad));
            refused("minP", |o| o.min_p = Some(bad));
            refused("topP", |o| o.top_p = Some(bad));
            refused("topK", |o| o.top_k = Some(bad));
            refused("repetitionPenalty", |o| o.repetition_penalty = Some(bad));
            refused("randomSeed", |o| o.random_seed = Some(bad));
            refused("dry.multiplier", |o| o.dry = Some(DryOptions { multiplier: bad, ..Default::default() }));
            refused("dry.base", |o| o.dry = Some(DryOptions { base: Some(bad), ..Default::default() }));
        }
        for bad in [-2.1, 2.1, f64::NAN] {
            refused("frequencyPenalty", |o| o.frequency_penalty = Some(bad));
            refused("presencePenalty", |o| o.presence_penalty = Some(bad));
        }
        refused("topP", |o| o.top_p = Some(0.0));
        refused("topP", |o| o.top_p = Some(1.1));
        refused("minP", |o| o.min_p = Some(1.1));
        for bad in [0.0, 1.5, 9_007_199_254_740_992.0] {
            refused("topK", |o| o.top_k = Some(bad));
        }
        for bad in [1.5, 9_007_199_254_740_992.0, 18_446_744_073_709_551_616.0] {
            refused("randomSeed", |o| o.random_seed = Some(bad));
        }
        for bad in [0.0, 1e-46] {
            refused("repetitionPenalty", |o| o.repetition_penalty = Some(bad));
        }
        for bad in [51.0, 0.5, -1.0] {
            refused("dry.allowedLength", |o| {
                o.dry = Some(DryOptions { allowed_length: Some(bad), ..Default::default() });
            });
        }
    }

    #[test]
    fn refuses_bad_logprobs() {
        for bad in [-1.0, 20.5, 21.0] {
            refused("topLogprobs", |o| (o.logprobs, o.top_logprobs) = (Some(true), Some(bad)));
        }
        refused("topLogprobs", |o| o.top_logprobs = Some(2.0));
        assert_eq!(accepted(|o| (o.logprobs, o.top_logprobs) = (Some(true), Some(20.0))).top_logprobs, Some(20));
        assert_eq!(accepted(|o| o.logprobs = Some(true)).top_logprobs, Some(0));
        assert_eq!(accepted(|_| {}).top_logprobs, None);
    }

    #[test]
    fn refuses_a_bad_logit_bias() {
        for key in ["abc", "", "-1", "1.0", "01", "+1", " 1", "1000", "4294967296"] {
            refused(&format!("logitBias[{key:?}]"), |o| o.logit_bias = vec![(key.to_owned(), 1.0)]);
        }
        for bias in [-101.0, 101.0, f64::NAN] {
            refused("logitBias[\"7\"]", |o| o.logit_bias = vec![("7".to_owned(), bias)]);
        }
        refused("logitBias", |o| o.logit_bias = (0..1_025).map(|i| (i.to_string(), 0.0)).collect());
        refused("logitBias[\"3\"]", |o| o.logit_bias = vec![("3".to_owned(), 0.0); 2]);
        let params = accepted(|o| o.logit_bias = vec![("999".to_owned(), -100.0), ("0".to_owned(), 100.0)]);
        assert_eq!(params.logit_bias, [(0, 100.0), (999, -100.0)]);
    }

    #[test]
    fn tiny_temperature_is_greedy() {
        assert!(accepted(|o| o.temperature = Some(0.0)).is_greedy());
        assert!(accepted(|o| o.temperature = Some(1e-8)).is_greedy());
        assert!(!accepted(|o| o.temperature = Some(1e-5)).is_greedy());
        assert!(!accepted(|_| {}).is_greedy());
    }

    #[test]
    fn edges_are_accepted() {
        assert_eq!(accepted(|o| o.random_seed = Some(0.0)).seed(), Some(0));
        assert_eq!(accepted(|o| o.random_seed = Some(MAX_SAFE_INTEGER)).seed(), Some((1 << 53) - 1));
        assert_eq!(accepted(|o| o.top_k = Some(MAX_SAFE_INTEGER)).top_k, None, "a k over the vocabulary is off");
        assert_eq!(accepted(|o| o.top_k = Some(1.0)).top_k, Some(1));
        assert!(accepted(|o| o.dry = Some(DryOptions::default())).dry.is_none(), "a multiplier of 0 is off");
    }
}
