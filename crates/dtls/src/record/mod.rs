//! The record layer (RFC 6347 §4.1): headers, protection, replay window, sequence numbers.
//!
//! [`header`] splits a datagram into records, `protection` seals and opens them in place, `replay` is the
//! window of §4.1.2.6, and `layer` holds the epochs of one connection. Nothing here knows a handshake message,
//! so that another version of the protocol can stand on the same parts.

mod early;
pub mod header;
mod layer;
mod protection;
mod replay;

pub(crate) use early::EarlyRecords;
pub(crate) use layer::{Opened, RecordLayer};
pub(crate) use protection::{DirectionKeys, MAX_PLAINTEXT, Nonce};
pub use replay::ReplayWindow;

pub use header::{ContentType, HEADER_LENGTH, RecordHeader};
