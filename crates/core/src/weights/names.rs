//! One tensor, two names: model files use those of Hugging Face checkpoints; GGUF has its own.

/// Whose names a file uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// `model.layers.0.self_attn.q_proj.weight`.
    HuggingFace,
    /// `blk.0.attn_q.weight`.
    Gguf,
}

/// Outside the layers.
const MODEL: [(&str, &str); 3] =
    [("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output")];

/// Within a layer.
const LAYER: [(&str, &str); 11] = [
    ("input_layernorm", "attn_norm"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.q_norm", "attn_q_norm"),
    ("self_attn.k_norm", "attn_k_norm"),
    ("self_attn.o_proj", "attn_output"),
    ("post_attention_layernorm", "ffn_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
];

impl Naming {
    /// The file's name of the tensor that a Hugging Face checkpoint calls `name`. A name outside the tables stays as it is.
    pub fn in_file(self, name: &str) -> String {
        match self {
            Self::HuggingFace => name.to_owned(),
            Self::Gguf => gguf(name).unwrap_or_else(|| name.to_owned()),
        }
    }
}

fn gguf(name: &str) -> Option<String> {
    let (module, kind) = name.rsplit_once('.')?; // `weight` or `bias`
    if let Some((layer, module)) = module.strip_prefix("model.layers.").and_then(|rest| rest.split_once('.')) {
        let (_, theirs) = LAYER.iter().find(|(ours, _)| *ours == module)?;
        return Some(format!("blk.{layer}.{theirs}.{kind}"));
    }
    let (_, theirs) = MODEL.iter().find(|(ours, _)| *ours == module)?;
    Some(format!("{theirs}.{kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn translates_every_kind_of_name() {
        let gguf = |name| Naming::Gguf.in_file(name);
        assert_eq!(gguf("model.embed_tokens.weight"), "token_embd.weight");
        assert_eq!(gguf("lm_head.weight"), "output.weight");
        assert_eq!(gguf("model.layers.17.self_attn.q_proj.bias"), "blk.17.attn_q.bias");
        assert_eq!(gguf("model.layers.0.post_attention_layernorm.weight"), "blk.0.ffn_norm.weight");
        assert_eq!(gguf("rope_freqs.weight"), "rope_freqs.weight");
        assert_eq!(Naming::HuggingFace.in_file("lm_head.weight"), "lm_head.weight");
    }
}
