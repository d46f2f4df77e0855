//! Asking for a layer: RFC 9627 §3 (Layer Refresh Request).

use super::list_message;
use crate::list::{List, fixed_entry};

/// A layer of a scalable stream (RFC 9627 §2): its place in time, and in space or quality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayerId {
    /// The temporal layer: 3 bits.
    pub temporal: u8,
    /// The spatial or quality layer, numbered as the codec does.
    pub layer: u8,
}

/// Which layer of which stream is asked for (RFC 9627 §3.1).
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                              SSRC                             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Seq nr.       |C| Payload Type| Reserved                      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | RES     | TTID|     TLID      | RES     | CTID|     CLID      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LayerRefresh {
    /// The stream.
    pub ssrc: u32,
    /// One more than in the last request to this stream; the same when it is repeated.
    pub sequence_number: u8,
    /// The payload type by whose codec layers are numbered: 7 bits.
    pub payload_type: u8,
    /// The layer that is to be decodable.
    pub target: LayerId,
    /// The layer that is decodable at present, if any is.
    pub current: Option<LayerId>,
}

impl LayerRefresh {
    fn from_wire(bytes: [u8; 12]) -> Self {
        let [
            s0,
            s1,
            s2,
            s3,
            sequence_number,
            payload_type,
            _,
            _,
            ttid,
            tlid,
            ctid,
            clid,
        ] = bytes;
        let current = LayerId {
            temporal: ctid & 0x07,
            layer: clid,
        };
        Self {
            ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
            sequence_number,
            payload_type: payload_type & 0x7f,
            target: LayerId {
                temporal: ttid & 0x07,
                layer: tlid,
            },
            current: (payload_type & 0x80 != 0).then_some(current),
        }
    }

    fn to_wire(self) -> [u8; 12] {
        let [s0, s1, s2, s3] = self.ssrc.to_be_bytes();
        let (flag, current) = self.current.map_or((0, LayerId::default()), |it| (0x80, it));
        let payload_type = flag | (self.payload_type & 0x7f);
        let (ttid, ctid) = (self.target.temporal & 0x07, current.temporal & 0x07);
        let (tlid, clid) = (self.target.layer, current.layer);
        [
            s0,
            s1,
            s2,
            s3,
            self.sequence_number,
            payload_type,
            0,
            0,
            ttid,
            tlid,
            ctid,
            clid,
        ]
    }
}

fixed_entry!(LayerRefresh, 12);

/// LRR: make a layer decodable, without a whole key frame if that can be (RFC 9627 §3).
///
/// ```
/// use rtcp::{LayerId, LayerRefresh, LayerRefreshRequest, Packet, PacketRef};
///
/// let requests = [LayerRefresh {
///     ssrc: 2,
///     sequence_number: 1,
///     payload_type: 98,
///     target: LayerId { temporal: 2, layer: 1 },
///     current: Some(LayerId { temporal: 2, layer: 0 }),
/// }];
/// let lrr = LayerRefreshRequest { sender_ssrc: 1, media_ssrc: 0, requests: (&requests).into() };
/// let mut datagram = Vec::new();
/// lrr.encode(&mut datagram);
/// assert_eq!(rtcp::packets(&datagram).next(), Some(Ok(PacketRef::LayerRefreshRequest(lrr))));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerRefreshRequest<'a> {
    /// Who asks.
    pub sender_ssrc: u32,
    /// Zero: the entries name the streams.
    pub media_ssrc: u32,
    /// The layers.
    pub requests: List<'a, LayerRefresh>,
}

list_message!(LayerRefreshRequest, requests: LayerRefresh, PAYLOAD_FEEDBACK, LAYER_REFRESH);
