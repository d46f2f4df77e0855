//! A received track as frames: packets put in order and together again, for decoders and files.

use media::{Sample, SampleBuilder, SampleConfig};
use rtp::payload::{Depacketizer, depacketizer};

use super::rtp_transceiver::RtpTransceiver;
use super::track::UnknownFormat;
use crate::core::{PayloadTypeUse, RtpCodec};

/// The frames of one layer of a received track. Lost packets are waited for until newer ones are a second ahead; what
/// they belong to is then left out, and counted in the next frame. Video that needs it is asked for a key frame.
#[derive(Debug)]
pub struct RemoteFrames {
    transceiver: RtpTransceiver,
    rid: Option<String>,
    /// The payload type that the frames are of, with its builder.
    builder: Option<(u8, RtpCodec, SampleBuilder)>,
}

impl RemoteFrames {
    pub(super) const fn new(transceiver: RtpTransceiver, rid: Option<String>) -> Self {
        Self {
            transceiver,
            rid,
            builder: None,
        }
    }

    /// The codec of the frames, once a packet has come. It may change from frame to frame.
    #[must_use]
    pub fn codec(&self) -> Option<&RtpCodec> {
        self.builder.as_ref().map(|(_, codec, _)| codec)
    }

    /// Waits for the next frame; `None` once the connection is closed or the transceiver stopped.
    ///
    /// # Errors
    ///
    /// [`UnknownFormat`] when a packet has a codec without a payload format; the frames go on behind it.
    pub async fn next(&mut self) -> Result<Option<Sample>, UnknownFormat> {
        loop {
            if let Some((.., builder)) = &mut self.builder
                && let Some(sample) = builder.pop()
            {
                if sample.lost_packets + sample.dropped_packets > 0 && sample.is_key_frame == Some(false) {
                    self.transceiver.request_key_frame(self.rid.as_deref());
                }
                return Ok(Some(sample));
            }
            let Some((packet, received)) = self.transceiver.recv_rtp().await else {
                // What is whole is still given out.
                return Ok(self.builder.as_mut().and_then(|(.., builder)| builder.flush()));
            };
            if self.rid.is_some() && received.rid.as_deref() != self.rid.as_deref() {
                continue;
            }
            self.adapt(packet.header.payload_type)?;
            if let Some((.., builder)) = &mut self.builder {
                builder.push(packet);
            }
        }
    }

    /// Another payload type begins with another builder.
    fn adapt(&mut self, payload_type: u8) -> Result<(), UnknownFormat> {
        if self
            .builder
            .as_ref()
            .is_some_and(|(known, ..)| *known == payload_type)
        {
            return Ok(());
        }
        let section = self.transceiver.negotiated();
        let codec = section.as_ref().and_then(|it| match it.received(payload_type) {
            Some(PayloadTypeUse::Media(codec)) => Some(codec.codec.clone()),
            Some(PayloadTypeUse::Retransmission(_)) | None => None,
        });
        let unknown = || UnknownFormat(format!("payload type {payload_type}"));
        let codec = codec.ok_or_else(unknown)?;
        let format = format(&codec).ok_or_else(|| UnknownFormat(codec.mime_type.clone()))?;
        let config = SampleConfig::new(codec.clock_rate);
        self.builder = Some((payload_type, codec, SampleBuilder::new(format, config)));
        Ok(())
    }
}

fn format(codec: &RtpCodec) -> Option<Box<dyn Depacketizer>> {
    depacketizer(codec.name())
}
