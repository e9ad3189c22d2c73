//! Answers in which markers open calls.

use super::call_body;
use super::{Besides, CallRules};
use crate::error::Result;
use crate::grammar::lark::{ANY_TEXT, Lark, any_of, quote, quote_regex};
use crate::text::ToolFormat;

/// How calls of a form stand in an answer.
pub(super) struct MarkedForm {
    /// Before the first call.
    pub(super) lead: &'static str,
    /// What opens a call, or a list of calls, and what follows it: first what models write. In any text the reader of calls
    /// looks for all of them.
    pub(super) opens: Vec<(&'static str, String)>,
    /// Between two calls; none where they stand in one list.
    pub(super) separator: Option<&'static str>,
    /// Behind the last call.
    pub(super) trail: &'static str,
    /// A call that is the beginning of an answer, without a marker.
    pub(super) bare: Option<String>,
}

pub(super) fn write(rules: &CallRules<'_>, lark: &mut Lark<'_>) -> Result<String> {
    let form = call_body::of(rules, lark)?;
    match rules.besides {
        Besides::Nothing => form.calls(rules, lark),
        Besides::Answer(answer) => {
            let calls = form.calls(rules, lark)?;
            Ok(any_of([calls, lark.rule(answer.expression())]))
        }
        Besides::Text => form.calls_in_text(rules, lark),
    }
}

impl MarkedForm {
    /// Calls and nothing else.
    fn calls(&self, rules: &CallRules<'_>, lark: &mut Lark<'_>) -> Result<String> {
        let call = match (&self.bare, self.opens.first()) {
            (Some(bare), _) => bare.clone(),
            (None, Some((open, body))) => format!("{} {body}", lark.text(open)?),
            (None, None) => String::new(),
        };
        let call = lark.rule(&call);
        let further = match self.separator {
            Some(separator) if rules.parallel => format!("({} {call})*", lark.text(separator)?),
            Some(_) | None => String::new(),
        };
        let (lead, trail) = (lark.text(self.lead)?, lark.text(self.trail)?);
        Ok(lark.rule(&format!("{lead} {call} {further} {trail}")))
    }

    /// Text, and calls in it: wherever the reader would see one begin.
    fn calls_in_text(&self, rules: &CallRules<'_>, lark: &mut Lark<'_>) -> Result<String> {
        let opens: Vec<String> = self.opens.iter().map(|(open, _)| quote_regex(open)).collect();
        // What begins like a call without a marker is one.
        let beginning = if self.bare.is_some() { r"/\s*([^{\s](?s:.*))?/" } else { ANY_TEXT };
        let first = lark.text_without(beginning, &opens);
        let between = lark.text_without(ANY_TEXT, &opens);
        let (lead, trail) = (lark.text(self.lead)?, lark.text(self.trail)?);
        let mut call = |text: &str, any: &str| -> Result<String> {
            let mut calls = Vec::new();
            for (open, body) in &self.opens {
                // Control tokens are no text, so that the text before one ends there.
                if lark.has_control(open)? {
                    let open = lark.text(open)?;
                    let lead = if self.lead.is_empty() { String::new() } else { format!("({lead})?") };
                    calls.push(format!("{text} {lead} {open} {body}"));
                }
                let spelled = lark.lazy(&format!("{any} {}", quote(open)));
                calls.push(format!("{spelled} {body}"));
            }
            let trail = if self.trail.is_empty() { String::new() } else { format!("({trail})?") };
            Ok(lark.rule(&format!("{} {trail}", any_of(calls))))
        };
        let begins = call(&first, beginning)?;
        let goes_on = call(&between, ANY_TEXT)?;
        let further = if rules.parallel { format!("{goes_on}*") } else { String::new() };
        let mut answers = vec![first, format!("{begins} {further} {between}")];
        if let Some(bare) = &self.bare {
            let bare = lark.rule(bare);
            let further = match self.separator {
                Some(separator) if rules.parallel => format!("({} {bare})*", lark.text(separator)?),
                Some(_) | None => String::new(),
            };
            answers.push(format!("{bare} {further}"));
        }
        Ok(any_of(answers))
    }
}

/// The separator that stands between calls of a form that gives each its own marker.
pub(super) fn newline(format: ToolFormat) -> Option<&'static str> {
    match format {
        ToolFormat::Hermes | ToolFormat::QwenCoder | ToolFormat::Glm | ToolFormat::DeepSeekDsml => Some("\n"),
        ToolFormat::Llama => Some("; "),
        ToolFormat::DeepSeek | ToolFormat::Mistral | ToolFormat::Gemma => Some(""),
        ToolFormat::Phi | ToolFormat::Granite | ToolFormat::Lfm | ToolFormat::Harmony => None,
    }
}
