//! What every way to write a call shares: how far it is, and what was read of it.

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

/// Whether a name that is written without quotes may be this, or go on from it.
pub(super) fn is_bare_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && text.chars().all(is_name_character)
}

/// What such names have.
pub(super) fn is_name_character(ch: char) -> bool {
    ch.is_ascii_alphanumeric() || matches!(ch, '_' | '-' | '.')
}
