//! Data channels of WebRTC over SCTP.

pub mod core;
pub mod dcep;

mod config;
mod error;
mod event;
#[cfg(feature = "tokio")]
mod io;
mod stats;

pub use config::{ChannelConfig, Config, Role};
pub use error::{CloseReason, DecodeError, OpenError, SendError};
pub use event::{Event, Kind, Message, State};
#[cfg(feature = "tokio")]
pub use io::{DataChannel, DetachedChannel, Transport};
pub use sctp::Reliability;
pub use stats::{ChannelStats, Stats};
