//! One call, read from where it begins.

use super::{
    json_call::JsonCall, literal_call::LiteralCall, named_call::NamedCall, parameter_types::ParameterTypes,
    tagged_call::TaggedCall,
};

/// Bytes behind an opening marker that are held until it is certain that a call begins. Real calls say their name within a few
/// dozen.
pub(super) const MAX_HELD: usize = 8 * 1024;
/// Bytes of a name that is written without quotes.
const MAX_NAME: usize = 256;

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
    /// It ended the call.
    End,
    /// This is no call.
    FalseAlarm,
    /// It cannot go on the call, of which the arguments are whole. It is in [`Shared::unread`].
    Cut,
    /// It cannot go on the arguments. It is in [`Shared::unread`].
    Broken,
}

/// What every form of a call has.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) progress: Progress,
    /// All text so far, until the call is certain.
    pub(super) held: String,
    /// The name, from when the call is certain until it is announced.
    pub(super) name: String,
    /// Arguments since they were last taken.
    pub(super) fragment: String,
    /// Text that was taken and is none of the call, once it is cut or broken.
    pub(super) unread: String,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            progress: Progress::Uncertain,
            held: String::new(),
            name: String::new(),
            fragment: String::new(),
            unread: String::new(),
        }
    }

    /// It is a call, whose arguments begin so.
    pub(super) fn begin(&mut self, name: String, progress: Progress, arguments: &str) {
        self.progress = progress;
        self.name = name;
        self.fragment.push_str(arguments);
        self.held = String::new();
    }

    /// Ends the call before `ch`.
    pub(super) fn leave(&mut self, step: Step, ch: char) -> Step {
        self.unread.push(ch);
        step
    }
}

/// A call in one of the ways to write one.
#[derive(Debug, Clone)]
pub(super) enum CallBody {
    /// `{"name": "f", "arguments": {…}}`.
    Json(JsonCall),
    /// A name, markers, and the arguments as JSON.
    Named(NamedCall),
    /// A name and arguments in tags.
    Tagged(TaggedCall),
    /// `f(a=1)`, `call:f{a:1}`.
    Literal(LiteralCall),
}

impl CallBody {
    pub(super) fn read(&mut self, ch: char, types: &ParameterTypes) -> Step {
        match self {
            Self::Json(call) => call.read(ch),
            Self::Named(call) => call.read(ch),
            Self::Tagged(call) => call.read(ch, types),
            Self::Literal(call) => call.read(ch),
        }
    }

    /// The text ends: what was held of the arguments leaves.
    pub(super) fn finish(&mut self) {
        match self {
            Self::Json(_) | Self::Named(_) => {}
            Self::Tagged(call) => call.finish(),
            Self::Literal(call) => call.finish(),
        }
    }

    pub(super) fn shared(&mut self) -> &mut Shared {
        match self {
            Self::Json(call) => &mut call.shared,
            Self::Named(call) => &mut call.shared,
            Self::Tagged(call) => &mut call.shared,
            Self::Literal(call) => &mut call.shared,
        }
    }
}

/// Whether a name that is written without quotes may be this, or go on from it.
pub(super) fn is_bare_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && text.chars().all(is_name_character)
}

/// What such names have.
pub(super) fn is_name_character(ch: char) -> bool {
    ch.is_ascii_alphanumeric() || matches!(ch, '_' | '-' | '.')
}
