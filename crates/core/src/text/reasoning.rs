//! Reasoning between markers, told apart from the answer.

use super::marker_scan::{MarkerScan, Markers};
use crate::error::{Error, Result};

/// The pair of strings round a model's reasoning, `<think>` and `</think>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasoningMarkers {
    open: String,
    close: String,
    starts_open: bool,
}

impl ReasoningMarkers {
    /// `starts_open` where the prompt already ends with the opening marker, as templates that force thinking do.
    ///
    /// # Errors
    /// `template_invalid` for an empty marker.
    pub fn new(open: impl Into<String>, close: impl Into<String>, starts_open: bool) -> Result<Self> {
        let (open, close) = (open.into(), close.into());
        if open.is_empty() || close.is_empty() {
            return Err(Error::new(crate::ErrorCode::TemplateInvalid, "A reasoning marker must not be empty."));
        }
        Ok(Self { open, close, starts_open })
    }

    /// `<think>` and `</think>`, as Qwen3, `DeepSeek` R1 and `SmolLM3` write them.
    pub fn think(starts_open: bool) -> Self {
        Self { open: "<think>".to_owned(), close: "</think>".to_owned(), starts_open }
    }

    /// The pair that a model knows as control tokens: those of Mistral and Gemma 4, or `<think>`. Behind some of Gemma's own
    /// marker stands the name of the channel.
    pub fn of_model(is_token: impl Fn(&str) -> bool) -> Option<Self> {
        const KNOWN: [(&str, &str, &str); 3] =
            [("<think>", "", "</think>"), ("[THINK]", "", "[/THINK]"), ("<|channel>", "thought\n", "<channel|>")];
        let (open, rest, close) = KNOWN.into_iter().find(|(open, _, close)| is_token(open) && is_token(close))?;
        Some(Self { open: open.to_owned() + rest, close: close.to_owned(), starts_open: false })
    }

    /// What opens it.
    pub fn open(&self) -> &str {
        &self.open
    }

    /// Text that ends the reasoning, as models of this kind write it themselves.
    pub fn end(&self) -> String {
        if self.close == "</think>" { format!("\n{}\n\n", self.close) } else { self.close.clone() }
    }

    /// The same where the prompt says whether it ends in the opening marker.
    #[must_use]
    pub fn after_prompt(self, ends_with: impl Fn(&str) -> bool) -> Self {
        Self { starts_open: ends_with(&self.open), ..self }
    }
}

/// Text with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Content(&'a str),
    Reasoning(&'a str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The answer has not begun: whitespace at most. Only here the opening marker opens.
    Leading,
    /// In the answer. A marker here is the model's text, for instance when it explains what `<think>` means.
    Content,
    /// Between the markers.
    Reasoning,
}

/// Splits text into reasoning and answer.
///
/// Reasoning opens at the opening marker if nothing but whitespace came before it in the answer; it closes at the
/// closing marker, after which the answer, or another reasoning, begins. Newlines that only frame the markers belong
/// to nobody: those right before and the first one after the opening marker, those right before and right after the
/// closing one. Unclosed reasoning keeps its text to the end. Holds at most the beginning of a marker, newlines being
/// counted.
#[derive(Debug, Clone)]
pub(super) struct ReasoningStage {
    open: Markers,
    close: Markers,
    mode: Mode,
    scan: MarkerScan,
    /// The next character is dropped if it is a newline: the one after the opening marker.
    drop_newline: bool,
    /// Newlines are dropped until something else comes: those after the closing marker.
    drop_newlines: bool,
    /// Reused between calls, empty in between.
    buffer: String,
}

impl ReasoningStage {
    pub(super) fn new(markers: &ReasoningMarkers) -> Self {
        Self {
            open: Markers::new([markers.open.as_str()]),
            close: Markers::new([markers.close.as_str()]),
            mode: if markers.starts_open { Mode::Reasoning } else { Mode::Leading },
            scan: MarkerScan::default(),
            drop_newline: markers.starts_open,
            drop_newlines: false,
            buffer: String::new(),
        }
    }

