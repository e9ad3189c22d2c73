//! Masks of grammars over a large vocabulary: `<tokens> <cases>`, files that `masks.ts` writes. Prints one line of JSON.
//!
//! Times of masks are the thread's own, which a machine that others use as well does not change.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use wick_core::Result as WickResult;
use wick_core::engine::Memory;
use wick_core::grammar::{GrammarCompiler, GrammarSource};
use wick_core::tokenizer::Tokenizer;

/// Times that each case is walked through.
const ROUNDS: usize = 20;

/// Byte-pair encoding by rank, the id.
struct RankTokenizer {
    tokens: Vec<Vec<u8>>,
    ranks: HashMap<Vec<u8>, u32>,
}

impl RankTokenizer {
    /// Of the tokens in a file: the length of each in four bytes, and its bytes.
    fn read(bytes: &[u8]) -> Self {
        let (mut tokens, mut rest) = (Vec::new(), bytes);
        while let Some((length, behind)) = rest.split_first_chunk::<4>() {
            let (token, behind) = behind.split_at(u32::from_le_bytes(*length) as usize);
            tokens.push(token.to_vec());
            rest = behind;
        }
        let ranks = tokens.iter().cloned().zip(0..).collect();
        Self { tokens, ranks }
    }

    fn end(&self) -> u32 {
        self.tokens.len() as u32
    }

    fn encode_word(&self, word: &[u8], ids: &mut Vec<u32>) {
        let mut parts: Vec<Vec<u8>> = word.iter().map(|byte| vec![*byte]).collect();
        loop {
            let joined =
                parts.windows(2).enumerate().filter_map(|(at, pair)| Some((self.ranks.get(&pair.concat())?, at)));
            let Some((_, at)) = joined.min() else { break };
            let right = parts.remove(at + 1);
            parts[at].extend(right);
        }
        ids.extend(parts.iter().filter_map(|part| self.ranks.get(part)));
    }
}

impl Tokenizer for RankTokenizer {
    /// Words begin with their space, as in most vocabularies; punctuation stands for itself.
    fn encode_text(&self, text: &str) -> WickResult<Vec<u32>> {
        let mut ids = Vec::new();
        let mut word = String::new();
        for ch in text.chars() {
            let goes_on = match word.chars().last() {
                None => true,
                Some(last) => (word == " " || ch.is_alphanumeric() == last.is_alphanumeric()) && ch != ' ',
            };
            if !goes_on {
                self.encode_word(word.as_bytes(), &mut ids);
                word.clear();
            }
            word.push(ch);
        }
        self.encode_word(word.as_bytes(), &mut ids);
        Ok(ids)
    }

    fn encode_with_control(&self, text: &str, _breaks: &[usize]) -> WickResult<Vec<u32>> {
        self.encode_text(text)
    }

    fn token_bytes(&self, id: u32) -> Option<&[u8]> {
        self.tokens.get(id as usize).map(Vec::as_slice).or((id == self.end()).then_some(&[]))
    }

    fn is_control(&self, id: u32) -> bool {
        id == self.end()
    }

    fn token_text(&self, id: u32) -> Option<&str> {
        (id == self.end()).then_some("<end>")
    }

    fn token_id(&self, text: &str) -> Option<u32> {
        (text == "<end>").then_some(self.end())
    }

    fn vocabulary_size(&self) -> usize {
        self.tokens.len() + 1
    }

    fn add_bos(&self) -> Option<u32> {
        None
    }

    fn drops_leading_space(&self) -> bool {
        false
    }

    fn decode(&self, _ids: &[u32]) -> WickResult<String> {
        Ok(String::new())
    }

    fn control_texts(&self) -> Vec<&str> {
        vec!["<end>"]
    }

    fn memory_bytes(&self) -> usize {
        0
    }
}

/// Nanoseconds that this thread has computed.
fn thread_time() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a local of the type that the call fills.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[expect(clippy::print_stdout, reason = "this is what it is for")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (tokens, cases) = (arguments.next().ok_or("which tokens?")?, arguments.next().ok_or("which cases?")?);
    let tokenizer = Arc::new(RankTokenizer::read(&std::fs::read(tokens)?));
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(cases)?)?;
    let compiler =
        GrammarCompiler::new(Arc::clone(&tokenizer) as Arc<dyn Tokenizer>, vec![tokenizer.end()], Memory::uncounted());
    let began = Instant::now();
    compiler.compile(&GrammarSource::regex("a", "first")?)?;
    let vocabulary_ms = began.elapsed().as_secs_f64() * 1e3;

    let (mut first_uses, mut masks, mut forced, mut drawn) = (Vec::new(), Vec::new(), 0_usize, 0_usize);
    for case in &cases {
        let text = case["text"].as_str().ok_or("a case has no text")?;
        let began = Instant::now();
        let grammar = compiler.compile(&GrammarSource::json_schema(case["schema"].clone(), true, "schema")?)?;
        let mut matcher = grammar.matcher();
        matcher.consume_forced()?;
        matcher.mask()?;
        first_uses.push(json!({"name": case["name"], "ms": began.elapsed().as_secs_f64() * 1e3}));
        for _ in 0..ROUNDS {
            let mut matcher = grammar.matcher();
            let mut rest = text.as_bytes();
            loop {
                let tokens = matcher.consume_forced()?;
                forced += tokens.len();
                let length: usize =
                    tokens.iter().filter_map(|token| tokenizer.token_bytes(*token)).map(<[u8]>::len).sum();
                rest = rest.get(length..).ok_or("more was forced than there is")?;
                if matcher.is_over() {
                    break;
                }
                let before = thread_time();
                let mask = matcher.mask()?;
                masks.push(thread_time() - before);
                // The longest token of the text that may come.
                let allowed = |length: &usize| {
                    let token = rest.get(..*length).and_then(|bytes| tokenizer.ranks.get(bytes).copied())?;
                    (mask[token as usize / 32] >> (token % 32) & 1 == 1).then_some((token, *length))
                };
                let (token, length) =
                    (1..=64).rev().find_map(|length| allowed(&length)).ok_or("the text may not come")?;
                matcher.consume(token)?;
                drawn += 1;
                rest = rest.get(length..).unwrap_or_default();
            }
        }
    }
    masks.sort_unstable();
    let at = |fraction: f64| masks[((masks.len() as f64 * fraction) as usize).min(masks.len() - 1)] as f64 / 1e3;
    let mean = masks.iter().sum::<u64>() as f64 / masks.len() as f64 / 1e3;
    println!(
        "{}",
        json!({
            "vocabulary": tokenizer.vocabulary_size(), "vocabularyMs": vocabulary_ms, "firstUses": first_uses,
            "masks": masks.len(), "meanUs": mean, "p99Us": at(0.99), "p999Us": at(0.999), "maxUs": at(1.0),
            "forced": forced, "drawn": drawn,
        })
    );
    Ok(())
}
