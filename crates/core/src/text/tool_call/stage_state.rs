//! Where in an answer the tool stage is.

use super::call_body::CallBody;

#[derive(Debug, Clone)]
pub(super) enum State {
    Text,
    /// Behind a marker that may lead to an opening one.
    Led(Opening),
    /// Behind an opening marker, or a comma between calls.
    Opened(Opening),
    Call(Box<CallBody>, Opening),
    /// Behind a call of a list, and so much text.
    Listed(String),
    /// Behind a whole call: the closing marker is due. Holds the text read so far, but for counted newlines.
    Closing(String),
    /// Behind a call where a separator and another call may follow, and so much text.
    Separating(String),
    /// In arguments that are not what they should be: everything up to the next marker is theirs.
    Broken,
}

/// What was read of a call before the call itself.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    /// Newlines, and the marker; content if no call follows. None where the call would follow another one.
    pub(super) marker: Option<String>,
    /// Text behind it, to be read again if no call follows.
    pub(super) held: String,
    pub(super) is_listed: bool,
}

impl Opening {
    pub(super) fn new(marker: String) -> Self {
        Self { marker: Some(marker), held: String::new(), is_listed: false }
    }

    pub(super) fn behind_a_call(held: String, is_listed: bool) -> Self {
        Self { marker: None, held, is_listed }
    }
}
