//! What a forwarding server does with packets: what it costs, and what its subscribers get.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::cast_possible_truncation,
    unreachable_pub,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod allocation;
mod layers;
#[path = "../peers/mod.rs"]
mod peers;
mod svc;
mod tracks;
mod wire;
