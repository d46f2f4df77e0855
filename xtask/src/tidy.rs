//! `cargo xtask tidy`: what the conventions ask for and no compiler checks. Faults fail; notes say what is near a limit.

mod clocks;
mod dependencies;
mod files;
mod heads;
mod readme;
mod structs;

use std::fmt;
use std::path::Path;

use clap::Args;

use files::Source;

/// Checks sizes, module heads, front pages, clocks, the direction of dependencies, and that README.md compiles.
#[derive(Debug, Args)]
pub(crate) struct Tidy {
    /// Compile nothing: leave the code blocks of README.md out.
    #[arg(long)]
    pub(crate) quick: bool,
}

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
pub(crate) fn run(tidy: &Tidy) -> Result<bool, String> {
    let sources = Source::all()?;
    let mut findings = Vec::new();
    for source in &sources {
        findings.extend(files::check(source));
        findings.extend(heads::check(source));
        findings.extend(clocks::check(source));
    }
    findings.extend(structs::check(&sources));
    findings.extend(dependencies::check()?.into_iter().map(Finding::Fault));
    findings.extend(readme::check(!tidy.quick)?);
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
