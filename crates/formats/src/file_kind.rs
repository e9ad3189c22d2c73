//! What a model file is, by its name and first bytes.

use crate::error::{FormatError, Result, quoted};
use crate::source::ByteSource;

/// Formats that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// One file with everything.
    Gguf,
    /// Weights; their configuration and tokenizer lie beside them.
    Safetensors,
}

/// Ends of names of Python pickles, which run code when they are opened.
const PICKLES: [&str; 6] = [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"];

impl FileKind {
    /// Decides before the file is opened, from the end of its name; nothing when the name does not say.
    ///
    /// # Errors
    /// `model_unsupported{pickle}`: such files are never opened.
    pub fn from_name(name: &str) -> Result<Option<Self>> {
        let lower = name.to_ascii_lowercase();
        if PICKLES.iter().any(|end| lower.ends_with(end)) {
            return Err(pickle(name));
        }
        Ok(match lower.rsplit_once('.') {
            Some((_, "gguf")) => Some(Self::Gguf),
            Some((_, "safetensors")) => Some(Self::Safetensors),
            Some(_) | None => None,
        })
    }

    /// Decides from the first bytes: GGUF's magic, or a safetensors header's length and brace.
    ///
    /// # Errors
    /// `model_unsupported{format}`; `model_invalid{truncated}` for fewer than 9 bytes; `model_changed`, `io_error`.
    pub fn from_source(source: &ByteSource) -> Result<Self> {
        let mut start = [0; 9];
        source.read_at(0, &mut start)?;
        let [g0, g1, g2, g3, .., brace] = start;
        if [g0, g1, g2, g3] == *crate::gguf::MAGIC {
            return Ok(Self::Gguf);
        }
        if brace == b'{' {
            return Ok(Self::Safetensors);
        }
        Err(FormatError::unsupported("format", "the file is neither GGUF nor safetensors; give one of those"))
    }
}

pub(crate) fn pickle(name: &str) -> FormatError {
    FormatError::unsupported(
        "pickle",
        format!("{} is a Python pickle, which can run code and is never opened; use safetensors or GGUF", quoted(name)),
    )
    .detail("file", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_pickles_by_name() {
        for name in ["pytorch_model.bin", "model.PT", "consolidated.00.pth", "x.ckpt", "x.pkl", "x.pickle"] {
            assert_eq!(FileKind::from_name(name).unwrap_err().reason(), "pickle");
        }
        assert_eq!(FileKind::from_name("a.GGUF").unwrap(), Some(FileKind::Gguf));
        assert_eq!(FileKind::from_name("bin").unwrap(), None);
    }

    #[test]
    fn tells_formats_by_their_first_bytes() {
        let kind = |bytes: &[u8]| FileKind::from_source(&ByteSource::from(bytes.to_vec()));
        assert_eq!(kind(b"GGUF\x03\0\0\0\0").unwrap(), FileKind::Gguf);
        assert_eq!(kind(b"\x02\0\0\0\0\0\0\0{}").unwrap(), FileKind::Safetensors);
        assert_eq!(kind(b"PK\x03\x04\0\0\0\0\0").unwrap_err().reason(), "format");
        assert_eq!(kind(b"GGUF").unwrap_err().reason(), "truncated");
    }
}
