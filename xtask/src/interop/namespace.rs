//! A network namespace with nothing but `lo`: the partners reach each other and nobody else.

use std::process::{Command, Stdio};

const MARK: &str = "INTEROP_NAMESPACE";
const FLAGS: [&str; 5] = ["--net", "--pid", "--fork", "--mount-proc", "--kill-child"];
/// Firefox gathers nothing without a default route, which may lead over `lo`.
const SETUP: [&[&str]; 2] = [
    &["link", "set", "lo", "up"],
    &["route", "add", "default", "dev", "lo", "src", "127.0.0.1"],
];

/// Whether this process already runs in the namespace.
pub(crate) fn inside() -> bool {
    std::env::var_os(MARK).is_some()
}

/// Runs this very command again inside a namespace and says whether that passed. `None`: go on here, because this is the
/// namespace, or because none can be made.
pub(crate) fn enter() -> Result<Option<bool>, String> {
    if inside() {
        for arguments in SETUP {
            Command::new("ip")
                .args(arguments)
                .status()
                .map_err(|error| format!("ip: {error}"))?;
        }
        return Ok(None);
    }
    let possible = Command::new("unshare")
        .args(FLAGS)
        .arg("true")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !possible.is_ok_and(|status| status.success()) {
        return Ok(None);
    }
    let this = std::env::current_exe().map_err(|error| format!("where this program is: {error}"))?;
    let status = Command::new("unshare")
        .args(FLAGS)
        .arg(this)
        .args(std::env::args_os().skip(1))
        .env(MARK, "1")
        .status()
        .map_err(|error| format!("unshare: {error}"))?;
    Ok(Some(status.success()))
}
