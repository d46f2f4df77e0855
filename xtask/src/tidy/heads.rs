//! The head of each module, and the front page of each crate.

use super::files::Source;
use super::{Finding, at};

/// Lines of a module head.
const HEAD: usize = 12;
/// What each protocol crate's front page tells.
const HEADINGS: [&str; 6] = [
    "What it is",
    "RFCs",
    "Use it with tokio",
    "Drive it yourself",
    "Limits and defaults",
    "What it does not do",
];
/// Crates without core and façade, whose two headings about use have names of their own.
const ADAPTED: [&str; 7] = ["crypto", "interceptor", "media", "netsim", "rtcp", "rtp", "sdp"];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let head = source.head().count();
    let mut findings = Vec::new();
    if head == 0 && !source.is_test {
        findings.push(Finding::Fault(at(&source.path, "no module head")));
    }
    if source.is_front_page() && source.path.starts_with("crates") {
        findings.extend(front_page(source));
    } else if head > HEAD {
        findings.push(Finding::Fault(at(
            &source.path,
            format_args!("a module head of {head} lines"),
        )));
    }
    findings
}

fn front_page(source: &Source) -> Vec<Finding> {
    let found = headings(source.head());
    let name = source
        .path
        .iter()
        .nth(1)
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let is_adapted = ADAPTED.contains(&name);
    let missing = HEADINGS.iter().enumerate().filter(|(place, heading)| {
        let own = is_adapted && (*place == 2 || *place == 3);
        !own && !found.contains(heading)
    });
    let mut findings: Vec<_> = missing
        .map(|(_, heading)| Finding::Fault(at(&source.path, format_args!("no heading {heading:?}"))))
        .collect();
    if found.len() != HEADINGS.len() {
        let text = format_args!("{} headings instead of {}", found.len(), HEADINGS.len());
        findings.push(Finding::Fault(at(&source.path, text)));
    }
    findings
}

/// The headings of first order, not those that are hidden lines of an example.
fn headings<'a>(head: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut in_code = false;
    head.filter_map(|line| {
        let line = line.trim_start_matches("//!").trim();
        in_code ^= line.starts_with("```");
        line.strip_prefix("# ").filter(|_| !in_code)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> usize {
        check(&Source {
            path: path.into(),
            text: text.into(),
            is_test: false,
        })
        .len()
    }

    #[test]
    fn a_module_begins_with_a_short_head() {
        assert_eq!(faults("crates/a/src/core.rs", "//! RFC 1 §2\n\nuse std;\n"), 0);
        assert_eq!(faults("crates/a/src/core.rs", "use std;\n"), 1);
        assert_eq!(faults("crates/a/src/core.rs", &"//! talk\n".repeat(13)), 1);
    }

    #[test]
    fn a_front_page_has_its_six_headings() {
        let page = |headings: &[&str]| {
            headings
                .iter()
                .map(|it| format!("//! # {it}\n//!\n"))
                .collect::<String>()
        };
        assert_eq!(faults("crates/ice/src/lib.rs", &page(&HEADINGS)), 0);
        assert_eq!(
            faults("crates/ice/src/lib.rs", &page(&HEADINGS[..5])),
            2,
            "one missing, and five in all"
        );
        let code = "//! ```\n//! # hidden();\n//! ```\n";
        assert_eq!(faults("crates/ice/src/lib.rs", &(page(&HEADINGS) + code)), 0);
        let own = [
            "What it is",
            "RFCs",
            "Read one",
            "Write one",
            "Limits and defaults",
            "What it does not do",
        ];
        assert_eq!(faults("crates/sdp/src/lib.rs", &page(&own)), 0);
        assert_eq!(faults("crates/ice/src/lib.rs", &page(&own)), 2);
    }
}
