//! `cargo deny`: licences, banned crates and sources as in `deny.toml`. In CI it is installed where it is missing, in a
//! build without optimisation (a minute and a half); elsewhere the check is left out. Advisories are not checked: their database
//! is a repository of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell;

const CHECK: &[&str] = &["check", "bans", "licenses", "sources"];

/// Runs it; true also where it is left out.
pub(super) fn run() -> Result<bool, String> {
    let tools = shell::target().join("tools");
    let installed = tools.join("bin/cargo-deny");
    let present = [PathBuf::from("cargo-deny"), installed.clone()]
        .into_iter()
        .find(|program| is_there(program));
    let program = match present {
        Some(program) => program,
        None if std::env::var_os("CI").is_some() => {
            install(&tools)?;
            installed
        }
        None => {
            eprintln!("ci: cargo-deny is not installed; left out");
            return Ok(true);
        }
    };
    shell::succeeds(Command::new(program).arg("--locked").args(CHECK))
}

fn is_there(program: &Path) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

fn install(tools: &Path) -> Result<(), String> {
    let mut command = Command::new(shell::cargo());
    command
        .args(["install", "--quiet", "--locked", "cargo-deny", "--root"])
        .arg(tools)
        .env("CARGO_TARGET_DIR", tools.join("build"))
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
    if shell::succeeds(&mut command)? {
        Ok(())
    } else {
        Err("cargo-deny cannot be installed".into())
    }
}
