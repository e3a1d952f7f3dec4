//! How the program is linked. Knows nothing of what is in it.

/// On Linux with glibc the program is linked to a fixed address. Otherwise the loader adjusts 34,000
/// addresses and copies the pages that they are on whenever it starts, which is a quarter of the time of a
/// run with nothing to do (docs/performance.md). Stack, heap and libraries still lie at random. What unwinds
/// the stack is linked in: the library for it, libgcc_s, is mapped and asks about the processor at every start.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}

/// Whether Cargo says so of the system that is built for.
#[expect(
    clippy::disallowed_methods,
    reason = "it is how Cargo tells a build script anything"
)]
fn is(name: &str, value: &str) -> bool {
    std::env::var(name).is_ok_and(|v| v == value)
}
