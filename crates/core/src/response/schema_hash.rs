// Written by `cargo run -p wick-core --example generate_types`. Do not edit.

/// Tells two versions of the protocol apart: 16 hexadecimal digits, the same as in the generated TypeScript.
pub const SCHEMA_HASH: &str = "5c7fa43f208f9d06";
