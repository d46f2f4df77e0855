//! Sessions with tokio: RTP and RTCP of one peer over one datagram transport, told apart by the second byte
//! (RFC 5761 §4), streams by SSRC.

mod queue;
mod receiver;
mod session;
#[cfg(test)]
mod tests;

pub use queue::QUEUE;
pub use receiver::SessionStats;
pub use session::{InUse, RtpStream, Session};
