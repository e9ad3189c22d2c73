//! What a request may ask of the sampler, checked.

use super::dry::{Breakers, Dry};
use super::penalties::Penalties;
use super::temperature::GREEDY_BELOW;
use crate::error::{Error, Result};

/// Entries a logit bias may have.
const MAX_BIASES: usize = 1024;
/// Most likely tokens a request may ask for at each position.
const MAX_TOP_LOGPROBS: u32 = 20;
/// Far above every useful temperature, penalty and base; keeps the arithmetic finite.
const LARGEST: f32 = 100.0;

/// How tokens are chosen, from the request or else the model's defaults; numbers unchecked. `None` is not set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SamplingOptions {
    /// 0 (greedy) to 100; 1 when not set. Below 10⁻⁵ it is greedy.
    pub temperature: Option<f32>,
    /// Over 0, up to 1 (off).
    pub top_p: Option<f32>,
    /// 0 is off.
    pub top_k: Option<u32>,
    /// 0 (off) to 1.
    pub min_p: Option<f32>,
    /// −2 to 2; 0 is off.
    pub frequency_penalty: Option<f32>,
    /// −2 to 2; 0 is off.
    pub presence_penalty: Option<f32>,
    /// Over 0, up to 100; 1 is off.
    pub repetition_penalty: Option<f32>,
    /// Off when not set.
    pub dry: Option<DryOptions>,
    /// Token and bias from −100 to 100; at most 1,024.
    pub logit_bias: Vec<(u32, f32)>,
    /// Whether log-probabilities are wanted.
    pub logprobs: bool,
    /// How many of the most likely tokens, 0 to 20; needs `logprobs`.
    pub top_logprobs: u32,
}

/// DRY, numbers unchecked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DryOptions {
    /// 0 (off) to 100.
    pub multiplier: f32,
    /// 1 to 100; 1.75 when not set.
    pub base: Option<f32>,
    /// 2 when not set. Repeats count up to 50 tokens, so over 50 nothing is penalised.
    pub allowed_length: Option<u32>,
    /// Token ids of the sequence breakers, from [`super::breaker_tokens`].
    pub breakers: Vec<u32>,
}

/// Checked sampling parameters for one vocabulary.
#[derive(Debug, Clone, PartialEq)]
pub struct SamplingParams {
    pub(super) vocabulary_size: usize,
    /// 0 is greedy.
    pub(super) temperature: f32,
    /// From 1 to below the size of the vocabulary.
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
        let repetition = within("repetitionPenalty", options.repetition_penalty, 1.0, 0.0, LARGEST)?;
        for (path, value) in [("topP", top_p), ("repetitionPenalty", repetition)] {
            if value < f32::MIN_POSITIVE {
                return Err(Error::invalid_request(path, "Give a number over 0."));
            }
        }
        if options.top_logprobs > MAX_TOP_LOGPROBS {
            return Err(Error::invalid_request("topLogprobs", format!("Give at most {MAX_TOP_LOGPROBS}.")));
        }
        if options.top_logprobs > 0 && !options.logprobs {
            return Err(Error::invalid_request("topLogprobs", "Set logprobs to true as well."));
        }
        Ok(Self {
            vocabulary_size,
            temperature: if temperature < GREEDY_BELOW { 0.0 } else { temperature },
            top_k: options.top_k.map(|k| k as usize).filter(|&k| k > 0 && k < vocabulary_size),
            top_p: f64::from(top_p),
            min_p: within("minP", options.min_p, 0.0, 0.0, 1.0)?,
            penalties: Penalties {
                repetition,
                frequency: within("frequencyPenalty", options.frequency_penalty, 0.0, -2.0, 2.0)?,
                presence: within("presencePenalty", options.presence_penalty, 0.0, -2.0, 2.0)?,
            },
            dry: options.dry.as_ref().map(|options| dry(options, vocabulary_size)).transpose()?.flatten(),
            logit_bias: logit_bias(&options.logit_bias, vocabulary_size)?,
            top_logprobs: options.logprobs.then_some(options.top_logprobs as usize),
        })
    }

    /// Whether the best token is always taken.
    pub fn is_greedy(&self) -> bool {
        self.temperature == 0.0
    }
}

