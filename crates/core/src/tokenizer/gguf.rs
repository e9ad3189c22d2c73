//! x
#[derive(Debug)]
pub struct GgufVocabulary;
