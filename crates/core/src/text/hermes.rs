//! Tool calls as Hermes and Qwen write them: `<tool_call>\n{"name": "f", "arguments": {…}}\n</tool_call>`.

use super::event::{TextEvent, ToolCallDelta};
use super::hermes_call::{HermesCall, Progress, Step};
use super::marker_scan::MarkerScan;
use super::needle::Needle;
use super::tool_call::CallId;

const OPEN: &str = "<tool_call>";
const CLOSE: &str = "</tool_call>";

/// Bytes of whitespace, newlines aside, that may stand between a call's object and its closing marker.
const MAX_WHITESPACE: usize = 256;

/// Finds calls and streams them: first the name, then the arguments as they are written.
///
/// What follows an opening marker and turns out not to be a call ([`HermesCall`] says what is one) is text: nothing is
/// lost, and it is read again from behind the marker. After a whole object the closing marker may be missing; an
/// object that breaks off or is not JSON behind whole arguments counts as ended there. Arguments that are not JSON
/// leave the call incomplete: they are then the model's text up to the closing marker. Newlines before a call, between
/// calls and between the last call and the end only frame the calls and belong to nobody; those between a call and
/// text after it are kept.
#[derive(Clone)]
pub(super) struct HermesStage {
    open: Needle,
    close: Needle,
    call_id: CallId,
    state: State,
    scan: MarkerScan,
    /// In [`State::Text`]: nothing but newlines has come since a call.
    after_call: bool,
    started: usize,
    complete: usize,
    /// Reused between characters, empty in between.
    buffer: String,
}

#[derive(Debug, Clone)]
enum State {
    Text,
    /// After the opening marker and so many newlines before it.
    Call {
        call: Box<HermesCall>,
        newlines: usize,
    },
    /// After a whole call: the closing marker is due. Holds the whitespace read so far, but for counted newlines.
    Closing(String),
    /// In arguments that are not JSON: everything up to the closing marker is theirs.
    Broken,
}

impl HermesStage {
    pub(super) fn new(call_id: CallId) -> Self {
        Self {
            open: Needle::new(OPEN),
            close: Needle::new(CLOSE),
            call_id,
            state: State::Text,
            scan: MarkerScan::default(),
            after_call: false,
            started: 0,
            complete: 0,
            buffer: String::new(),
        }
    }

    pub(super) fn is_marker(&self, text: &str) -> bool {
        text == self.open.text() || text == self.close.text()
    }

    pub(super) fn started(&self) -> usize {
        self.started
    }

    pub(super) fn complete(&self) -> usize {
        self.complete
    }

    pub(super) fn push(&mut self, text: &str, out: &mut Vec<TextEvent>) {
        for ch in text.chars() {
            if let Some(again) = self.read(ch, out) {
                self.read_again(again, out);
            }
        }
    }

    /// Everything held is text, but for newlines after a call.
    pub(super) fn finish(&mut self, out: &mut Vec<TextEvent>) {
        loop {
            match std::mem::replace(&mut self.state, State::Text) {
                State::Text => {
                    if self.after_call {
                        self.scan.drop_newlines();
                    }
                    self.scan.flush(&self.open, &mut self.buffer);
                    TextEvent::content(&self.buffer, out);
                    self.buffer.clear();
                    return;
                }
                State::Call { call, newlines } => {
                    if call.progress() != Progress::Uncertain {
                        return;
                    }
                    let again = self.false_alarm(*call, newlines, out);
                    self.read_again(again, out);
                }
                State::Closing(whitespace) => {
                    let again = self.unclosed(whitespace);
                    self.read_again(again, out);
                }
                State::Broken => {
                    self.scan.flush(&self.close, &mut self.buffer);
                    self.send_arguments(out);
                    return;
                }
            }
        }
    }

