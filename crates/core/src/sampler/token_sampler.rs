//! The stages in a row.

use super::candidate::Candidate;
use super::logprobs::LogProbs;
use super::params::SamplingParams;
use super::temperature::Temperature;
use super::token_table::TokenTable;
use super::top_p::LargeNucleus;
use super::{draw, logit_bias, mask, math, min_p, top_k, top_p};
use crate::error::{Error, ErrorCode, Result};

/// Draws the tokens of one choice of one request. Has no state: `Clone` forks and there is nothing to roll back.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampler {
    params: SamplingParams,
    seed: u64,
    choice: u32,
}

/// What the next token may depend on besides the logits.
#[derive(Debug, Clone, Copy, Default)]
pub struct History<'a> {
    /// Prompt and answer so far. The drawn token's position is `tokens.len()`.
    pub tokens: &'a [u32],
    /// How many of `tokens` are the prompt: frequency and presence penalties count the answer alone.
    pub prompt_length: usize,
    /// The grammar's mask: bit `i % 32` of word `i / 32` allows token `i`; tokens beyond it are forbidden.
    pub mask: Option<&'a [u32]>,
    /// Further tokens that must not be drawn: the end tokens while `minTokens` is not reached or with `ignoreEos`.
    pub banned: &'a [u32],
}

/// A drawn token.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// Its id, below the vocabulary's size.
    pub token: u32,
    /// Natural logarithm of its probability after DRY, penalties, bias and mask and before temperature, if asked for.
    pub logprob: Option<f32>,
    /// The most likely tokens likewise, best first, as many as asked for and allowed.
    pub top: Vec<(u32, f32)>,
}

/// Memory of the sampler, reused between steps and sequences: after the first steps drawing allocates nothing but
/// [`Sampled::top`].
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    table: TokenTable,
    candidates: Vec<Candidate>,
    weights: Vec<f32>,
    large_nucleus: LargeNucleus,
}

impl Sampler {
    /// Draws for choice `choice` of a request whose seed is `seed`.
    pub fn new(params: SamplingParams, seed: u64, choice: u32) -> Self {
        Self { params, seed, choice }
    }

    /// The parameters.
    pub fn params(&self) -> &SamplingParams {
        &self.params
    }

    /// Draws the token after `history.tokens` from its row of `logits` `(width,)`, which is used up. A row may be
    /// wider than the vocabulary; the rest is padding.
    ///
    /// # Errors
    /// `numeric_error` with `details.reason`: `nan` or `infinite` when the model gave such a logit, `all_banned` when
    /// no token is allowed. `internal` when the row is narrower than the vocabulary.
    pub fn sample(&self, scratch: &mut Scratch, logits: &mut [f32], history: &History<'_>) -> Result<Sampled> {
        let params = &self.params;
        let width = logits.len();
        let Some(logits) = logits.get_mut(..params.vocabulary_size) else {
            let message = format!("A row of {width} logits is narrower than the vocabulary; please report this.");
            return Err(Error::new(ErrorCode::Internal, message));
        };
        refuse_nan(logits)?;

        if let Some(dry) = &params.dry {
            dry.apply(logits, history.tokens, &mut scratch.table);
        }
        params.penalties.apply(logits, history.tokens, history.prompt_length, &mut scratch.table);
        logit_bias::apply(&params.logit_bias, logits);
        if let Some(allowed) = history.mask {
            mask::apply(allowed, logits);
        }
        mask::ban(history.banned, logits);
        let max = finite_max(logits)?;

        let logprobs = params.top_logprobs.map(|count| {
            let logprobs = LogProbs::new(logits, max);
            (logprobs, logprobs.top(logits, count, &mut scratch.candidates))
        });
        let token = if params.is_greedy() {
            best(logits, max)
        } else {
            let position = history.tokens.len() as u32;
            let u = draw::uniform(self.seed, self.choice, position);
            self.draw(scratch, logits, Temperature::new(params.temperature, max), u)
        };
        // A drawn token has a weight, so it exists; without any, the best one would be it.
        let token = token.ok_or_else(all_banned)?;
        let (logprob, top) = match logprobs {
            None => (None, Vec::new()),
            Some((logprobs, top)) => (logits.get(token as usize).map(|&logit| logprobs.of(logit)), top),
        };
        Ok(Sampled { token, logprob, top })
    }

