//! From a source to a grammar over a model's tokens.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use llguidance::api::TopLevelGrammar;
use llguidance::earley::SlicedBiasComputer;
use llguidance::toktrie::{InferenceCapabilities, TokEnv};
use llguidance::{Matcher, ParserFactory};

use super::cache::GrammarCache;
use super::matcher::GrammarMatcher;
use super::source::GrammarSource;
use super::token_trie::TokenTrie;
use crate::engine::Memory;
use crate::error::{Error, ErrorCode, Result};
use crate::tokenizer::Tokenizer;

/// Bytes of grammars that are kept.
const CACHE_BYTES: usize = 64 << 20;

/// Compiles the grammars of one model and keeps those used last.
pub struct GrammarCompiler {
    tokenizer: Arc<dyn Tokenizer>,
    end_tokens: Vec<u32>,
    memory: Arc<Memory>,
    /// What all grammars share; made for the first one.
    factory: OnceLock<Result<ParserFactory>>,
    cache: Mutex<GrammarCache>,
}

/// A grammar, ready to walk through.
pub struct Grammar {
    start: Matcher,
    bytes: usize,
}

impl GrammarCompiler {
    /// A compiler over the tokens of `tokenizer`. `end_tokens` may come where a grammar may end.
    /// The host is asked for what of `memory` the vocabulary needs.
    pub fn new(tokenizer: Arc<dyn Tokenizer>, end_tokens: Vec<u32>, memory: Arc<Memory>) -> Self {
        let cache = Mutex::new(GrammarCache::new(CACHE_BYTES));
        Self { tokenizer, end_tokens, memory, factory: OnceLock::new(), cache }
    }

    /// The grammar of a source.
    ///
    /// # Errors
    /// `grammar_invalid` for what is no grammar, cannot be kept to, or lets nothing through; `grammar_limit` for what
    /// would take too long; `out_of_memory` where there is none for the vocabulary.
    pub fn compile(&self, source: &GrammarSource) -> Result<Arc<Grammar>> {
        if let Some(grammar) = self.cache().get(source.as_lark()) {
            return Ok(grammar);
        }
        // Not under the lock: others need not wait for it.
        let compiled = on_large_stack(|| self.compile_anew(source)).map_err(|error| {
            // Of several parts the one that is wrong tells more than the whole.
            source.parts().iter().find_map(|part| self.compile(part).err()).unwrap_or(error)
        });
        let grammar = Arc::new(compiled?);
        self.cache().insert(source.as_lark(), Arc::clone(&grammar));
        Ok(grammar)
    }

