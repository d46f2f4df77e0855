//! The connection core on the virtual network: set-up and transfers over links that lose, reorder, duplicate and cut.
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

mod audio;
mod credentials;
mod early;
mod encrypted;
mod farewell;
mod gathering;
mod laws;
mod media;
mod pacing;
mod peer;
mod protection;
mod provisional;
mod restart;
mod setup;
mod stats;
mod transfer;