    /// Whether the text that comes next is reasoning.
    pub(super) fn is_open(&self) -> bool {
        match self.mode {
            Mode::Leading | Mode::Content => false,
            Mode::Reasoning => true,
        }
    }

    /// Whether the control token spelled `text` is one of the markers.
    pub(super) fn is_marker(&self, text: &str) -> bool {
        !text.is_empty() && (self.open.text(0).starts_with(text) || text == self.close.text(0))
    }

    pub(super) fn push(&mut self, text: &str, sink: &mut impl FnMut(Part<'_>)) {
        if self.mode == Mode::Content {
            return sink_part(Part::Content(text), sink);
        }
        for ch in text.chars() {
            self.read(ch, sink);
        }
        self.send(sink);
    }

    /// Everything held is text of its place.
    pub(super) fn finish(&mut self, sink: &mut impl FnMut(Part<'_>)) {
        match self.mode {
            Mode::Leading => self.scan.flush(&self.open, &mut self.buffer),
            Mode::Reasoning => self.scan.flush(&self.close, &mut self.buffer),
            Mode::Content => {}
        }
        self.send(sink);
    }

    fn read(&mut self, ch: char, sink: &mut impl FnMut(Part<'_>)) {
        let newline = ch == '\n';
        let dropped = newline && (self.drop_newline || self.drop_newlines);
        self.drop_newline = false;
        self.drop_newlines &= newline;
        if dropped {
            return;
        }
        match self.mode {
            Mode::Leading => {
                if self.scan.push(&self.open, ch, &mut self.buffer).is_some() {
                    self.send(sink);
                    self.mode = Mode::Reasoning;
                    self.drop_newline = true;
                } else if self.buffer.contains(|ch: char| !ch.is_whitespace()) {
                    self.scan.flush(&self.open, &mut self.buffer);
                    self.mode = Mode::Content;
                }
            }
            Mode::Content => self.buffer.push(ch),
            Mode::Reasoning => {
                if self.scan.push(&self.close, ch, &mut self.buffer).is_some() {
                    self.send(sink);
                    self.mode = Mode::Leading;
                    self.drop_newlines = true;
                }
            }
        }
    }

    fn send(&mut self, sink: &mut impl FnMut(Part<'_>)) {
        match self.mode {
            Mode::Leading | Mode::Content => sink_part(Part::Content(&self.buffer), sink),
            Mode::Reasoning => sink_part(Part::Reasoning(&self.buffer), sink),
        }
        self.buffer.clear();
    }
}

fn sink_part(part: Part<'_>, sink: &mut impl FnMut(Part<'_>)) {
    match part {
        Part::Content("") | Part::Reasoning("") => {}
        Part::Content(_) | Part::Reasoning(_) => sink(part),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::event::{TextEvent, merged};

    fn run(chunks: &[&str], starts_open: bool) -> Vec<TextEvent> {
        let mut stage = ReasoningStage::new(&ReasoningMarkers::think(starts_open));
        let mut out = Vec::new();
        let mut sink = |part: Part<'_>| match part {
            Part::Content(text) => TextEvent::content(text, &mut out),
            Part::Reasoning(text) => TextEvent::reasoning(text, &mut out),
        };
        for chunk in chunks {
            stage.push(chunk, &mut sink);
        }
        stage.finish(&mut sink);
        merged(&out)
    }

    /// Reads the whole text with string searches.
    fn oracle(text: &str, starts_open: bool) -> Vec<TextEvent> {
        let (open, close) = ("<think>", "</think>");
        let mut out = Vec::new();
        let mut rest = text;
        let mut inside = starts_open;
        loop {
            if inside {
                rest = rest.strip_prefix('\n').unwrap_or(rest);
                let Some((reasoning, after)) = rest.split_once(close) else {
                    TextEvent::reasoning(rest, &mut out);
                    return out;
                };
                TextEvent::reasoning(reasoning.trim_end_matches('\n'), &mut out);
                rest = after.trim_start_matches('\n');
                inside = false;
            } else {
                match rest.split_once(open) {
                    Some((before, after)) if before.trim().is_empty() => {
                        TextEvent::content(before.trim_end_matches('\n'), &mut out);
                        rest = after;
                        inside = true;
                    }
                    _ => {
                        TextEvent::content(rest, &mut out);
                        return out;
                    }
                }
            }
        }
    }

    fn content(text: &str) -> TextEvent {
        TextEvent::Content(text.to_owned())
    }

    fn reasoning(text: &str) -> TextEvent {
        TextEvent::Reasoning(text.to_owned())
    }

    #[test]
    fn drops_the_newlines_that_frame_the_markers() {
        let whole = "<think>\nFirst.\n\nThen.\n</think>\n\nThe answer.\n";
        assert_eq!(run(&[whole], false), [reasoning("First.\n\nThen."), content("The answer.\n")]);
        assert_eq!(run(&["\nFirst.\n", "</think>", "\n\n", "Yes"], true), [reasoning("First."), content("Yes")]);
    }

    #[test]
    fn empty_reasoning_is_no_event() {
        assert_eq!(run(&["<think>", "\n\n", "</think>", "\n\n", "Hi"], false), [content("Hi")]);
    }

    #[test]
    fn marker_inside_the_answer_is_text() {
        assert_eq!(run(&["The tag <think> opens."], false), [content("The tag <think> opens.")]);
        assert_eq!(run(&["a</think>b"], false), [content("a</think>b")]);
    }

    #[test]
    fn unclosed_reasoning_keeps_its_text() {
        assert_eq!(run(&["<think>a\n\n</thin"], false), [reasoning("a\n\n</thin")]);
    }

    #[test]
    fn a_models_control_tokens_tell_its_markers() {
        let of = |tokens: &'static [&str]| ReasoningMarkers::of_model(|token| tokens.contains(&token));
        assert_eq!(of(&["<think>", "</think>"]), Some(ReasoningMarkers::think(false)));
        assert_eq!(of(&["[THINK]", "[/THINK]"]), ReasoningMarkers::new("[THINK]", "[/THINK]", false).ok());
        assert_eq!(of(&["<think>"]), None);
        let gemma = of(&["<|channel>", "<channel|>"]).unwrap();
        let mut stage = ReasoningStage::new(&gemma);
        assert!(stage.is_marker("<|channel>") && stage.is_marker("<channel|>") && !stage.is_marker(""));
        let mut out = Vec::new();
        stage.push("<|channel>thought\nHm.<channel|>Yes.", &mut |part| match part {
            Part::Content(text) => TextEvent::content(text, &mut out),
            Part::Reasoning(text) => TextEvent::reasoning(text, &mut out),
        });
        assert_eq!(out, [reasoning("Hm."), content("Yes.")]);
    }

    #[test]
    fn a_prompt_may_have_opened_it() {
        let after = |ends: bool| ReasoningMarkers::think(false).after_prompt(|marker| ends && marker == "<think>");
        assert_eq!(after(true), ReasoningMarkers::think(true));
        assert_eq!(after(false), ReasoningMarkers::think(false));
    }

    #[test]
    fn refuses_an_empty_marker() {
        assert!(ReasoningMarkers::new("", "</think>", false).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn equals_the_oracle_under_any_chunking(
            pieces in prop::collection::vec(
                prop_oneof!["<think>", "</think>", "<thi", "nk>", "</", "<", "\n", " ", "é", "a"], 0..14),
            size in 1_usize..9,
            starts_open: bool,
        ) {
            let text = pieces.concat();
            let expected = oracle(&text, starts_open);
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            prop_assert_eq!(run(&pieces, starts_open), expected.clone());
            let chars: Vec<String> = text.chars().collect::<Vec<_>>().chunks(size).map(|c| c.iter().collect()).collect();
            let chars: Vec<&str> = chars.iter().map(String::as_str).collect();
            prop_assert_eq!(run(&chars, starts_open), expected);
        }
    }
}
