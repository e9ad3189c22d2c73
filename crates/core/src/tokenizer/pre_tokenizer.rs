//! Cutting normalised text into the pieces that the merges then work on.

use serde::Deserialize;
use serde_json::Value;
use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer as _, PreTokenizerWrapper};

use super::pattern::{GPT2, Pattern};
use super::{byte_level, invalid};
use crate::error::Result;

/// Pre-tokenizers a file may chain; each costs one level of recursion.
const MAX_STEPS: usize = 16;

/// What becomes of the text a pattern matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Behavior {
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

/// Whether a metaspace is put in front of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Prepend {
    First,
    Never,
    Always,
}

/// One pre-tokenizer.
pub(crate) enum Step {
    Split {
        pattern: Pattern,
        behavior: Behavior,
        invert: bool,
    },
    Digits {
        individual: bool,
    },
    PrefixSpace,
    ByteLevel,
    Metaspace {
        replacement: char,
        prepend: Prepend,
        split: bool,
    },
    /// One of those that need no pattern, run by the tokenizers crate.
    Crate(PreTokenizerWrapper),
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Source {
    Sequence {
        pretokenizers: Vec<Source>,
    },
    Split {
        pattern: PatternSource,
        behavior: Behavior,
        #[serde(default)]
        invert: bool,
    },
    ByteLevel {
        #[serde(default = "yes")]
        add_prefix_space: bool,
        #[serde(default = "yes")]
        use_regex: bool,
    },
    Digits {
        #[serde(default)]
        individual_digits: bool,
    },
    Metaspace {
        replacement: char,
        add_prefix_space: Option<bool>,
        prepend_scheme: Option<Prepend>,
        split: Option<bool>,
    },
    Whitespace,
    WhitespaceSplit,
    UnicodeScripts,
    BertPreTokenizer,
    Punctuation {
        behavior: Option<Value>,
    },
}

#[derive(Deserialize)]
pub(crate) enum PatternSource {
    String(String),
    Regex(String),
}

const fn yes() -> bool {
    true
}

/// Reads the `pre_tokenizer` of a tokenizer.json.
///
/// # Errors
/// `tokenizer_invalid{reason: "pre_tokenizer" | "regex"}`.
pub(crate) fn parse(value: &Value) -> Result<Vec<Step>> {
    let source = Source::deserialize(value)
        .map_err(|error| invalid("pre_tokenizer", format!("the pre-tokenizer is not supported: {error}")))?;
    let mut steps = Vec::new();
    push(source, &mut steps)?;
    Ok(steps)
}

fn push(source: Source, steps: &mut Vec<Step>) -> Result<()> {
    if steps.len() >= MAX_STEPS {
        return Err(invalid("pre_tokenizer", format!("more than {MAX_STEPS} pre-tokenizers in a row")));
    }
    match source {
        Source::Sequence { pretokenizers } => {
            for inner in pretokenizers {
                push(inner, steps)?;
            }
        }
        Source::Split { pattern, behavior, invert } => {
            let pattern = match pattern {
                PatternSource::String(text) => Pattern::literal(&text)?,
                PatternSource::Regex(source) => Pattern::regex(&source)?,
            };
            steps.push(Step::Split { pattern, behavior, invert });
        }
        Source::ByteLevel { add_prefix_space, use_regex } => {
            if add_prefix_space {
                steps.push(Step::PrefixSpace);
            }
            if use_regex {
                steps.push(gpt2_split()?);
            }
            steps.push(Step::ByteLevel);
        }
        Source::Digits { individual_digits } => steps.push(Step::Digits { individual: individual_digits }),
        Source::Metaspace { replacement, add_prefix_space, prepend_scheme, split } => {
            let prepend = match add_prefix_space {
                Some(false) => Prepend::Never,
                Some(true) | None => prepend_scheme.unwrap_or(Prepend::Always),
            };
            steps.push(Step::Metaspace { replacement, prepend, split: split.unwrap_or(true) });
        }
        simple @ (Source::Whitespace
        | Source::WhitespaceSplit
        | Source::UnicodeScripts
        | Source::BertPreTokenizer
        | Source::Punctuation { .. }) => steps.push(Step::Crate(by_crate(simple)?)),
    }
    Ok(())
}

fn by_crate(source: Source) -> Result<PreTokenizerWrapper> {
    let value = match source {
        Source::Whitespace => serde_json::json!({ "type": "Whitespace" }),
        Source::WhitespaceSplit => serde_json::json!({ "type": "WhitespaceSplit" }),
        Source::UnicodeScripts => serde_json::json!({ "type": "UnicodeScripts" }),
        Source::BertPreTokenizer => serde_json::json!({ "type": "BertPreTokenizer" }),
        Source::Punctuation { behavior } => {
            serde_json::json!({ "type": "Punctuation", "behavior": behavior.unwrap_or_else(|| "Isolated".into()) })
        }
        Source::Sequence { .. }
        | Source::Split { .. }
        | Source::ByteLevel { .. }
        | Source::Digits { .. }
        | Source::Metaspace { .. } => Value::Null,
    };
    serde_json::from_value(value)
        .map_err(|error| invalid("pre_tokenizer", format!("the pre-tokenizer is not supported: {error}")))
}

/// The split that byte-level vocabularies of GPT-2's kind use.
pub(crate) fn gpt2_split() -> Result<Step> {
    split(GPT2)
}

/// A split that keeps every match as a piece of its own.
pub(crate) fn split(source: &str) -> Result<Step> {
    Ok(Step::Split { pattern: Pattern::regex(source)?, behavior: Behavior::Isolated, invert: false })
}

/// Runs `text` through `steps` and hands every piece to `emit`. `first`: the piece stands at the start of the whole text.
pub(crate) fn run(steps: &[Step], text: &str, first: bool, emit: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let Some((step, rest)) = steps.split_first() else { return emit(text) };
    match step {
        Step::Split { pattern, behavior, invert } => {
            let mut spans = Vec::new();
            let mut at = 0;
            pattern.matches(text, |start, end| {
                if at < start {
                    spans.push((at, start, *invert));
                }
                spans.push((start, end, !*invert));
                at = end;
            });
            if at < text.len() {
                spans.push((at, text.len(), *invert));
            }
            run_spans(rest, text, first, merge(spans, *behavior), emit)
        }
        Step::Digits { individual } => {
            let mut spans: Vec<(usize, usize, bool)> = Vec::new();
            for (start, character) in text.char_indices() {
                let (end, numeric) = (start + character.len_utf8(), character.is_numeric());
                match spans.last_mut() {
                    Some(last) if last.2 == numeric && !(numeric && *individual) => last.1 = end,
                    Some(_) | None => spans.push((start, end, numeric)),
                }
            }
            run_spans(rest, text, first, spans, emit)
        }
        Step::PrefixSpace => {
            if text.starts_with(' ') {
                run(rest, text, first, emit)
            } else {
                run(rest, &format!(" {text}"), first, emit)
            }
        }
        Step::ByteLevel => {
            let mut written = String::with_capacity(text.len() * 2);
            byte_level::write(text, &mut written);
            run(rest, &written, first, emit)
        }
        Step::Metaspace { replacement, prepend, split } => {
            let mut written = String::with_capacity(text.len() * 2);
            let wanted = match prepend {
                Prepend::First => first,
                Prepend::Never => false,
                Prepend::Always => true,
            };
            if wanted && !text.starts_with(' ') && !text.starts_with(*replacement) {
                written.push(*replacement);
            }
            written.extend(text.chars().map(|character| if character == ' ' { *replacement } else { character }));
            if !split {
                return run(rest, &written, first, emit);
            }
            let starts = written.match_indices(*replacement).map(|(start, _)| start);
            let mut at = 0;
            for start in starts.chain([written.len()]) {
                run(rest, &written[at..start], first && at == 0, emit)?;
                at = start;
            }
            Ok(())
        }
        Step::Crate(wrapper) => {
            let mut pieces = PreTokenizedString::from(text);
            wrapper
                .pre_tokenize(&mut pieces)
                .map_err(|error| invalid("pre_tokenizer", format!("the pre-tokenizer failed: {error}")))?;
            for (index, (piece, _, _)) in
                pieces.get_splits(OffsetReferential::Normalized, OffsetType::Byte).into_iter().enumerate()
            {
                run(rest, piece, first && index == 0, emit)?;
            }
            Ok(())
        }
    }
}

fn run_spans(
    rest: &[Step],
    text: &str,
    first: bool,
    spans: Vec<(usize, usize, bool)>,
    emit: &mut dyn FnMut(&str) -> Result<()>,
) -> Result<()> {
    for (start, end, _) in spans {
        run(rest, &text[start..end], first && start == 0, emit)?;
    }
    Ok(())
}

/// Joins spans `(start, end, is a match)` as `behavior` says.
fn merge(spans: Vec<(usize, usize, bool)>, behavior: Behavior) -> Vec<(usize, usize, bool)> {
    match behavior {
        Behavior::Isolated => spans,
        Behavior::Removed => spans.into_iter().filter(|span| !span.2).collect(),
        Behavior::Contiguous => {
            let mut merged: Vec<(usize, usize, bool)> = Vec::with_capacity(spans.len());
            for span in spans {
                match merged.last_mut() {
                    Some(last) if last.2 == span.2 => last.1 = span.1,
                    Some(_) | None => merged.push(span),
                }
            }
            merged
        }
        Behavior::MergedWithPrevious => {
            let mut merged: Vec<(usize, usize, bool)> = Vec::with_capacity(spans.len());
            let mut after_match = false;
            for span in spans {
                match merged.last_mut() {
                    Some(last) if span.2 && !after_match => last.1 = span.1,
                    Some(_) | None => merged.push(span),
                }
                after_match = span.2;
            }
            merged
        }
        Behavior::MergedWithNext => {
            let mut merged: Vec<(usize, usize, bool)> = Vec::with_capacity(spans.len());
            let mut before_match = false;
            for span in spans.into_iter().rev() {
                match merged.last_mut() {
                    Some(last) if span.2 && !before_match => last.0 = span.0,
                    Some(_) | None => merged.push(span),
                }
                before_match = span.2;
            }
            merged.reverse();
            merged
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(config: &Value, text: &str) -> Vec<String> {
        let steps = parse(config).unwrap();
        let mut out = Vec::new();
        run(&steps, text, true, &mut |piece| {
            out.push(piece.to_owned());
            Ok(())
        })
        .unwrap();
        out
    }

    /// The crate's own pre-tokenizers are the oracle of ours.
    #[test]
    fn cuts_as_the_crate_does() {
        let texts = [
            "",
            " ",
            "a",
            "  Hey there 12,345 x  ",
            "a--b---c-",
            "-a",
            "тест 中文 ١٢٣\n\n x",
            "▁▁a b",
            "'s it's\t\r\n!! ok",
        ];
        let mut configs = vec![
            serde_json::json!({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}),
            serde_json::json!({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}),
            serde_json::json!({"type":"Digits","individual_digits":true}),
            serde_json::json!({"type":"Digits","individual_digits":false}),
            serde_json::json!({"type":"Whitespace"}),
            serde_json::json!({"type":"Punctuation","behavior":"Isolated"}),
        ];
        for scheme in ["first", "never", "always"] {
            for split in [true, false] {
                configs.push(
                    serde_json::json!({"type":"Metaspace","replacement":"▁","prepend_scheme":scheme,"split":split}),
                );
            }
        }
        for behavior in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"] {
            for invert in [true, false] {
                configs.push(
                    serde_json::json!({"type":"Split","pattern":{"String":"-"},"behavior":behavior,"invert":invert}),
                );
                configs.push(serde_json::json!({"type":"Split","pattern":{"Regex":"\\s+|\\p{N}"},"behavior":behavior,"invert":invert}));
            }
        }
        for config in configs {
            let oracle: PreTokenizerWrapper = serde_json::from_value(config.clone()).unwrap();
            for text in texts {
                let mut expected = PreTokenizedString::from(text);
                oracle.pre_tokenize(&mut expected).unwrap();
                let expected: Vec<_> = expected
                    .get_splits(OffsetReferential::Normalized, OffsetType::Byte)
                    .into_iter()
                    .map(|(piece, _, _)| piece.to_owned())
                    .filter(|piece| !piece.is_empty())
                    .collect();
                assert_eq!(pieces(&config, text), expected, "{config} on {text:?}");
            }
        }
    }
}
