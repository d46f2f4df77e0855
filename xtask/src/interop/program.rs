//! A program of `examples/` that serves a page, and the tools that play what comes out of it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::install;

/// How long a program may take to say something.
const PATIENCE: Duration = Duration::from_secs(20);
/// Whoever plays a few seconds has ended after so many.
const TOOL_SECONDS: &str = "60";
const TOOL_PATIENCE: Duration = Duration::from_secs(60);
const FFMPEG_FLAGS: [&str; 4] = ["-nostdin", "-hide_banner", "-v", "fatal"];

/// A running program, which ends with this value.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    lines: Receiver<String>,
    url: String,
}

impl Program {
    /// Starts a program on a free port.
    pub(super) fn start(name: &str, arguments: &[&str]) -> Result<Self, String> {
        let mut child = Command::new(install::example(name))
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name} did not start: {error}"))?;
        let output = child.stdout.take().ok_or("no standard output")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let mut lines = BufReader::new(output).lines().map_while(Result::ok);
            // Who does not listen any more has ended the program.
            lines.try_for_each(|line| sender.send(line))
        });
        let mut program = Self {
            child,
            lines,
            url: String::new(),
        };
        let line = program.says("http://")?;
        let mut words = line.split_whitespace();
        let url = words.find(|word| word.starts_with("http://"));
        url.unwrap_or_default().clone_into(&mut program.url);
        Ok(program)
    }

    /// Where its page is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Waits for a line with these words.
    pub(super) fn says(&self, words: &str) -> Result<String, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.map_err(|_| format!("the program does not say {words:?}"))?;
            if line.contains(words) {
                return Ok(line);
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It serves until it is stopped; nothing of it is to be kept.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A folder that goes with this value.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("interop-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }

    /// The path of a file in it.
    pub(super) fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in the folder for such things.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Has GStreamer play a file to its end, with these elements, and counts what the last one gives.
pub(super) fn played(file: &str, elements: &str) -> Result<u64, String> {
    let mut command = Command::new("timeout");
    command.args([TOOL_SECONDS, "gst-launch-1.0", "-v", "filesrc"]);
    command.arg(format!("location={file}")).arg("!");
    command.args(elements.split(' '));
    command.args(["!", "fakesink", "silent=false"]);
    let output = text(&mut command)?;
    let buffers = output
        .lines()
        .filter(|line| line.contains("last-message = chain"));
    if output.contains("EOS") {
        Ok(u64::try_from(buffers.count()).unwrap_or_default())
    } else {
        Err(format!("{file} is not played to its end: {output}"))
    }
}

/// A tool of ffmpeg's that runs beside us.
#[derive(Debug)]
pub(super) struct Ffmpeg(Child);

impl Ffmpeg {
    pub(super) fn start(arguments: &[&str]) -> Result<Self, String> {
        let child = Command::new("ffmpeg")
            .args(FFMPEG_FLAGS)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        child.map(Self).map_err(|error| format!("ffmpeg: {error}"))
    }

    /// Has it run to its end, and gives what it has written.
    pub(super) fn run(arguments: &[&str]) -> Result<String, String> {
        Self::start(arguments)?.finish()
    }

    /// Waits until it listens on these UDP ports.
    pub(super) fn listens(&self, ports: &[u16]) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let bound =
                std::fs::read_to_string("/proc/net/udp").map_err(|error| format!("ports: {error}"))?;
            if ports.iter().all(|port| bound.contains(&format!(":{port:04X} "))) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("ffmpeg does not listen on {ports:?}"));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for its end, and gives what it has written.
    pub(super) fn finish(&mut self) -> Result<String, String> {
        let output = self.0.stdout.take().ok_or("no standard output")?;
        let reader = thread::spawn(move || std::io::read_to_string(output));
        let deadline = Instant::now() + TOOL_PATIENCE;
        let status = loop {
            match self.0.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if Instant::now() > deadline => {
                    return Err("ffmpeg does not come to its end".to_owned());
                }
                Ok(None) => thread::sleep(Duration::from_millis(20)),
                Err(error) => return Err(format!("ffmpeg: {error}")),
            }
        };
        let written = reader.join().map_err(|_| "a thread has panicked")?;
        let written = written.map_err(|error| format!("ffmpeg: {error}"))?;
        if status.success() {
            Ok(written)
        } else {
            Err(format!("ffmpeg ended with {status}"))
        }
    }
}

impl Drop for Ffmpeg {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Runs a command to its end and gives what it writes.
fn text(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    let written = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(written)
    } else {
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(format!("{command:?} ended with {}: {errors}", output.status))
    }
}
