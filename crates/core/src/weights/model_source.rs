//! Where a model comes from: a GGUF file or the parts of one, or the files of a Hugging Face checkpoint.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use wick_formats::{
    ByteSource, FileKind, Gguf, ModelFiles, NumberedName, OpenMode, Safetensors,
    gguf::{self, SizeHint},
};

use super::{Naming, WeightTable};
use crate::{
    error::{Error, ErrorCode, Result},
    model::{ModelConfig, ROPE_FACTORS},
};

/// What the caller names.
#[derive(Debug, Clone)]
pub enum Source {
    /// A GGUF file, any part of one, or a checkpoint's folder.
    Path(PathBuf),
    /// A GGUF file.
    Bytes(Vec<u8>),
    /// A checkpoint's files, one GGUF file, or all parts of one, by name.
    Files(BTreeMap<String, Vec<u8>>),
    /// One of these under another name: a folder of the hub's cache is called by its commit.
    Named {
        /// What the model is called.
        id: String,
        /// Where it is.
        source: Box<Source>,
    },
}

/// An opened model whose headers are read and checked, and no weights yet.
pub struct ModelSource {
    /// A name for people: the file's, the folder's, or the one in the metadata.
    pub id: String,
    /// What was opened.
    pub files: SourceFiles,
}

/// The files behind a [`ModelSource`].
pub enum SourceFiles {
    /// One file with everything, or its parts.
    Gguf(Gguf),
    /// Weights with `config.json`, `tokenizer.json` and others beside them.
    Checkpoint {
        /// All files.
        files: ModelFiles,
        /// The weights of all shards.
        tensors: Safetensors,
    },
}

const GGUF: &str = ".gguf";
/// The longest `config.json`: a hundred times what models have.
const CONFIG_BYTES: u64 = 1 << 20;

impl ModelSource {
    /// Opens `source` and reads its headers.
    ///
    /// # Errors
    /// `not_found`, `io_error`; `model_unsupported` for pickles and unknown formats; `model_invalid` for files that contradict
    /// themselves or each other.
    pub fn open(source: Source) -> Result<Self> {
        match source {
            Source::Path(path) => Self::path(&path),
            Source::Bytes(bytes) => {
                Self::file("", &Arc::new(ByteSource::from(bytes)), &ModelFiles::from_bytes(BTreeMap::new()))
            }
            Source::Named { id, source } => Ok(Self { id, ..Self::open(*source)? }),
            Source::Files(files) => {
                let sources: BTreeMap<_, _> =
                    files.into_iter().map(|(name, bytes)| (name, Arc::new(ByteSource::from(bytes)))).collect();
                let gguf = sources.iter().find(|(name, _)| is_gguf(name));
                let gguf = gguf.map(|(name, bytes)| (name.clone(), Arc::clone(bytes)));
                match gguf {
                    None => Self::checkpoint("model".to_owned(), ModelFiles::Memory(sources)),
                    Some((name, bytes)) if sources.keys().all(|other| is_gguf(other) && stem(other) == stem(&name)) => {
                        Self::file(&name, &bytes, &ModelFiles::Memory(sources))
                    }
                    Some((name, _)) => Err(Error::invalid_request(
                        "source",
                        format!("`{name}` is a whole model; give it alone, or the files of a checkpoint without it"),
                    )),
                }
            }
        }
    }

