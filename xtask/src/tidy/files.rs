//! The source files: which there are, which of them are tests, and how long they are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Finding, at};
use crate::shell;

/// Lines of a file without its tests and, on a crate's root, without its front page: wanted, and permitted.
const LINES: (usize, usize) = (400, 450);

/// A file of Rust.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// Whether it is compiled for tests only.
    pub(super) is_test: bool,
}

impl Source {
    /// All files that git knows or would add.
    pub(super) fn all() -> Result<Vec<Self>, String> {
        let mut git = Command::new("git");
        git.args(["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"]);
        let listed = shell::output(git.current_dir(shell::root()))?;
        let paths = listed
            .lines()
            .map(PathBuf::from)
            .filter(|path| shell::root().join(path).exists());
        let mut sources = Vec::new();
        for path in paths {
            let text =
                std::fs::read_to_string(shell::root().join(&path)).map_err(|error| at(&path, error))?;
            let is_test = path
                .iter()
                .any(|part| part == "tests" || part == "benches" || part == "fuzz_targets");
            sources.push(Self { path, text, is_test });
        }
        mark_test_modules(&mut sources);
        Ok(sources)
    }

    /// Whether it is the root of a library, with the crate's front page.
    pub(super) fn is_front_page(&self) -> bool {
        self.path.ends_with("src/lib.rs")
    }

    /// The file up to its unit tests, which stand at its end.
    pub(super) fn code(&self) -> &str {
        let end = self
            .text
            .find("\n#[cfg(test)]\nmod tests")
            .unwrap_or(self.text.len());
        self.text.get(..end).unwrap_or(&self.text)
    }

    /// Lines of `//!` at its beginning.
    pub(super) fn head(&self) -> impl Iterator<Item = &str> {
        self.text.lines().take_while(|line| line.starts_with("//!"))
    }
}

/// A file is for tests where its parent says `#[cfg(test)] mod name;`, and so is everything below it.
fn mark_test_modules(sources: &mut [Source]) {
    let roots: BTreeSet<PathBuf> = sources.iter().flat_map(test_modules).collect();
    for source in sources {
        let module = source.path.with_extension("");
        source.is_test |= module.ancestors().any(|ancestor| roots.contains(ancestor));
    }
}

/// The modules, as paths without `.rs`, that a file declares for tests.
fn test_modules(source: &Source) -> Vec<PathBuf> {
    let stem = source.path.with_extension("");
    let is_folder = ["lib", "main", "mod"].iter().any(|name| stem.ends_with(name));
    let folder = if is_folder {
        stem.parent().unwrap_or(Path::new(""))
    } else {
        &stem
    };
    let lines: Vec<_> = source.text.lines().collect();
    let pairs = lines
        .windows(2)
        .filter(|pair| pair.first() == Some(&"#[cfg(test)]"));
    let names = pairs.filter_map(|pair| pair.last()?.strip_suffix(';')?.split_once("mod "));
    names.map(|(_, name)| folder.join(name)).collect()
}

/// Its size.
pub(super) fn check(source: &Source) -> Option<Finding> {
    if source.is_test {
        return None;
    }
    let front_page = if source.is_front_page() {
        source.head().count()
    } else {
        0
    };
    let lines = source.code().lines().count().saturating_sub(front_page);
    let (soft, hard) = LINES;
    Finding::limit(lines, soft, hard, || {
        at(&source.path, format_args!("{lines} lines without tests"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source {
            path: path.into(),
            text: text.into(),
            is_test: false,
        }
    }

    #[test]
    fn finds_modules_for_tests_and_what_is_below_them() {
        let mut sources = [
            source("a/src/lib.rs", "mod core;\n#[cfg(test)]\nmod toy;\n"),
            source("a/src/toy.rs", ""),
            source("a/src/toy/deep.rs", ""),
            source("a/src/core.rs", "mod real;\n#[cfg(test)]\npub(crate) mod peer;\n"),
            source("a/src/core/real.rs", ""),
            source("a/src/core/peer.rs", ""),
        ];
        mark_test_modules(&mut sources);
        assert_eq!(
            sources.map(|source| source.is_test),
            [false, true, true, false, false, true]
        );
    }

    #[test]
    fn long_files_are_noted_and_longer_ones_refused() {
        let of = |lines| check(&source("a/src/core.rs", &"line\n".repeat(lines)));
        assert_eq!(of(400), None);
        assert!(matches!(of(401), Some(Finding::Note(_))));
        assert!(matches!(of(451), Some(Finding::Fault(_))));
        let with_tests = format!(
            "{}\n#[cfg(test)]\nmod tests {{\n{}}}\n",
            "code\n".repeat(300),
            "test\n".repeat(300)
        );
        assert_eq!(check(&source("a/src/core.rs", &with_tests)), None);
        let with_front_page = format!("{}{}", "//! page\n".repeat(300), "code\n".repeat(300));
        assert_eq!(check(&source("a/src/lib.rs", &with_front_page)), None);
    }
}
