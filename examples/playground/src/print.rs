//! What the program prints: headings, and rows of a name and a value.
#![expect(clippy::print_stdout, reason = "printing is what a command line program is for")]

/// A heading, or a sentence.
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// A name and its value, aligned below a heading.
pub(crate) fn row(name: &str, value: &str) {
    println!("  {name:<14} {value}");
}
