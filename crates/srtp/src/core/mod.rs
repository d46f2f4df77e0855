//! The contexts of both directions (RFC 3711 §3.2, §3.3): no clock, no socket; a packet goes in, a packet comes out.

mod cryptex;
mod derivation;
mod header_extension;
mod inbound;
mod key_ring;
mod outbound;
mod packet;
mod repeats;
mod replay;
mod streams;
mod transform;
#[cfg(test)]
mod vectors;

pub use inbound::Inbound;
pub use outbound::Outbound;
