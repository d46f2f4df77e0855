//! What the program says to the person who started it.

use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use webrtc::core::Timeline;

/// Prints a line. A reader who has seen enough, such as `head`, is no reason to stop.
macro_rules! say {
    ($($part:tt)*) => { drop(writeln!(std::io::stdout().lock(), $($part)*)) };
}

/// The first line of the server.
pub(crate) fn serving(address: SocketAddr) {
    say!("open http://{address} in a browser (Ctrl-C ends this)");
}

/// A heading.
pub(crate) fn heading(text: &str) {
    say!("\n{text}");
}

/// A name and a value below a heading.
pub(crate) fn line(name: &str, value: &str) {
    say!("  {name:<16} {value}");
}

/// Both peers' set-up, step by step, from `started`.
pub(crate) fn timelines(started: Instant, offerer: &Timeline, answerer: &Timeline) {
    say!("\n  {:<16} {:>12} {:>12}", "set-up", "offerer", "answerer");
    let cell = |time: Option<Instant>| {
        time.map_or_else(
            || "–".to_owned(),
            |time| milliseconds(time.saturating_duration_since(started)),
        )
    };
    for ((name, ours), (_, theirs)) in steps(offerer).into_iter().zip(steps(answerer)) {
        say!("  {name:<16} {:>12} {:>12}", cell(ours), cell(theirs));
    }
}

const fn steps(timeline: &Timeline) -> [(&'static str, Option<Instant>); 6] {
    [
        ("gathered", timeline.gathered),
        ("checked", timeline.checked),
        ("nominated", timeline.nominated),
        ("DTLS connected", timeline.dtls_connected),
        ("SCTP connected", timeline.sctp_connected),
        ("channel open", timeline.channel_open),
    ]
}

/// A duration as people read it.
pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
