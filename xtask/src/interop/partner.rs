//! One partner: a child process that reads and writes JSON lines.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde_json::Value;

use super::install;

/// An implementation that can stand on either side.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Kind {
    /// The `webrtc` crate of this workspace.
    Ours,
    /// The same with cryptography in pure Rust.
    RustCrypto,
    /// Debian's Chromium.
    Chromium,
    /// Debian's Firefox ESR.
    Firefox,
    /// Pion, a Go program.
    Pion,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ours => "ours",
            Self::RustCrypto => "rust-crypto",
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Pion => "pion",
        })
    }
}

impl Kind {
    /// Whether it is a peer of this workspace, of which more is asked.
    pub(super) const fn is_ours(self) -> bool {
        matches!(self, Self::Ours | Self::RustCrypto)
    }

    fn command(self) -> Command {
        let ours = |provider| {
            let mut command = Command::new(install::ours());
            command.args(["peer", "--provider", provider]);
            command
        };
        let browser = |name| {
            let mut command = Command::new("node");
            command
                .arg(install::root().join("interop/browser/main.mjs"))
                .arg(name);
            command
        };
        match self {
            Self::Ours => ours("aws-lc-rs"),
            Self::RustCrypto => ours("rust-crypto"),
            Self::Pion => {
                let mut command = Command::new(install::pion());
                command.arg("peer");
                command
            }
            Self::Chromium => browser("chromium"),
            Self::Firefox => browser("firefox"),
        }
    }
}

/// Which of the two partners of a match.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Side {
    /// The one that is tested.
    Us,
    /// The one it is tested with.
    Them,
}

impl Side {
    /// The other one.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Us => Self::Them,
            Self::Them => Self::Us,
        }
    }
}

/// What the reading threads report: a line, or the end of a partner's output.
pub(super) type Report = (Side, Option<Value>);

/// A running partner.
#[derive(Debug)]
pub(super) struct Partner {
    pub(super) kind: Kind,
    side: Side,
    child: Child,
    input: Option<ChildStdin>,
    trace: bool,
}

impl Partner {
    /// Starts the process; its lines go to `reports`.
    pub(super) fn start(kind: Kind, side: Side, reports: Sender<Report>) -> Result<Self, String> {
        let mut child = kind
            .command()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{kind} did not start: {error}"))?;
        let output = child.stdout.take().ok_or("no standard output")?;
        let input = child.stdin.take();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Ok(value) = serde_json::from_str(&line)
                    && reports.send((side, Some(value))).is_err()
                {
                    return;
                }
            }
            // The matcher may be gone already, which is fine.
            drop(reports.send((side, None)));
        });
        Ok(Self {
            kind,
            side,
            child,
            input,
            trace: false,
        })
    }

    /// Whether to print the lines to standard error.
    pub(super) const fn trace(&mut self, on: bool) {
        self.trace = on;
    }

    /// Writes one request.
    pub(super) fn write(&mut self, request: &Value) -> Result<(), String> {
        if self.trace {
            eprintln!("{} {:?} → {request}", self.kind, self.side);
        }
        let input = self.input.as_mut().ok_or("the partner has ended")?;
        writeln!(input, "{request}").map_err(|error| format!("{} cannot be written to: {error}", self.kind))
    }

    /// Shows a line that was read, where that is wanted.
    pub(super) fn show(&self, line: &Value) {
        if self.trace {
            eprintln!("{} {:?} ← {line}", self.kind, self.side);
        }
    }

    /// Closes the input, waits a little, and ends the process where that did not.
    pub(super) fn end(&mut self) {
        drop(self.input.take());
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        self.end();
    }
}
