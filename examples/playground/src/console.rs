//! What the program prints.
#![expect(clippy::print_stdout, reason = "this is what the program says to the person who started it")]

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

/// Both peers' set-up, step by step.
pub(crate) fn timelines(offerer: &Timeline, answerer: &Timeline) {
    println!("\n  {:<16} {:>12} {:>12}", "set-up", "offerer", "answerer");
    let steps: [(&str, fn(&Timeline) -> Option<Instant>); 6] = [
        ("gathered", |timeline| timeline.gathered),
        ("checked", |timeline| timeline.checked),
        ("nominated", |timeline| timeline.nominated),
        ("DTLS connected", |timeline| timeline.dtls_connected),
        ("SCTP connected", |timeline| timeline.sctp_connected),
        ("channel open", |timeline| timeline.channel_open),
    ];
    for (name, step) in steps {
        let cell = |timeline: &Timeline| {
            let from = offerer.created.zip(step(timeline));
            from.map_or_else(|| "–".to_owned(), |(start, end)| milliseconds(end.saturating_duration_since(start)))
        };
        println!("  {name:<16} {:>12} {:>12}", cell(offerer), cell(answerer));
    }
}

/// A duration as people read it.
pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
