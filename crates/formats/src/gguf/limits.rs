//! Bounds on what a header may ask for, far above every published model.

/// Bytes of a whole header. The largest vocabularies with their merges take about 20 MB.
pub(super) const HEADER_BYTES: u64 = 256 << 20;
/// Metadata entries; models have some dozens.
pub(super) const METADATA_ENTRIES: u64 = 1 << 16;
/// Tensors; the largest unstacked mixtures of experts have some ten thousands.
pub(super) const TENSORS: u64 = 1 << 18;
/// Bytes of a key or a tensor's name; the specification's own bound for keys.
pub(super) const NAME_BYTES: u64 = (1 << 16) - 1;
/// Bytes of one string value; chat templates reach some hundred kilobytes.
pub(super) const STRING_BYTES: u64 = 16 << 20;
/// Arrays inside arrays. The specification allows them, no known key has them, and readers only step over them.
pub(super) const ARRAY_DEPTH: usize = 4;
/// Arrays inside arrays, in one value.
pub(super) const NESTED_ARRAYS: u64 = 1 << 12;
/// Dimensions of a tensor; `GGML_MAX_DIMS`.
pub(super) const DIMENSIONS: u32 = 4;
/// Alignment of tensor data; published files have 32.
pub(super) const ALIGNMENT: u32 = 1 << 16;
/// Files of a split model; each is held open. The largest models have some dozens.
pub(super) const PARTS: u32 = 1000;
