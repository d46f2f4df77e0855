//! The str0m program of `interop/`, a workspace of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::interop::our_bench;

/// Beside what is built of our workspace.
fn target() -> PathBuf {
    let release = our_bench().parent().map(Path::to_path_buf).unwrap_or_default();
    release.with_file_name("str0m")
}

/// Where the program is built to.
pub(super) fn program() -> PathBuf {
    target().join("release").join("interop-str0m")
}

/// Builds it in release mode, with the versions of its lock file.
pub(super) fn build() -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .with_file_name("interop")
        .join("str0m");
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--locked", "--target-dir"])
        .arg(target())
        .current_dir(folder)
        .stdin(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("cargo ended with {status}")),
        Err(error) => Err(format!("cargo did not start: {error}")),
    }
}
