//! Code that people copy: the Rust in Markdown files is compiled, as documentation of this package's library.

use std::path::Path;
use std::process::Command;

use super::{Finding, at};
use crate::shell;

/// What has the code blocks compiled.
const LIBRARY: &str = include_str!("../lib.rs");

/// Whether each file with code is in the library, and, where that is wanted, whether its code compiles.
pub(super) fn check(compile: bool) -> Result<Vec<Finding>, String> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard", "*.md"]);
    let listed = shell::output(git.current_dir(shell::root()))?;
    let mut findings = Vec::new();
    for path in listed.lines().map(Path::new) {
        // What is deleted and not committed is still listed.
        let text = std::fs::read_to_string(shell::root().join(path)).unwrap_or_default();
        findings.extend(uncompiled(path, &text, LIBRARY));
    }
    if compile {
        let mut test = Command::new(shell::cargo());
        test.args(["test", "--quiet", "--locked", "--doc", "--package", "xtask"]);
        if !shell::succeeds(test.current_dir(shell::root()))? {
            let text = "a code block does not compile".to_owned();
            findings.push(Finding::Fault(at(Path::new("README.md"), text)));
        }
    }
    Ok(findings)
}

/// A file with Rust that the library does not include.
fn uncompiled(path: &Path, text: &str, library: &str) -> Option<Finding> {
    let has_code = text.lines().any(|line| line.trim_start().starts_with("```rust"));
    let included = format!("include_str!(\"../../{}\")", path.display());
    let is_missing = has_code && !library.contains(&included);
    is_missing.then(|| Finding::Fault(at(path, "has Rust that nothing compiles (xtask/src/lib.rs)")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_rust_are_compiled() {
        let code = "# Title\n\n```rust\nfn main() {}\n```\n";
        let library = "#[doc = include_str!(\"../../README.md\")]";
        assert_eq!(uncompiled(Path::new("README.md"), code, library), None);
        assert!(matches!(
            uncompiled(Path::new("docs/book.md"), code, library),
            Some(Finding::Fault(_))
        ));
        let shell = "```sh\ncargo run\n```\n";
        assert_eq!(uncompiled(Path::new("docs/book.md"), shell, library), None);
    }
}