    fn compile_anew(&self, source: &GrammarSource) -> Result<Grammar> {
        if self.factory.get().is_none() {
            let bytes = (self.tokenizer.vocabulary_size() * TOKEN_BYTES) as u64;
            self.memory.require(bytes).map_err(|error| error.at(source.path()))?;
        }
        let factory = self.factory.get_or_init(|| factory(&self.tokenizer, &self.end_tokens)).as_ref();
        let factory = factory.map_err(Clone::clone)?;
        let lark = TopLevelGrammar::from_lark(source.as_lark().to_owned());
        let parser = factory.create_parser(lark).map_err(|error| invalid(source, &error.to_string()))?;
        // Its memory is the lexer's and the parser's; the latter is of the source's size.
        let bytes = parser.parser.lexer_stats().num_bytes + PARSER_BYTES * source.as_lark().len();
        let start = Matcher::new(Ok(parser));
        if let Some(error) = start.get_error() {
            return Err(invalid(source, &error));
        }
        let grammar = Grammar { start, bytes };
        // Better said now than after the prompt was computed.
        let mut first = grammar.matcher();
        first.consume_forced().and_then(|_| first.mask().map(|_| ())).map_err(|error| match error.code() {
            ErrorCode::GrammarLimit => error.at(source.path()),
            _ => Error::new(ErrorCode::GrammarInvalid, "No text fits this form of an answer.").at(source.path()),
        })?;
        Ok(grammar)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, GrammarCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that a vocabulary takes for each token while it is arranged: what 150,000 tokens of o200k do.
const TOKEN_BYTES: usize = 420;

/// States of a grammar's texts that a sequence may come to know, half a kilobyte each: a string of at most so many characters
/// has one and more for each of them.
const MAX_STATES: usize = if cfg!(target_family = "wasm") { 25_000 } else { 100_000 };

/// Bytes of a parser for each byte of its source.
const PARSER_BYTES: usize = 64;

impl Grammar {
    /// A walk from the beginning. It shares nothing with others, so that none depends on what others did.
    pub fn matcher(&self) -> GrammarMatcher {
        GrammarMatcher::new(self.start.deep_clone())
    }

    /// Bytes held, estimated.
    pub fn memory_bytes(&self) -> usize {
        self.bytes
    }
}

fn factory(tokenizer: &Arc<dyn Tokenizer>, end_tokens: &[u32]) -> Result<ParserFactory> {
    let trie: TokEnv = Arc::new(TokenTrie::new(Arc::clone(tokenizer), end_tokens));
    let capabilities = InferenceCapabilities { ff_tokens: true, ..InferenceCapabilities::default() };
    let slices = SlicedBiasComputer::general_slices();
    let mut factory = ParserFactory::new(&trie, capabilities, &slices).map_err(|error| {
        let message = format!("No grammar can be used with this vocabulary: {error}");
        Error::new(ErrorCode::TokenizerInvalid, message).detail("reason", "grammar")
    })?;
    factory.quiet();
    factory.limits_mut().verbose_errors = false;
    factory.limits_mut().max_lexer_states = MAX_STATES;
    // Half of what it would be, which some patterns take a second and more to use up.
    factory.limits_mut().initial_lexer_fuel = 500_000;
    Ok(factory)
}

/// Bytes of the stack that compiling has, most of which is never touched.
#[cfg(not(target_family = "wasm"))]
const STACK: usize = 32 << 20;

/// Runs `work` where there is room for recursion: the limits of grammars are for the stack of WebAssembly, and those of other
/// threads are not all larger.
#[cfg(not(target_family = "wasm"))]
fn on_large_stack<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("wick-grammar".to_owned()).stack_size(STACK);
        let thread = thread.spawn_scoped(scope, work).map_err(|error| {
            let message = format!("There is no thread to compile the form of an answer in: {error}");
            Error::new(ErrorCode::OutOfMemory, message)
        })?;
        thread.join().unwrap_or_else(|panic| {
            let message = "Compiling the form of an answer broke; please report it.";
            Err(Error::new(ErrorCode::GrammarInvalid, message).after_panic(&*panic))
        })
    })
}

#[cfg(target_family = "wasm")]
fn on_large_stack<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    work()
}

/// Whether llguidance says that one of its limits was met: it has no other sign of that.
pub(super) fn is_limit(said: &str) -> bool {
    ["fuel", "too big", "too large", "too many", "limit"].iter().any(|word| said.contains(word))
}

/// What llguidance says of a grammar.
fn invalid(source: &GrammarSource, message: &str) -> Error {
    let said = told(message);
    let code = if is_limit(&said) { ErrorCode::GrammarLimit } else { ErrorCode::GrammarInvalid };
    Error::new(code, format!("This form of an answer cannot be kept to: {said}")).at(source.path())
}

/// What of llguidance's words is for people: in one line and without what it shows of itself and of the grammar.
pub(super) fn told(message: &str) -> String {
    let is_shown = |line: &&str| {
        let line = line.trim_start();
        line.starts_with('<') || line.trim_start_matches(|ch: char| ch.is_ascii_digit()).starts_with(" | ")
    };
    let lines: Vec<&str> = message.lines().take_while(|line| !is_shown(line)).map(str::trim).collect();
    lines.join(" ").chars().take(300).collect()
}
