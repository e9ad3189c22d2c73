//! From a row of logits to a token.
//!
//! In this order: DRY, penalties (repetition, then frequency and presence), logit bias, grammar mask and banned
//! tokens, *log-probabilities are read here*, temperature, top-k, top-p, min-p, draw.
//!
//! Everything is a pure function of the logits, the token history, the parameters and (seed, choice, position): there
//! is no state to roll back, a sequence that is replayed, preempted or speculated draws the same tokens, and a clone
//! is a fork. Of equal logits the lower token id is the better one; sums run in f64 in a fixed order; the draw walks over the
//! tokens that are left by ascending id.

mod candidate;
mod draw;
mod dry;
mod logit_bias;
mod logprobs;
mod mask;
mod math;
mod min_p;
mod params;
mod penalties;
mod temperature;
mod token_sampler;
mod token_table;
mod top_k;
mod top_p;

pub use dry::breaker_tokens;
pub use params::{DryOptions, SamplingOptions, SamplingParams};
pub use token_sampler::{History, Sampled, Sampler, Scratch};
