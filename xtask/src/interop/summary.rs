//! What the command prints: a line a scenario, and the matrix.

use std::time::Duration;

use super::partner::{Kind, Side};

/// Us, them, and who offered.
pub(super) type Pairing = (Kind, Kind, Side);

#[derive(Debug)]
struct Entry {
    pairing: Pairing,
    scenario: &'static str,
    passed: bool,
}

/// All outcomes so far.
#[derive(Debug, Default)]
pub(super) struct Summary {
    entries: Vec<Entry>,
}

impl Summary {
    /// Prints one outcome and keeps it.
    pub(super) fn add(
        &mut self,
        pairing: Pairing,
        scenario: &'static str,
        time: Duration,
        outcome: Result<String, String>,
    ) {
        let passed = outcome.is_ok();
        let (mark, note) = match outcome {
            Ok(note) => ("ok  ", note),
            Err(fault) => ("FAIL", fault),
        };
        line(&format!(
            "{mark} {:<22} {scenario:<28} {:>6} ms  {note}",
            title(pairing),
            time.as_millis()
        ));
        self.entries.push(Entry {
            pairing,
            scenario,
            passed,
        });
    }

    /// Whether nothing failed.
    pub(super) fn passed(&self) -> bool {
        self.entries.iter().all(|entry| entry.passed)
    }

    /// Prints the matrix: a row a scenario, a column a pairing.
    pub(super) fn print(&self, time: Duration) {
        let mut columns: Vec<Pairing> = Vec::new();
        let mut rows: Vec<&str> = Vec::new();
        for entry in &self.entries {
            if !columns.contains(&entry.pairing) {
                columns.push(entry.pairing);
            }
            if !rows.contains(&entry.scenario) {
                rows.push(entry.scenario);
            }
        }
        let heads: String = columns
            .iter()
            .map(|column| format!("{:>22}", title(*column)))
            .collect();
        line(&format!("\n{:<28}{heads}", "offerer → answerer"));
        for row in rows {
            let cells: String = columns
                .iter()
                .map(|column| format!("{:>22}", self.cell(row, *column)))
                .collect();
            line(&format!("{row:<28}{cells}"));
        }
        let failed = self.entries.iter().filter(|entry| !entry.passed).count();
        let passed = self.entries.len() - failed;
        line(&format!(
            "\n{:.0} s\n{passed} passed, {failed} failed",
            time.as_secs_f64()
        ));
    }

    fn cell(&self, scenario: &str, pairing: Pairing) -> &'static str {
        match self
            .entries
            .iter()
            .find(|entry| entry.scenario == scenario && entry.pairing == pairing)
        {
            Some(Entry { passed: true, .. }) => "ok",
            Some(Entry { passed: false, .. }) => "FAIL",
            None => "-",
        }
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
