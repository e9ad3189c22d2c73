//! Names of the parts of a model that is in several files: `stem-00002-of-00003.gguf`.

/// What such a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberedName<'a> {
    /// The name without number and extension.
    pub stem: &'a str,
    /// From 1.
    pub number: u32,
    /// Parts that there are.
    pub count: u32,
}

impl<'a> NumberedName<'a> {
    /// Reads a name that ends in `extension`; nothing where it is not numbered. Its numbers may be out of range.
    pub fn parse(name: &'a str, extension: &str) -> Option<Self> {
        let (rest, count) = name.strip_suffix(extension)?.rsplit_once("-of-")?;
        let (stem, number) = rest.rsplit_once('-')?;
        Some(Self { stem, number: number.parse().ok()?, count: count.parse().ok()? })
    }

    /// The name of part `number` of the same model.
    pub(crate) fn sibling(self, number: u32, extension: &str) -> String {
        format!("{}-{number:05}-of-{:05}{extension}", self.stem, self.count)
    }
}
