//! A received track as frames: packets put in order and together again, for decoders and files.

use media::Sample;

use super::assembly::{Assembly, FrameStats};
use super::rtp_transceiver::RtpTransceiver;
use super::track::UnknownFormat;
use crate::core::{PayloadTypeUse, RtpCodec};

/// The frames of one layer of a received track. Lost packets are waited for until newer ones are a second ahead; what
/// they belong to is then left out, and counted in the next frame. Video that needs it is asked for a key frame.
///
/// Where the codec changes, all frames of the one before are given out first. Comfort noise and telephone events between
/// the packets of a codec are no frames of it: [`recv_rtp`](RtpTransceiver::recv_rtp) has them. Redundant audio (RED) comes
/// as frames of its codec, with lost ones recovered from later packets.
#[derive(Debug)]
pub struct RemoteFrames {
    transceiver: RtpTransceiver,
    rid: Option<String>,
    assembly: Assembly,
}

impl RemoteFrames {
    pub(super) fn new(transceiver: RtpTransceiver, rid: Option<String>) -> Self {
        Self {
            transceiver,
            rid,
            assembly: Assembly::default(),
        }
    }

    /// The codec of the frame that came last, or of those to come once a packet has. It may change from frame to frame.
    #[must_use]
    pub fn codec(&self) -> Option<&RtpCodec> {
        self.assembly.codec()
    }

    /// What has become of the packets.
    #[must_use]
    pub fn stats(&self) -> FrameStats {
        self.assembly.stats()
    }

    /// Waits for the next frame; `None` once the connection is closed or the transceiver stopped.
    ///
    /// # Errors
    ///
    /// [`UnknownFormat`] when a packet has a codec without a payload format; the frames go on behind it.
    pub async fn next(&mut self) -> Result<Option<Sample>, UnknownFormat> {
        loop {
            if let Some(sample) = self.assembly.pop() {
                if sample.lost_packets + sample.dropped_packets > 0 && sample.is_key_frame == Some(false) {
                    self.transceiver.request_key_frame(self.rid.as_deref());
                }
                return Ok(Some(sample));
            }
            let Some((packet, received)) = self.transceiver.recv_rtp().await else {
                // What is whole is still given out.
                return Ok(self.assembly.flush());
            };
            if self.rid.is_some() && received.rid.as_deref() != self.rid.as_deref() {
                continue;
            }
            let find = |payload_type| codec(&self.transceiver, payload_type);
            self.assembly.push(packet, received.sequence_number, find)?;
        }
    }
}

fn codec(transceiver: &RtpTransceiver, payload_type: u8) -> Option<RtpCodec> {
    match transceiver.negotiated()?.received(payload_type)? {
        PayloadTypeUse::Media(codec) => Some(codec.codec.clone()),
        PayloadTypeUse::Retransmission(_) => None,
    }
}
