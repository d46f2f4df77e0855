//! `cargo xtask bench [WORK…]`: what a connection costs, as one JSON object a line. `--beside pion` runs the same works in
//! the Pion program of `interop/`, in turn, and prints the ratios; `--beside str0m` does so for `fan-out`.

mod str0m;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};

use crate::interop::{build_bench, build_pion, enter, inside, our_bench, pion};

/// How often each side runs where two are compared: A B A B.
const TURNS: usize = 2;
/// What the work with a forwarder is called on a command line.
const FAN_OUT: &str = "fan-out";
/// Members that tell results apart and are no measurement.
const LABELS: [&str; 7] = [
    "work",
    "peer",
    "processes",
    "size",
    "pairs",
    "subscribers",
    "saturated",
];

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
    /// One publisher, many subscribers.
    FanOut,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Other {
    /// The Go program in `interop/pion`.
    Pion,
    /// The program in `interop/str0m`, which only forwards.
    Str0m,
}

impl Other {
    fn name(self) -> &'static str {
        match self {
            Self::Pion => "pion",
            Self::Str0m => "str0m",
        }
    }

    fn works(self) -> &'static [Work] {
        match self {
            Self::Pion => Work::value_variants(),
            Self::Str0m => &[Work::FanOut],
        }
    }

    fn build(self) -> Result<(), String> {
        match self {
            Self::Pion => build_pion().map(drop),
            Self::Str0m => str0m::build(),
        }
    }

    /// The command line of the forwarder. Whoever forwards, publisher and subscribers are ours.
    fn forwarder(self) -> String {
        match self {
            Self::Pion => format!("{} bench forward", pion().display()),
            Self::Str0m => str0m::program().display().to_string(),
        }
    }
}

/// Measures throughput, latency, set-up, idle cost and forwarding.
#[derive(Args, Debug)]
pub(crate) struct Bench {
    /// Works to run; all where none is named.
    #[arg(value_enum)]
    works: Vec<Work>,
    /// Bytes a message (throughput, 16,384 by default) or a packet's payload (fan-out, 1,160).
    #[arg(long)]
    size: Option<u32>,
    /// How long to measure (throughput, latency, idle, fan-out).
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
    concurrent: u32,
    /// Connected pairs (idle, 500 by default) or subscribers (fan-out, 100).
    #[arg(long)]
    pairs: Option<u32>,
    /// Packets a second that are published (fan-out); without it the highest rate is looked for at which less than 1 %
    /// is lost, and that is measured.
    #[arg(long)]
    rate: Option<u32>,
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
            self.beside.map_or(Ok(()), Other::build)?;
        }
        if let Some(passed) = enter()? {
            return Ok(passed);
        }
        for work in self.chosen()? {
            for arguments in self.arguments(*work) {
                self.compare(&arguments)?;
            }
        }
        Ok(true)
    }

    /// The works that were named, or all that there are.
    fn chosen(&self) -> Result<&[Work], String> {
        let possible = self.beside.map_or(Work::value_variants(), Other::works);
        if self.works.is_empty() {
            return Ok(possible);
        }
        match self.works.iter().find(|work| !possible.contains(work)) {
            Some(work) => Err(format!("{work:?} is nothing that the other program does")),
            None => Ok(&self.works),
        }
    }

    /// One command line for each result of a work.
    fn arguments(&self, work: Work) -> Vec<Vec<String>> {
        let flag = |name: &str, value: &dyn ToString| vec![format!("--{name}"), value.to_string()];
        match work {
            Work::Throughput => {
                let mut common = vec!["throughput".to_owned()];
                common.extend(flag("size", &self.size.unwrap_or(16_384)));
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
                let concurrent = flag("concurrent", &self.concurrent);
                vec![[vec!["setup".to_owned()], count, concurrent].concat()]
            }
            Work::Idle => {
                let seconds = flag("seconds", &self.seconds);
                let pairs = flag("pairs", &self.pairs.unwrap_or(500));
                vec![[vec!["idle".to_owned()], pairs, seconds].concat()]
            }
            Work::FanOut => {
                let pairs = flag("pairs", &self.pairs.unwrap_or(100));
                let size = flag("size", &self.size.unwrap_or(1160));
                let rate = self.rate.map(|rate| flag("rate", &rate));
                let rate = rate.unwrap_or_else(|| vec!["--saturate".to_owned()]);
                let seconds = flag("seconds", &self.seconds);
                vec![[vec![FAN_OUT.to_owned()], pairs, size, rate, seconds].concat()]
            }
        }
    }

    fn compare(&self, arguments: &[String]) -> Result<(), String> {
        let Some(beside) = self.beside else {
            return measure(&our_bench(), &[], arguments).map(drop);
        };
        let (mut mine, mut other) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            if !self.alone {
                mine.push(measure(&our_bench(), &[], arguments)?);
            }
            other.push(measure_other(beside, arguments)?);
        }
        if !self.alone {
            line(&ratios(&mine, &other, beside.name()));
        }
        Ok(())
    }
}

/// Pion's program does the works itself; where there is a forwarder, ours starts it.
fn measure_other(other: Other, arguments: &[String]) -> Result<Map<String, Value>, String> {
    if arguments.first().is_none_or(|work| work != FAN_OUT) {
        return measure(&pion(), &["bench"], arguments);
    }
    let forwarder = ["--forwarder".to_owned(), other.forwarder()];
    let peer = ["--peer".to_owned(), other.name().to_owned()];
    measure(&our_bench(), &[], &[arguments, &forwarder, &peer].concat())
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
fn ratios(mine: &[Map<String, Value>], other: &[Map<String, Value>], name: &str) -> String {
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
    result.insert("ratio_to".to_owned(), name.into());
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
        let result: Value = serde_json::from_str(&ratios(&mine, &other, "pion")).unwrap();
        assert_eq!(
            result,
            json!({"work": "setup", "ratio_to": "pion", "median_ms": 0.25})
        );
    }

    /// The command line of a user, and those of the programs that measure.
    fn passed_on(line: &str) -> Vec<String> {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            bench: Bench,
        }
        let line: Line = clap::Parser::try_parse_from(format!("bench {line}").split(' ')).unwrap();
        let works = line.bench.chosen().unwrap();
        let lines = works.iter().flat_map(|work| line.bench.arguments(*work));
        lines.map(|line| line.join(" ")).collect()
    }

    #[test]
    fn options_reach_the_program_that_measures() {
        assert_eq!(
            passed_on("throughput --size 1024 --seconds 2 --ordered false --max-retransmits 0"),
            [1, 2].map(|processes| format!(
                "throughput --size 1024 --seconds 2 --ordered=false --max-retransmits 0 --processes {processes}"
            ))
        );
        assert_eq!(passed_on("latency --seconds 3"), ["latency --seconds 3"]);
        assert_eq!(
            passed_on("setup --count 10 --concurrent 4"),
            ["setup --count 10 --concurrent 4"]
        );
        assert_eq!(passed_on("idle"), ["idle --pairs 500 --seconds 5"]);
        assert_eq!(
            passed_on("fan-out --pairs 7 --rate 100 --beside str0m"),
            ["fan-out --pairs 7 --size 1160 --rate 100 --seconds 5"]
        );
    }

    #[test]
    fn nothing_over_nothing_is_null() {
        let none = [object(json!({"loss_pct": 0.0}))];
        assert!(ratios(&none, &none, "pion").contains("\"loss_pct\":null"));
    }
}
