//! Reports: when they are sent (RFC 3550 §6.2, RFC 4585 §3.5) and what they measure.

mod rtt;
mod schedule;

pub use rtt::RoundTrips;
pub(crate) use schedule::{Pace, Schedule};
