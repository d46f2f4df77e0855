//! The playground, opened in a browser and used as a person would.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::install;
use super::partner::Kind;
use super::scenarios::Outcome;

/// The program, which ends with this value.
#[derive(Debug)]
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It serves until it is stopped; nothing of it is to be kept.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts the program on a free port and lets the browser chat, measure and restart ICE.
pub(super) fn play(browser: Kind) -> Outcome {
    let mut child = Command::new(install::playground())
        .args(["--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("the playground did not start: {error}"))?;
    let output = child.stdout.take();
    let program = Program(child);
    let mut line = String::new();
    if let Some(output) = output {
        BufReader::new(output)
            .read_line(&mut line)
            .map_err(|error| format!("the playground: {error}"))?;
    }
    let url = line.split_whitespace().find(|word| word.starts_with("http://"));
    let url = url.ok_or_else(|| format!("the playground names no address: {line:?}"))?;
    let result = Command::new("node")
        .arg(install::root().join("interop/browser/playground.mjs"))
        .args([&browser.to_string(), url])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("node: {error}"))?;
    drop(program);
    let seen = String::from_utf8_lossy(&result.stdout).trim().to_owned();
    if result.status.success() {
        Ok(seen)
    } else {
        Err(format!("{seen} {}", String::from_utf8_lossy(&result.stderr)))
    }
}
