//! What an answer must come to, computed alone, without engine, cache or pipeline.

use wick_core::engine::Job;
use wick_core::grammar::GrammarMatcher;
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
    let sampler = Sampler::new(job.sampling.clone(), job.seed, choice);
    let mut matcher = job.grammar.as_ref().map(|answer| answer.grammar.matcher());
    let mut answer = Answer { job, stops, rules, tokens: job.prompt.clone(), bytes: Vec::new(), unstoppable: 0 };
    loop {
        // What must come, is not drawn.
        let forced = matcher.as_mut().map(|matcher| matcher.consume_forced().unwrap()).unwrap_or_default();
        if let Some(over) = forced.into_iter().find_map(|token| answer.append(token)) {
            return over;
        }
        if matcher.as_ref().is_some_and(GrammarMatcher::is_over) {
            return answer.over(StopReason::Eos);
        }
        let mut logits = repetitive_logits_after(&answer.tokens, rules.window);
        let mask = matcher.as_mut().map(|matcher| matcher.mask().unwrap().to_vec());
        let only_end = mask.as_ref().is_some_and(|mask| *mask == [1 << EOS]);
        let is_early = (answer.count() as u64) < job.min_tokens && !job.ignore_eos && !only_end;
        let banned: &[u32] = if is_early { &[EOS] } else { &[] };
        let history =
            History { tokens: &answer.tokens, prompt_length: job.prompt.len(), mask: mask.as_deref(), banned };
        let token = sampler.sample(&mut Scratch::default(), &mut logits[..VOCABULARY], &history).unwrap().token;
        if let Some(over) = answer.append(token) {
            return over;
        }
        if let Some(matcher) = &mut matcher {
            matcher.consume(token).unwrap();
        }
    }
}

struct Answer<'a> {
    job: &'a Job,
    stops: &'a [&'a str],
    rules: Rules,
    /// Prompt and answer.
    tokens: Vec<u32>,
    bytes: Vec<u8>,
    /// Bytes of text in which no stop string is looked for.
    unstoppable: usize,
}

impl Answer<'_> {
    fn count(&self) -> usize {
        self.tokens.len() - self.job.prompt.len()
    }

    /// The whole, if the token ends it.
    fn append(&mut self, token: u32) -> Option<Oracle> {
        self.tokens.push(token);
        let count = self.count() as u64;
        if token == EOS && !self.job.ignore_eos {
            return Some(self.over(StopReason::Eos));
        }
        self.bytes.extend_from_slice(FakeTokenizer::new().token_bytes(token).unwrap());
        if count <= self.job.min_tokens {
            self.unstoppable = complete(&self.bytes).len();
        } else if let Some((text, stop)) = cut(&complete(&self.bytes), self.unstoppable, self.stops) {
            return Some(Oracle { text, ..self.over(StopReason::StopString { text: stop }) });
        }
        if self.job.max_tokens.is_some_and(|max| count >= max) {
            Some(self.over(StopReason::MaxTokens))
        } else if self.tokens.len() >= self.rules.room {
            Some(self.over(StopReason::Context))
        } else {
            None
        }
    }

    fn over(&self, stop: StopReason) -> Oracle {
        let raw = String::from_utf8_lossy(&self.bytes).into_owned();
        Oracle { text: raw.clone(), raw, tokens: self.tokens[self.job.prompt.len()..].to_vec(), stop }
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
