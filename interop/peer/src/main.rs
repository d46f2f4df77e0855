//! interop-peer
fn main() {}
