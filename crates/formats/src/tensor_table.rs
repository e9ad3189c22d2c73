//! All tensors of a model, by name.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use crate::error::{FormatError, Result, quoted};
use crate::source::ByteSource;
use crate::tensor::{Tensor, TensorEntry};

/// Tensors in the order of their files; no two share a name.
#[derive(Debug, Clone, Default)]
pub struct TensorTable {
    entries: Vec<TensorEntry>,
    /// Ordered, not hashed: names come from files, and WebAssembly has no random keys for a hash.
    by_name: BTreeMap<Arc<str>, usize>,
}

impl TensorTable {
    /// Adds a tensor.
    ///
    /// # Errors
    /// `model_invalid{duplicate}` for a name that is there.
    pub(crate) fn insert(&mut self, entry: TensorEntry) -> Result<()> {
        match self.by_name.entry(Arc::clone(&entry.name)) {
            Entry::Occupied(_) => Err(FormatError::invalid(
                "duplicate",
                format!("tensor {} is there twice: the model is damaged or was made wrongly", quoted(&entry.name)),
            )
            .detail("tensor", &*entry.name)),
            Entry::Vacant(place) => {
                place.insert(self.entries.len());
                self.entries.push(entry);
                Ok(())
            }
        }
    }

    /// The entry of that name, usable or not.
    pub fn entry(&self, name: &str) -> Option<&TensorEntry> {
        self.by_name.get(name).map(|&index| &self.entries[index])
    }

    /// The tensor of that name.
    ///
    /// # Errors
    /// `model_invalid{tensor}` where there is none; `model_unsupported{dtype}`.
    pub fn tensor(&self, name: &str) -> Result<Tensor> {
        self.optional_tensor(name)?.ok_or_else(|| {
            FormatError::invalid(
                "tensor",
                format!(
                    "tensor {} is missing: the files are incomplete, or of another architecture than they say",
                    quoted(name)
                ),
            )
            .detail("tensor", name)
        })
    }

    /// The tensor of that name if it is there.
    ///
    /// # Errors
    /// `model_unsupported{dtype}`.
    pub fn optional_tensor(&self, name: &str) -> Result<Option<Tensor>> {
        self.entry(name).map(TensorEntry::to_tensor).transpose()
    }

    /// All entries, in the order of their files.
    pub fn entries(&self) -> &[TensorEntry] {
        &self.entries
    }

    /// Number of tensors.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no tensor.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of all tensors together.
    pub fn bytes(&self) -> u64 {
        self.entries.iter().fold(0, |sum, entry| sum.saturating_add(entry.bytes.len() as u64))
    }

    /// Checks that no file behind the table changed since it was opened.
    ///
    /// # Errors
    /// `model_changed`, `io_error`.
    pub fn verify_unchanged(&self) -> Result<()> {
        let mut last: Option<&Arc<ByteSource>> = None;
        for entry in &self.entries {
            let source = entry.bytes.source();
            if last.is_none_or(|last| !Arc::ptr_eq(last, source)) {
                source.verify_unchanged()?;
                last = Some(source);
            }
        }
        Ok(())
    }
}
