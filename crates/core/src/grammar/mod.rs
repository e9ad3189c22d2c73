//! What an answer must look like, and which tokens may come next for that.
//!
//! A [`GrammarSource`] is what a request asks for, within [`limits`]. The [`GrammarCompiler`] of a model makes a
//! [`Grammar`] of it, once for the same source, and each sequence walks through it with a [`GrammarMatcher`]: the mask of
//! the tokens that may come, and the tokens that must. All of the language theory is llguidance's.

mod cache;
mod compiler;
mod lark;
mod limits;
mod matcher;
mod plain_schema;
mod reference_depth;
mod source;
mod token_trie;
mod tool_calls;

pub use compiler::{Grammar, GrammarCompiler};
pub use matcher::GrammarMatcher;
pub use source::GrammarSource;
pub use tool_calls::{Besides, CallRules, CallableTool, harmony_source};
