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

/// How many rows may be played a second time, with partners that begin anew: browsers fail now and then for reasons of
/// their own (`interop/README.md`). More than these are no accident.
const SECOND_TRIES: usize = 4;

/// All outcomes so far. What is played beside each other is told as it ends.
#[derive(Debug, Default)]
pub(super) struct Summary(Mutex<Outcomes>);

#[derive(Debug, Default)]
struct Outcomes {
    entries: Vec<Entry>,
    /// What failed and was played again.
    firsts: Vec<(Pairing, &'static str)>,
}

impl Summary {
    /// Prints one outcome and keeps it.
    pub(super) fn add(&self, entry: Entry) {
        let mark = if entry.outcome.is_ok() { "ok  " } else { "FAIL" };
        tell(mark, &entry);
        self.lock().entries.push(entry);
    }

    /// Prints and keeps the outcome of a second try.
    pub(super) fn add_second(&self, entry: Entry) {
        let mark = if entry.outcome.is_ok() { "2nd " } else { "FAIL" };
        tell(mark, &entry);
        self.lock().entries.push(entry);
    }

    /// Whether a row that has failed may be played once more. Its first outcome is told, and counted.
    pub(super) fn grants_another_try(&self, first: &Entry) -> bool {
        let mut outcomes = self.lock();
        if first.outcome.is_ok() || outcomes.firsts.len() >= SECOND_TRIES {
            return false;
        }
        outcomes.firsts.push((first.pairing, first.scenario));
        tell("1st ", first);
        true
    }

    fn lock(&self) -> MutexGuard<'_, Outcomes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing failed, at the second try at the latest.
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
        let again = match outcomes.firsts.len() {
            0 => String::new(),
            tries => format!(", {tries} played twice"),
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
    let is_second = outcomes.firsts.contains(&(pairing, scenario));
    match outcomes
        .entries
        .iter()
        .find(|entry| entry.scenario == scenario && entry.pairing == pairing)
    {
        Some(Entry { outcome: Ok(_), .. }) if is_second => "2nd",
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
    fn a_row_that_fails_twice_has_failed() {
        let summary = Summary::default();
        assert!(!summary.grants_another_try(&entry("a", Ok(String::new()))));
        assert!(summary.grants_another_try(&entry("b", Err("first".to_owned()))));
        assert!(summary.passed(), "it is played again");
        summary.add_second(entry("b", Err("second".to_owned())));
        assert!(!summary.passed());
    }

    #[test]
    fn many_failures_are_no_accident() {
        let summary = Summary::default();
        let granted = (0..10).filter(|_| summary.grants_another_try(&entry("a", Err(String::new()))));
        assert_eq!(granted.count(), SECOND_TRIES);
    }
}
