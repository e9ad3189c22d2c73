//! An array of strings, such as a vocabulary, without a string for each.

use super::header_reader::HeaderBytes;
use crate::error::{FormatError, Result};

/// Strings that stay in the header's bytes; each costs four bytes beside them.
#[derive(Debug, Clone, Copy)]
pub struct StringArray<'a> {
    pub(super) key: &'a str,
    pub(super) header: &'a HeaderBytes,
    /// Where each string's length field starts.
    pub(super) offsets: &'a [u32],
}

impl<'a> StringArray<'a> {
    /// Number of strings.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// Bytes of string `index`, which need not be UTF-8.
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.offsets.get(index).map(|&offset| self.at(offset))
    }

    /// String `index`.
    ///
    /// # Errors
    /// `model_invalid{utf8}` naming the key and index; `model_invalid{index}` beyond the end.
    pub fn str(&self, index: usize) -> Result<&'a str> {
        let place = || format!("{}[{index}]", self.key);
        let bytes = self.get(index).ok_or_else(|| {
            FormatError::invalid("index", format!("{} has only {} strings", self.key, self.len()))
                .detail("key", place())
        })?;
        std::str::from_utf8(bytes).map_err(|_| {
            FormatError::invalid("utf8", format!("{} is not UTF-8: the file is damaged or was made wrongly", place()))
                .detail("key", self.key)
                .detail("index", index)
        })
    }

    /// The strings in order, as bytes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let array = *self;
        self.offsets.iter().map(move |&offset| array.at(offset))
    }

    fn at(&self, offset: u32) -> &'a [u8] {
        let start = offset as usize;
        let text = start + 8;
        let len: [u8; 8] = self.header.get(start..text).try_into().unwrap_or_default();
        // The reader stepped over this string, so its length is inside the header.
        self.header.get(text..text + u64::from_le_bytes(len) as usize)
    }
}
