//! Debian packages that a step needs.

use std::process::Command;

use crate::shell;

/// Installs packages unless `is_there`.
pub(super) fn install(is_there: bool, packages: &[&str]) -> Result<(), String> {
    if is_there {
        return Ok(());
    }
    shell::succeeds(Command::new("apt-get").args(["update", "-qq"]))?;
    let flags = ["install", "-y", "-qq", "--no-install-recommends"];
    let mut install = Command::new("apt-get");
    install.args(flags).args(packages);
    if shell::succeeds(install.env("DEBIAN_FRONTEND", "noninteractive"))? {
        Ok(())
    } else {
        Err(format!("{} cannot be installed", packages.join(", ")))
    }
}

/// Whether a program is on the path.
pub(super) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
