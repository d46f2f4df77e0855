//! The sans-IO association of RFC 9260: packets and time in, packets and events out. No clock, no socket, no task.

mod association;
mod bits;
mod capabilities;
mod cookie;
mod events;
mod handshake;
mod health;
mod input;
mod local;
mod out_of_the_blue;
mod outbox;
mod output;
mod peer;
mod phase;
mod recv;
mod reset;
mod send;
mod shutdown;
mod slab;
mod streams;
#[cfg(test)]
mod tests;
mod timer;

pub use association::Association;
pub use output::Transmit;
