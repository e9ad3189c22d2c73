//! Crafted files: they say what a test tells them to say, true or not.

#![expect(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

use wick_formats::{FormatError, FormatErrorKind};

/// The values at which lengths go wrong.
pub const EDGES: [u64; 6] = [0, 1, 1 << 31, 1 << 32, 1 << 63, u64::MAX];

/// Kind and reason of a failure, for comparison.
pub fn outcome<T>(result: Result<T, FormatError>) -> (FormatErrorKind, &'static str) {
    let error = result.map(|_| ()).expect_err("the file is accepted");
    assert!(error.message().len() > 10, "the message says nothing");
    (error.kind(), error.reason())
}

pub fn invalid(reason: &'static str) -> (FormatErrorKind, &'static str) {
    (FormatErrorKind::Invalid, reason)
}

pub fn unsupported(reason: &'static str) -> (FormatErrorKind, &'static str) {
    (FormatErrorKind::Unsupported, reason)
}

/// A GGUF file field by field.
#[derive(Clone)]
pub struct GgufBuilder {
    pub magic: [u8; 4],
    pub version: u32,
    /// What the header claims; the true numbers where nothing.
    pub tensor_count: Option<u64>,
    pub value_count: Option<u64>,
    pub alignment: usize,
    pub data: Vec<u8>,
    pub values: Vec<u8>,
    pub values_written: u64,
    pub tensors: Vec<u8>,
    pub tensors_written: u64,
}

impl Default for GgufBuilder {
    fn default() -> Self {
        Self {
            magic: *b"GGUF",
            version: 3,
            tensor_count: None,
            value_count: None,
            alignment: 32,
            data: Vec::new(),
            values: Vec::new(),
            values_written: 0,
            tensors: Vec::new(),
            tensors_written: 0,
        }
    }
}

impl GgufBuilder {
    /// A small good file: some metadata of each kind and two tensors, `F32` (2, 3) and `Q4_0` (2, 64).
    pub fn good() -> Self {
        let mut tokens = 8_u32.to_le_bytes().to_vec();
        tokens.extend(3_u64.to_le_bytes());
        for token in ["a", "", "token"] {
            tokens.extend(string(token));
        }
        Self::default()
            .value("general.architecture", 8, &string("llama"))
            .value("llama.block_count", 4, &2_u32.to_le_bytes())
            .value("llama.rope.freq_base", 6, &1e4_f32.to_le_bytes())
            .value("flag", 7, &[1])
            .value("tokenizer.ggml.tokens", 9, &tokens)
            .tensor("a", &[3, 2], 0, 0)
            .tensor("b", &[64, 2], 2, 32)
            .data(32 + 72)
    }

    #[must_use]
    pub fn value(mut self, key: &str, type_id: u32, bytes: &[u8]) -> Self {
        self.values.extend(string(key));
        self.values.extend(type_id.to_le_bytes());
        self.values.extend(bytes);
        self.values_written += 1;
        self
    }

    /// Bytes in place of a metadata entry.
    #[must_use]
    pub fn raw_value(mut self, bytes: &[u8]) -> Self {
        self.values.extend(bytes);
        self.values_written += 1;
        self
    }

    /// `dims` innermost first, as in the file.
    #[must_use]
    pub fn tensor(mut self, name: &str, dims: &[u64], type_id: u32, offset: u64) -> Self {
        self.tensors.extend(string(name));
        self.tensors.extend((dims.len() as u32).to_le_bytes());
        for dim in dims {
            self.tensors.extend(dim.to_le_bytes());
        }
        self.tensors.extend(type_id.to_le_bytes());
        self.tensors.extend(offset.to_le_bytes());
        self.tensors_written += 1;
        self
    }

    /// Bytes in place of a tensor's description.
    #[must_use]
    pub fn raw_tensor(mut self, bytes: &[u8]) -> Self {
        self.tensors.extend(bytes);
        self.tensors_written += 1;
        self
    }

    #[must_use]
    pub fn data(mut self, len: usize) -> Self {
        self.data = (0..len).map(|i| i as u8).collect();
        self
    }

    /// Length of everything before the padding.
    pub fn header_len(&self) -> usize {
        24 + self.values.len() + self.tensors.len()
    }

    pub fn build(&self) -> Vec<u8> {
        let mut bytes = self.magic.to_vec();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(self.tensor_count.unwrap_or(self.tensors_written).to_le_bytes());
        bytes.extend(self.value_count.unwrap_or(self.values_written).to_le_bytes());
        bytes.extend(&self.values);
        bytes.extend(&self.tensors);
        bytes.resize(bytes.len().next_multiple_of(self.alignment), 0);
        bytes.extend(&self.data);
        bytes
    }
}

/// A string as GGUF has it.
pub fn string(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

/// An array's head as GGUF has it.
pub fn array_head(element: u32, len: u64) -> Vec<u8> {
    let mut bytes = element.to_le_bytes().to_vec();
    bytes.extend(len.to_le_bytes());
    bytes
}

/// A safetensors file of that header and as much data.
pub fn safetensors(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend((0..data).map(|i| i as u8));
    bytes
}

/// One line of a safetensors header.
pub fn line(name: &str, dtype: &str, shape: &[u64], offsets: (u64, u64)) -> String {
    format!("\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[{},{}]}}", offsets.0, offsets.1)
}
