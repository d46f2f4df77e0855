//! The `dtls` block against OpenSSL's `s_client` and `s_server`. `cargo test` leaves these tests out where there is no openssl
//! program; here they have to run.

use std::process::Command;

use super::apt;
use super::counted::{self, Counts};
use crate::shell;

/// Installs it, and runs the tests that need it.
pub(super) fn run() -> Result<(bool, Option<Counts>), String> {
    apt::install(apt::has("openssl"), &["openssl"])?;
    let mut test = Command::new(shell::cargo());
    test.args(["test", "-p", "dtls", "--locked", "--test", "openssl"]);
    test.env("REQUIRE_OPENSSL", "1");
    counted::run(&mut test, &mut std::io::stdout().lock()).map(|(holds, counts)| (holds, Some(counts)))
}
