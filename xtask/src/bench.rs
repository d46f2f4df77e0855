//! `cargo xtask bench [WORK…]`: what a connection costs, as one JSON object a line. `--beside pion` runs the same works in
//! the Pion program of `interop/`, in turn, and prints the ratios.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};

use crate::interop::{build_bench, build_pion, enter, inside, our_bench, pion};

/// How often each side runs where two are compared: A B A B.
const TURNS: usize = 2;
/// Members that tell results apart and are no measurement.
const LABELS: [&str; 5] = ["work", "peer", "processes", "size", "pairs"];

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Work {
    /// One channel as fast as it goes, in one process and in two.
    Throughput,
    /// 64-byte ping-pong.
    Latency,
    /// From `create_offer` to the open channel.
    Setup,
    /// Connected pairs that have nothing to say.
    Idle,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Other {
    /// The Go program in `interop/pion`.
    Pion,
}

/// Measures throughput, latency, set-up and idle cost.
#[derive(Args, Debug)]
pub(crate) struct Bench {
    /// Works to run; all where none is named.
    #[arg(value_enum)]
    works: Vec<Work>,
    /// Bytes a message (throughput).
    #[arg(long, default_value_t = 16_384)]
    size: u32,
    /// How long to measure (throughput, latency, idle).
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Whether messages keep their order (throughput).
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    ordered: bool,
    /// Give a message up after so many retransmissions (throughput); never where absent.
    #[arg(long)]
    max_retransmits: Option<u16>,
    /// Only this number of processes, 1 or 2 (throughput).
    #[arg(long)]
    processes: Option<u8>,
    /// Connections to set up (setup).
    #[arg(long, default_value_t = 200)]
    count: u32,
    /// How many set-ups run at a time (setup).
    #[arg(long, default_value_t = 1)]
    concurrency: u32,
    /// Connected pairs (idle).
    #[arg(long, default_value_t = 500)]
    pairs: u32,
    /// Run the same in another implementation too, in turn, and print the ratios.
    #[arg(long, value_enum)]
    beside: Option<Other>,
    /// Run only the other implementation.
    #[arg(long, requires = "beside")]
    alone: bool,
}

impl Bench {
    /// Builds, measures and prints; an error where a program failed.
    pub(crate) fn run(&self) -> Result<bool, String> {
        if !inside() {
            if !self.alone {
                build_bench()?;
            }
            if self.beside.is_some() {
                build_pion()?;
            }
        }
        if let Some(passed) = enter()? {
            return Ok(passed);
        }
        let works = if self.works.is_empty() {
            Work::value_variants()
        } else {
            &self.works
        };
        for work in works {
            for arguments in self.arguments(*work) {
                self.compare(&arguments)?;
            }
        }
        Ok(true)
    }

    /// One command line for each result of a work.
    fn arguments(&self, work: Work) -> Vec<Vec<String>> {
        let flag = |name: &str, value: &dyn ToString| vec![format!("--{name}"), value.to_string()];
        match work {
            Work::Throughput => {
                let mut common = vec!["throughput".to_owned()];
                common.extend(flag("size", &self.size));
                common.extend(flag("seconds", &self.seconds));
                // Go's flags take a boolean only behind an equals sign; so does everybody's.
                common.push(format!("--ordered={}", self.ordered));
                if let Some(limit) = self.max_retransmits {
                    common.extend(flag("max-retransmits", &limit));
                }
                let processes = self.processes.map_or_else(|| vec![1, 2], |one| vec![one]);
                processes
                    .iter()
                    .map(|n| [common.clone(), flag("processes", n)].concat())
                    .collect()
            }
            Work::Latency => vec![[vec!["latency".to_owned()], flag("seconds", &self.seconds)].concat()],
            Work::Setup => {
                let count = flag("count", &self.count);
                let concurrency = flag("concurrency", &self.concurrency);
                vec![[vec!["setup".to_owned()], count, concurrency].concat()]
            }
            Work::Idle => {
                let seconds = flag("seconds", &self.seconds);
                vec![[vec!["idle".to_owned()], flag("pairs", &self.pairs), seconds].concat()]
            }
        }
    }

    fn compare(&self, arguments: &[String]) -> Result<(), String> {
        let Some(Other::Pion) = self.beside else {
            return measure(&our_bench(), &[], arguments).map(drop);
        };
        let (mut mine, mut other) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            if !self.alone {
                mine.push(measure(&our_bench(), &[], arguments)?);
            }
            other.push(measure(&pion(), &["bench"], arguments)?);
        }
        if !self.alone {
            line(&ratios(&mine, &other));
        }
        Ok(())
    }
}

/// Runs one work in one program, prints its result and returns it.
fn measure(program: &Path, prefix: &[&str], arguments: &[String]) -> Result<Map<String, Value>, String> {
    let output = Command::new(PathBuf::from(program))
        .args(prefix)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match serde_json::from_str(text.trim()) {
        Ok(Value::Object(result)) if output.status.success() => {
            line(text.trim());
            Ok(result)
        }
        Ok(_) | Err(_) => Err(format!(
            "{} {} ended with {}: {text}",
            program.display(),
            arguments.join(" "),
            output.status
        )),
    }
}

/// Our mean over theirs, for every measurement.
fn ratios(mine: &[Map<String, Value>], other: &[Map<String, Value>]) -> String {
    let mut result = Map::new();
    for (key, value) in mine.first().into_iter().flatten() {
        if LABELS.contains(&key.as_str()) {
            if key != "peer" {
                result.insert(key.clone(), value.clone());
            }
        } else if let (Some(a), Some(b)) = (mean(mine, key), mean(other, key)) {
            let ratio = if b == 0.0 {
                Value::Null
            } else {
                ((a / b * 1000.0).round() / 1000.0).into()
            };
            result.insert(key.clone(), ratio);
        }
    }
    result.insert("ratio_to".to_owned(), "pion".into());
    Value::Object(result).to_string()
}

fn mean(results: &[Map<String, Value>], key: &str) -> Option<f64> {
    let values: Option<Vec<f64>> = results.iter().map(|result| result.get(key)?.as_f64()).collect();
    let values = values.filter(|values| !values.is_empty())?;
    Some(values.iter().sum::<f64>() / f64::from(u32::try_from(values.len()).ok()?))
}

#[expect(
    clippy::print_stdout,
    reason = "the command's results are its standard output"
)]
fn line(text: &str) {
    println!("{text}");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn ratios_compare_means_and_keep_labels() {
        let mine = [json!({"work": "setup", "peer": "ours", "median_ms": 1.0})].map(object);
        let other = [
            json!({"work": "setup", "peer": "pion", "median_ms": 3.0}),
            json!({"median_ms": 5.0}),
        ]
        .map(object);
        let result: Value = serde_json::from_str(&ratios(&mine, &other)).unwrap();
        assert_eq!(
            result,
            json!({"work": "setup", "ratio_to": "pion", "median_ms": 0.25})
        );
    }

    #[test]
    fn nothing_over_nothing_is_null() {
        let none = [object(json!({"loss_pct": 0.0}))];
        assert!(ratios(&none, &none).contains("\"loss_pct\":null"));
    }
}
