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

/// All outcomes so far. What is played beside each other is told as it ends.
#[derive(Debug, Default)]
pub(super) struct Summary(Mutex<Vec<Entry>>);

impl Summary {
    /// Prints one outcome and keeps it.
    pub(super) fn add(&self, entry: Entry) {
        let mut entries = self.lock();
        let (mark, note) = match &entry.outcome {
            Ok(note) => ("ok  ", note),
            Err(fault) => ("FAIL", fault),
        };
        line(&format!(
            "{mark} {:<23} {:<28} {:>6} ms  {note}",
            title(entry.pairing),
            entry.scenario,
            entry.took.as_millis()
        ));
        entries.push(entry);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing failed.
    pub(super) fn passed(&self) -> bool {
        self.lock().iter().all(|entry| entry.outcome.is_ok())
    }

    /// Prints the matrix: a row a scenario, a column a pairing.
    pub(super) fn print(&self, time: Duration) {
        let entries = self.lock();
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
                .map(|column| format!("{:>24}", cell(&entries, row, *column)))
                .collect();
            line(&format!("{row:<28}{cells}"));
        }
        let failed = entries.iter().filter(|entry| entry.outcome.is_err()).count();
        let passed = entries.len() - failed;
        line(&format!(
            "\n{:.0} s\n{passed} passed, {failed} failed",
            time.as_secs_f64()
        ));
    }
}

fn cell(entries: &[Entry], scenario: &str, pairing: Pairing) -> &'static str {
    match entries
        .iter()
        .find(|entry| entry.scenario == scenario && entry.pairing == pairing)
    {
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
