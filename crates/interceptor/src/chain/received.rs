//! What received RTP packets turn out to be.

use crate::stream::{ExtensionIds, InboundId};
use rtp::HeaderRef;

/// What a received packet turned out to be.
#[derive(Debug)]
pub enum Received<'p> {
    /// Media for the application.
    Media {
        /// The stream.
        stream: InboundId,
        /// The sequence number, extended so that it does not wrap. A restart of the source begins anew.
        sequence_number: u64,
        /// It came by RTX, and `packet` is the original, or by [`Chain::handle_recovered`](crate::Chain::handle_recovered).
        is_repaired: bool,
        /// The packet, where it was given.
        packet: &'p mut [u8],
    },
    /// A sequence number without media: padding, which probes the path. A forwarder closes the gap in its numbers.
    Padding {
        /// The stream.
        stream: InboundId,
        /// Its sequence number, extended.
        sequence_number: u64,
        /// The packet, where it was given.
        packet: &'p mut [u8],
    },
    /// No stream has this SSRC, or the packet names another section than that of its stream. Whoever knows whose it is adds or
    /// moves the stream and hands the packet in again; nothing is kept of it here, however many such SSRCs there are.
    Unsignalled(Unsignalled<'p>),
    /// Nothing for the application.
    Dropped(DropReason),
}

/// Why a packet ends here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// It is no RTP.
    Malformed,
    /// It came before, or is older than 1,024 packets.
    Duplicate,
    /// It is far away from its stream; the next one will show whether the stream has jumped.
    Jump,
    /// An RTX packet without a codec it belongs to, or without payload.
    NoRetransmission,
    /// A user's interceptor wanted it so.
    Intercepted,
}

/// A packet of an SSRC that no stream has, or not in the section that it names, with what it says about itself (RFC 9143 §9.2,
/// RFC 8852 §3).
#[derive(Debug)]
pub struct Unsignalled<'p> {
    /// Its SSRC.
    pub ssrc: u32,
    /// Its payload type.
    pub payload_type: u8,
    /// The packet.
    pub packet: &'p mut [u8],
    pub(super) ids: ExtensionIds,
}

impl Unsignalled<'_> {
    /// The section that the stream belongs to.
    #[must_use]
    pub fn mid(&self) -> Option<&str> {
        self.text(self.ids.mid)
    }

    /// The stream's restriction identifier.
    #[must_use]
    pub fn rid(&self) -> Option<&str> {
        self.text(self.ids.rid)
    }

    /// The identifier of the stream that this one repairs.
    #[must_use]
    pub fn repaired_rid(&self) -> Option<&str> {
        self.text(self.ids.repaired_rid)
    }

    fn text(&self, id: Option<u8>) -> Option<&str> {
        let header = HeaderRef::decode(self.packet).ok()?;
        std::str::from_utf8(header.extension(id?)?).ok()
    }
}
