//! The tensors of a model that are still to be taken.

use std::collections::BTreeMap;

use super::Naming;
use crate::{
    error::{Error, ErrorCode, Result},
    weight::Weight,
};

/// All tensors of a source by their names in the file. What is taken leaves the table; what stays was not used.
pub struct WeightTable {
    naming: Naming,
    weights: BTreeMap<String, Weight>,
}

impl WeightTable {
    /// A table over `weights`.
    pub fn new(naming: Naming, weights: impl IntoIterator<Item = Weight>) -> Self {
        Self { naming, weights: weights.into_iter().map(|weight| (weight.name.to_string(), weight)).collect() }
    }

    /// Looks at the tensor a Hugging Face checkpoint calls `name`.
    pub fn get(&self, name: &str) -> Option<&Weight> {
        self.weights.get(&self.naming.in_file(name))
    }

    /// Takes the tensor a Hugging Face checkpoint calls `name`.
    ///
    /// # Errors
    /// `model_invalid` at the name where the tensor is missing or has another shape.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Weight> {
        let name = self.naming.in_file(name);
        let weight = self.weights.remove(&name).ok_or_else(|| {
            Error::new(ErrorCode::ModelInvalid, format!("the tensor `{name}` is missing"))
                .at(name.as_str())
                .detail("tensor", name.as_str())
        })?;
        if weight.shape != shape {
            return Err(Error::new(
                ErrorCode::ModelInvalid,
                format!("the tensor `{name}` is {:?} and the config makes it {shape:?}", weight.shape),
            )
            .at(name.as_str())
            .detail("tensor", name.as_str()));
        }
        Ok(weight)
    }

    /// Whether there is a tensor that a Hugging Face checkpoint calls `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Bytes of all tensors in the table, as stored.
    pub fn bytes(&self) -> u64 {
        self.weights.values().map(|weight| weight.byte_len() as u64).sum()
    }

    /// The tensors in the table, by their names in the file.
    pub fn weights(&self) -> impl Iterator<Item = &Weight> {
        self.weights.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weight::{DType, WeightBytes};

    fn table() -> WeightTable {
        let weight = |name: &str| Weight {
            name: name.into(),
            dtype: DType::F32,
            shape: vec![2, 3],
            bytes: WeightBytes::Owned(vec![0; 24].into()),
        };
        WeightTable::new(Naming::Gguf, [weight("output.weight"), weight("extra")])
    }

    #[test]
    fn a_taken_tensor_is_gone_and_the_rest_is_unused() {
        let mut table = table();
        assert_eq!(table.bytes(), 48);
        assert_eq!(&*table.take("lm_head.weight", &[2, 3]).unwrap().name, "output.weight");
        assert_eq!(table.weights().map(|weight| &*weight.name).collect::<Vec<_>>(), ["extra"]);
        assert_eq!(table.take("lm_head.weight", &[2, 3]).err().unwrap().code(), ErrorCode::ModelInvalid);
    }

    #[test]
    fn a_shape_that_disagrees_is_an_error_with_the_tensor() {
        let error = table().take("lm_head.weight", &[3, 2]).err().unwrap();
        assert_eq!(error.code(), ErrorCode::ModelInvalid);
        assert_eq!(error.info().location.as_deref(), Some("output.weight"));
        assert!(error.info().message.contains("[2, 3]"), "{error}");
    }
}
