//! The form of gpt-oss, in which the whole answer is messages on channels
//! ([OpenAI Harmony](https://cookbook.openai.com/articles/openai-harmony)).

use super::json_scanner::{JsonScanner, Read};
use super::tool_options::CallId;
use crate::text::event::{TextEvent, ToolCallDelta};
use crate::text::marker_scan::{MarkerScan, Markers};

const START: &str = "<|start|>";
const CHANNEL: &str = "<|channel|>";
const CONSTRAIN: &str = "<|constrain|>";
const MESSAGE: &str = "<|message|>";
const ENDS: [&str; 3] = ["<|end|>", "<|call|>", "<|return|>"];
/// What begins the header of a message; the first begins behind the prompt's own [`START`].
const BEGINS: [&str; 2] = [START, CHANNEL];
/// Before a recipient.
const TO: &str = " to=";
/// Before a recipient that is a function of the request.
const FUNCTIONS: &str = "functions.";
/// Bytes of a header.
const MAX_HEADER: usize = 1024;

/// Reads messages: reasoning from the channel `analysis`, calls to who has a recipient, content from the others.
///
/// A header that never ends is content, and so is text outside of messages.
#[derive(Clone)]
pub(in crate::text) struct HarmonyStage {
    call_id: CallId,
    begins: Markers,
    ends: Markers,
    state: State,
    scan: MarkerScan,
    /// What the message before was, where this one follows it directly.
    before: Option<Place>,
    started: usize,
    complete: usize,
}

#[derive(Debug, Clone)]
enum State {
    /// The answer has not begun, whose first header may name its recipient before any marker. All text so far.
    Beginning(String),
    /// Between messages.
    Outside,
    /// All text of a header.
    Header(String),
    Text(Place),
    /// Arguments; the scanner until they are no JSON, and whether they are whole.
    Call {
        scanner: Option<JsonScanner>,
        is_empty: bool,
        is_whole: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Content,
    Reasoning,
}

impl HarmonyStage {
    pub(in crate::text) fn new(call_id: CallId) -> Self {
        Self {
            call_id,
            begins: Markers::new(BEGINS),
            ends: Markers::new(ENDS),
            state: State::Beginning(String::new()),
            scan: MarkerScan::default(),
            before: None,
            started: 0,
            complete: 0,
        }
    }

    pub(in crate::text) fn is_marker(text: &str) -> bool {
        [START, CHANNEL, CONSTRAIN, MESSAGE].contains(&text) || ENDS.contains(&text)
    }

    pub(in crate::text) fn in_reasoning(&self) -> bool {
        matches!(self.state, State::Text(Place::Reasoning))
    }

    pub(in crate::text) fn started(&self) -> usize {
        self.started
    }

    pub(in crate::text) fn complete(&self) -> usize {
        self.complete
    }

    pub(in crate::text) fn push(&mut self, text: &str, out: &mut Vec<TextEvent>) {
        for ch in text.chars() {
            self.read(ch, out);
        }
    }

    pub(in crate::text) fn finish(&mut self, out: &mut Vec<TextEvent>) {
        let mut held = String::new();
        match std::mem::replace(&mut self.state, State::Outside) {
            State::Outside => {
                self.scan.flush(&self.begins, &mut held);
                TextEvent::content(&held, out);
            }
            State::Beginning(held) | State::Header(held) => TextEvent::content(&held, out),
            State::Text(place) => {
                self.scan.flush(&self.ends, &mut held);
                tell(place, &held, out);
            }
            State::Call { scanner, is_empty, is_whole } => {
                self.scan.flush(&self.ends, &mut held);
                self.state = State::Call { scanner, is_empty, is_whole };
                self.arguments(&held, out);
                self.end_call(out);
                self.state = State::Outside;
            }
        }
    }

