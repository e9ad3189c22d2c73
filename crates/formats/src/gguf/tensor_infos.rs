//! A header's list of tensors, checked against the file.

use std::ops::Range;
use std::sync::Arc;

use super::ggml_type::GgmlType;
use super::header_reader::HeaderReader;
use super::limits;
use crate::error::{FormatError, Result, quoted};
use crate::size;
use crate::source::{ByteSource, TensorBytes};
use crate::tensor::{StoredType, TensorEntry, unsupported_type};
use crate::tensor_table::TensorTable;

/// A tensor as its header describes it; `offset` counts from the start of the data.
#[derive(Debug)]
pub(super) struct TensorInfo {
    name: Arc<str>,
    stored: StoredType,
    shape: Vec<usize>,
    offset: u64,
    len: u64,
}

/// Reads `count` descriptions.
pub(super) fn read_infos(reader: &mut HeaderReader, count: u64) -> Result<Vec<TensorInfo>> {
    let mut infos = Vec::new();
    for _ in 0..count {
        let start = reader.position();
        let name = reader.name("a tensor")?;
        let info = read_info(reader, &name).map_err(|error| {
            let error = error.detail("tensor", name.as_str());
            if error.location().is_some() { error } else { error.at_byte(start) }
        })?;
        infos.push(info);
    }
    Ok(infos)
}

fn read_info(reader: &mut HeaderReader, name: &str) -> Result<TensorInfo> {
    let count = reader.u32()?;
    if !(1..=limits::DIMENSIONS).contains(&count) {
        let message =
            format!("tensor {} has {count} dimensions; 1 to {} are possible", quoted(name), limits::DIMENSIONS);
        return Err(FormatError::invalid("shape", message));
    }
    let mut dims = Vec::with_capacity(count as usize);
    for _ in 0..count {
        dims.push(reader.u64()?);
    }
    let type_id = reader.u32()?;
    let offset = reader.u64()?;
    let GgmlType { stored, block } = GgmlType::from_id(type_id);
    let elements = check_dims(name, &dims)?;
    let (block_len, block_bytes) = match (&stored, block) {
        (_, Some(block)) => block,
        (StoredType::Other(stored), None) => return Err(unsupported_type(name, stored)),
        (StoredType::Supported(dtype), None) => return Err(unsupported_type(name, dtype.name())),
    };
    if !dims[0].is_multiple_of(block_len) {
        let message = format!(
            "rows of tensor {} have {} elements, which is no whole number of blocks of {block_len}",
            quoted(name),
            dims[0]
        );
        return Err(FormatError::invalid("block", message));
    }
    let len = size::block_bytes(elements, block_len, block_bytes).ok_or_else(|| overflow(name))?;
    // ggml lists the innermost dimension first.
    let shape = dims.iter().rev().map(|&dim| size::to_usize(dim, "a tensor")).collect::<Result<_>>()?;
    size::to_usize(len, "a tensor")?;
    Ok(TensorInfo { name: name.into(), stored, shape, offset, len })
}

/// The number of elements; every dimension is at least 1 and, as ggml counts with a sign, below 2^63.
fn check_dims(name: &str, dims: &[u64]) -> Result<u64> {
    let shape = |what| FormatError::invalid("shape", format!("tensor {} has {what}: {dims:?}", quoted(name)));
    if dims.contains(&0) {
        return Err(shape("an empty dimension"));
    }
    let elements = size::elements(dims).ok_or_else(|| overflow(name))?;
    if dims.iter().any(|&dim| i64::try_from(dim).is_err()) {
        return Err(shape("a negative dimension"));
    }
    Ok(elements)
}

fn overflow(name: &str) -> FormatError {
    FormatError::overflow(&format!("tensor {}", quoted(name)))
}

/// Where the padded data of a file without gaps ends, counted from its start.
fn packed_end(infos: &[TensorInfo], alignment: u64) -> Result<u64> {
    infos.iter().try_fold(0, |end, info| {
        let padded = size::align_up(info.len, alignment).ok_or_else(|| overflow(&info.name))?;
        size::add(end, padded).ok_or_else(|| overflow(&info.name))
    })
}

/// Bytes of the file: where its last tensor ends, with the padding that writers put there too.
pub(super) fn file_size(infos: &[TensorInfo], header_end: u64, alignment: u64) -> Result<u64> {
    let beyond = || FormatError::overflow("the file");
    let packed_end = packed_end(infos, alignment)?;
    let data_start = size::align_up(header_end, alignment).ok_or_else(beyond)?;
    infos.iter().try_fold(header_end, |end, info| {
        let range = extent(info, data_start, alignment, packed_end, u64::MAX)?;
        size::align_up(range.end, alignment).map(|padded| end.max(padded)).ok_or_else(beyond)
    })
}

/// Proves that every tensor is aligned, inside the file and apart from all others, and makes the table.
///
/// A file is told to be cut short, rather than its offsets wrong, when the missing part is one that a file without gaps
/// would have: no offset reaches beyond the sum of all tensors.
pub(super) fn place(
    infos: Vec<TensorInfo>,
    source: &Arc<ByteSource>,
    header_end: u64,
    alignment: u64,
) -> Result<TensorTable> {
    let packed_end = packed_end(&infos, alignment)?;
    let mut table = TensorTable::default();
    if infos.is_empty() {
        return Ok(table);
    }
    let data_start = size::align_up(header_end, alignment).ok_or_else(|| FormatError::overflow("the header"))?;
    let mut extents: Vec<(Range<u64>, Arc<str>)> = Vec::with_capacity(infos.len());
    for info in infos {
        let name = Arc::clone(&info.name);
        let range = extent(&info, data_start, alignment, packed_end, source.len())?;
        extents.push((range.clone(), Arc::clone(&name)));
        let bytes = TensorBytes::new(Arc::clone(source), range.start, info.len)
            .map_err(|error| error.detail("tensor", &*name))?;
        table.insert(TensorEntry { name, stored: info.stored, shape: info.shape, bytes })?;
    }
    extents.sort_unstable_by_key(|(range, _)| range.start);
    for pair in extents.windows(2) {
        if let [(first, first_name), (second, second_name)] = pair
            && second.start < first.end
        {
            return Err(FormatError::invalid(
                "offset",
                format!("tensors {} and {} overlap: the file is damaged", quoted(first_name), quoted(second_name)),
            )
            .at_byte(second.start)
            .detail("tensor", &**second_name));
        }
    }
    Ok(table)
}

/// Where a tensor is in the file.
fn extent(info: &TensorInfo, data_start: u64, alignment: u64, packed_end: u64, file_len: u64) -> Result<Range<u64>> {
    let wrong = |what: &str| {
        FormatError::invalid("offset", format!("tensor {} {what}: the file is damaged", quoted(&info.name)))
            .detail("tensor", &*info.name)
            .detail("offset", info.offset)
    };
    if !info.offset.is_multiple_of(alignment) {
        return Err(wrong("is not aligned"));
    }
    let outside = || wrong("lies outside the file");
    let end = size::add(info.offset, info.len).ok_or_else(outside)?;
    let file_start = size::add(data_start, info.offset).ok_or_else(outside)?;
    let file_end = size::add(data_start, end).ok_or_else(outside)?;
    if file_end <= file_len {
        return Ok(file_start..file_end);
    }
    if end > packed_end {
        return Err(outside());
    }
    let expected = size::add(data_start, packed_end).ok_or_else(outside)?;
    Err(FormatError::truncated(expected, file_len).detail("tensor", &*info.name))
}
