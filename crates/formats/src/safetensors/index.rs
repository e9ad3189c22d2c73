//! `model.safetensors.index.json`: which shard has which tensor.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::unique_map::UniqueMap;
use crate::error::{FormatError, Result, cut, quoted};
use crate::file_kind::FileKind;
use crate::numbered_name::NumberedName;
use crate::source::is_plain_name;

/// Tensors an index may name.
const TENSORS: usize = 1 << 18;
/// Shards an index may name; each is held open. The largest models have some hundreds.
const SHARDS: usize = 1000;

/// Which shard has which tensor. Shard names are plain file names that end in `.safetensors`.
#[derive(Debug)]
pub(super) struct Index {
    weight_map: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct IndexJson {
    weight_map: UniqueMap<String, TENSORS>,
}

impl Index {
    /// Parses an index and checks its shards' names.
    ///
    /// # Errors
    /// `model_invalid{json}`, `{path}`, `{count}`, `{shard}`; `model_unsupported{pickle}`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let json: IndexJson = serde_json::from_slice(bytes).map_err(|error| {
            FormatError::invalid(
                "json",
                format!("it is not what an index of shards should be: {}", cut(&error.to_string(), 200)),
            )
        })?;
        let index = Self { weight_map: json.weight_map.0 };
        let shards: BTreeSet<&str> = index.shards().into_keys().collect();
        if shards.len() > SHARDS {
            let message = format!("the index names {} shards; at most {SHARDS} are possible", shards.len());
            return Err(FormatError::invalid("count", message).detail("count", shards.len()));
        }
        for shard in &shards {
            check_shard_name(shard)?;
        }
        check_numbering(&shards)?;
        Ok(index)
    }

    /// Names of all shards, sorted, and the tensors each should have.
    pub(super) fn shards(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut shards: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (tensor, shard) in &self.weight_map {
            shards.entry(shard).or_default().push(tensor);
        }
        shards
    }

    /// Whether some shard should have the tensor.
    pub(super) fn lists(&self, tensor: &str) -> bool {
        self.weight_map.contains_key(tensor)
    }
}

fn check_shard_name(name: &str) -> Result<()> {
    if !is_plain_name(name) {
        let message = format!(
            "the index names the shard {}, which is no plain file name; shards lie beside their index",
            quoted(name)
        );
        return Err(FormatError::invalid("path", message).detail("shard", name));
    }
    match FileKind::from_name(name)? {
        Some(FileKind::Safetensors) => Ok(()),
        Some(FileKind::Gguf) | None => {
            let message = format!("the index names the shard {}, which is no safetensors file", quoted(name));
            Err(FormatError::invalid("path", message).detail("shard", name))
        }
    }
}

/// Shards numbered `-00002-of-00003` must agree on the count and all be named.
fn check_numbering(shards: &BTreeSet<&str>) -> Result<()> {
    let mut series: BTreeMap<(&str, u32), BTreeSet<u32>> = BTreeMap::new();
    for name in shards {
        if let Some(NumberedName { stem, number, count }) = NumberedName::parse(name, ".safetensors") {
            series.entry((stem, count)).or_default().insert(number);
        }
    }
    for ((stem, count), numbers) in series {
        // Distinct numbers, as many as the count, none outside: all of them.
        let complete = numbers.len() == count as usize && numbers.first() == Some(&1) && numbers.last() == Some(&count);
        if !complete {
            let message =
                format!("the index names {} of the {count} shards of {}: it is damaged", numbers.len(), quoted(stem));
            return Err(FormatError::invalid("shard", message).detail("expected", count).detail("got", numbers.len()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(shards: &[&str]) -> Result<Index> {
        let map: Vec<String> = shards.iter().enumerate().map(|(i, shard)| format!("\"t{i}\": {shard:?}")).collect();
        Index::parse(
            format!("{{\"metadata\": {{\"total_size\": 1}}, \"weight_map\": {{{}}}}}", map.join(", ")).as_bytes(),
        )
    }

    #[test]
    fn takes_numbered_and_other_names() {
        assert_eq!(
            index(&["a-00001-of-00002.safetensors", "a-00002-of-00002.safetensors", "b.safetensors"])
                .unwrap()
                .shards()
                .len(),
            3
        );
    }

    #[test]
    fn refuses_names_that_are_not_plain() {
        for name in [
            "../a.safetensors",
            "/a.safetensors",
            "a\\b.safetensors",
            "c:a.safetensors",
            "..",
            "",
            "a\n.safetensors",
            "a.gguf",
        ] {
            assert_eq!(index(&[name]).unwrap_err().reason(), "path", "{name:?}");
        }
        assert_eq!(index(&["pytorch_model.bin"]).unwrap_err().reason(), "pickle");
    }

    #[test]
    fn refuses_an_incomplete_series() {
        for shards in [
            &["a-00001-of-00003.safetensors", "a-00003-of-00003.safetensors"][..],
            &["a-00000-of-00002.safetensors", "a-00001-of-00002.safetensors"],
            &["a-00001-of-00001.safetensors", "a-00002-of-00002.safetensors"],
            &["a-00001-of-4294967295.safetensors"],
        ] {
            assert_eq!(index(shards).unwrap_err().reason(), "shard", "{shards:?}");
        }
    }
}