fn dry(options: &DryOptions, vocabulary_size: usize) -> Result<Option<Dry>> {
    let dry = Dry {
        multiplier: f64::from(within("dry.multiplier", Some(options.multiplier), 0.0, 0.0, LARGEST)?),
        base: f64::from(within("dry.base", options.base, 1.75, 1.0, LARGEST)?),
        allowed_length: options.allowed_length.unwrap_or(2) as usize,
        breakers: Breakers::new(&options.breakers, vocabulary_size),
    };
    Ok((dry.multiplier > 0.0).then_some(dry))
}

fn logit_bias(entries: &[(u32, f32)], vocabulary_size: usize) -> Result<Vec<(u32, f32)>> {
    if entries.len() > MAX_BIASES {
        return Err(Error::invalid_request("logitBias", format!("Give at most {MAX_BIASES} tokens."))
            .detail("max", MAX_BIASES)
            .detail("got", entries.len()));
    }
    let mut biases = entries.to_vec();
    biases.sort_unstable_by_key(|&(token, _)| token);
    let mut previous = None;
    for &(token, bias) in &biases {
        let path = format!("logitBias.{token}");
        if token as usize >= vocabulary_size {
            let message = format!("Name a token id from 0 to {}.", vocabulary_size.saturating_sub(1));
            return Err(Error::invalid_request(path, message).detail("max", vocabulary_size.saturating_sub(1)));
        }
        if previous.replace(token) == Some(token) {
            return Err(Error::invalid_request(path, "Name each token once."));
        }
        within(&path, Some(bias), 0.0, -LARGEST, LARGEST)?;
    }
    Ok(biases)
}

/// A number from `low` to `high`, both included.
fn within(path: &str, value: Option<f32>, default: f32, low: f32, high: f32) -> Result<f32> {
    let value = value.unwrap_or(default);
    if (low..=high).contains(&value) {
        return Ok(value);
    }
    Err(Error::invalid_request(path, format!("Give a number from {low} to {high}.")))
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
        for bad in [-1.0, f32::NAN, f32::INFINITY, 1e38] {
            refused("temperature", |o| o.temperature = Some(bad));
            refused("minP", |o| o.min_p = Some(bad));
            refused("topP", |o| o.top_p = Some(bad));
            refused("repetitionPenalty", |o| o.repetition_penalty = Some(bad));
            refused("dry.multiplier", |o| o.dry = Some(DryOptions { multiplier: bad, ..Default::default() }));
            refused("dry.base", |o| o.dry = Some(DryOptions { base: Some(bad), ..Default::default() }));
        }
        for bad in [-2.1, 2.1, f32::NAN] {
            refused("frequencyPenalty", |o| o.frequency_penalty = Some(bad));
            refused("presencePenalty", |o| o.presence_penalty = Some(bad));
        }
        for bad in [0.0, 1.1] {
            refused("topP", |o| o.top_p = Some(bad));
        }
        refused("minP", |o| o.min_p = Some(1.1));
        for bad in [0.0, 1e-40] {
            refused("repetitionPenalty", |o| o.repetition_penalty = Some(bad));
        }
    }

    #[test]
    fn refuses_bad_logprobs() {
        refused("topLogprobs", |o| (o.logprobs, o.top_logprobs) = (true, 21));
        refused("topLogprobs", |o| o.top_logprobs = 2);
        assert_eq!(accepted(|o| (o.logprobs, o.top_logprobs) = (true, 20)).top_logprobs, Some(20));
        assert_eq!(accepted(|o| o.logprobs = true).top_logprobs, Some(0));
        assert_eq!(accepted(|_| {}).top_logprobs, None);
    }

    #[test]
    fn refuses_a_bad_logit_bias() {
        refused("logitBias.1000", |o| o.logit_bias = vec![(1_000, 1.0)]);
        for bias in [-101.0, 101.0, f32::NAN] {
            refused("logitBias.7", |o| o.logit_bias = vec![(7, bias)]);
        }
        refused("logitBias", |o| o.logit_bias = (0..1_025).map(|i| (i, 0.0)).collect());
        refused("logitBias.3", |o| o.logit_bias = vec![(3, 0.0); 2]);
        let params = accepted(|o| o.logit_bias = vec![(999, -100.0), (0, 100.0)]);
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
    fn values_that_change_nothing_are_off() {
        assert_eq!(accepted(|o| o.top_k = Some(0)).top_k, None);
        assert_eq!(accepted(|o| o.top_k = Some(1_000)).top_k, None, "a k of the whole vocabulary");
        assert_eq!(accepted(|o| o.top_k = Some(1)).top_k, Some(1));
        assert!(accepted(|o| o.dry = Some(DryOptions::default())).dry.is_none(), "a multiplier of 0");
    }
}
