//! Everything that fuzzing has found worth keeping, run again.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::panic::catch_unwind;
use std::path::Path;

use fuzz_targets::TARGETS;

fn replay(name: &str, target: fn(&[u8])) -> usize {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(name);
    let mut files: Vec<_> = std::fs::read_dir(&corpus)
        .unwrap_or_else(|error| panic!("{}: {error}", corpus.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort_unstable();
    for file in &files {
        let input = std::fs::read(file).unwrap();
        assert!(
            catch_unwind(|| target(&input)).is_ok(),
            "{name} fails on {}",
            file.display()
        );
    }
    files.len()
}

#[test]
fn every_target_survives_its_corpus() {
    for (name, target) in TARGETS {
        assert!(replay(name, *target) > 0, "{name} has no corpus");
    }
}

#[test]
fn every_target_has_its_program() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        let program = std::fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("fuzz_targets::{name}")), "{name}");
        assert!(manifest.contains(&format!("\"{name}\"")), "{name}");
    }
}
