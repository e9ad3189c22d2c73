//! Walks the instances of the official JSON Schema test suite through the grammars of its schemas.
//!
//! `cargo run --release --example json_schema_suite -- <tokenizer.json> <folder of the suite>` prints one line of JSON for each
//! instance: what the suite says of it, and what the grammar. An instance is written as answers are, with a space behind `,`
//! and `:`.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Serializer, Value, json};
use wick_core::engine::Memory;
use wick_core::grammar::{Grammar, GrammarCompiler, GrammarSource};
use wick_core::tokenizer::{Tokenizer, hugging_face};

/// A space behind `,` and `:`, all on one line.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(b": ")
    }
}

fn spaced(value: &Value) -> Result<String, Box<dyn Error>> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Spaced))?;
    Ok(String::from_utf8(bytes)?)
}

/// Whether an answer may be `text` and nothing more.
fn accepts(grammar: &Grammar, tokenizer: &dyn Tokenizer, end: u32, text: &str) -> Result<bool, Box<dyn Error>> {
    let mut matcher = grammar.matcher();
    let allows = |mask: &[u32], token: u32| mask[token as usize / 32] >> (token % 32) & 1 == 1;
    for token in tokenizer.encode_text(text)? {
        if matcher.is_over() || !allows(matcher.mask()?, token) {
            return Ok(false);
        }
        matcher.consume(token)?;
    }
    Ok(matcher.is_over() || allows(matcher.mask()?, end))
}

#[expect(clippy::print_stdout, reason = "this is what it is for")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (tokenizer, suite) = (arguments.next().ok_or("which tokenizer?")?, arguments.next().ok_or("which suite?")?);
    let tokenizer: Arc<dyn Tokenizer> = Arc::new(hugging_face::from_json(&std::fs::read(tokenizer)?, None)?);
    let end = (0..tokenizer.vocabulary_size() as u32).find(|id| tokenizer.is_control(*id)).ok_or("no control token")?;
    let compiler = GrammarCompiler::new(Arc::clone(&tokenizer), vec![end], Memory::uncounted());
    let mut files: Vec<_> = std::fs::read_dir(Path::new(&suite))?.collect::<Result<_, _>>()?;
    files.sort_by_key(std::fs::DirEntry::file_name);
    for file in files.iter().filter(|file| file.path().extension().is_some_and(|extension| extension == "json")) {
        let name = file.file_name().to_string_lossy().into_owned();
        let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(file.path())?)?;
        for case in cases {
            let began = Instant::now();
            let compiled = GrammarSource::json_schema(case["schema"].clone(), true, "schema")
                .and_then(|source| compiler.compile(&source));
            let compile_ms = began.elapsed().as_secs_f64() * 1e3;
            for test in case["tests"].as_array().into_iter().flatten() {
                let verdict = match &compiled {
                    Ok(grammar) => json!(accepts(grammar, &*tokenizer, end, &spaced(&test["data"])?)?),
                    Err(error) => json!(error.info().message),
                };
                let line = json!({
                    "file": name, "case": case["description"], "test": test["description"], "schema": case["schema"],
                    "data": test["data"], "valid": test["valid"], "verdict": verdict, "compileMs": compile_ms,
                });
                println!("{line}");
            }
        }
    }
    Ok(())
}
