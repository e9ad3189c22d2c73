//! The Llama models and `SmolLM3` as GGUF files made the way llama.cpp's converter makes them: rows of queries and keys
//! permuted, rotary scaling in metadata or in `rope_freqs.weight`, nothing about biases or layers without positions. They must
//! say what transformers says of the original.
//!
//! Not the Qwen3 with biases: llama.cpp refuses one with a bias on the attention's output. Nor the `SmolLM3` that lists its
//! layers: llama.cpp leaves out every fourth rotation, whatever the config says.

use std::collections::HashMap;

use candle_core::{DType as CandleType, Device, Tensor};
use serde_json::{Value, json};
use wick_core::{
    backend::cpu::ThreadPools,
    engine::Memory,
    loader::{LoadOptions, Source, load_weights},
    weights::ModelSource,
};
use wick_formats::{DType, gguf::Writer};

use crate::{BACKENDS, fixture, float::matches_cases, session::Session};

/// Swaps the halves of every head into neighbours, as `permute` of `convert_hf_to_gguf.py`: `(heads * dim, in)` and biases
/// `(heads * dim,)`.
fn permute(tensor: &Tensor, heads: usize) -> Tensor {
    let rows = tensor.dims()[0];
    let halves = tensor.reshape((heads, 2, rows / heads / 2, ())).unwrap();
    halves.transpose(1, 2).unwrap().contiguous().unwrap().reshape(tensor.shape()).unwrap()
}

/// The name llama.cpp gives a tensor.
fn gguf_name(name: &str) -> String {
    let renamed = [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("lm_head", "output"),
        ("model.layers", "blk"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("input_layernorm", "attn_norm"),
        ("post_attention_layernorm", "ffn_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
    ];
    renamed.iter().fold(name.to_owned(), |name, (theirs, ours)| name.replace(theirs, ours))
}

/// What a frequency is divided by, as `generate_extra_tensors` of the converter's Llama model computes it.
fn llama3_factors(config: &Value, scaling: &Value, head_dim: usize) -> Vec<f32> {
    let number = |key: &str| scaling[key].as_f64().unwrap();
    let theta = config["rope_parameters"]["rope_theta"].as_f64().unwrap();
    let original = number("original_max_position_embeddings");
    let (low, high) = (number("low_freq_factor"), number("high_freq_factor"));
    let factor = |pair: usize| {
        let wavelength = 2.0 * std::f64::consts::PI * theta.powf(2.0 * pair as f64 / head_dim as f64);
        if wavelength < original / high {
            1.0
        } else if wavelength > original / low {
            number("factor")
        } else {
            let smooth = (original / wavelength - low) / (high - low);
            1.0 / ((1.0 - smooth) / number("factor") + smooth)
        }
    };
    (0..head_dim / 2).map(|pair| factor(pair) as f32).collect()
}

fn convert(folder: &str) -> Vec<u8> {
    let config = fixture::json(&format!("{folder}/config.json"));
    let count = |key: &str| config[key].as_u64().unwrap() as usize;
    let (heads, kv_heads) = (count("num_attention_heads"), count("num_key_value_heads"));
    let stated_head_dim = config["head_dim"].as_u64().map(|head_dim| head_dim as usize);
    let head_dim = stated_head_dim.unwrap_or(count("hidden_size") / heads);
    let scaling = &config["rope_parameters"];
    let architecture = match config["model_type"].as_str().unwrap() {
        "mistral" => "llama",
        own => own,
    };
    let key = |rest: &str| format!("{architecture}.{rest}");

    let mut writer = Writer::new()
        .metadata("general.architecture", architecture)
        .metadata(key("block_count"), count("num_hidden_layers") as u32)
        .metadata(key("context_length"), count("max_position_embeddings") as u32)
        .metadata(key("embedding_length"), count("hidden_size") as u32)
        .metadata(key("feed_forward_length"), count("intermediate_size") as u32)
        .metadata(key("attention.head_count"), heads as u32)
        .metadata(key("attention.head_count_kv"), kv_heads as u32)
        .metadata(key("attention.layer_norm_rms_epsilon"), config["rms_norm_eps"].as_f64().unwrap() as f32)
        .metadata(key("rope.dimension_count"), head_dim as u32)
        .metadata(key("rope.freq_base"), scaling["rope_theta"].as_f64().unwrap() as f32);
    if let Some(head_dim) = stated_head_dim {
        writer = writer
            .metadata(key("attention.key_length"), head_dim as u32)
            .metadata(key("attention.value_length"), head_dim as u32);
    }
    if let Some(window) = config["sliding_window"].as_u64() {
        writer = writer.metadata(key("attention.sliding_window"), window as u32);
    }
    let kind = scaling["rope_type"].as_str().unwrap();
    if kind == "linear" || kind == "yarn" {
        writer = writer
            .metadata(key("rope.scaling.type"), kind)
            .metadata(key("rope.scaling.factor"), scaling["factor"].as_f64().unwrap() as f32);
    }
    if kind == "yarn" {
        let original = scaling["original_max_position_embeddings"].as_u64().unwrap();
        writer = writer.metadata(key("rope.scaling.original_context_length"), original as u32);
    }

    let mut stored: HashMap<String, Tensor> = HashMap::new();
    for entry in std::fs::read_dir(fixture::path(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("model") && path.extension().is_some_and(|extension| extension == "safetensors") {
            stored.extend(candle_core::safetensors::load(&path, &Device::Cpu).unwrap());
        }
    }
    let mut tensors: Vec<(String, Tensor)> = stored
        .into_iter()
        .map(|(name, tensor)| {
            let tensor = match name.as_str() {
                name if name.contains("q_proj") => permute(&tensor, heads),
                name if name.contains("k_proj") => permute(&tensor, kv_heads),
                _ => tensor,
            };
            (gguf_name(&name), tensor)
        })
        .collect();
    tensors.sort_by(|(left, _), (right, _)| left.cmp(right));
    if kind == "llama3" {
        let factors = Tensor::new(llama3_factors(&config, scaling, head_dim), &Device::Cpu).unwrap();
        tensors.push(("rope_freqs.weight".to_owned(), factors));
    }
    for (name, tensor) in &tensors {
        writer = writer.tensor(name.clone(), DType::F32, tensor.dims());
    }
    let bytes = |index: usize| {
        let floats = tensors[index].1.to_dtype(CandleType::F32).unwrap().flatten_all().unwrap().to_vec1::<f32>();
        floats.unwrap().iter().flat_map(|value| value.to_le_bytes()).collect()
    };
    writer.to_bytes(bytes).unwrap()
}

#[test]
fn files_match_the_models_they_were_made_of() {
    for folder in ["llama3", "llama-linear", "llama-yarn", "llama-bias", "mistral-window", "smollm3"] {
        let folder = format!("tiny-models/{folder}");
        for backend in BACKENDS {
            let source = ModelSource::open(Source::Bytes(convert(&folder))).unwrap();
            let options = LoadOptions::from_json(&json!({ "backend": backend, "threads": 1 })).unwrap();
            let loaded =
                load_weights(&source, &options, &Memory::uncounted(), &ThreadPools::default(), &mut |_| {}, &|| false)
                    .unwrap();
            assert_eq!(loaded.info.warnings, Vec::<String>::new());
            matches_cases(
                &mut Session::new(loaded.model),
                &fixture::cases(&folder),
                &format!("{folder} as GGUF, {backend}"),
            );
        }
    }
}
