//! JSON objects whose keys must differ.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::error::quoted;

/// A JSON object with at most `LIMIT` keys, none twice: serde's own maps keep the last of several.
#[derive(Debug)]
pub(super) struct UniqueMap<V, const LIMIT: usize>(pub(super) BTreeMap<String, V>);

impl<V, const LIMIT: usize> Default for UniqueMap<V, LIMIT> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, V: Deserialize<'de>, const LIMIT: usize> Deserialize<'de> for UniqueMap<V, LIMIT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueVisitor(PhantomData))
    }
}

struct UniqueVisitor<V, const LIMIT: usize>(PhantomData<V>);

impl<'de, V: Deserialize<'de>, const LIMIT: usize> Visitor<'de> for UniqueVisitor<V, LIMIT> {
    type Value = UniqueMap<V, LIMIT>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.len() == LIMIT {
                return Err(A::Error::custom(format_args!("more than {LIMIT} keys")));
            }
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!("key {} is there twice", quoted(&key))));
            }
            let value = access.next_value()?;
            map.insert(key, value);
        }
        Ok(UniqueMap(map))
    }
}
