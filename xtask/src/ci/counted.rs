//! `cargo test`, counted: its output passes through, and the results of all its programs are added up.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::iter::Sum;
use std::process::{Command, Stdio};

/// Results of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
    programs: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            ignored,
            programs,
        } = self;
        write!(
            f,
            "{passed} passed; {failed} failed; {ignored} ignored; in {programs} test programs"
        )
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, next| Self {
            passed: sum.passed + next.passed,
            failed: sum.failed + next.failed,
            ignored: sum.ignored + next.ignored,
            programs: sum.programs + next.programs,
        })
    }
}

/// Runs the tests and passes their output on; whether they passed, and how many there were.
pub(super) fn run(command: &mut Command, out: &mut impl Write) -> Result<(bool, Counts), String> {
    let mut child = command
        .env("RUST_BACKTRACE", "1")
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    let mut counts = Counts::default();
    for line in child
        .stdout
        .take()
        .into_iter()
        .flat_map(|stdout| BufReader::new(stdout).split(b'\n'))
    {
        let line = line.map_err(|error| error.to_string())?;
        counts = [counts, parse(&String::from_utf8_lossy(&line))].into_iter().sum();
        // A reader that has gone away does not make the tests fail.
        let _gone = out.write_all(&line).and_then(|()| out.write_all(b"\n"));
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    // A run that finds no tests has not shown anything.
    Ok((
        status.success() && counts.failed == 0 && counts.passed > 0,
        counts,
    ))
}

/// `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; …`
fn parse(line: &str) -> Counts {
    let Some((_, results)) = line
        .strip_prefix("test result: ")
        .and_then(|line| line.split_once(". "))
    else {
        return Counts::default();
    };
    let count = |word: &str| {
        let part = results.split(';').find_map(|part| part.trim().strip_suffix(word));
        part.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
    };
    Counts {
        passed: count("passed"),
        failed: count("failed"),
        ignored: count("ignored"),
        programs: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_results_of_cargo_test() {
        let output = "running 3 tests\n\
            test core::tests::keeps ... ok\n\
            test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.01s\n\
            test result: FAILED. 1 passed; 2 failed; 4 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";
        let counts: Counts = output.lines().map(parse).sum();
        assert_eq!(
            counts,
            Counts {
                passed: 4,
                failed: 2,
                ignored: 4,
                programs: 2
            }
        );
    }

    #[test]
    fn a_run_fails_with_its_tests_and_without_any() {
        let shell = |script: &str| {
            run(Command::new("sh").args(["-c", script]), &mut Vec::new())
                .unwrap()
                .0
        };
        assert!(shell("echo 'test result: ok. 1 passed; 0 failed; 0 ignored'"));
        assert!(!shell(
            "echo 'test result: FAILED. 1 passed; 1 failed; 0 ignored'"
        ));
        assert!(!shell(
            "echo 'test result: ok. 1 passed; 0 failed; 0 ignored'; exit 101"
        ));
        assert!(!shell("true"));
    }
}
