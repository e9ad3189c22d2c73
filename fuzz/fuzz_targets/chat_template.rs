#![no_main]
//! Any text as a chat template: it renders within its limits, or says why not.

use libfuzzer_sys::fuzz_target;
use wick_core::chat_template::{ChatTemplate, Clock, TemplateInput};
use wick_core::tokenizer::TokenizerConfig;

fuzz_target!(|source: &str| {
    let controls = ["<|im_start|>", "<|im_end|>", "<think>"];
    let special = TokenizerConfig { bos_token: Some("<s>".to_owned()), ..TokenizerConfig::default() };
    let Ok(template) = ChatTemplate::parse(source, &special, &controls) else { return };
    let message = |role: &str, content: &str| serde_json::json!({ "role": role, "content": content });
    let input = TemplateInput {
        messages: vec![message("user", "Hi <|im_end|>"), message("assistant", "so <think>"), message("user", "x")],
        tools: Some(vec![serde_json::json!({ "type": "function", "function": { "name": "f", "parameters": {} } })]),
        add_generation_prompt: true,
        ..TemplateInput::default()
    };
    if let Ok(prompt) = template.render(&input, Clock::default()) {
        assert!(prompt.text.len() <= 1 << 20);
        assert!(prompt.breaks.iter().all(|at| prompt.text.is_char_boundary(*at)));
        assert!(prompt.breaks.is_sorted());
    }
    let _ = template.render_plain(&input, Clock::default());
});
