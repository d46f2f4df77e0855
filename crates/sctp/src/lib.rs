//! sctp
pub mod codec;
pub mod core;

mod config;
mod error;
mod message;
mod stats;
#[cfg(test)]
mod test_time;
mod tsn;

pub use config::Config;
pub use error::{CloseReason, ResetError, SendError};
pub use message::{Direction, Event, Message, Reliability, SendOptions, State};
pub use stats::Stats;
pub use tsn::{Ssn, Tsn};
