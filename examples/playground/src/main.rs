//! playground
fn main() {}
