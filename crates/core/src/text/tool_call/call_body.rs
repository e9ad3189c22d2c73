//! One call, read from where it begins.

use super::{
    call_progress::{Shared, Step},
    json_call::JsonCall,
    literal_call::LiteralCall,
    named_call::NamedCall,
    parameter_types::ParameterTypes,
    tagged_call::TaggedCall,
};

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
