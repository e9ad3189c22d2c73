use serde_json::json;

use super::*;

fn base() -> Value {
    json!({
        "model_type": "llama", "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2,
        "num_hidden_layers": 8, "intermediate_size": 160, "vocab_size": 4096, "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-5, "hidden_act": "silu",
    })
}

fn with(changes: &Value) -> Result<ModelConfig> {
    let mut config = base();
    for (key, value) in changes.as_object().unwrap() {
        config[key] = value.clone();
    }
    ModelConfig::from_json(config.to_string().as_bytes())
}

fn fails(changes: &Value, code: ErrorCode, key: &str) {
    let error = with(changes).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert_eq!(error.info().location.as_deref(), Some(key), "{error}");
}

#[test]
fn reads_both_styles_alike() {
    let old = with(&json!({ "rope_theta": 5e5, "rope_scaling": { "type": "linear", "factor": 2.0 } })).unwrap();
    let new = with(&json!({ "rope_parameters": { "rope_theta": 5e5, "rope_type": "linear", "factor": 2.0 } })).unwrap();
    assert_eq!(old, new);
    assert!((new.rotary.theta - 5e5).abs() < 1e-9);
    assert_eq!(new.rotary.scaling, RopeScaling::Linear { factor: 2.0 });
}

#[test]
fn derives_what_is_not_said() {
    let config = with(&json!({ "num_key_value_heads": null })).unwrap();
    assert_eq!((config.kv_heads, config.head_dim, config.rotary.dim), (4, 16, 16));
    assert_eq!(config.tied_embeddings, None);
    assert!((config.rotary.theta - 10_000.0).abs() < 1e-9);
}

#[test]
fn windows_follow_the_architecture() {
    let windows = |changes: Value| -> Vec<Option<u32>> {
        with(&changes).unwrap().layers.iter().map(|layer| layer.window).collect()
    };
    assert_eq!(windows(json!({ "model_type": "mistral", "sliding_window": 48 })), [Some(48); 8]);
    assert_eq!(windows(json!({ "model_type": "llama", "sliding_window": 48 })), [None; 8]);
    let qwen =
        json!({ "model_type": "qwen2", "sliding_window": 48, "use_sliding_window": true, "max_window_layers": 6 });
    assert_eq!(windows(qwen)[4..], [None, None, Some(48), Some(48)]);
    let off =
        json!({ "model_type": "qwen2", "sliding_window": 48, "use_sliding_window": false, "max_window_layers": 0 });
    assert_eq!(windows(off), [None; 8]);
    let smollm3 = json!({ "model_type": "smollm3", "sliding_window": 48, "use_sliding_window": true });
    assert_eq!(windows(smollm3)[..4], [None, None, None, Some(48)]);
}

#[test]
fn smollm3_leaves_out_every_fourth_rotation() {
    let rotates =
        |changes: Value| -> Vec<bool> { with(&changes).unwrap().layers.iter().map(|layer| layer.rotary).collect() };
    let every_fourth = [true, true, true, false, true, true, true, false];
    assert_eq!(rotates(json!({ "model_type": "smollm3" })), every_fourth);
    let listed = json!({ "model_type": "smollm3", "no_rope_layers": [1, 1, 1, 0, 1, 1, 1, 0] });
    assert_eq!(rotates(listed), every_fourth);
    let longer = json!({ "model_type": "smollm3", "no_rope_layers": [1, 1, 1, 0, 1, 1, 1, 0, 0] });
    assert_eq!(rotates(longer), every_fourth);
    fails(&json!({ "model_type": "smollm3", "no_rope_layers": vec![1; 7] }), ErrorCode::ModelInvalid, "no_rope_layers");
}

#[test]
fn refuses_numbers_that_cannot_be() {
    fails(&json!({ "num_hidden_layers": 1_000_000_000 }), ErrorCode::ModelInvalid, "num_hidden_layers");
    fails(&json!({ "hidden_size": 0 }), ErrorCode::ModelInvalid, "hidden_size");
    fails(&json!({ "vocab_size": -1 }), ErrorCode::ModelInvalid, "vocab_size");
    fails(&json!({ "hidden_size": 64.5 }), ErrorCode::ModelInvalid, "hidden_size");
    fails(&json!({ "num_attention_heads": null }), ErrorCode::ModelInvalid, "num_attention_heads");
    fails(&json!({ "num_key_value_heads": 3 }), ErrorCode::ModelInvalid, "num_key_value_heads");
    fails(&json!({ "head_dim": 15 }), ErrorCode::ModelInvalid, "partial_rotary_factor");
    fails(&json!({ "rope_theta": "x" }), ErrorCode::ModelInvalid, "rope_theta");
    fails(&json!({ "rope_scaling": { "type": "linear" } }), ErrorCode::ModelInvalid, "rope_scaling.factor");
}

#[test]
fn refuses_what_it_does_not_know() {
    fails(&json!({ "model_type": "mamba" }), ErrorCode::ModelUnsupported, "model_type");
    fails(&json!({ "hidden_act": "gelu" }), ErrorCode::ModelUnsupported, "hidden_act");
    fails(&json!({ "rope_scaling": { "type": "longrope" } }), ErrorCode::ModelUnsupported, "rope_type");
    fails(&json!({ "quantization_config": { "bits": 4 } }), ErrorCode::ModelUnsupported, "quantization_config");
}

#[test]
fn never_runs_code_a_config_asks_for() {
    let config = with(&json!({ "auto_map": { "AutoModel": "evil.py" }, "trust_remote_code": true })).unwrap();
    assert_eq!(config, with(&json!({})).unwrap());
}
