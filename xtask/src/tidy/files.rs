//! Files: their sizes, their heads, the front pages of crates, and no clock where none may be.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell;

/// Lines of a file without its tests.
const MAX_LINES: usize = 450;

/// Lines of a module head.
const MAX_HEAD: usize = 12;

/// What each protocol crate's front page tells.
const HEADINGS: &[&str] = &[
    "# What it is",
    "# RFCs",
    "# Use it with tokio",
    "# Drive it yourself",
    "# Limits and defaults",
    "# What it does not do",
];

/// Crates with a core and a façade.
const PROTOCOLS: &[&str] = &["stun", "ice", "dtls", "sctp", "datachannel", "webrtc"];

/// What a core may not call.
const CLOCKS: &[&str] = &["Instant::now", "SystemTime::now", "thread::sleep"];

pub(super) fn check() -> Result<Vec<String>, String> {
    let listed = shell::output(Command::new("git").args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "*.rs",
    ]))?;
    let mut faults = Vec::new();
    for path in listed.lines().map(PathBuf::from).filter(|path| path.exists()) {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        faults.extend(
            check_file(&path, &text)
                .into_iter()
                .map(|fault| format!("{}: {fault}", path.display())),
        );
    }
    for name in PROTOCOLS {
        let path = format!("crates/{name}/src/lib.rs");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let missing = HEADINGS
            .iter()
            .filter(|heading| !text.contains(&format!("//! {heading}\n")));
        faults.extend(missing.map(|heading| format!("{path}: no heading {heading:?}")));
    }
    Ok(faults)
}

fn check_file(path: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let head = text.lines().take_while(|line| line.starts_with("//!")).count();
    let is_front_page = path.ends_with("lib.rs");
    if is_test(path) {
        return faults;
    }
    if head == 0 {
        faults.push("no module head".to_owned());
    } else if head > MAX_HEAD && !is_front_page {
        faults.push(format!("a module head of {head} lines"));
    }
    let code = without_tests(text);
    let lines = code
        .lines()
        .count()
        .saturating_sub(if is_front_page { head } else { 0 });
    if lines > MAX_LINES {
        faults.push(format!("{lines} lines"));
    }
    let may_tell_time = path
        .components()
        .any(|part| part.as_os_str() == "io" || part.as_os_str() == "io.rs");
    if path.starts_with("crates") && !path.starts_with("crates/netsim") && !may_tell_time {
        let calls = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let clocks = calls.filter_map(|line| CLOCKS.iter().find(|clock| line.contains(**clock)));
        faults.extend(clocks.map(|clock| format!("{clock} outside the façade")));
    }
    faults
}

fn is_test(path: &Path) -> bool {
    let mut parts = path.components().map(|part| part.as_os_str().to_string_lossy());
    parts
        .any(|part| part == "tests" || part == "benches" || part == "tests.rs" || part.ends_with("_tests.rs"))
}

/// A file up to its unit tests, which stand at its end.
fn without_tests(text: &str) -> &str {
    let end = text.find("\n#[cfg(test)]\nmod ").unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}
