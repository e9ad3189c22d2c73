//! A call as one JSON object.

use std::{borrow::Cow, ops::Range};

use super::call_progress::{MAX_HELD, Progress, Shared, Step};
use super::json_scanner::{JsonScanner, Read};

/// Reads `{"name": "f", "arguments": {…}}` character by character.
///
/// The call is certain once its name is known and its `arguments` (or `parameters`) begin or have been read, or once
/// the object ends with a name alone, which means arguments `{}`. The name is a non-empty string, the arguments are
/// an object; other members are read over.
#[derive(Debug, Clone)]
pub(super) struct JsonCall {
    pub(super) shared: Shared,
    scanner: JsonScanner,
    /// Where in what is held the key or value begins that is being read.
    start: usize,
    field: Field,
    name: Option<String>,
    /// Where in what is held the arguments are, when they came before the name.
    arguments: Option<Range<usize>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    Arguments,
    Other,
}

impl JsonCall {
    pub(super) fn new() -> Self {
        Self {
            shared: Shared::new(),
            scanner: JsonScanner::new(),
            start: 0,
            field: Field::Other,
            name: None,
            arguments: None,
        }
    }

    pub(super) fn read(&mut self, ch: char) -> Step {
        let read = self.scanner.push(ch);
        match self.shared.progress {
            Progress::Uncertain => {
                self.shared.held.push(ch);
                if self.shared.held.len() > MAX_HELD { Step::FalseAlarm } else { self.read_uncertain(ch, read) }
            }
            Progress::Arguments => match read {
                Read::Invalid => self.shared.leave(Step::Broken, ch),
                Read::ValueEnd => {
                    self.shared.fragment.push(ch);
                    self.shared.progress = Progress::Complete;
                    Step::More
                }
                Read::More | Read::KeyStart | Read::KeyEnd | Read::ValueStart | Read::End => {
                    self.shared.fragment.push(ch);
                    Step::More
                }
            },
            Progress::Complete => match read {
                Read::Invalid => self.shared.leave(Step::Cut, ch),
                Read::End => Step::End,
                Read::More | Read::KeyStart | Read::KeyEnd | Read::ValueStart | Read::ValueEnd => Step::More,
            },
        }
    }

    fn read_uncertain(&mut self, ch: char, read: Read) -> Step {
        let here = self.shared.held.len() - ch.len_utf8();
        match read {
            Read::More => {}
            Read::Invalid => return Step::FalseAlarm,
            Read::KeyStart => self.start = here,
            Read::KeyEnd => {
                self.field = match serde_json::from_str::<Cow<'_, str>>(&self.shared.held[self.start..]).as_deref() {
                    Ok("name") => Field::Name,
                    Ok("arguments" | "parameters") => Field::Arguments,
                    Ok(_) | Err(_) => Field::Other,
                }
            }
            Read::ValueStart => {
                self.start = here;
                match (self.field, ch) {
                    (Field::Arguments, '{') if self.name.is_some() => self.certain(Progress::Arguments, "{"),
                    (Field::Name, '"') | (Field::Arguments, '{') | (Field::Other, _) => {}
                    (Field::Name | Field::Arguments, _) => return Step::FalseAlarm,
                }
            }
            Read::ValueEnd => match self.field {
                Field::Name => match serde_json::from_str::<String>(&self.shared.held[self.start..]) {
                    Ok(name) if !name.is_empty() => {
                        self.name = Some(name);
                        if let Some(range) = self.arguments.take() {
                            let arguments = self.shared.held[range].to_owned();
                            self.certain(Progress::Complete, &arguments);
                        }
                    }
                    Ok(_) | Err(_) => return Step::FalseAlarm,
                },
                Field::Arguments => self.arguments = Some(self.start..self.shared.held.len()),
                Field::Other => {}
            },
            Read::End => {
                if self.name.is_none() {
                    return Step::FalseAlarm;
                }
                self.certain(Progress::Complete, "{}");
                return Step::End;
            }
        }
        Step::More
    }

    fn certain(&mut self, progress: Progress, arguments: &str) {
        let name = self.name.take().unwrap_or_default();
        self.shared.begin(name, progress, arguments);
    }
}
