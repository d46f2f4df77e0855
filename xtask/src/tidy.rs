//! `cargo xtask tidy`: what the conventions ask for and no compiler checks.

mod dependencies;
mod files;

use clap::Args;

/// Checks sizes, module heads, front pages, clocks and the direction of dependencies.
#[derive(Debug, Args)]
pub(crate) struct Tidy;

/// Runs every check and prints what does not hold; true when everything does.
pub(crate) fn run() -> Result<bool, String> {
    let mut faults = files::check()?;
    faults.extend(dependencies::check()?);
    faults.sort();
    for fault in &faults {
        eprintln!("tidy: {fault}");
    }
    Ok(faults.is_empty())
}
