//! # What it is
//! RTP and RTCP processing between a transport and tracks.

mod chain;
mod clock;
mod config;
mod dump;
mod error;
mod event;
mod feedback;
mod inbound;
mod interceptor;
mod outbound;
mod report;
mod stats;
mod stream;
mod table;

pub use chain::{Chain, DropReason, Received, Sent, Unsignalled};
pub use config::Config;
pub use dump::{Direction, PacketSink, Passing, RtpDump, TextDump};
pub use error::{AddError, SendError};
pub use event::{CircuitBreaker, Event};
pub use feedback::{Fate, PacketResult};
pub use interceptor::{Interceptor, Verdict};
pub use outbound::Payload;
pub use report::RoundTrips;
pub use rtcp::Ecn;
pub use stats::{InboundStats, OutboundStats, RemoteInboundStats, RemoteOutboundStats, Stats};
pub use stream::{Codec, ExtensionIds, Feedback, Inbound, InboundId, Kind, Outbound, OutboundId};
