//! What the program prints.
#![expect(
    clippy::print_stdout,
    reason = "this is what the program says to the person who started it"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use webrtc::core::Timeline;

/// The first line of the server.
pub(crate) fn serving(address: SocketAddr) {
    println!("open http://{address} in a browser (Ctrl-C ends this)");
}

/// A heading.
pub(crate) fn heading(text: &str) {
    println!("\n{text}");
}

/// A name and a value below a heading.
pub(crate) fn line(name: &str, value: &str) {
    println!("  {name:<16} {value}");
}

/// Both peers' set-up, step by step, from `started`.
pub(crate) fn timelines(started: Instant, offerer: &Timeline, answerer: &Timeline) {
    println!("\n  {:<16} {:>12} {:>12}", "set-up", "offerer", "answerer");
    let cell = |time: Option<Instant>| {
        time.map_or_else(
            || "–".to_owned(),
            |time| milliseconds(time.saturating_duration_since(started)),
        )
    };
    for ((name, ours), (_, theirs)) in steps(offerer).into_iter().zip(steps(answerer)) {
        println!("  {name:<16} {:>12} {:>12}", cell(ours), cell(theirs));
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
