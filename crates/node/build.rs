//! Links the addon for Node.

fn main() {
    napi_build::setup();
    // A worker thread that opened the addon may end while the engine's threads still run its code: the image must
    // never leave the process (rust-lang/rust#91979, nodejs/node#25577). macOS never unmaps an image with thread
    // locals; on Windows napi-rs pins it.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
