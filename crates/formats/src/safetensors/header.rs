//! The header of one safetensors file.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::stored_type;
use super::unique_map::UniqueMap;
use crate::error::{FormatError, Result, cut, quoted};
use crate::size;
use crate::source::{ByteSource, TensorBytes};
use crate::tensor::TensorEntry;
use crate::tensor_table::TensorTable;

/// Longest header, as in Hugging Face's reader.
const HEADER_BYTES: u64 = 100_000_000;
/// Tensors in a file; the largest unstacked mixtures of experts have some ten thousands.
const TENSORS: usize = 1 << 18;
/// Notes in `__metadata__`.
const NOTES: usize = 1 << 12;
/// Dimensions of a tensor; models have up to 4, convolutions of vision towers 5.
const DIMENSIONS: usize = 8;

/// Characters of the JSON parser's own words, which can quote the file at any length.
const LONGEST_PROBLEM: usize = 200;

/// A file's tensors and its free notes.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) tensors: TensorTable,
    pub(super) notes: BTreeMap<String, String>,
}

/// The JSON of a header: tensors by name, and `__metadata__`.
#[derive(Debug)]
struct HeaderJson {
    notes: UniqueMap<String, NOTES>,
    tensors: Vec<(String, InfoJson)>,
}

#[derive(Debug, Deserialize)]
struct InfoJson {
    dtype: String,
    shape: Dims,
    data_offsets: (u64, u64),
}

/// A shape that stops being read after [`DIMENSIONS`].
#[derive(Debug)]
struct Dims(Vec<u64>);

/// Reads and checks a header: the tensors fill the data, in whatever order they are named, without a gap.
pub(super) fn read(source: &Arc<ByteSource>) -> Result<Header> {
    let (json, data_start) = read_json(source)?;
    let mut by_name = BTreeMap::new();
    for (name, info) in json.tensors {
        match by_name.entry(name) {
            Entry::Vacant(place) => {
                place.insert(info);
            }
            Entry::Occupied(place) => {
                let name = place.key();
                return Err(
                    json_error(&format!("tensor {} is there twice", quoted(name))).detail("tensor", name.as_str())
                );
            }
        }
    }
    let mut infos: Vec<(String, InfoJson)> = by_name.into_iter().collect();
    // Empty tensors first where several start at one place; then by name, so that the order is the same each time.
    infos.sort_unstable_by(|(a_name, a), (b_name, b)| (a.data_offsets, a_name).cmp(&(b.data_offsets, b_name)));
    let data_len = source.len() - data_start;
    let mut tensors = TensorTable::default();
    let mut end = 0;
    for (name, info) in infos {
        let (first, last) = info.data_offsets;
        if first > last {
            return Err(wrong_offset(&name, "ends before it starts"));
        }
        if first != end {
            return Err(wrong_offset(&name, if first < end { "overlaps another" } else { "leaves a gap before it" }));
        }
        tensors.insert(entry(source, data_start, name, &info)?)?;
        end = last;
    }
    if end < data_len {
        let message = format!("{} bytes follow the last tensor: the file is damaged", data_len - end);
        return Err(FormatError::invalid("offset", message).at_byte(data_start + end));
    }
    Ok(Header { tensors, notes: json.notes.0 })
}

/// The header's JSON and where the data starts.
fn read_json(source: &Arc<ByteSource>) -> Result<(HeaderJson, u64)> {
    let mut len = [0; 8];
    source.read_at(0, &mut len)?;
    let len = u64::from_le_bytes(len);
    if len > HEADER_BYTES {
        let message =
            format!("the header claims {len} bytes; at most {HEADER_BYTES} are possible: the file is damaged");
        return Err(FormatError::invalid("length", message)
            .at_byte(0)
            .detail("length", len)
            .detail("limit", HEADER_BYTES));
    }
    if len < 2 {
        let message = format!("the header claims {len} bytes, too few for any JSON object: the file is damaged");
        return Err(FormatError::invalid("length", message).at_byte(0).detail("length", len));
    }
    // Copied even from memory and mappings: what was checked is what is used.
    let bytes = TensorBytes::new(Arc::clone(source), 8, len).map_err(|error| error.at_byte(0))?.to_vec()?;
    // The specification asks for the brace first, which also keeps a header apart from other formats; spaces may follow.
    if bytes.first() != Some(&b'{') {
        return Err(json_error("it does not start with a brace").at_byte(8));
    }
    let json = serde_json::from_slice(&bytes).map_err(|error| json_error(&error.to_string()).at_byte(8))?;
    Ok((json, 8 + len))
}

fn entry(source: &Arc<ByteSource>, data_start: u64, name: String, info: &InfoJson) -> Result<TensorEntry> {
    let overflow = || FormatError::overflow(&format!("tensor {}", quoted(&name))).detail("tensor", name.as_str());
    let (first, last) = info.data_offsets;
    let len = last - first;
    let (stored, bits) = stored_type::from_name(&info.dtype);
    let elements = size::elements(&info.shape.0).ok_or_else(overflow)?;
    if let Some(bits) = bits {
        size::mul(elements, bits).ok_or_else(overflow)?;
        if size::bit_bytes(elements, bits) != Some(len) {
            let what = format!("has {len} bytes, which shape {:?} of {} does not have", info.shape.0, info.dtype);
            return Err(wrong_offset(&name, &what));
        }
    }
    let shape = info.shape.0.iter().map(|&dim| size::to_usize(dim, "a tensor")).collect::<Result<_>>()?;
    let start = size::add(data_start, first).ok_or_else(overflow)?;
    let bytes =
        TensorBytes::new(Arc::clone(source), start, len).map_err(|error| error.detail("tensor", name.as_str()))?;
    Ok(TensorEntry { name: name.into(), stored, shape, bytes })
}

fn wrong_offset(name: &str, what: &str) -> FormatError {
    FormatError::invalid("offset", format!("tensor {} {what}: the file is damaged", quoted(name)))
        .detail("tensor", name)
}

fn json_error(what: &str) -> FormatError {
    FormatError::invalid("json", format!("the header is not what safetensors asks for: {}", cut(what, LONGEST_PROBLEM)))
}

impl<'de> Deserialize<'de> for HeaderJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = HeaderJson;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> std::result::Result<HeaderJson, A::Error> {
        let mut notes = None;
        let mut tensors = Vec::new();
        while let Some(name) = access.next_key::<String>()? {
            if name == "__metadata__" {
                if notes.replace(access.next_value()?).is_some() {
                    return Err(A::Error::custom("__metadata__ is there twice"));
                }
            } else if tensors.len() == TENSORS {
                return Err(A::Error::custom(format_args!("more than {TENSORS} tensors")));
            } else {
                tensors.push((name, access.next_value()?));
            }
        }
        Ok(HeaderJson { notes: notes.unwrap_or_default(), tensors })
    }
}

impl<'de> Deserialize<'de> for Dims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_seq(DimsVisitor)
    }
}

struct DimsVisitor;

impl<'de> Visitor<'de> for DimsVisitor {
    type Value = Dims;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a shape of at most {DIMENSIONS} dimensions")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> std::result::Result<Dims, A::Error> {
        let mut dims = Vec::new();
        while let Some(dim) = access.next_element()? {
            if dims.len() == DIMENSIONS {
                return Err(A::Error::invalid_length(DIMENSIONS + 1, &self));
            }
            dims.push(dim);
        }
        Ok(Dims(dims))
    }
}
