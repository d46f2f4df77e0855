//! `cargo xtask tidy`: what the conventions ask for and no compiler checks. Faults fail; notes say what is near a limit.

mod clocks;
mod dependencies;
mod files;
mod heads;
mod structs;

use std::fmt;
use std::path::Path;

use clap::Args;

use files::Source;

/// Checks sizes, module heads, front pages, clocks and the direction of dependencies.
#[derive(Debug, Args)]
pub(crate) struct Tidy;

/// Something that does not hold, or nearly.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Finding {
    Note(String),
    Fault(String),
}

impl Finding {
    /// Beyond `hard` a fault, beyond `soft` a note.
    fn limit(value: usize, soft: usize, hard: usize, text: impl FnOnce() -> String) -> Option<Self> {
        match value {
            value if value > hard => Some(Self::Fault(text())),
            value if value > soft => Some(Self::Note(text())),
            _ => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(text) => write!(f, "note: {text}"),
            Self::Fault(text) => write!(f, "FAULT: {text}"),
        }
    }
}

/// A line of a finding about a file.
fn at(path: &Path, text: impl fmt::Display) -> String {
    format!("{}: {text}", path.display())
}

/// Runs every check and prints what it finds; true when there is no fault.
pub(crate) fn run() -> Result<bool, String> {
    let sources = Source::all()?;
    let mut findings = Vec::new();
    for source in &sources {
        findings.extend(files::check(source));
        findings.extend(heads::check(source));
        findings.extend(clocks::check(source));
    }
    findings.extend(structs::check(&sources));
    findings.extend(dependencies::check()?.into_iter().map(Finding::Fault));
    findings.sort();
    for finding in &findings {
        eprintln!("tidy: {finding}");
    }
    let faults = findings
        .iter()
        .filter(|finding| matches!(finding, Finding::Fault(_)))
        .count();
    eprintln!(
        "tidy: {} files, {} notes, {faults} faults",
        sources.len(),
        findings.len() - faults
    );
    Ok(faults == 0)
}
