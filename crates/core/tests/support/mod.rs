//! Small random models built by hand through the `Backend` trait, and the same in naive f64.

#![allow(dead_code, unused_imports, reason = "each test file uses its part")]

pub(crate) mod naive;
pub(crate) mod random_model;

pub(crate) use random_model::{RandomModel, Spec};
