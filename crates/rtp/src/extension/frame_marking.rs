//! RFC 9626: what a forwarder needs to know of a video frame that it cannot read.

use bytes::BufMut;

use super::{Extension, leading};
use crate::DecodeError;

/// What kind of frame a packet belongs to (RFC 9626 §3).
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |S|E|I|D|B| TID |      LID      |   TL0PICIDX   |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameMarking {
    /// First packet of a frame within its layer (S).
    pub start_of_frame: bool,
    /// Last packet of a frame within its layer (E).
    pub end_of_frame: bool,
    /// Decodable without any frame of an earlier time (I); a higher layer may still need a lower one of the same time.
    pub independent: bool,
    /// The stream can be decoded without it (D).
    pub discardable: bool,
    /// Of a higher temporal layer, and needs the lowest one alone: a point to switch up (B). False in the lowest layer.
    pub base_layer_sync: bool,
    /// Temporal layer, 0 to 7 (TID). Only the low three bits are written.
    pub temporal_id: u8,
    /// Of scalable streams (§3.1); others have the short form (§3.2), in which B and TID are 0.
    pub layer: Option<LayerMarking>,
}

/// Where a frame stands in a scalable stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerMarking {
    /// Spatial and quality layer, laid out as the codec has it (LID); 0 is the lowest.
    pub layer_id: u8,
    /// In the lowest layer the number of the frame, which wraps; in others that of the frame they depend on (TL0PICIDX). `None`
    /// where it is not known.
    pub tl0_picture_index: Option<u8>,
}

impl Extension<'_> for FrameMarking {
    const URI: &'static str = "urn:ietf:params:rtp-hdrext:framemarking";

    fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let [flags] = leading(data)?;
        let has = |bit: u8| flags & bit != 0;
        Ok(Self {
            start_of_frame: has(0x80),
            end_of_frame: has(0x40),
            independent: has(0x20),
            discardable: has(0x10),
            base_layer_sync: has(0x08),
            temporal_id: flags & 7,
            layer: data.get(1).map(|layer_id| LayerMarking {
                layer_id: *layer_id,
                tl0_picture_index: data.get(2).copied(),
            }),
        })
    }

    fn encoded_len(&self) -> usize {
        match self.layer {
            Some(layer) => 2 + usize::from(layer.tl0_picture_index.is_some()),
            None => 1,
        }
    }

    fn encode(&self, out: &mut impl BufMut) {
        let flags = [
            self.start_of_frame,
            self.end_of_frame,
            self.independent,
            self.discardable,
            self.base_layer_sync,
        ];
        let flags = flags.into_iter().fold(0, |bits, flag| bits << 1 | u8::from(flag));
        out.put_u8(flags << 3 | self.temporal_id & 7);
        if let Some(layer) = self.layer {
            out.put_u8(layer.layer_id);
            if let Some(index) = layer.tl0_picture_index {
                out.put_u8(index);
            }
        }
    }
}
