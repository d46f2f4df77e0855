//! sctp
pub mod codec;
pub mod core;

mod config;
mod error;
#[cfg(feature = "tokio")]
mod io;
mod message;
mod stats;
#[cfg(test)]
mod test_time;
mod tsn;

pub use config::Config;
pub use error::{CloseReason, ResetError, SendError};
#[cfg(feature = "tokio")]
pub use io::{Association, SctpStream};
pub use message::{Direction, Event, Message, Reliability, SendOptions, State};
pub use stats::Stats;
pub use tsn::{Ssn, Tsn};
