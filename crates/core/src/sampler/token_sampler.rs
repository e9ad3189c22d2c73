//! The stages in a row.

use super::candidate::Candidate;
use super::logprobs::LogProbs;
use super::params::SamplingParams;
use super::temperature::Temperature;
use super::token_table::TokenTable;
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

    /// Temperature, top-k, top-p, min-p and the draw.
    fn draw(&self, scratch: &mut Scratch, logits: &[f32], temperature: Temperature, u: f64) -> Option<u32> {
        let SamplingParams { top_k, top_p, min_p, .. } = self.params;
        let Scratch { candidates, weights, .. } = scratch;
        weights.clear();
        if top_k.is_none() && top_p >= 1.0 {
            // Nothing needs an order: weights of the whole vocabulary, by ascending id.
            weights.extend(logits.iter().map(|&logit| {
                let weight = temperature.weight(logit);
                if min_p::keeps(weight, min_p) { weight } else { 0.0 }
            }));
            return draw::pick(weights, u).map(|index| index as u32);
        }
        if let Some(k) = top_k {
            top_k::select(logits, k, candidates);
            weights.extend(candidates.iter().map(|candidate| temperature.weight(candidate.logit())));
            if top_p < 1.0 {
                let total = math::sum(weights, |weight| weight);
                weights.truncate(top_p::reach(weights.iter().copied(), top_p, total).unwrap_or(weights.len()));
            }
        } else {
            let total = math::sum(logits, |logit| temperature.weight(logit));
            // The nucleus is mostly small: sort a few, and more only while they do not reach the mass.
            let mut count = FIRST_NUCLEUS;
            loop {
                top_k::select(logits, count, candidates);
                weights.clear();
                weights.extend(candidates.iter().map(|candidate| temperature.weight(candidate.logit())));
                if let Some(kept) = top_p::reach(weights.iter().copied(), top_p, total) {
                    weights.truncate(kept);
                    break;
                }
                // Rounding can leave the sum of all just below.
                if candidates.len() < count {
                    break;
                }
                count = count.saturating_mul(NUCLEUS_GROWTH);
            }
        }
        // Best first, so what min-p drops is a tail.
        weights.truncate(weights.partition_point(|&weight| min_p::keeps(weight, min_p)));
        let index = draw::pick(weights, u)?;
        candidates.get(index).map(|candidate| candidate.token())
    }
}

/// Tokens sorted at first for a nucleus without top-k, and how many times more if they do not suffice.
const FIRST_NUCLEUS: usize = 256;
const NUCLEUS_GROWTH: usize = 16;

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
