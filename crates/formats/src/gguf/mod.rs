//! GGUF, versions 2 and 3, little-endian
//! ([specification](https://github.com/ggml-org/ggml/blob/master/docs/gguf.md)).

mod file_size;
mod ggml_type;
mod header_reader;
mod limits;
mod metadata;
mod parts;
mod stored_value;
mod string_array;
mod tensor_infos;
mod value_type;
mod writer;

#[cfg(not(target_family = "wasm"))]
use std::path::Path;
use std::sync::Arc;

pub use file_size::{SizeHint, file_size};
use header_reader::HeaderReader;
pub use metadata::Metadata;
use parts::Split;
pub use string_array::StringArray;
use tensor_infos::TensorInfo;
pub use value_type::ValueType;
pub use writer::{MetadataValue, Writer};

use crate::error::{FormatError, Result};
use crate::source::{ByteSource, ModelFiles, OpenMode};
use crate::tensor_table::TensorTable;

/// The first four bytes of every file.
pub(crate) const MAGIC: &[u8; 4] = b"GGUF";
/// Where tensor data is aligned unless the file says otherwise.
const DEFAULT_ALIGNMENT: u32 = 32;

/// An open GGUF file: its metadata and its tensors.
#[derive(Debug)]
pub struct Gguf {
    version: u32,
    metadata: Metadata,
    tensors: TensorTable,
}

impl Gguf {
    /// Opens a file and reads its header; tensors are read when asked for.
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

    /// Reads the header of a file that has the whole model.
    ///
    /// # Errors
    /// `model_invalid` with a reason: `magic`, `version`, `count`, `length`, `utf8`, `type`, `depth`, `duplicate`,
    /// `alignment`, `shape`, `overflow`, `block`, `offset`, `truncated`; `model_unsupported` with `version`, `split` or
    /// `dtype`; `too_large`, `model_changed`, `io_error`, `out_of_memory`.
    pub fn read(source: &Arc<ByteSource>) -> Result<Self> {
        let header = Header::read(&mut HeaderReader::new(Arc::clone(source)))?;
        match header.split {
            None => header.place(source),
            Some(split) => Err(split.alone()),
        }
    }

    /// Reads the header of the file `name`; where that is a part of a split model, those of all its parts, which lie among
    /// `files`, as one model.
    ///
    /// # Errors
    /// As [`Self::read`]; `model_invalid{split}` for parts that do not belong together, `not_found` for one that is missing.
    pub fn read_model(source: &Arc<ByteSource>, name: &str, files: &ModelFiles, mode: OpenMode) -> Result<Self> {
        let header = Header::read(&mut HeaderReader::new(Arc::clone(source)))?;
        match header.split {
            None => header.place(source),
            Some(split) => parts::read(split, name, files, mode),
        }
    }

    /// 2 or 3.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Keys and values.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// All tensors.
    pub fn tensors(&self) -> &TensorTable {
        &self.tensors
    }

    /// `general.architecture`, which starts the names of the architecture's own keys.
    ///
    /// # Errors
    /// `model_invalid{key}`, `model_invalid{type}`.
    pub fn architecture(&self) -> Result<&str> {
        self.metadata.str("general.architecture")
    }
}

/// What a file says before its data, each part checked by itself.
struct Header {
    version: u32,
    metadata: Metadata,
    infos: Vec<TensorInfo>,
    /// Bytes of it, without the padding.
    end: u64,
    alignment: u64,
    /// Where the file is one of several.
    split: Option<Split>,
}

impl Header {
    fn read(reader: &mut HeaderReader) -> Result<Self> {
        check_magic(reader.array()?)?;
        let version = reader.u32()?;
        check_version(version)?;
        let tensor_count = bounded_count(reader, "tensors", limits::TENSORS)?;
        let value_count = bounded_count(reader, "metadata entries", limits::METADATA_ENTRIES)?;
        let values = stored_value::read_values(reader, value_count)?;
        let infos = tensor_infos::read_infos(reader, tensor_count)?;
        let end = reader.position();
        let metadata = Metadata::new(reader.finish(), values);
        let alignment = alignment(&metadata)?.into();
        let split = Split::read(&metadata)?;
        Ok(Self { version, metadata, infos, end, alignment, split })
    }

    /// The file itself, without other parts.
    fn place(self, source: &Arc<ByteSource>) -> Result<Gguf> {
        let Self { version, metadata, infos, end, alignment, split: _ } = self;
        Ok(Gguf { version, metadata, tensors: tensor_infos::place(infos, source, end, alignment)? })
    }
}

fn check_magic(magic: [u8; 4]) -> Result<()> {
    if magic == *MAGIC {
        return Ok(());
    }
    let swapped = magic.iter().eq(MAGIC.iter().rev());
    let hint = if swapped {
        "it is a big-endian GGUF file; convert it for a little-endian machine"
    } else {
        "it is no GGUF file"
    };
    Err(FormatError::invalid("magic", format!("the file starts with {}: {hint}", magic.escape_ascii())).at_byte(0))
}

fn check_version(version: u32) -> Result<()> {
    let problem = match version {
        2 | 3 => return Ok(()),
        1 => FormatError::unsupported(
            "version",
            "GGUF version 1 is no longer read; convert the file with a newer llama.cpp",
        ),
        _ if version.swap_bytes() <= 3 && version != 0 => FormatError::invalid(
            "version",
            "the file is a big-endian GGUF file; convert it for a little-endian machine",
        ),
        _ => FormatError::invalid("version", format!("GGUF version {version} is unknown; versions 2 and 3 are read")),
    };
    Err(problem.at_byte(4).detail("version", version))
}

fn bounded_count(reader: &mut HeaderReader, what: &str, limit: u64) -> Result<u64> {
    let start = reader.position();
    let count = reader.u64()?;
    if count <= limit {
        return Ok(count);
    }
    Err(FormatError::invalid("count", format!("the header claims {count} {what}; at most {limit} are possible"))
        .at_byte(start)
        .detail("count", count)
        .detail("limit", limit))
}

fn alignment(metadata: &Metadata) -> Result<u32> {
    const KEY: &str = "general.alignment";
    match metadata.value_type(KEY) {
        None => return Ok(DEFAULT_ALIGNMENT),
        // Readers in C take the four bytes as they are, so another width would mean another layout to them.
        Some(value_type) if value_type != ValueType::U32 => {
            let message = format!("metadata key \"{KEY}\" should be u32 and is {}", value_type.name());
            return Err(FormatError::invalid("type", message).detail("key", KEY));
        }
        Some(_) => {}
    }
    let alignment = metadata.u32(KEY)?;
    if alignment.is_power_of_two() && alignment <= limits::ALIGNMENT {
        return Ok(alignment);
    }
    let message =
        format!("an alignment of {alignment} is impossible; it is a power of two, at most {}", limits::ALIGNMENT);
    Err(FormatError::invalid("alignment", message).detail("key", KEY).detail("got", alignment))
}
