//! The files of one model, in a folder or handed in by name.

use std::collections::BTreeMap;
#[cfg(not(target_family = "wasm"))]
use std::path::PathBuf;
use std::sync::Arc;

#[cfg(not(target_family = "wasm"))]
use super::SourceFile;
use super::{ByteSource, OpenMode};
use crate::error::{FormatError, FormatErrorKind, Result, quoted};

/// A model's files, reached by plain names: `config.json`, `model.safetensors`.
#[derive(Debug, Clone)]
pub enum ModelFiles {
    /// Files of a folder.
    #[cfg(not(target_family = "wasm"))]
    Folder(PathBuf),
    /// Files handed in as bytes.
    Memory(BTreeMap<String, Arc<ByteSource>>),
}

impl ModelFiles {
    /// Files handed in as bytes.
    pub fn from_bytes(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        Self::Memory(files.into_iter().map(|(name, bytes)| (name, Arc::new(ByteSource::from(bytes)))).collect())
    }

    /// Names of all files, sorted; in a folder, of those directly in it whose names are Unicode.
    ///
    /// # Errors
    /// `not_found`, `io_error`.
    pub fn names(&self) -> Result<Vec<String>> {
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::Folder(folder) => {
                let failed = |error| super::source_file::io_error("folder", folder, &error);
                let mut names = Vec::new();
                for entry in std::fs::read_dir(folder).map_err(failed)? {
                    names.extend(entry.map_err(failed)?.file_name().into_string().ok());
                }
                names.sort_unstable();
                Ok(names)
            }
            Self::Memory(files) => Ok(files.keys().cloned().collect()),
        }
    }

    /// Whether there is something of that name.
    pub fn contains(&self, name: &str) -> bool {
        is_plain_name(name)
            && match self {
                #[cfg(not(target_family = "wasm"))]
                Self::Folder(folder) => folder.join(name).exists(),
                Self::Memory(files) => files.contains_key(name),
            }
    }

    /// Opens a file to read tensors from.
    ///
    /// # Errors
    /// As [`ByteSource::open`]; `model_invalid{path}` for a name that is not plain.
    #[cfg_attr(target_family = "wasm", expect(unused_variables, reason = "there is nothing to map"))]
    pub fn source(&self, name: &str, mode: OpenMode) -> Result<Arc<ByteSource>> {
        require_plain_name(name)?;
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::Folder(folder) => ByteSource::open(&folder.join(name), mode).map(Arc::new),
            Self::Memory(files) => files.get(name).cloned().ok_or_else(|| missing(name)),
        }
    }

    /// The files of the folder `name` among these.
    ///
    /// # Errors
    /// `model_invalid{path}` for a name that is not plain.
    pub fn within(&self, name: &str) -> Result<Self> {
        require_plain_name(name)?;
        Ok(match self {
            #[cfg(not(target_family = "wasm"))]
            Self::Folder(folder) => Self::Folder(folder.join(name)),
            Self::Memory(files) => {
                let inner = files.iter().filter_map(|(path, source)| {
                    let rest = path.strip_prefix(name)?.strip_prefix('/')?;
                    Some((rest.to_owned(), Arc::clone(source)))
                });
                Self::Memory(inner.collect())
            }
        })
    }

    /// Reads a small file (a configuration, a tokenizer) whole.
    ///
    /// # Errors
    /// `not_found`; `io_error`; `too_large` above `limit` bytes; `model_invalid{path}` for a name that is not plain.
    pub fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        require_plain_name(name)?;
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::Folder(folder) => SourceFile::open(&folder.join(name))?.read_all(limit),
            Self::Memory(files) => {
                let source = files.get(name).ok_or_else(|| missing(name))?;
                if source.len() > limit {
                    return Err(FormatError::too_large(source.len(), limit).in_file(name));
                }
                crate::TensorBytes::new(Arc::clone(source), 0, source.len())?.to_vec()
            }
        }
    }
}

/// Whether `name` is one path component on every system: it can neither leave the folder nor name a drive or a stream.
pub(crate) fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name != "."
        && name != ".."
        && !name.contains(|c: char| matches!(c, '/' | '\\' | ':') || c.is_control())
}

fn require_plain_name(name: &str) -> Result<()> {
    if is_plain_name(name) {
        return Ok(());
    }
    Err(FormatError::invalid(
        "path",
        format!(
            "{} is not a plain file name; a model's files lie in one folder and name each other without folders",
            quoted(name)
        ),
    )
    .detail("path", name))
}

fn missing(name: &str) -> FormatError {
    FormatError::new(FormatErrorKind::NotFound, "file", format!("there is no file {} among those given", quoted(name)))
        .detail("file", name)
}
