//! The playground, opened in a browser and used as a person would.

use std::process::{Command, Stdio};

use super::install;
use super::partner::Kind;
use super::program::Program;
use super::scenarios::Outcome;

/// Starts the program on a free port and lets the browser chat, measure and restart ICE.
pub(super) fn play(browser: Kind) -> Outcome {
    let program = Program::start("playground", &[])?;
    let result = Command::new("node")
        .arg(install::root().join("interop/browser/playground.mjs"))
        .args([&browser.to_string(), program.url()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("node: {error}"))?;
    let seen = String::from_utf8_lossy(&result.stdout).trim().to_owned();
    if result.status.success() {
        Ok(seen)
    } else {
        Err(format!("{seen} {}", String::from_utf8_lossy(&result.stderr)))
    }
}
