//! Offers and answers of audio and video between two cores, and with descriptions of browsers. No network is needed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod browsers;
mod directions;
mod encrypted;
mod malformed;
mod moved;
mod numbers;
mod peer;
mod properties;
mod renegotiation;
mod simulcast;
mod transport;
