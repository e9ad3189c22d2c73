//! Moves tensors from a table into a backend: shape checked, converted, counted.

use super::{Conversion, WeightTable, conversion::to_f32};
use crate::{
    backend::{Backend, RotaryFrequencies},
    error::{Error, ErrorCode, Result},
    isq::Role,
    weight::Weight,
};

/// What watches a load: told of every tensor, asked before every tensor.
pub trait LoadObserver {
    /// `bytes` more of the source's tensors are in the backend.
    fn loaded(&mut self, bytes: u64);
    /// Whether to stop.
    fn cancelled(&self) -> bool;
}

/// Whether a projection has a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bias {
    /// It must.
    Required,
    /// It has none; one in the file is unused.
    Absent,
    /// As the file has it.
    IfStored,
}

impl From<Option<bool>> for Bias {
    /// From what a config says.
    fn from(said: Option<bool>) -> Self {
        match said {
            Some(true) => Self::Required,
            Some(false) => Self::Absent,
            None => Self::IfStored,
        }
    }
}

/// Takes tensors by name and hands them to a backend.
pub struct WeightLoader<'a, B: Backend> {
    /// Where they go.
    pub backend: B,
    /// Where they come from.
    pub table: &'a mut WeightTable,
    /// What happens on the way.
    pub conversion: Conversion,
    /// Threads that convert.
    pub threads: usize,
    /// Who is told.
    pub observer: &'a mut dyn LoadObserver,
}

impl<B: Backend> WeightLoader<'_, B> {
    /// `{module}.weight`, `(out, in)`, and `{module}.bias`, `(out,)`.
    ///
    /// # Errors
    /// As [`WeightTable::take`], [`Conversion::apply`]; `cancelled`.
    pub fn linear(&mut self, module: &str, shape: [usize; 2], bias: Bias) -> Result<B::Linear> {
        self.matrix_with_bias(module, shape, bias, Role::Projection)
    }

    /// The output head, `{module}.weight`, `(vocabulary, hidden)`.
    ///
    /// # Errors
    /// As [`Self::linear`].
    pub fn head(&mut self, module: &str, shape: [usize; 2]) -> Result<B::Linear> {
        self.matrix_with_bias(module, shape, Bias::Absent, Role::Vocabulary)
    }

    /// `{module}.weight`, `(width,)`, as f32.
    ///
    /// # Errors
    /// As [`Self::linear`].
    pub fn norm(&mut self, module: &str, width: usize, epsilon: f32) -> Result<B::Norm> {
        let (weight, stored) = self.take(&format!("{module}.weight"), &[width])?;
        let norm = self.backend.norm(to_f32(weight)?, epsilon)?;
        self.observer.loaded(stored);
        Ok(norm)
    }

    /// `{module}.weight`, `(vocabulary, hidden)`.
    ///
    /// # Errors
    /// As [`Self::linear`].
    pub fn embedding(&mut self, module: &str, shape: [usize; 2]) -> Result<B::Embedding> {
        let (weight, stored) = self.take(&format!("{module}.weight"), &shape)?;
        let weight = self.conversion.apply(weight, Role::Vocabulary, self.threads)?;
        let embedding = self.backend.embedding(weight)?;
        self.observer.loaded(stored);
        Ok(embedding)
    }

    /// Hands rotary frequencies to the backend.
    ///
    /// # Errors
    /// The backend's.
    pub fn rotary(&mut self, frequencies: &RotaryFrequencies) -> Result<B::Rotary> {
        self.backend.rotary(frequencies)
    }

    fn matrix_with_bias(&mut self, module: &str, shape: [usize; 2], bias: Bias, role: Role) -> Result<B::Linear> {
        let (weight, mut stored) = self.take(&format!("{module}.weight"), &shape)?;
        let name = format!("{module}.bias");
        let has_bias = match bias {
            Bias::Required => true,
            Bias::Absent => false,
            Bias::IfStored => self.table.contains(&name),
        };
        let bias = if has_bias {
            let (bias, bytes) = self.take(&name, &shape[..1])?;
            stored += bytes;
            Some(to_f32(bias)?)
        } else {
            None
        };
        let weight = self.conversion.apply(weight, role, self.threads)?;
        let linear = self.backend.linear(weight, bias)?;
        self.observer.loaded(stored);
        Ok(linear)
    }

    /// The tensor and its bytes in the source.
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<(Weight, u64)> {
        if self.observer.cancelled() {
            return Err(Error::new(ErrorCode::Cancelled, "loading was cancelled"));
        }
        let weight = self.table.take(name, shape)?;
        let bytes = weight.byte_len() as u64;
        Ok((weight, bytes))
    }
}
