//! safetensors, single and sharded
//! ([specification](https://github.com/huggingface/safetensors#format)).

mod header;
mod index;
mod stored_type;
mod unique_map;

use std::collections::BTreeMap;
#[cfg(not(target_family = "wasm"))]
use std::path::Path;
use std::sync::Arc;

use index::Index;

use crate::error::{FormatError, FormatErrorKind, Result, quoted};
use crate::file_kind::{FileKind, pickle};
use crate::source::{ByteSource, ModelFiles, OpenMode};
use crate::tensor_table::TensorTable;

/// The file of a model that is not sharded.
const SINGLE: &str = "model.safetensors";
/// The index of a model that is.
const INDEX: &str = "model.safetensors.index.json";
/// Longest index; those of the largest models have some megabytes.
const INDEX_BYTES: u64 = 64 << 20;

/// The open safetensors files of a model as one table.
#[derive(Debug)]
pub struct Safetensors {
    tensors: TensorTable,
    notes: BTreeMap<String, String>,
    warnings: Vec<String>,
}

impl Safetensors {
    /// Opens one file and reads its header; tensors are read when asked for.
    ///
    /// # Errors
    /// As [`Self::read`] and [`ByteSource::open`].
    #[cfg(not(target_family = "wasm"))]
    pub fn open(path: &Path, mode: OpenMode) -> Result<Self> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self::read(&ByteSource::open(path, mode)?.into()).map_err(|error| error.in_file(&name))
    }

    /// Reads the header of a file in memory.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        Self::read(&ByteSource::from(bytes).into())
    }

    /// Reads the header of one file.
    ///
    /// # Errors
    /// `model_invalid` with a reason: `truncated`, `length`, `json`, `offset`, `overflow`; `model_changed`, `io_error`,
    /// `out_of_memory`.
    pub fn read(source: &Arc<ByteSource>) -> Result<Self> {
        let header::Header { tensors, notes } = header::read(source)?;
        Ok(Self { tensors, notes, warnings: Vec::new() })
    }

    /// Opens a model's weights: `model.safetensors`, or all shards of `model.safetensors.index.json`.
    ///
    /// # Errors
    /// As [`Self::read`]; `model_invalid` with `path` or `shard` for an index that does not fit its shards, `duplicate`
    /// for a tensor in two; `model_unsupported{pickle}` where there are only pickles; `not_found`.
    pub fn open_model(files: &ModelFiles, mode: OpenMode) -> Result<Self> {
        if files.contains(SINGLE) {
            return files
                .source(SINGLE, mode)
                .and_then(|source| Self::read(&source))
                .map_err(|error| error.in_file(SINGLE));
        }
        if files.contains(INDEX) {
            let index = files.read(INDEX, INDEX_BYTES).and_then(|bytes| Index::parse(&bytes));
            return Self::open_shards(&index.map_err(|error| error.in_file(INDEX))?, files, mode);
        }
        let names = files.names()?;
        if let Some(name) = names.iter().find(|name| FileKind::from_name(name).is_err()) {
            return Err(pickle(name));
        }
        Err(FormatError::new(
            FormatErrorKind::NotFound,
            "weights",
            format!("there is neither {SINGLE} nor {INDEX} among the model's files; download the model's weights"),
        ))
    }

    fn open_shards(index: &Index, files: &ModelFiles, mode: OpenMode) -> Result<Self> {
        let mut model = Self { tensors: TensorTable::default(), notes: BTreeMap::new(), warnings: Vec::new() };
        for (shard, listed) in index.shards() {
            let source = files.source(shard, mode).map_err(|error| match error.kind() {
                FormatErrorKind::NotFound => wrong_shard(shard, "is missing; download it"),
                FormatErrorKind::Invalid
                | FormatErrorKind::Unsupported
                | FormatErrorKind::Changed
                | FormatErrorKind::Io
                | FormatErrorKind::TooLarge
                | FormatErrorKind::OutOfMemory => error,
            })?;
            let header = header::read(&source).map_err(|error| error.in_file(shard))?;
            if let Some(name) = listed.iter().find(|name| header.tensors.entry(name).is_none()) {
                let what = format!(
                    "lacks tensor {}, which the index says it has: it is not the file the index means; download both again",
                    quoted(name)
                );
                return Err(wrong_shard(shard, &what).detail("tensor", *name));
            }
            for entry in header.tensors.entries() {
                if !index.lists(&entry.name) {
                    model.warnings.push(format!(
                        "the index does not list tensor {} of {}",
                        quoted(&entry.name),
                        quoted(shard)
                    ));
                }
                model.tensors.insert(entry.clone()).map_err(|error| error.in_file(shard))?;
            }
        }
        Ok(model)
    }

    /// All tensors.
    pub fn tensors(&self) -> &TensorTable {
        &self.tensors
    }

    /// A note of the file's `__metadata__`, such as `format`.
    pub fn note(&self, key: &str) -> Option<&str> {
        self.notes.get(key).map(String::as_str)
    }

    /// What is odd and does no harm, for `info.warnings`.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

fn wrong_shard(shard: &str, what: &str) -> FormatError {
    FormatError::invalid("shard", format!("the shard {} {what}", quoted(shard))).detail("shard", shard)
}