    #[cfg(not(target_family = "wasm"))]
    fn path(path: &Path) -> Result<Self> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            let id = if name.is_empty() { "model".to_owned() } else { name };
            return Self::checkpoint(id, ModelFiles::Folder(path.to_owned()));
        }
        FileKind::from_name(&name)?;
        let bytes = Arc::new(ByteSource::open(path, OpenMode::Read)?);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::file(&name, &bytes, &ModelFiles::Folder(folder.to_owned()))
    }

    #[cfg(target_family = "wasm")]
    fn path(_path: &Path) -> Result<Self> {
        Err(Error::unsupported("source", "WebAssembly has no files; give the model's bytes"))
    }

    /// The file `name`; where it is a part of a model, with the parts beside it.
    fn file(name: &str, bytes: &Arc<ByteSource>, beside: &ModelFiles) -> Result<Self> {
        match FileKind::from_source(bytes)? {
            FileKind::Gguf if name.is_empty() => {
                let gguf = Gguf::read(bytes)?;
                let id = gguf.metadata().optional_str("general.name")?.unwrap_or("model").to_owned();
                Ok(Self { id, files: SourceFiles::Gguf(gguf) })
            }
            FileKind::Gguf => {
                let gguf = Gguf::read_model(bytes, name, beside, OpenMode::Read)?;
                Ok(Self { id: stem(name).to_owned(), files: SourceFiles::Gguf(gguf) })
            }
            FileKind::Safetensors => Err(safetensors_alone()),
        }
    }

    fn checkpoint(id: String, files: ModelFiles) -> Result<Self> {
        if !files.contains("config.json") {
            let ggufs: Vec<String> = files.names()?.into_iter().filter(|name| is_gguf(name)).collect();
            let advice = match ggufs.as_slice() {
                [] => "give a GGUF file or the folder of a checkpoint".to_owned(),
                [first, ..] => format!("for a GGUF file give the file itself, such as `{first}`"),
            };
            return Err(Error::new(ErrorCode::NotFound, format!("there is no config.json in the folder; {advice}"))
                .at("config.json"));
        }
        let tensors = Safetensors::open_model(&files, OpenMode::Read)?;
        Ok(Self { id, files: SourceFiles::Checkpoint { files, tensors } })
    }

    /// What the model is.
    ///
    /// # Errors
    /// As [`ModelConfig::from_json`] and [`ModelConfig::from_gguf`].
    pub fn config(&self) -> Result<ModelConfig> {
        match &self.files {
            SourceFiles::Gguf(gguf) => ModelConfig::from_gguf(gguf),
            SourceFiles::Checkpoint { files, tensors: _ } => {
                ModelConfig::from_json(&files.read("config.json", CONFIG_BYTES)?)
            }
        }
    }

    /// Its weights, all still to be taken.
    pub fn table(&self) -> WeightTable {
        match &self.files {
            SourceFiles::Gguf(gguf) => WeightTable::from_tensors(Naming::Gguf, gguf.tensors()).without(ROPE_FACTORS),
            SourceFiles::Checkpoint { files: _, tensors } => {
                WeightTable::from_tensors(Naming::HuggingFace, tensors.tensors())
            }
        }
    }

    /// What is odd about the files and harmless.
    pub fn warnings(&self) -> &[String] {
        match &self.files {
            SourceFiles::Gguf(_) => &[],
            SourceFiles::Checkpoint { files: _, tensors } => tensors.warnings(),
        }
    }

    /// Checks that no file changed since it was opened.
    ///
    /// # Errors
    /// `model_changed`, `io_error`.
    pub fn verify_unchanged(&self) -> Result<()> {
        match &self.files {
            SourceFiles::Gguf(gguf) => gguf.tensors().verify_unchanged()?,
            SourceFiles::Checkpoint { files: _, tensors } => tensors.tensors().verify_unchanged()?,
        }
        Ok(())
    }
}

/// How long the model file is that begins with `prefix`, which may be too short to tell.
///
/// # Errors
/// Those of [`ModelSource::open`] that the beginning alone shows.
pub fn file_size(prefix: Vec<u8>) -> Result<SizeHint> {
    /// What tells one format from another.
    const START: u64 = 9;
    let prefix = Arc::new(ByteSource::from(prefix));
    if prefix.len() < START {
        return Ok(SizeHint::NeedsMore { at_least: START });
    }
    match FileKind::from_source(&prefix)? {
        FileKind::Gguf => Ok(gguf::file_size(&prefix)?),
        FileKind::Safetensors => Err(safetensors_alone()),
    }
}

fn safetensors_alone() -> Error {
    Error::invalid_request(
        "source",
        "a safetensors file has no configuration and no tokenizer; give the folder it is in, or all of its files",
    )
}

/// The name of the model in a file of that name, without the numbers of its parts.
fn stem(name: &str) -> &str {
    let whole = name.strip_suffix(GGUF).unwrap_or(name);
    NumberedName::parse(name, GGUF).map_or(whole, |NumberedName { stem, .. }| stem)
}

fn is_gguf(name: &str) -> bool {
    matches!(FileKind::from_name(name), Ok(Some(FileKind::Gguf)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_file_tells_what_opening_it_would() {
        for start in [&b""[..], b"GGUF\x03\0\0\0"] {
            assert_eq!(file_size(start.to_vec()).unwrap(), SizeHint::NeedsMore { at_least: 9 });
        }
        let header = |version: u8| [b"GGUF", &[version, 0, 0, 0][..], &[0; 16]].concat();
        assert_eq!(file_size(header(3)).unwrap(), SizeHint::Known(24));
        for start in [&[0; 100][..], b"\x02\0\0\0\0\0\0\0{}", &header(9), b"GGUF\x03\0\0\0\xff\xff\xff\xff\0\0\0\0"] {
            let (told, opened) = (file_size(start.to_vec()), ModelSource::open(Source::Bytes(start.to_vec())));
            assert_eq!(told.unwrap_err(), opened.err().unwrap());
        }
    }
}