    /// Reads text that was held, of which parts may have to be held and read once more. Each time costs an opening
    /// marker, so it ends.
    fn read_again(&mut self, mut again: String, out: &mut Vec<TextEvent>) {
        let mut at = 0;
        while let Some(ch) = again[at..].chars().next() {
            at += ch.len_utf8();
            if let Some(mut more) = self.read(ch, out) {
                more.push_str(&again[at..]);
                again = more;
                at = 0;
            }
        }
    }

    /// Reads one character; gives back text that has to be read again.
    fn read(&mut self, ch: char, out: &mut Vec<TextEvent>) -> Option<String> {
        match &mut self.state {
            State::Text => {
                if let Some(newlines) = self.scan.push(&self.open, ch, &mut self.buffer) {
                    self.state = State::Call { call: Box::new(HermesCall::new()), newlines };
                } else if !self.buffer.is_empty() {
                    self.after_call = false;
                }
                TextEvent::content(&self.buffer, out);
                self.buffer.clear();
                None
            }
            State::Call { call, .. } => {
                let before = call.progress();
                let step = call.read(ch);
                let after = call.progress();
                if before == Progress::Uncertain && after != Progress::Uncertain {
                    out.push(TextEvent::ToolCall(ToolCallDelta {
                        index: self.started,
                        id: Some((self.call_id)(self.started)),
                        name: Some(call.take_name()),
                        arguments: None,
                    }));
                    self.started += 1;
                }
                if before != Progress::Complete && after == Progress::Complete {
                    self.complete += 1;
                }
                self.buffer.push_str(&call.fragment);
                call.fragment.clear();
                self.send_arguments(out);
                self.after_step(step, ch, out)
            }
            State::Closing(whitespace) => {
                if self.scan.push(&self.close, ch, whitespace).is_some() {
                    self.state = State::Text;
                    self.after_call = true;
                    return None;
                }
                if whitespace.len() <= MAX_WHITESPACE && whitespace.chars().all(char::is_whitespace) {
                    return None;
                }
                let whitespace = std::mem::take(whitespace);
                Some(self.unclosed(whitespace))
            }
            State::Broken => {
                if self.scan.push(&self.close, ch, &mut self.buffer).is_some() {
                    self.state = State::Text;
                    self.after_call = true;
                }
                self.send_arguments(out);
                None
            }
        }
    }

    fn after_step(&mut self, step: Step, ch: char, out: &mut Vec<TextEvent>) -> Option<String> {
        match step {
            Step::More => None,
            Step::End => {
                self.state = State::Closing(String::new());
                None
            }
            Step::Cut => {
                self.state = State::Closing(String::new());
                Some(ch.to_string())
            }
            Step::Broken => {
                self.state = State::Broken;
                Some(ch.to_string())
            }
            Step::FalseAlarm => match std::mem::replace(&mut self.state, State::Text) {
                State::Call { call, newlines } => Some(self.false_alarm(*call, newlines, out)),
                State::Text | State::Closing(_) | State::Broken => None,
            },
        }
    }

    /// Says that the marker was text and gives back what followed it.
    fn false_alarm(&mut self, call: HermesCall, newlines: usize, out: &mut Vec<TextEvent>) -> String {
        self.after_call = false;
        self.buffer.extend(std::iter::repeat_n('\n', newlines));
        self.buffer.push_str(OPEN);
        TextEvent::content(&self.buffer, out);
        self.buffer.clear();
        call.into_held()
    }

    /// Ends a call without its closing marker and gives back what stood in its place.
    fn unclosed(&mut self, mut whitespace: String) -> String {
        self.state = State::Text;
        self.after_call = true;
        self.scan.flush(&self.close, &mut whitespace);
        whitespace
    }

    /// Sends the buffer as arguments of the latest call.
    fn send_arguments(&mut self, out: &mut Vec<TextEvent>) {
        TextEvent::arguments(self.started.saturating_sub(1), &self.buffer, out);
        self.buffer.clear();
    }
}

#[cfg(test)]
#[path = "hermes_tests.rs"]
mod tests;
