//! Finds the calls in the text of an answer.
//!
//! One method reads one character in one state; apart from each other they could not be checked against the states, so that the
//! file is a little longer than others.

use std::sync::Arc;

use super::call_body::CallBody;
use super::call_progress::{MAX_HELD, Progress, Step};
use super::form::Form;
use super::parameter_types::ParameterTypes;
use super::stage_state::{Opening, State};
use super::tool_options::{CallId, ToolOptions};
use crate::text::event::{TextEvent, ToolCallDelta};
use crate::text::marker_scan::{MarkerScan, Markers};

/// Bytes of whitespace, newlines aside, that may stand between a call and what belongs to it: its closing marker, a comma.
const MAX_WHITESPACE: usize = 256;
/// What may stand before the closing marker of a form with fences.
const FENCE: &str = "```";

/// Finds calls and streams them: first the name, then the arguments as they are written.
///
/// What follows an opening marker and turns out not to be a call (a [`CallBody`] says what is one) is text: nothing is
/// lost, and it is read again from behind the marker. The rules are in `docs/tool-calls.md`.
#[derive(Clone)]
pub(in crate::text) struct ToolStage {
    form: &'static Form,
    types: Arc<ParameterTypes>,
    call_id: CallId,
    /// Looked for in text: opening markers, those that lead to them, those that trail behind calls.
    outside: Markers,
    /// Looked for behind a whole call.
    closes: Markers,
    /// Looked for in arguments that are broken.
    ends: Markers,
    state: State,
    scan: MarkerScan,
    /// In [`State::Text`]: nothing but newlines has come since a call.
    after_call: bool,
    /// Nothing but whitespace has come, which is held, so that a call without a marker may begin.
    leading: Option<String>,
    started: usize,
    complete: usize,
    /// Reused between characters, empty in between.
    buffer: String,
}

