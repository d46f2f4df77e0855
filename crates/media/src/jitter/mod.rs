//! An adaptive jitter buffer: packets go in as they come, and come out in order, at a steady pace, with as little delay as the
//! network permits.
//!
//! The delay is a quantile of how late frames were lately (see [`JitterConfig`]), measured like libwebrtc's NetEq: each frame's
//! time of arrival less its timestamp, over the earliest of the last seconds, in a histogram that fades. Retransmitted and
//! recovered packets say nothing about the network's jitter: how late *they* are is measured apart and raises the delay for
//! as long as repairs go on, up to an allowance.

mod buffer;
mod config;
mod histogram;
mod playout;
mod queue;
mod stats;
mod timing;

pub use buffer::JitterBuffer;
pub use config::JitterConfig;
pub use playout::{Arrival, Inserted, Playout};
pub use stats::JitterStats;
