//! Writes GGUF files, version 3: for tests, tools and benchmarks.

use std::io::{self, Write};

use super::ggml_type::GgmlType;
use super::value_type::ValueType;
use super::{DEFAULT_ALIGNMENT, MAGIC};
use crate::dtype::DType;
use crate::size;

/// A metadata value to write.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum MetadataValue {
    U8(u8),
    U32(u32),
    I32(i32),
    U64(u64),
    F32(f32),
    Bool(bool),
    String(String),
    Strings(Vec<String>),
    I32Array(Vec<i32>),
    F32Array(Vec<f32>),
}

/// The header of a file to be; its tensors' data follow in the order they were declared in.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    metadata: Vec<(String, MetadataValue)>,
    tensors: Vec<Declared>,
}

#[derive(Debug, Clone)]
struct Declared {
    name: String,
    dtype: DType,
    shape: Vec<usize>,
}

impl Writer {
    /// A file without metadata and tensors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<MetadataValue>) -> Self {
        self.metadata.push((key.into(), value.into()));
        self
    }

    /// Declares a tensor; `shape` outermost first.
    #[must_use]
    pub fn tensor(mut self, name: impl Into<String>, dtype: DType, shape: impl Into<Vec<usize>>) -> Self {
        self.tensors.push(Declared { name: name.into(), dtype, shape: shape.into() });
        self
    }

    /// Writes the file. `data` is called once per tensor, in order, with its index and a place for exactly its bytes.
    ///
    /// # Errors
    /// Those of `out` and `data`; `InvalidInput` for a shape that is no whole number of blocks or has no or more than
    /// four dimensions, and for data of another length than declared.
    pub fn write(
        &self,
        out: &mut impl Write,
        mut data: impl FnMut(usize, &mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let lengths = self.tensors.iter().map(Declared::bytes).collect::<io::Result<Vec<u64>>>()?;
        let alignment = u64::from(DEFAULT_ALIGNMENT);
        let header = self.header(&lengths)?;
        out.write_all(&header)?;
        pad(out, header.len() as u64, alignment)?;
        for (index, &expected) in lengths.iter().enumerate() {
            let mut exact = Exact { out, left: expected };
            data(index, &mut exact)?;
            if exact.left != 0 {
                return Err(invalid(format!("{} bytes of {} are missing", exact.left, self.tensors[index].name)));
            }
            pad(out, expected, alignment)?;
        }
        Ok(())
    }

    /// The whole file in memory, each tensor's bytes given by `data`.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn to_bytes(&self, mut data: impl FnMut(usize) -> Vec<u8>) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.write(&mut bytes, |index, out| out.write_all(&data(index)))?;
        Ok(bytes)
    }

    fn header(&self, lengths: &[u64]) -> io::Result<Vec<u8>> {
        let mut header = Vec::new();
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&3_u32.to_le_bytes());
        header.extend_from_slice(&(self.tensors.len() as u64).to_le_bytes());
        header.extend_from_slice(&(self.metadata.len() as u64).to_le_bytes());
        for (key, value) in &self.metadata {
            put_string(&mut header, key);
            value.put(&mut header);
        }
        let mut offset = 0;
        for (tensor, &len) in self.tensors.iter().zip(lengths) {
            put_string(&mut header, &tensor.name);
            header.extend_from_slice(&(tensor.shape.len() as u32).to_le_bytes());
            for &dim in tensor.shape.iter().rev() {
                header.extend_from_slice(&(dim as u64).to_le_bytes());
            }
            header.extend_from_slice(&GgmlType::id(tensor.dtype).to_le_bytes());
            header.extend_from_slice(&u64::to_le_bytes(offset));
            offset = size::align_up(len, u64::from(DEFAULT_ALIGNMENT))
                .and_then(|len| size::add(offset, len))
                .ok_or_else(|| invalid("the file is too large".to_owned()))?;
        }
        Ok(header)
    }
}

impl Declared {
    fn bytes(&self) -> io::Result<u64> {
        let wrong =
            || invalid(format!("tensor {} cannot have shape {:?} as {}", self.name, self.shape, self.dtype.name()));
        let row = *self.shape.last().ok_or_else(wrong)?;
        let dims: Vec<u64> = self.shape.iter().map(|&dim| dim as u64).collect();
        let elements = size::elements(&dims).filter(|&elements| elements > 0 && dims.len() <= 4).ok_or_else(wrong)?;
        self.dtype.row_bytes(row).ok_or_else(wrong)?;
        size::block_bytes(elements, self.dtype.block_len() as u64, self.dtype.block_bytes() as u64).ok_or_else(wrong)
    }
}

impl MetadataValue {
    fn put(&self, out: &mut Vec<u8>) {
        fn head(out: &mut Vec<u8>, value_type: ValueType) {
            out.extend_from_slice(&value_type.id().to_le_bytes());
        }
        fn array_head(out: &mut Vec<u8>, element: ValueType, len: usize) {
            head(out, ValueType::Array);
            head(out, element);
            out.extend_from_slice(&(len as u64).to_le_bytes());
        }
        match self {
            Self::U8(value) => {
                head(out, ValueType::U8);
                out.push(*value);
            }
            Self::U32(value) => {
                head(out, ValueType::U32);
                out.extend_from_slice(&value.to_le_bytes());
            }
            Self::I32(value) => {
                head(out, ValueType::I32);
                out.extend_from_slice(&value.to_le_bytes());
            }
            Self::U64(value) => {
                head(out, ValueType::U64);
                out.extend_from_slice(&value.to_le_bytes());
            }
            Self::F32(value) => {
                head(out, ValueType::F32);
                out.extend_from_slice(&value.to_le_bytes());
            }
            Self::Bool(value) => {
                head(out, ValueType::Bool);
                out.push((*value).into());
            }
            Self::String(value) => {
                head(out, ValueType::String);
                put_string(out, value);
            }
            Self::Strings(values) => {
                array_head(out, ValueType::String, values.len());
                for value in values {
                    put_string(out, value);
                }
            }
            Self::I32Array(values) => {
                array_head(out, ValueType::I32, values.len());
                for value in values {
                    out.extend_from_slice(&value.to_le_bytes());
                }
            }
            Self::F32Array(values) => {
                array_head(out, ValueType::F32, values.len());
                for value in values {
                    out.extend_from_slice(&value.to_le_bytes());
                }
            }
        }
    }
}

macro_rules! from_values {
    ($($from:ty => $variant:ident),* $(,)?) => {
        $(impl From<$from> for MetadataValue {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

from_values! {
    u8 => U8, u32 => U32, i32 => I32, u64 => U64, f32 => F32, bool => Bool, String => String, &str => String,
    Vec<String> => Strings, Vec<i32> => I32Array, Vec<f32> => F32Array,
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn pad(out: &mut impl Write, written: u64, alignment: u64) -> io::Result<()> {
    for _ in 0..(alignment - written % alignment) % alignment {
        out.write_all(&[0])?;
    }
    Ok(())
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// Lets exactly as many bytes through as a tensor has.
struct Exact<'a, W> {
    out: &'a mut W,
    left: u64,
}

impl<W: Write> Write for Exact<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            return Err(invalid("a tensor has more data than declared".to_owned()));
        }
        let written = self.out.write(bytes)?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