    fn read(&mut self, ch: char, out: &mut Vec<TextEvent>) {
        let mut text = String::new();
        match &mut self.state {
            State::Beginning(held) => {
                held.push(ch);
                if held == TO {
                    self.state = State::Header(TO.to_owned());
                } else if !TO.starts_with(held.as_str()) {
                    let held = std::mem::take(held);
                    self.state = State::Outside;
                    self.push(&held, out);
                }
            }
            State::Outside => {
                let found = self.scan.push(&self.begins, ch, &mut text);
                if let Some(found) = found {
                    text.extend(std::iter::repeat_n('\n', found.newlines));
                    self.state = State::Header(BEGINS[found.marker].to_owned());
                }
                if !text.is_empty() {
                    self.before = None;
                    TextEvent::content(&text, out);
                }
            }
            State::Header(header) => {
                header.push(ch);
                if let Some(said) = header.strip_suffix(MESSAGE) {
                    let (place, recipient) = read_header(said);
                    let recipient = recipient.map(str::to_owned);
                    self.open(place, recipient, out);
                } else if let Some((before, marker)) = begins_anew(header) {
                    TextEvent::content(before, out);
                    self.before = None;
                    self.state = State::Header(marker.to_owned());
                } else if header.len() > MAX_HEADER {
                    TextEvent::content(header, out);
                    self.before = None;
                    self.state = State::Outside;
                }
            }
            State::Text(place) => {
                let place = *place;
                let found = self.scan.push(&self.ends, ch, &mut text);
                if let Some(found) = found {
                    text.extend(std::iter::repeat_n('\n', found.newlines));
                    self.before = Some(place);
                    self.state = State::Outside;
                }
                tell(place, &text, out);
            }
            // What is spelled in a string of JSON is part of it.
            State::Call { scanner: Some(scanner), .. } if scanner.in_string() => {
                self.arguments(ch.encode_utf8(&mut [0; 4]), out);
            }
            State::Call { .. } => {
                let found = self.scan.push(&self.ends, ch, &mut text);
                if let Some(found) = found {
                    text.extend(std::iter::repeat_n('\n', found.newlines));
                }
                self.arguments(&text, out);
                if found.is_some() {
                    self.end_call(out);
                    self.before = None;
                    self.state = State::Outside;
                }
            }
        }
    }

    fn open(&mut self, place: Place, recipient: Option<String>, out: &mut Vec<TextEvent>) {
        let before = self.before.take();
        let Some(name) = recipient else {
            if before == Some(place) {
                tell(place, "\n", out);
            }
            self.state = State::Text(place);
            return;
        };
        out.push(TextEvent::ToolCall(ToolCallDelta {
            index: self.started,
            id: Some((self.call_id)(self.started)),
            name: Some(name),
            arguments: None,
        }));
        self.started += 1;
        self.state = State::Call { scanner: Some(JsonScanner::new()), is_empty: true, is_whole: false };
    }

    /// Sends text of the arguments, and looks how far they are.
    fn arguments(&mut self, text: &str, out: &mut Vec<TextEvent>) {
        let State::Call { scanner, is_empty, is_whole } = &mut self.state else { return };
        for ch in text.chars() {
            let is_blank = ch.is_whitespace() && (*is_empty || *is_whole);
            *is_empty &= ch.is_whitespace();
            if is_blank {
                continue;
            }
            match scanner.as_mut().map(|scanner| scanner.push(ch)) {
                Some(Read::End) => *is_whole = true,
                Some(Read::Invalid) => {
                    *scanner = None;
                    *is_whole = false;
                }
                Some(Read::More | Read::KeyStart | Read::KeyEnd | Read::ValueStart | Read::ValueEnd) | None => {}
            }
        }
        TextEvent::arguments(self.started.saturating_sub(1), text, out);
    }

    fn end_call(&mut self, out: &mut Vec<TextEvent>) {
        let State::Call { is_empty, is_whole, .. } = self.state else { return };
        if is_empty {
            TextEvent::arguments(self.started.saturating_sub(1), "{}", out);
        }
        self.complete += usize::from(is_empty || is_whole);
    }
}

fn tell(place: Place, text: &str, out: &mut Vec<TextEvent>) {
    match place {
        Place::Content => TextEvent::content(text, out),
        Place::Reasoning => TextEvent::reasoning(text, out),
    }
}

/// A header in which another one begins: the text before that, and its marker.
fn begins_anew(header: &str) -> Option<(&str, &str)> {
    let before = header.strip_suffix(START).filter(|before| !before.is_empty());
    let again = header.strip_suffix(CHANNEL).filter(|before| before.contains(CHANNEL));
    before.map(|before| (before, START)).or(again.map(|before| (before, CHANNEL)))
}

/// Where a message goes: its channel, and who is called.
fn read_header(header: &str) -> (Place, Option<&str>) {
    let place = match header.split_once(CHANNEL) {
        Some((_, rest)) if rest.trim_start().starts_with("analysis") => Place::Reasoning,
        Some(_) | None => Place::Content,
    };
    let recipient = header.split_once("to=").map(|(_, rest)| {
        let end = rest.find(|ch: char| ch.is_whitespace() || ch == '<').unwrap_or(rest.len());
        rest[..end].strip_prefix(FUNCTIONS).unwrap_or(&rest[..end])
    });
    (place, recipient.filter(|name| !name.is_empty()))
}
