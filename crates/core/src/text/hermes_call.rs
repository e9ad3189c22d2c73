//! One call of the Hermes form, from behind its opening marker to the end of its object.

use std::ops::Range;

use super::json_scanner::{JsonScanner, Read};

/// Bytes after the opening marker that are held until it is certain that a call begins. Real calls say their name
/// within a few dozen.
const MAX_HELD: usize = 8 * 1024;

/// Reads `{"name": "f", "arguments": {…}}` character by character.
///
/// The call is certain once its name is known and its `arguments` (or `parameters`) begin or have been read, or once
/// the object ends with a name alone, which means arguments `{}`. The name is a non-empty string, the arguments are
/// an object; other members are read over.
#[derive(Debug, Clone)]
pub(super) struct HermesCall {
    scanner: JsonScanner,
    /// All text so far, until the call is certain.
    held: String,
    /// Where in `held` the key or value begins that is being read.
    start: usize,
    field: Field,
    name: Option<String>,
    /// Where in `held` the arguments are, when they came before the name.
    arguments: Option<Range<usize>>,
    progress: Progress,
    /// Arguments since the caller last took them.
    pub(super) fragment: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    Arguments,
    Other,
}

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// May still be no call; everything is held.
    Uncertain,
    /// The arguments are being written.
    Arguments,
    /// The arguments are whole.
    Complete,
}

/// What a character did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It was read.
    More,
    /// It ended the object.
    End,
    /// This is no call.
    FalseAlarm,
    /// It cannot go on the object, of which the arguments are whole. It was not read.
    Cut,
    /// It cannot go on the arguments. It was not read.
    Broken,
}

impl HermesCall {
    pub(super) fn new() -> Self {
        Self {
            scanner: JsonScanner::new(),
            held: String::new(),
            start: 0,
            field: Field::Other,
            name: None,
            arguments: None,
            progress: Progress::Uncertain,
            fragment: String::new(),
        }
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress
    }

    /// The name, for the one who announces the call.
    pub(super) fn take_name(&mut self) -> String {
        self.name.take().unwrap_or_default()
    }

    /// The text of a call that is none.
    pub(super) fn into_held(self) -> String {
        self.held
    }

    pub(super) fn read(&mut self, ch: char) -> Step {
        let read = self.scanner.push(ch);
        match self.progress {
            Progress::Uncertain => {
                self.held.push(ch);
                if self.held.len() > MAX_HELD { Step::FalseAlarm } else { self.read_uncertain(ch, read) }
            }
            Progress::Arguments => match read {
                Read::Invalid => Step::Broken,
                Read::ValueEnd => {
                    self.fragment.push(ch);
                    self.progress = Progress::Complete;
                    Step::More
                }
                Read::More | Read::KeyStart | Read::KeyEnd | Read::ValueStart | Read::End => {
                    self.fragment.push(ch);
                    Step::More
                }
            },
            Progress::Complete => match read {
                Read::Invalid => Step::Cut,
                Read::End => Step::End,
                Read::More | Read::KeyStart | Read::KeyEnd | Read::ValueStart | Read::ValueEnd => Step::More,
            },
        }
    }

    fn read_uncertain(&mut self, ch: char, read: Read) -> Step {
        let here = self.held.len() - ch.len_utf8();
        match read {
            Read::More => {}
            Read::Invalid => return Step::FalseAlarm,
            Read::KeyStart => self.start = here,
            Read::KeyEnd => {
                self.field = match &self.held[self.start..] {
                    "\"name\"" => Field::Name,
                    "\"arguments\"" | "\"parameters\"" => Field::Arguments,
                    _ => Field::Other,
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
                Field::Name => match serde_json::from_str::<String>(&self.held[self.start..]) {
                    Ok(name) if !name.is_empty() => {
                        self.name = Some(name);
                        if let Some(range) = self.arguments.take() {
                            let arguments = self.held[range].to_owned();
                            self.certain(Progress::Complete, &arguments);
                        }
                    }
                    Ok(_) | Err(_) => return Step::FalseAlarm,
                },
                Field::Arguments => self.arguments = Some(self.start..self.held.len()),
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
        self.progress = progress;
        self.fragment.push_str(arguments);
        self.held = String::new();
    }
}
