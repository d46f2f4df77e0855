//! Feedback about every packet, both ways: transport-wide (draft-holmer-rmcat-transport-wide-cc-extensions) and RFC 8888.

mod arrivals;
mod matcher;
mod recorder;
mod result;
mod sent_log;

pub(crate) use arrivals::Arrivals;
pub(crate) use matcher::Matcher;
pub(crate) use recorder::Recorder;
pub use result::{Fate, PacketResult};
pub(crate) use sent_log::{Numbers, SentPacket};
