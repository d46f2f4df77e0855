//! The `srtp` block against Debian's libsrtp, packet by packet: `interop/srtp/` says how.

use std::path::Path;
use std::process::Command;

use super::apt;
use super::counted::{self, Counts};
use crate::shell;

/// Where the package puts it.
const HEADER: &str = "/usr/include/srtp2/srtp.h";

/// Installs libsrtp and a C compiler, builds the program that speaks for it, and runs the test that asks it.
pub(super) fn run() -> Result<(bool, Option<Counts>), String> {
    apt::install(
        Path::new(HEADER).exists() && apt::has("cc"),
        &["gcc", "libc6-dev", "libsrtp2-dev"],
    )?;
    let root = shell::root();
    let program = shell::target().join("libsrtp_peer");
    std::fs::create_dir_all(shell::target()).map_err(|error| error.to_string())?;
    let mut compile = Command::new("cc");
    compile
        .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program)
        .arg(root.join("interop/srtp/libsrtp_peer.c"))
        .arg("-lsrtp2");
    if !shell::succeeds(&mut compile)? {
        return Ok((false, None));
    }
    let mut test = Command::new(shell::cargo());
    test.args([
        "test",
        "-p",
        "srtp",
        "--all-features",
        "--test",
        "libsrtp",
        "--locked",
    ])
    .env("LIBSRTP_PEER", &program);
    counted::run(&mut test, &mut std::io::stdout().lock()).map(|(holds, counts)| (holds, Some(counts)))
}
