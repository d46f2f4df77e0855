//! The files of the `media` block against ffmpeg and opus-tools: they play what it writes, and it reads what they write.

use std::process::Command;

use super::apt;
use super::counted::{self, Counts};
use crate::shell;

/// Installs both, and runs the tests that need them.
pub(super) fn run() -> Result<(bool, Option<Counts>), String> {
    let is_there = ["ffmpeg", "opusinfo"].iter().all(|program| apt::has(program));
    apt::install(is_there, &["ffmpeg", "opus-tools"])?;
    let mut test = Command::new(shell::cargo());
    test.args(["test", "-p", "media", "--locked", "--tests", "--", "--ignored"]);
    counted::run(&mut test, &mut std::io::stdout().lock()).map(|(holds, counts)| (holds, Some(counts)))
}
