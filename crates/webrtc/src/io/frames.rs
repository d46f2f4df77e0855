//! A received track as frames: packets put in order and together again, for decoders and files.

use std::time::Instant;

use media::Sample;
use rtp::Packet;
use tokio::time::timeout_at;

use super::assembly::{Assembly, FrameStats};
use super::paced::Paced;
use super::rtp_transceiver::RtpTransceiver;
use super::track::UnknownFormat;
use crate::core::{MediaKind, PayloadTypeUse, RtpCodec};

/// The frames of one layer of a received track. Lost packets are waited for until newer ones are a second ahead; what
/// they belong to is then left out, and counted in the next frame. Video that needs it is asked for a key frame. Frames come as
/// soon as they are whole; [`with_jitter_buffer`](Self::with_jitter_buffer) gives them the pace at which they were made.
///
/// Where the codec changes, all frames of the one before are given out first. Comfort noise and telephone events between
/// the packets of a codec are no frames of it: [`recv_rtp`](RtpTransceiver::recv_rtp) has them. Redundant audio (RED) comes
/// as frames of its codec, with lost ones recovered from later packets.
#[derive(Debug)]
pub struct RemoteFrames {
    transceiver: RtpTransceiver,
    rid: Option<String>,
    assembly: Assembly,
    paced: Option<Box<Paced>>,
}

impl RemoteFrames {
    pub(super) fn new(transceiver: RtpTransceiver, rid: Option<String>) -> Self {
        Self {
            transceiver,
            rid,
            assembly: Assembly::default(),
            paced: None,
        }
    }

    /// Lets each frame come when it is due to be played, by a [`media::JitterBuffer`]: its delay follows the measured jitter,
    /// with [`RtpTransceiver::set_jitter_buffer_target`] as the least, and a lost packet is waited for until the next
    /// frame is due (100 ms longer for video). `inbound-rtp` of the statistics has what W3C counts of it. Tracks are not
    /// synchronized with each other. Call it before the first [`next`](Self::next).
    ///
    /// ```no_run
    /// # async fn play(transceiver: webrtc::RtpTransceiver) -> Result<(), Box<dyn std::error::Error>> {
    /// transceiver.set_jitter_buffer_target(std::time::Duration::from_millis(200))?;
    /// let mut frames = transceiver.frames(None).with_jitter_buffer();
    /// while let Some(frame) = frames.next().await? {
    ///     println!("{} bytes, now", frame.data.len());
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn with_jitter_buffer(mut self) -> Self {
        let kind = self.transceiver.kind().unwrap_or(MediaKind::Video);
        self.paced = Some(Box::new(Paced::new(kind)));
        self.assembly = Assembly::paced();
        self
    }

    /// What the jitter buffer counts, of the stream at present; `None` without one, or before the first packet.
    #[must_use]
    pub fn jitter_stats(&self) -> Option<&media::JitterStats> {
        self.paced.as_ref()?.stats()
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
            let next = match &mut self.paced {
                Some(paced) => next_due(&self.transceiver, self.rid.as_deref(), paced).await,
                None => next_received(&self.transceiver, self.rid.as_deref()).await,
            };
            let Some((packet, number)) = next else {
                // What is whole is still given out.
                return Ok(self.assembly.flush());
            };
            let find = |payload_type| codec(&self.transceiver, payload_type);
            self.assembly.push(packet, number, find)?;
        }
    }
}

async fn next_received(transceiver: &RtpTransceiver, rid: Option<&str>) -> Option<(Packet, u64)> {
    loop {
        let (packet, received) = transceiver.recv_rtp().await?;
        if rid.is_none() || received.rid.as_deref() == rid {
            return Some((packet, received.sequence_number));
        }
    }
}

/// The next packet that is due.
async fn next_due(
    transceiver: &RtpTransceiver,
    rid: Option<&str>,
    paced: &mut Paced,
) -> Option<(Packet, u64)> {
    loop {
        let now = Instant::now();
        paced.set_target(now, transceiver.jitter_buffer_target().unwrap_or_default());
        let due = paced.poll(now);
        transceiver.report_jitter(rid, paced.report());
        if due.is_some() {
            return due;
        }
        let received = match paced.poll_timeout() {
            None => transceiver.recv_rtp().await,
            Some(deadline) => match timeout_at(deadline.into(), transceiver.recv_rtp()).await {
                Ok(received) => received,
                Err(_) => continue,
            },
        };
        let Some((packet, received)) = received else {
            paced.drain();
            return paced.poll(now);
        };
        if rid.is_none() || received.rid.as_deref() == rid {
            let clock_rate = clock_rate(transceiver, packet.header.payload_type);
            paced.insert(packet, &received, clock_rate);
        }
    }
}

/// The clock of a codec that has frames.
fn clock_rate(transceiver: &RtpTransceiver, payload_type: u8) -> Option<u32> {
    let codec = codec(transceiver, payload_type)?;
    let has_frames = !codec.is("CN") && !codec.is("telephone-event");
    has_frames.then_some(codec.clock_rate)
}

fn codec(transceiver: &RtpTransceiver, payload_type: u8) -> Option<RtpCodec> {
    match transceiver.negotiated()?.received(payload_type)? {
        PayloadTypeUse::Media(codec) => Some(codec.codec.clone()),
        PayloadTypeUse::Retransmission(_) => None,
    }
}
