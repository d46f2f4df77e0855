//! # What it is
//! Media files, a sample builder and a jitter buffer.

pub mod h26x;
pub mod ivf;
pub mod ogg;
pub mod rtpdump;
pub mod wav;

mod arrivals;
mod error;
mod input;
mod jitter;
mod ring;
mod sample;
mod sync;

pub use error::{DecodeError, Error};
pub use jitter::{Arrival, Inserted, JitterBuffer, JitterConfig, JitterStats, Playout};
pub use sample::{Sample, SampleBuilder, SampleConfig, SampleStats};
pub use sync::{NtpClock, SyncMember, Synchronizer};
