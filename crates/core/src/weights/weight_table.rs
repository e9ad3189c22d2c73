//! The tensors of a model that are still to be taken.

use std::collections::BTreeMap;

use wick_formats::TensorTable;

use super::Naming;
use crate::{
    error::{Error, ErrorCode, Result},
    isq::Role,
    weight::Weight,
};

/// All tensors of a source by their names in the file. What is taken leaves the table; what stays was not used.
pub struct WeightTable {
    naming: Naming,
    weights: BTreeMap<String, Stored>,
}

/// A tensor, or why it cannot be a weight: an unsupported type only matters where a model asks for the tensor.
enum Stored {
    Weight(Weight),
    Unusable(Error),
}

impl WeightTable {
    /// A table over `weights`.
    pub fn new(naming: Naming, weights: impl IntoIterator<Item = Weight>) -> Self {
        let weights = weights.into_iter().map(|weight| (weight.name.to_string(), Stored::Weight(weight)));
        Self { naming, weights: weights.collect() }
    }

    /// A table over the tensors of files.
    pub fn from_tensors(naming: Naming, tensors: &TensorTable) -> Self {
        let weights = tensors.entries().iter().map(|entry| {
            let stored = match entry.to_tensor() {
                Ok(tensor) => Stored::Weight(tensor.into()),
                Err(error) => Stored::Unusable(error.into()),
            };
            (entry.name.to_string(), stored)
        });
        Self { naming, weights: weights.collect() }
    }

    /// The table without the tensor that the file calls `name`.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.weights.remove(name);
        self
    }

    /// Looks at the tensor a Hugging Face checkpoint calls `name`.
    pub fn get(&self, name: &str) -> Option<&Weight> {
        match self.weights.get(&self.naming.in_file(name)) {
            Some(Stored::Weight(weight)) => Some(weight),
            Some(Stored::Unusable(_)) | None => None,
        }
    }

    /// Takes the tensor a Hugging Face checkpoint calls `name`.
    ///
    /// # Errors
    /// `model_invalid` at the name where the tensor is missing or has another shape; `model_unsupported` for its type.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Weight> {
        let name = self.naming.in_file(name);
        let weight = match self.weights.remove(&name) {
            Some(Stored::Weight(weight)) => weight,
            Some(Stored::Unusable(error)) => return Err(error),
            None => {
                return Err(Error::new(ErrorCode::ModelInvalid, format!("the tensor `{name}` is missing"))
                    .at(name.as_str())
                    .detail("tensor", name.as_str()));
            }
        };
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
        self.weights.contains_key(&self.naming.in_file(name))
    }

    /// Bytes of all tensors in the table, as stored.
    pub fn bytes(&self) -> u64 {
        self.weights().map(|weight| weight.byte_len() as u64).sum()
    }

    /// Names of the tensors in the table, usable or not.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.weights.keys().map(String::as_str)
    }

    /// The usable tensors in the table, by their names in the file.
    pub fn weights(&self) -> impl Iterator<Item = &Weight> {
        self.weights.values().filter_map(|stored| match stored {
            Stored::Weight(weight) => Some(weight),
            Stored::Unusable(_) => None,
        })
    }

    /// What a matrix of this name in the file is used for.
    pub fn role(&self, name: &str) -> Role {
        let vocabulary = ["model.embed_tokens.weight", "lm_head.weight"];
        if vocabulary.iter().any(|ours| self.naming.in_file(ours) == name) {
            Role::Vocabulary
        } else {
            Role::Projection
        }
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
        assert_eq!(table.names().collect::<Vec<_>>(), ["extra"]);
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
