//! What payload formats cost: `cargo bench -p rtp`.

fn main() {}