impl ToolStage {
    /// Nothing for a format that is the form of the whole answer.
    pub(in crate::text) fn new(options: &ToolOptions) -> Option<Self> {
        let form = Form::of(options.format)?;
        let texts = |lists: &[&[&'static str]]| Markers::new(lists.iter().flat_map(|list| list.iter().copied()));
        let ends = if form.closes.is_empty() { texts(&[form.opens]) } else { texts(&[form.closes]) };
        Some(Self {
            form,
            types: Arc::clone(&options.types),
            call_id: Arc::clone(&options.call_id),
            outside: texts(&[form.opens, form.leads, form.trails]),
            closes: texts(&[form.closes]),
            ends,
            state: State::Text,
            scan: MarkerScan::default(),
            after_call: false,
            leading: form.is_bare.then(String::new),
            started: 0,
            complete: 0,
            buffer: String::new(),
        })
    }

    pub(in crate::text) fn is_marker(&self, text: &str) -> bool {
        self.form.has_marker(text)
    }

    /// Calls whose name and first delta have left.
    pub(in crate::text) fn started(&self) -> usize {
        self.started
    }

    /// Calls whose arguments are whole JSON objects.
    pub(in crate::text) fn complete(&self) -> usize {
        self.complete
    }

    pub(in crate::text) fn push(&mut self, text: &str, out: &mut Vec<TextEvent>) {
        for ch in text.chars() {
            if let Some(again) = self.read(ch, out) {
                self.read_again(again, out);
            }
        }
    }

    /// Everything held is text, but for newlines after a call.
    pub(in crate::text) fn finish(&mut self, out: &mut Vec<TextEvent>) {
        loop {
            let again = match std::mem::replace(&mut self.state, State::Text) {
                State::Text => {
                    self.buffer.push_str(&self.leading.take().unwrap_or_default());
                    if self.after_call {
                        self.scan.drop_newlines();
                    }
                    self.scan.flush(&self.outside, &mut self.buffer);
                    self.send_content(out);
                    return;
                }
                State::Led(opening) | State::Opened(opening) => self.no_call(opening, out),
                State::Call(mut call, mut opening) => {
                    if call.shared().progress != Progress::Uncertain {
                        call.finish();
                        self.send_fragment(&mut call, out);
                        return;
                    }
                    opening.held.push_str(&call.shared().held);
                    self.no_call(opening, out)
                }
                State::Listed(held) | State::Separating(held) => self.text_after_call(held),
                State::Closing(whitespace) => self.unclosed(whitespace),
                State::Broken => {
                    self.scan.flush(&self.ends, &mut self.buffer);
                    self.send_arguments(out);
                    return;
                }
            };
            self.read_again(again, out);
        }
    }

    /// Reads text that was held, of which parts may have to be held and read once more. Each time costs an opening
    /// marker, or a character of text, so it ends.
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
        match std::mem::replace(&mut self.state, State::Text) {
            State::Text => self.read_text(ch, out),
            State::Led(opening) => self.read_led(ch, opening, out),
            State::Opened(opening) => self.read_opened(ch, opening, out),
            State::Call(call, opening) => self.read_call(ch, call, opening, out),
            State::Listed(held) => self.read_listed(ch, held),
            State::Closing(held) => self.read_closing(ch, held),
            State::Separating(held) => self.read_separating(ch, held, out),
            State::Broken => self.read_broken(ch, out),
        }
    }

    fn read_text(&mut self, ch: char, out: &mut Vec<TextEvent>) -> Option<String> {
        if let Some(mut leading) = self.leading.take() {
            if ch == '{' {
                return self.begin(ch, Opening::new(leading), out);
            }
            leading.push(ch);
            if ch.is_whitespace() && leading.len() < MAX_HELD {
                self.leading = Some(leading);
                return None;
            }
            return Some(leading);
        }
        let found = self.scan.push(&self.outside, ch, &mut self.buffer);
        if !self.buffer.is_empty() {
            self.after_call = false;
        }
        if let Some(found) = found {
            let marker = "\n".repeat(found.newlines) + self.outside.text(found.marker);
            let (opens, leads) = (self.form.opens.len(), self.form.leads.len());
            if found.marker < opens {
                self.open(found.marker, Opening::new(marker));
            } else if found.marker < opens + leads {
                self.state = State::Led(Opening::new(marker));
            } else if !self.after_call {
                self.buffer.push_str(&marker);
            }
        }
        self.send_content(out);
        None
    }

    fn read_led(&mut self, ch: char, mut opening: Opening, out: &mut Vec<TextEvent>) -> Option<String> {
        opening.held.push(ch);
        let marker = opening.held.trim_start_matches('\n');
        if let Some(index) = self.form.opens.iter().position(|open| *open == marker) {
            let Opening { marker, held, is_listed } = opening;
            self.open(index, Opening { marker: marker.map(|lead| lead + &held), held: String::new(), is_listed });
            return None;
        }
        let may_open = self.form.opens.iter().any(|open| open.starts_with(marker));
        if may_open && opening.held.len() < MAX_HELD {
            self.state = State::Led(opening);
            return None;
        }
        Some(self.no_call(opening, out))
    }

    fn read_opened(&mut self, ch: char, mut opening: Opening, out: &mut Vec<TextEvent>) -> Option<String> {
        let opens_list = ch == '[' && self.form.listed.is_some() && !opening.is_listed;
        if !opens_list && (!ch.is_whitespace() || opening.held.len() >= MAX_HELD) {
            return self.begin(ch, opening, out);
        }
        opening.is_listed |= opens_list;
        opening.held.push(ch);
        self.state = State::Opened(opening);
        None
    }

    fn read_call(
        &mut self,
        ch: char,
        mut call: Box<CallBody>,
        opening: Opening,
        out: &mut Vec<TextEvent>,
    ) -> Option<String> {
        let before = call.shared().progress;
        let step = call.read(ch, &self.types);
        self.announce(before, &mut call, out);
        let is_listed = opening.is_listed;
        match step {
            Step::More => {
                self.state = State::Call(call, opening);
                None
            }
            Step::End => {
                self.end_call(is_listed);
                None
            }
            Step::Cut => {
                self.end_call(is_listed);
                Some(std::mem::take(&mut call.shared().unread))
            }
            Step::Broken => {
                self.state = State::Broken;
                Some(std::mem::take(&mut call.shared().unread))
            }
            Step::FalseAlarm => {
                let held = opening.held + &call.shared().held;
                Some(self.no_call(Opening { held, ..opening }, out))
            }
        }
    }

    fn read_listed(&mut self, ch: char, mut held: String) -> Option<String> {
        held.push(ch);
        match ch {
            ',' => self.state = State::Opened(Opening::behind_a_call(held, true)),
            ']' => self.close(),
            _ if ch.is_whitespace() && held.len() <= MAX_WHITESPACE => self.state = State::Listed(held),
            _ => {
                self.close();
                return Some(held);
            }
        }
        None
    }

    fn read_closing(&mut self, ch: char, mut held: String) -> Option<String> {
        if self.scan.push(&self.closes, ch, &mut held).is_some() {
            self.after_call = true;
            return None;
        }
        if held.len() > MAX_WHITESPACE || !may_close(&held, self.form.is_fenced) {
            return Some(self.unclosed(held));
        }
        self.state = State::Closing(held);
        None
    }

    fn read_separating(&mut self, ch: char, mut held: String, out: &mut Vec<TextEvent>) -> Option<String> {
        let separator = self.form.separator;
        let is_separated = separator.is_some_and(|separator| held.contains(separator));
        if is_separated && ch == '{' {
            return self.begin(ch, Opening::behind_a_call(held, false), out);
        }
        held.push(ch);
        let goes_on = ch.is_whitespace() || (!is_separated && Some(ch) == separator);
        if goes_on && held.len() <= MAX_WHITESPACE {
            self.state = State::Separating(held);
            return None;
        }
        Some(self.text_after_call(held))
    }

    fn read_broken(&mut self, ch: char, out: &mut Vec<TextEvent>) -> Option<String> {
        let found = self.scan.push(&self.ends, ch, &mut self.buffer);
        self.send_arguments(out);
        match found {
            None => self.state = State::Broken,
            // Without closing markers, the next call ends this one.
            Some(found) if self.form.closes.is_empty() => {
                self.open(found.marker, Opening::new(self.form.opens[found.marker].to_owned()));
            }
            Some(_) => self.after_call = true,
        }
        None
    }

    /// An opening marker is whole.
    fn open(&mut self, marker: usize, opening: Opening) {
        let opens = self.form.opens;
        let within = marker + self.form.opens_within >= opens.len();
        let call = if within { self.form.body('\0', false) } else { None };
        self.state = match call {
            None => State::Opened(opening),
            Some(mut call) => {
                for ch in opens[marker].chars() {
                    call.read(ch, &self.types);
                }
                // If there is no call, the marker is text, and what is read again begins behind it.
                call.shared().held.clear();
                State::Call(Box::new(call), opening)
            }
        };
    }

    /// A call begins with `ch`, or there is none.
    fn begin(&mut self, ch: char, mut opening: Opening, out: &mut Vec<TextEvent>) -> Option<String> {
        if let Some(call) = self.form.body(ch, opening.is_listed) {
            return self.read_call(ch, Box::new(call), opening, out);
        }
        opening.held.push(ch);
        Some(self.no_call(opening, out))
    }

    /// Says what a character made certain.
    fn announce(&mut self, before: Progress, call: &mut CallBody, out: &mut Vec<TextEvent>) {
        let after = call.shared().progress;
        if before == Progress::Uncertain && after != Progress::Uncertain {
            out.push(TextEvent::ToolCall(ToolCallDelta {
                index: self.started,
                id: Some((self.call_id)(self.started)),
                name: Some(std::mem::take(&mut call.shared().name)),
                arguments: None,
            }));
            self.started += 1;
        }
        if before != Progress::Complete && after == Progress::Complete {
            self.complete += 1;
        }
        if after != Progress::Uncertain {
            self.send_fragment(call, out);
        }
    }

    /// A call is whole, alone or in a list.
    fn end_call(&mut self, is_listed: bool) {
        if is_listed {
            self.state = State::Listed(String::new());
        } else if self.form.separator.is_some() {
            self.state = State::Separating(String::new());
        } else {
            self.close();
        }
    }

    /// A call that stands alone, or a list, is whole.
    fn close(&mut self) {
        if self.closes.is_empty() {
            self.after_call = true;
        } else {
            self.state = State::Closing(String::new());
        }
    }

    /// Says that a marker was text and gives back what followed it.
    fn no_call(&mut self, Opening { marker, held, .. }: Opening, out: &mut Vec<TextEvent>) -> String {
        let Some(marker) = marker else { return self.text_after_call(held) };
        self.after_call = false;
        self.buffer.push_str(&marker);
        self.send_content(out);
        held
    }

    /// Ends a call without its closing marker and gives back what stood in its place.
    fn unclosed(&mut self, mut whitespace: String) -> String {
        self.scan.flush(&self.closes, &mut whitespace);
        self.text_after_call(whitespace)
    }

    /// What stands behind a call is text.
    fn text_after_call(&mut self, text: String) -> String {
        self.after_call = true;
        text
    }

    fn send_fragment(&mut self, call: &mut CallBody, out: &mut Vec<TextEvent>) {
        let fragment = &mut call.shared().fragment;
        TextEvent::arguments(self.started.saturating_sub(1), fragment, out);
        fragment.clear();
    }

    /// Sends the buffer as content.
    fn send_content(&mut self, out: &mut Vec<TextEvent>) {
        TextEvent::content(&self.buffer, out);
        self.buffer.clear();
    }

    /// Sends the buffer as arguments of the latest call.
    fn send_arguments(&mut self, out: &mut Vec<TextEvent>) {
        TextEvent::arguments(self.started.saturating_sub(1), &self.buffer, out);
        self.buffer.clear();
    }
}

/// Whether text may stand between a call and its closing marker.
fn may_close(text: &str, is_fenced: bool) -> bool {
    let text = text.trim();
    text.is_empty() || (is_fenced && FENCE.starts_with(text))
}

#[cfg(test)]
#[path = "hermes_tests.rs"]
mod hermes_tests;
