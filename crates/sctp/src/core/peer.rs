//! What the peer said of itself in INIT or INIT ACK.

use crate::codec::{ChunkKind, InitRef, ParamKind};
use crate::tsn::Tsn;
use bytes::BufMut;

/// The peer's half of the association.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PeerInit {
    /// The tag it wants to see; 0 while unknown.
    pub(super) tag: u32,
    /// Its receive window.
    pub(super) a_rwnd: u32,
    /// Streams it wants to send on.
    pub(super) outbound_streams: u16,
    /// Streams it accepts.
    pub(super) inbound_streams: u16,
    /// Its first TSN.
    pub(super) initial_tsn: Tsn,
    /// It knows RFC 3758.
    pub(super) forward_tsn: bool,
    /// It knows RFC 6525.
    pub(super) reconfig: bool,
}

impl PeerInit {
    /// Length in a cookie.
    pub(super) const LEN: usize = 20;

    /// Reads the fixed part and the parameters that matter. Unknown parameters are the handshake's business.
    pub(super) fn new(init: &InitRef<'_>) -> Self {
        let mut peer = Self {
            tag: init.init.initiate_tag,
            a_rwnd: init.init.a_rwnd,
            outbound_streams: init.init.outbound_streams,
            inbound_streams: init.init.inbound_streams,
            initial_tsn: init.init.initial_tsn,
            forward_tsn: false,
            reconfig: false,
        };
        for param in init.params().map_while(Result::ok) {
            match param.kind {
                ParamKind::FORWARD_TSN_SUPPORTED => peer.forward_tsn = true,
                ParamKind::SUPPORTED_EXTENSIONS => {
                    peer.forward_tsn |= param.value.contains(&ChunkKind::FORWARD_TSN.0);
                    peer.reconfig |= param.value.contains(&ChunkKind::RE_CONFIG.0);
                }
                _ => {}
            }
        }
        peer
    }

    /// Appends the form that stands in a cookie.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u32(self.tag);
        out.put_u32(self.a_rwnd);
        out.put_u16(self.outbound_streams);
        out.put_u16(self.inbound_streams);
        out.put_u32(self.initial_tsn.0);
        out.put_u32(u32::from(self.forward_tsn) | u32::from(self.reconfig) << 1);
    }

    /// Reads what `encode` wrote.
    pub(super) const fn decode(bytes: &[u8; Self::LEN]) -> Self {
        let [
            a0,
            a1,
            a2,
            a3,
            b0,
            b1,
            b2,
            b3,
            c0,
            c1,
            d0,
            d1,
            e0,
            e1,
            e2,
            e3,
            ..,
            flags,
        ] = *bytes;
        Self {
            tag: u32::from_be_bytes([a0, a1, a2, a3]),
            a_rwnd: u32::from_be_bytes([b0, b1, b2, b3]),
            outbound_streams: u16::from_be_bytes([c0, c1]),
            inbound_streams: u16::from_be_bytes([d0, d1]),
            initial_tsn: Tsn(u32::from_be_bytes([e0, e1, e2, e3])),
            forward_tsn: flags & 1 != 0,
            reconfig: flags & 2 != 0,
        }
    }
}
