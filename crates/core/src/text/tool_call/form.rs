//! The forms as a table: markers around calls, and how a call is written.

use super::call_body::CallBody;
use super::json_call::JsonCall;
use super::literal_call::LiteralCall;
use super::literal_reader::LiteralSyntax;
use super::named_call::{Header, NamedCall};
use super::tagged_call::{TaggedCall, TaggedSyntax};
use super::tool_format::ToolFormat;

/// A way to write one call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    Json,
    Named(Header),
    Tagged(&'static TaggedSyntax),
    Literal(LiteralSyntax),
}

/// One form.
#[derive(Debug)]
pub(super) struct Form {
    /// May stand right before an opening marker, newlines between them.
    pub(super) leads: &'static [&'static str],
    /// Any of these opens.
    pub(super) opens: &'static [&'static str],
    /// Of those so many last ones are the beginning of the call itself.
    pub(super) opens_within: usize,
    /// An answer may begin with a call, without a marker.
    pub(super) is_bare: bool,
    /// What is behind `[`: calls with commas between them, up to `]`.
    pub(super) listed: Option<Body>,
    /// A call that begins with `{`.
    pub(super) object: Option<Body>,
    /// A call that begins otherwise.
    pub(super) other: Option<Body>,
    /// Stands between calls behind one opening marker.
    pub(super) separator: Option<char>,
    /// A code fence may stand before the closing marker.
    pub(super) is_fenced: bool,
    /// Any of these closes a call or a list; none where calls have no closing marker, or read it themselves.
    pub(super) closes: &'static [&'static str],
    /// May stand right behind calls, newlines between.
    pub(super) trails: &'static [&'static str],
    /// Control tokens within a call.
    pub(super) inner: &'static [&'static str],
}

const NONE: Form = Form {
    leads: &[],
    opens: &[],
    opens_within: 0,
    is_bare: false,
    listed: None,
    object: None,
    other: None,
    separator: None,
    is_fenced: false,
    closes: &[],
    trails: &[],
    inner: &[],
};

static HERMES: Form = Form { opens: &["<tool_call>"], object: Some(Body::Json), closes: &["</tool_call>"], ..NONE };

static QWEN_CODER: Form = Form {
    opens: &["<tool_call>", "<function="],
    opens_within: 1,
    other: Some(Body::Tagged(&TaggedSyntax::QWEN_CODER)),
    closes: &["</tool_call>"],
    ..NONE
};

static LLAMA: Form =
    Form { opens: &["<|python_tag|>"], is_bare: true, object: Some(Body::Json), separator: Some(';'), ..NONE };

static MISTRAL: Form = Form {
    opens: &["[TOOL_CALLS]"],
    listed: Some(Body::Json),
    object: Some(Body::Json),
    other: Some(Body::Named(Header::Mistral)),
    inner: &["[CALL_ID]", "[ARGS]"],
    ..NONE
};

static DEEP_SEEK: Form = Form {
    leads: &["<｜tool▁calls▁begin｜>"],
    opens: &["<｜tool▁call▁begin｜>"],
    other: Some(Body::Named(Header::DeepSeek)),
    is_fenced: true,
    closes: &["<｜tool▁call▁end｜>"],
    trails: &["<｜tool▁calls▁end｜>"],
    inner: &["<｜tool▁sep｜>"],
    ..NONE
};

static DEEP_SEEK_DSML: Form = Form {
    leads: &["<｜DSML｜function_calls>", "<｜DSML｜tool_calls>"],
    opens: &["<｜DSML｜invoke name=\""],
    opens_within: 1,
    other: Some(Body::Tagged(&TaggedSyntax::DEEP_SEEK)),
    trails: &["</｜DSML｜function_calls>", "</｜DSML｜tool_calls>"],
    inner: &["｜DSML｜"],
    ..NONE
};

static GEMMA: Form = Form {
    opens: &["<start_function_call>", "<|tool_call>"],
    other: Some(Body::Literal(LiteralSyntax::Gemma)),
    closes: &["<end_function_call>", "<tool_call|>"],
    inner: &["<escape>", "<|\"|>"],
    ..NONE
};

static PHI: Form = Form {
    opens: &["<|tool_call|>", "functools"],
    listed: Some(Body::Json),
    object: Some(Body::Json),
    closes: &["<|/tool_call|>"],
    ..NONE
};

static GRANITE: Form = Form {
    opens: &["<|tool_call|>", "<tool_call>"],
    listed: Some(Body::Json),
    object: Some(Body::Json),
    closes: &["</tool_call>"],
    ..NONE
};

static LFM: Form = Form {
    opens: &["<|tool_call_start|>"],
    listed: Some(Body::Literal(LiteralSyntax::Python)),
    object: Some(Body::Json),
    other: Some(Body::Literal(LiteralSyntax::Python)),
    closes: &["<|tool_call_end|>"],
    ..NONE
};

static GLM: Form =
    Form { opens: &["<tool_call>"], other: Some(Body::Tagged(&TaggedSyntax::GLM)), inner: GLM_TAGS, ..NONE };

const GLM_TAGS: &[&str] = &["</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"];

impl Form {
    /// The row of a format; none for the one that is no form within an answer, but the form of the answer.
    pub(super) fn of(format: ToolFormat) -> Option<&'static Self> {
        Some(match format {
            ToolFormat::Hermes => &HERMES,
            ToolFormat::QwenCoder => &QWEN_CODER,
            ToolFormat::Llama => &LLAMA,
            ToolFormat::Mistral => &MISTRAL,
            ToolFormat::DeepSeek => &DEEP_SEEK,
            ToolFormat::DeepSeekDsml => &DEEP_SEEK_DSML,
            ToolFormat::Gemma => &GEMMA,
            ToolFormat::Phi => &PHI,
            ToolFormat::Granite => &GRANITE,
            ToolFormat::Lfm => &LFM,
            ToolFormat::Glm => &GLM,
            ToolFormat::Harmony => return None,
        })
    }

    /// Whether the control token spelled `text` means something to this form.
    pub(super) fn has_marker(&self, text: &str) -> bool {
        [self.leads, self.opens, self.closes, self.trails, self.inner].iter().any(|markers| markers.contains(&text))
    }

    /// The body of a call that begins with `ch`, within a list or not.
    pub(super) fn body(&self, ch: char, is_listed: bool) -> Option<CallBody> {
        let otherwise = if is_listed { self.listed } else { self.other };
        let body = if ch == '{' { self.object.or(otherwise) } else { otherwise };
        Some(match body? {
            Body::Json => CallBody::Json(JsonCall::new()),
            Body::Named(header) => CallBody::Named(NamedCall::new(header)),
            Body::Tagged(syntax) => CallBody::Tagged(TaggedCall::new(syntax)),
            Body::Literal(syntax) => CallBody::Literal(LiteralCall::new(syntax)),
        })
    }
}
