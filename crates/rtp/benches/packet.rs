//! What a packet's header costs: `cargo bench -p rtp`.

fn main() {}
