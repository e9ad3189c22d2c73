//! What the pipeline says.

/// A piece of the answer, in the order in which the model wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextEvent {
    /// Text of the answer; never empty.
    Content(String),
    /// Text between the reasoning markers; never empty.
    Reasoning(String),
    /// A part of a tool call.
    ToolCall(ToolCallDelta),
}

/// A part of one tool call. The first delta of a call carries `id` and `name`, later ones only `arguments`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCallDelta {
    /// Which call of this turn, from 0.
    pub index: usize,
    /// From the caller's id function.
    pub id: Option<String>,
    /// The function's name, unescaped.
    pub name: Option<String>,
    /// A fragment of the arguments, the model's own JSON text.
    pub arguments: Option<String>,
}

impl TextEvent {
    /// Appends answer text to `out`, merged into the last event when that is answer text too.
    pub(super) fn content(text: &str, out: &mut Vec<Self>) {
        if text.is_empty() {
            return;
        }
        if let Some(Self::Content(last)) = out.last_mut() {
            last.push_str(text);
        } else {
            out.push(Self::Content(text.to_owned()));
        }
    }

    /// Appends reasoning text to `out`, merged likewise.
    pub(super) fn reasoning(text: &str, out: &mut Vec<Self>) {
        if text.is_empty() {
            return;
        }
        if let Some(Self::Reasoning(last)) = out.last_mut() {
            last.push_str(text);
        } else {
            out.push(Self::Reasoning(text.to_owned()));
        }
    }

    /// Appends a fragment of call `index`'s arguments to `out`, merged into the last event when that is the same call.
    pub(super) fn arguments(index: usize, text: &str, out: &mut Vec<Self>) {
        if text.is_empty() {
            return;
        }
        if let Some(Self::ToolCall(last)) = out.last_mut()
            && last.index == index
        {
            last.arguments.get_or_insert_default().push_str(text);
        } else {
            out.push(Self::ToolCall(ToolCallDelta { index, arguments: Some(text.to_owned()), ..Default::default() }));
        }
    }
}

/// Events with neighbours merged, which is what must not depend on how the text was split into tokens.
#[cfg(test)]
pub(super) fn merged(events: &[TextEvent]) -> Vec<TextEvent> {
    let mut out = Vec::new();
    for event in events {
        match event {
            TextEvent::Content(text) => TextEvent::content(text, &mut out),
            TextEvent::Reasoning(text) => TextEvent::reasoning(text, &mut out),
            TextEvent::ToolCall(delta) if delta.id.is_none() && delta.name.is_none() => {
                TextEvent::arguments(delta.index, delta.arguments.as_deref().unwrap_or_default(), &mut out);
            }
            TextEvent::ToolCall(_) => out.push(event.clone()),
        }
    }
    out
}
