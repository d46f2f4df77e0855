//! What the command prints: a line a scenario, and the matrix.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::partner::{Kind, Side};
use super::scenarios::{Outcome, SCENARIOS};

/// Us, them, and who offered.
pub(super) type Pairing = (Kind, Kind, Side);

/// How one scenario went.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) pairing: Pairing,
    pub(super) scenario: &'static str,
    pub(super) took: Duration,
    pub(super) outcome: Outcome,
}

/// How often rows may be played again, with partners that begin anew: browsers fail now and then for reasons of their own
/// (`interop/README.md`). More failures than these are no accident.
const MORE_TRIES: usize = 8;
/// How often one of them may be.
const MORE_TRIES_OF_ONE: usize = 3;

/// All outcomes so far. What is played beside each other is told as it ends.
#[derive(Debug, Default)]
pub(super) struct Summary(Mutex<Outcomes>);

#[derive(Debug, Default)]
struct Outcomes {
    entries: Vec<Entry>,
    /// What failed and was played again, once for each time.
    again: Vec<(Pairing, &'static str)>,
}

impl Summary {
    /// Prints one outcome and keeps it.
    pub(super) fn add(&self, entry: Entry) {
        let mark = if entry.outcome.is_ok() { "ok  " } else { "FAIL" };
        tell(mark, &entry);
        self.lock().entries.push(entry);
    }

    /// Whether a row that has failed may be played once more. Its outcome is told then, and counted.
    pub(super) fn grants_another_try(&self, entry: &Entry) -> bool {
        let mut outcomes = self.lock();
        let row = (entry.pairing, entry.scenario);
        let tries = outcomes.again.iter().filter(|again| **again == row).count();
        if entry.outcome.is_ok() || tries >= MORE_TRIES_OF_ONE || outcomes.again.len() >= MORE_TRIES {
            return false;
        }
        outcomes.again.push(row);
        tell("fail", entry);
        true
    }

    fn lock(&self) -> MutexGuard<'_, Outcomes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing failed at its last try.
    pub(super) fn passed(&self) -> bool {
        self.lock().entries.iter().all(|entry| entry.outcome.is_ok())
    }

    /// Prints the matrix: a row a scenario, a column a pairing.
    pub(super) fn print(&self, time: Duration) {
        let outcomes = self.lock();
        let entries = &outcomes.entries;
        let mut columns: Vec<Pairing> = Vec::new();
        let mut rows: Vec<&str> = Vec::new();
        for entry in entries.iter() {
            if !columns.contains(&entry.pairing) {
                columns.push(entry.pairing);
            }
            if !rows.contains(&entry.scenario) {
                rows.push(entry.scenario);
            }
        }
        // Those that ran beside others came in between.
        let place = |row: &&str| SCENARIOS.iter().position(|scenario| scenario.name == *row);
        rows.sort_by_key(|row| place(row).unwrap_or(usize::MAX));
        let heads: String = columns
            .iter()
            .map(|column| format!("{:>24}", title(*column)))
            .collect();
        line(&format!("\n{:<28}{heads}", "offerer → answerer"));
        for row in rows {
            let cells: String = columns
                .iter()
                .map(|column| format!("{:>24}", cell(&outcomes, row, *column)))
                .collect();
            line(&format!("{row:<28}{cells}"));
        }
        let failed = entries.iter().filter(|entry| entry.outcome.is_err()).count();
        let passed = entries.len() - failed;
        let again = match outcomes.again.len() {
            0 => String::new(),
            tries => format!(", {tries} tries more than rows"),
        };
        line(&format!(
            "\n{:.0} s\n{passed} passed, {failed} failed{again}",
            time.as_secs_f64()
        ));
    }
}

fn tell(mark: &str, entry: &Entry) {
    let (Ok(note) | Err(note)) = &entry.outcome;
    line(&format!(
        "{mark} {:<23} {:<28} {:>6} ms  {note}",
        title(entry.pairing),
        entry.scenario,
        entry.took.as_millis()
    ));
}

fn cell(outcomes: &Outcomes, scenario: &str, pairing: Pairing) -> &'static str {
    let again = outcomes.again.contains(&(pairing, scenario));
    match outcomes
        .entries
        .iter()
        .find(|entry| entry.scenario == scenario && entry.pairing == pairing)
    {
        Some(Entry { outcome: Ok(_), .. }) if again => "ok again",
        Some(Entry { outcome: Ok(_), .. }) => "ok",
        Some(Entry { outcome: Err(_), .. }) => "FAIL",
        None => "-",
    }
}

fn title((us, them, offerer): Pairing) -> String {
    match offerer {
        Side::Us => format!("{us} → {them}"),
        Side::Them => format!("{them} → {us}"),
    }
}

#[expect(clippy::print_stdout, reason = "the command's report is its standard output")]
fn line(text: &str) {
    println!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(scenario: &'static str, outcome: Outcome) -> Entry {
        Entry {
            pairing: (Kind::Ours, Kind::Firefox, Side::Us),
            scenario,
            took: Duration::ZERO,
            outcome,
        }
    }

    #[test]
    fn a_row_that_fails_each_time_has_failed() {
        let summary = Summary::default();
        assert!(!summary.grants_another_try(&entry("a", Ok(String::new()))));
        let fault = || Err("fault".to_owned());
        for _ in 0..MORE_TRIES_OF_ONE {
            assert!(summary.grants_another_try(&entry("b", fault())));
            assert!(summary.passed(), "it is played again");
        }
        assert!(!summary.grants_another_try(&entry("b", fault())));
        summary.add(entry("b", fault()));
        assert!(!summary.passed());
    }

    #[test]
    fn many_failures_are_no_accident() {
        let summary = Summary::default();
        let rows = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let granted = rows.map(|row| summary.grants_another_try(&entry(row, Err(String::new()))));
        assert_eq!(granted.iter().filter(|granted| **granted).count(), MORE_TRIES);
    }
}
