//! What an answer must come to, computed alone, without engine, cache or pipeline.

use wick_core::engine::Job;
use wick_core::response::StopReason;
use wick_core::sampler::{History, Sampler, Scratch};
use wick_core::tokenizer::Tokenizer;

use crate::fake::{EOS, FakeTokenizer, VOCABULARY, repetitive_logits_after};
use crate::reader::Rules;

pub(crate) struct Oracle {
    /// Text of all tokens, nothing cut.
    pub(crate) raw: String,
    pub(crate) text: String,
    /// What was sampled.
    pub(crate) tokens: Vec<u32>,
    pub(crate) stop: StopReason,
}

pub(crate) fn oracle(job: &Job, stops: &[&str], choice: u32, rules: Rules) -> Oracle {
    let tokenizer = FakeTokenizer::new();
    let sampler = Sampler::new(job.sampling.clone(), job.seed, choice);
    let mut tokens = job.prompt.clone();
    let mut bytes = Vec::new();
    // Bytes of text in which no stop string is looked for.
    let mut unstoppable = 0;
    loop {
        let mut logits = repetitive_logits_after(&tokens, rules.window);
        let sampled = tokens.len() - job.prompt.len();
        let banned: &[u32] = if (sampled as u64) < job.min_tokens && !job.ignore_eos { &[EOS] } else { &[] };
        let history = History { tokens: &tokens, prompt_length: job.prompt.len(), mask: None, banned };
        let token = sampler.sample(&mut Scratch::default(), &mut logits[..VOCABULARY], &history).unwrap().token;
        tokens.push(token);
        let count = (tokens.len() - job.prompt.len()) as u64;
        let raw = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let sampled = &tokens[job.prompt.len()..];
        let over = |bytes: &[u8], text: String, stop| Oracle { raw: raw(bytes), text, tokens: sampled.to_vec(), stop };
        if token == EOS && !job.ignore_eos {
            return over(&bytes, raw(&bytes), StopReason::Eos);
        }
        bytes.extend_from_slice(tokenizer.token_bytes(token).unwrap());
        if count <= job.min_tokens {
            unstoppable = complete(&bytes).len();
        } else if let Some((text, stop)) = cut(&complete(&bytes), unstoppable, stops) {
            return over(&bytes, text, StopReason::StopString { text: stop });
        }
        let limit = if job.max_tokens.is_some_and(|max| count >= max) {
            StopReason::MaxTokens
        } else if tokens.len() >= rules.room {
            StopReason::Context
        } else {
            continue;
        };
        return over(&bytes, raw(&bytes), limit);
    }
}

/// Text whose characters are all there.
fn complete(bytes: &[u8]) -> String {
    let held = (1..=3.min(bytes.len())).find(|&held| {
        std::str::from_utf8(&bytes[bytes.len() - held..])
            .is_err_and(|error| error.error_len().is_none() && error.valid_up_to() == 0)
    });
    String::from_utf8_lossy(&bytes[..bytes.len() - held.unwrap_or(0)]).into_owned()
}

/// The text before the first stop string to end after `from`, the longest of those that end together.
fn cut(text: &str, from: usize, stops: &[&str]) -> Option<(String, String)> {
    text[from..].char_indices().find_map(|(at, letter)| {
        let read = &text[from..from + at + letter.len_utf8()];
        let stop = stops.iter().filter(|stop| read.ends_with(**stop)).max_by_key(|stop| stop.len())?;
        Some((text[..from + read.len() - stop.len()].to_owned(), (*stop).to_owned()))
    })
}
