//! Models in several files, as `llama-gguf-split` and llama.cpp's converter make them: each part is a GGUF file with some of
//! the tensors, and the first one has the metadata, too.

use std::sync::Arc;

use super::header_reader::HeaderReader;
use super::metadata::Metadata;
use super::{Gguf, Header, limits};
use crate::error::{FormatError, FormatErrorKind, Result, quoted};
use crate::numbered_name::NumberedName;
use crate::source::{ModelFiles, OpenMode};

const EXTENSION: &str = ".gguf";

/// Which part of how many a file says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Split {
    /// From 0; `split.no`.
    number: u32,
    /// More than one; `split.count`.
    count: u32,
    /// Of all parts together; `split.tensors.count`.
    tensors: Option<u32>,
}

impl Split {
    /// Nothing for a file that has the whole model.
    ///
    /// # Errors
    /// `model_invalid{type}`, `{value}`, `{key}`; `model_invalid{split}` for more parts than are possible.
    pub(super) fn read(metadata: &Metadata) -> Result<Option<Self>> {
        let count = match metadata.optional_u32("split.count")? {
            None | Some(0 | 1) => return Ok(None),
            Some(count) => count,
        };
        if count > limits::PARTS {
            let message = format!("the file says it is one of {count}; at most {} are possible", limits::PARTS);
            return Err(FormatError::invalid("split", message).detail("count", count));
        }
        let number = metadata.u32("split.no")?;
        Ok(Some(Self { number, count, tensors: metadata.optional_u32("split.tensors.count")? }))
    }

    /// The error of who has this one file and no others.
    pub(super) fn alone(self) -> FormatError {
        let message = format!(
            "the model is split over {} GGUF files and this is one of them; give all of them, by their names, or join them \
             with `llama-gguf-split --merge`",
            self.count
        );
        FormatError::unsupported("split", message).detail("count", self.count)
    }
}

/// Reads all parts of the model of which `name` is one.
pub(super) fn read(split: Split, name: &str, files: &ModelFiles, mode: OpenMode) -> Result<Gguf> {
    let numbered = NumberedName::parse(name, EXTENSION).filter(|name| name.count == split.count).ok_or_else(|| {
        let message = format!(
            "{} is one of {} parts, so that its name has to end in -00001-of-{:05}.gguf, as those of the others; give them \
             their names back, or join them with `llama-gguf-split --merge`",
            quoted(name),
            split.count,
            split.count
        );
        FormatError::unsupported("split", message).detail("count", split.count)
    })?;
    let mut first = read_part(numbered, 0, split.count, files, mode)?;
    for number in 1..split.count {
        let Gguf { version: _, metadata: _, tensors } = read_part(numbered, number, split.count, files, mode)?.file;
        for entry in tensors.entries() {
            first.file.tensors.insert(entry.clone()).map_err(|error| error.in_file(&name_of(numbered, number)))?;
        }
    }
    match first.tensors {
        Some(expected) if expected as usize != first.file.tensors.len() => {
            let got = first.file.tensors.len();
            let message =
                format!("the model should have {expected} tensors and its parts have {got}: download them again");
            Err(FormatError::invalid("split", message).detail("expected", expected).detail("got", got))
        }
        Some(_) | None => Ok(first.file),
    }
}

struct Part {
    file: Gguf,
    /// As [`Split::tensors`].
    tensors: Option<u32>,
}

fn read_part(numbered: NumberedName<'_>, number: u32, count: u32, files: &ModelFiles, mode: OpenMode) -> Result<Part> {
    let name = name_of(numbered, number);
    let source = files.source(&name, mode).map_err(|error| match error.kind() {
        FormatErrorKind::NotFound => {
            let message =
                format!("the model is split over {count} files and {} is missing; download it", quoted(&name));
            FormatError::new(FormatErrorKind::NotFound, "split", message).detail("file", name.as_str())
        }
        FormatErrorKind::Invalid
        | FormatErrorKind::Unsupported
        | FormatErrorKind::Changed
        | FormatErrorKind::Io
        | FormatErrorKind::TooLarge
        | FormatErrorKind::OutOfMemory => error,
    })?;
    let read = || {
        let header = Header::read(&mut HeaderReader::new(Arc::clone(&source)))?;
        let tensors = match header.split {
            Some(split) if (split.number, split.count) == (number, count) => split.tensors,
            Some(_) | None => {
                let message = format!("the file is not part {} of {count}: download it again", number + 1);
                return Err(FormatError::invalid("split", message).detail("count", count));
            }
        };
        Ok(Part { file: header.place(&source)?, tensors })
    };
    read().map_err(|error| error.in_file(&name))
}

fn name_of(numbered: NumberedName<'_>, number: u32) -> String {
    numbered.sibling(number + 1, EXTENSION)
}
