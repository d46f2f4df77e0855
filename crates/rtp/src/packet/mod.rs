//! RFC 3550 §5 and RFC 8285 §4: packets as views, in place and made anew.

mod elements;
mod extension_set;
mod owned;
mod view;
mod view_mut;
mod writer;

#[cfg(test)]
mod tests;

pub use elements::{Extensions, Form, FormRule};
pub use extension_set::ExtensionSet;
pub use owned::{Header, Packet};
pub use view::{HeaderRef, PacketRef};
pub use view_mut::PacketMut;
pub use writer::HeaderWriter;

/// The contributing sources of a header, at most 15.
pub type Csrcs = crate::InlineList<u32, 15>;

/// Whether a datagram on a port of both is RTCP: its second byte is 192 to 223 (RFC 5761 §4). All else is for the RTP decoder.
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [_, 192..=223, ..])
}