    /// Temperature, top-k, top-p, min-p and the draw, which walks over the tokens that are left by ascending id.
    fn draw(&self, scratch: &mut Scratch, logits: &[f32], temperature: Temperature, u: f64) -> Option<u32> {
        let SamplingParams { top_k, top_p, min_p, .. } = self.params;
        let Scratch { candidates, weights, large_nucleus, .. } = scratch;
        let total = match top_k {
            Some(k) => {
                weigh_best(logits, k, temperature, candidates, weights);
                math::sum(weights, |weight| weight)
            }
            None if top_p < 1.0 => {
                weigh_best(logits, SMALL_NUCLEUS, temperature, candidates, weights);
                math::sum(logits, |logit| temperature.weight(logit))
            }
            None => 0.0,
        };
        let kept = match (top_k, top_p < 1.0) {
            (_, true) => top_p::reach(weights, top_p * total).or(top_k.map(|_| weights.len())),
            (Some(_), false) => Some(weights.len()),
            (None, false) => None,
        };
        if let Some(kept) = kept {
            // Best first, so what min-p drops is a tail.
            let kept = weights[..kept].partition_point(|&weight| min_p::keeps(weight, min_p));
            candidates.truncate(kept);
            candidates.sort_unstable_by_key(|candidate| candidate.token());
            weights.clear();
            weights.extend(candidates.iter().map(|candidate| temperature.weight(candidate.logit())));
            let index = draw::pick(weights, u)?;
            return candidates.get(index).map(|candidate| candidate.token());
        }
        // The whole vocabulary, or a nucleus of a large part of it.
        weights.clear();
        weights.extend(logits.iter().map(|&logit| temperature.weight(logit)));
        if top_p < 1.0 {
            large_nucleus.keep(logits, weights, top_p * total);
        }
        if min_p > 0.0 {
            for weight in weights.iter_mut() {
                *weight = if min_p::keeps(*weight, min_p) { *weight } else { 0.0 };
            }
        }
        draw::pick(weights, u).map(|index| index as u32)
    }
}

/// Tokens in which a nucleus without top-k is looked for before the whole vocabulary is.
const SMALL_NUCLEUS: usize = 512;

/// Leaves the best `k` tokens, best first, and their weights.
fn weigh_best(
    logits: &[f32],
    k: usize,
    temperature: Temperature,
    candidates: &mut Vec<Candidate>,
    weights: &mut Vec<f32>,
) {
    top_k::select(logits, k, candidates);
    weights.clear();
    weights.extend(candidates.iter().map(|candidate| temperature.weight(candidate.logit())));
}

fn refuse_nan(logits: &[f32]) -> Result<()> {
    // No early exit and integers only, so that the loop runs in SIMD lanes.
    let largest = logits.iter().fold(0, |largest, logit| largest.max(logit.to_bits() & !(1 << 31)));
    if largest < f32::INFINITY.to_bits() {
        return Ok(());
    }
    let reason = if logits.iter().any(|logit| logit.is_nan()) {
        "nan"
    } else if logits.contains(&f32::INFINITY) {
        "infinite"
    } else {
        return Ok(());
    };
    let message = "The model computed a logit that is not a number. Load it with dtype \"f32\", or check its file.";
    Err(Error::new(ErrorCode::NumericError, message).detail("reason", reason))
}

fn finite_max(logits: &[f32]) -> Result<f32> {
    let max = max(logits);
    if max == f32::NEG_INFINITY {
        return Err(all_banned());
    }
    if max == f32::INFINITY {
        let message = "A penalty made a logit infinite. Use a repetitionPenalty nearer to 1.";
        return Err(Error::new(ErrorCode::NumericError, message).detail("reason", "infinite"));
    }
    Ok(max)
}

fn all_banned() -> Error {
    let message = "No token may come next: the grammar, minTokens and the tokenizer forbid them all.";
    Error::new(ErrorCode::NumericError, message).detail("reason", "all_banned")
}

/// The largest of `logits`, which hold no NaN. In lanes, as one running maximum waits for itself at every step.
fn max(logits: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let mut lanes = [f32::NEG_INFINITY; 16];
    let (chunks, rest) = logits.as_chunks::<16>();
    for chunk in chunks {
        for (lane, &logit) in lanes.iter_mut().zip(chunk) {
            *lane = larger(logit, *lane);
        }
    }
    lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, larger)
}

/// The lowest id with the largest logit.
fn best(logits: &[f32], max: f32) -> Option<u32> {
    logits.iter().position(|&logit| logit >= max).map(|index| index as u32)
}

#[cfg(test)]
#[path = "token_sampler_tests.rs"]
mod tests;
