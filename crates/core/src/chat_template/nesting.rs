//! How deep a template may nest without brackets.
//!
//! minijinja calls itself for each operator and each `elif`, without a bound, where it has one for brackets and blocks: a
//! thread's stack would end before the longest source does.

use minijinja::Error;
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

use super::program::refused_at;

/// Words of one tag. The longest in use have some two hundred.
const MAX_TAG: usize = 500;
/// Branches of all conditions.
const MAX_BRANCHES: usize = 100;

/// # Errors
/// A syntax error with its line for a tag of too many words, and for too many branches; those of the lexer.
pub(super) fn check(source: &str, syntax: SyntaxConfig) -> Result<(), Error> {
    let (mut words, mut branches) = (0, 0);
    for token in tokenize(source, false, syntax) {
        let (token, span) = token?;
        match token {
            Token::VariableStart | Token::BlockStart => words = 0,
            Token::Ident("elif") => branches += 1,
            _ => words += 1,
        }
        if words > MAX_TAG {
            return Err(refused_at(&format!("a tag of more than {MAX_TAG} words"), span));
        }
        if branches > MAX_BRANCHES {
            return Err(refused_at(&format!("more than {MAX_BRANCHES} times `elif`"), span));
        }
    }
    Ok(())
}
