//! Writes the TypeScript types of the protocol, and their hash for the engine: `cargo run -p wick-core --example generate_types`.

use std::path::Path;

use wick_core::response::typescript;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::write(root.join(typescript::HASH_PATH), typescript::generate_hash())?;
    let path = root.join(typescript::GENERATED_PATH);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, typescript::generate())
}
