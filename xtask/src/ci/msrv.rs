//! The `rust-version` that the workspace promises: the crates are checked by that compiler, without the C library that takes
//! no Rust. `clippy::incompatible_msrv` knows the standard library only, and `tidy` what dependencies say of themselves.

use std::process::Command;

use crate::shell;

const CHECK: &[&str] = &[
    "check",
    "--locked",
    "-p",
    "webrtc",
    "-p",
    "netsim",
    "--no-default-features",
    "--features",
    "webrtc/tokio,webrtc/rust-crypto",
];

/// Checks with that compiler where rustup has it. Nothing is installed for it.
pub(super) fn run() -> Result<bool, String> {
    let version = env!("CARGO_PKG_RUST_VERSION");
    if !has(version) {
        eprintln!("ci: rustup has no Rust {version}; left out");
        return Ok(true);
    }
    let mut check = Command::new("rustup");
    check.args(["run", version, "cargo"]).args(CHECK);
    // Nothing of this compiler's may be taken for the other one's.
    check.env("CARGO_TARGET_DIR", shell::target().join("msrv"));
    for variable in ["CARGO", "RUSTC", "RUSTDOC"] {
        check.env_remove(variable);
    }
    shell::succeeds(&mut check)
}

fn has(version: &str) -> bool {
    let list = Command::new("rustup").args(["toolchain", "list"]).output();
    list.is_ok_and(|list| {
        let names = String::from_utf8_lossy(&list.stdout);
        names.lines().any(|name| {
            let behind = name.strip_prefix(version);
            behind.is_some_and(|behind| behind.starts_with(['-', '.']))
        })
    })
}
