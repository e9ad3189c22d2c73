//! Which form a model writes tool calls in.

/// How a model writes tool calls; `docs/tool-calls.md` shows each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolFormat {
    /// JSON in `<tool_call>`: Hermes, Qwen2.5, Qwen3, `SmolLM3`, Granite 4.
    Hermes,
    /// XML in `<tool_call>`: Qwen3-Coder.
    QwenCoder,
    /// JSON alone, or behind `<|python_tag|>`: Llama 3.
    Llama,
    /// Behind `[TOOL_CALLS]`, a list or one by one: Mistral.
    Mistral,
    /// Between `<｜tool▁call▁begin｜>` and `<｜tool▁call▁end｜>`: `DeepSeek` V3, R1, V3.1.
    DeepSeek,
    /// `<｜DSML｜invoke>`: `DeepSeek` V3.2, V4.
    DeepSeekDsml,
    /// `call:f{…}`: `FunctionGemma`, Gemma 4.
    Gemma,
    /// A list in `<|tool_call|>`, or behind `functools`: Phi-4-mini.
    Phi,
    /// A list behind `<|tool_call|>`: Granite 3.
    Granite,
    /// Python in `<|tool_call_start|>`: LFM2.
    Lfm,
    /// `<arg_key>` and `<arg_value>` in `<tool_call>`: GLM-4.5.
    Glm,
    /// Messages on channels: gpt-oss.
    Harmony,
}

/// What tells a form in the text of a chat template: all of these. The first that fits is the one, since some share markers.
const TELLS: [(ToolFormat, &[&str]); 17] = [
    (ToolFormat::Harmony, &["<|channel|>", "<|message|>"]),
    (ToolFormat::Mistral, &["[TOOL_CALLS]"]),
    (ToolFormat::DeepSeekDsml, &["｜DSML｜"]),
    (ToolFormat::DeepSeekDsml, &["DSML", "invoke name="]),
    (ToolFormat::DeepSeek, &["<｜tool▁call▁begin｜>"]),
    (ToolFormat::Gemma, &["<start_function_call>"]),
    (ToolFormat::Gemma, &["<|tool_call>"]),
    (ToolFormat::Lfm, &["<|tool_call_start|>"]),
    (ToolFormat::Glm, &["<arg_key>"]),
    (ToolFormat::QwenCoder, &["<function=", "<parameter="]),
    (ToolFormat::Phi, &["<|/tool_call|>"]),
    (ToolFormat::Phi, &["<|/tool|>"]),
    (ToolFormat::Phi, &["functools"]),
    (ToolFormat::Hermes, &["<tool_call>"]),
    (ToolFormat::Granite, &["<|tool_call|>"]),
    (ToolFormat::Llama, &["<|python_tag|>"]),
    (ToolFormat::Llama, &["\"parameters\": "]),
];

impl ToolFormat {
    /// All forms and their names in options.
    pub const NAMES: [(&str, Self); 12] = [
        ("hermes", Self::Hermes),
        ("qwen_coder", Self::QwenCoder),
        ("llama", Self::Llama),
        ("mistral", Self::Mistral),
        ("deepseek", Self::DeepSeek),
        ("deepseek_dsml", Self::DeepSeekDsml),
        ("gemma", Self::Gemma),
        ("phi", Self::Phi),
        ("granite", Self::Granite),
        ("lfm", Self::Lfm),
        ("glm", Self::Glm),
        ("harmony", Self::Harmony),
    ];

    /// The form of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// The form that a chat template teaches; nothing where it teaches none that is known.
    pub fn of_template(source: &str) -> Option<Self> {
        let fits = |tells: &&[&str]| tells.iter().all(|tell| source.contains(tell));
        TELLS.iter().find(|(_, tells)| fits(tells)).map(|(format, _)| *format)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    #[test]
    fn templates_of_real_models_tell_their_form() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures/chat-templates");
        for (name, expected) in [
            ("llama-3.1", Some(ToolFormat::Llama)),
            ("mistral-v3", Some(ToolFormat::Mistral)),
            ("mistral-nemo", Some(ToolFormat::Mistral)),
            ("qwen3", Some(ToolFormat::Hermes)),
            ("llama-3", None),
            ("smollm2", None),
        ] {
            let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
            let fixture: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(ToolFormat::of_template(fixture["template"].as_str().unwrap()), expected, "{name}");
        }
    }

    #[test]
    fn markers_that_several_forms_share_do_not_decide_alone() {
        for (template, expected) in [
            ("<tool_call>\n{\"name\"", ToolFormat::Hermes),
            ("<tool_call>\n<function=f>\n<parameter=a>", ToolFormat::QwenCoder),
            ("<tool_call>f<arg_key>a</arg_key>", ToolFormat::Glm),
            ("<|tool_call|>[{", ToolFormat::Granite),
            ("<|tool_call|>[{}]<|/tool_call|>", ToolFormat::Phi),
            ("<|tool_call>call:f{}<tool_call|>", ToolFormat::Gemma),
            ("<start_function_call>", ToolFormat::Gemma),
            ("<|start|>assistant<|channel|>final<|message|>", ToolFormat::Harmony),
            ("<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>", ToolFormat::DeepSeek),
            ("<｜DSML｜invoke name=", ToolFormat::DeepSeekDsml),
            ("<|tool_call_start|>[f()]", ToolFormat::Lfm),
        ] {
            assert_eq!(ToolFormat::of_template(template), Some(expected), "{template}");
        }
    }

    #[test]
    fn every_name_is_that_of_one_form() {
        for (name, format) in ToolFormat::NAMES {
            assert_eq!(ToolFormat::from_name(name), Some(format));
        }
        assert_eq!(ToolFormat::from_name("xml"), None);
    }
}
