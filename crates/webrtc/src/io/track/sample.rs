//! A track whose frames the application has: they are cut into packets here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rand::{Rng, RngExt};
use rtp::Sequencer;
use rtp::payload::{Packetizer, Payloads, packetizer};

use super::{TrackLocal, TrackLocalStaticRtp};
use crate::core::{RtpCodec, TrackInfo};
use crate::io::rtp_transceiver::RtpTransceiver;

/// The most bytes of a payload, so that a packet with extensions and protection fits the MTU of 1,200.
const MAX_PAYLOAD: usize = 1120;

/// One frame: a picture, or what an audio encoder gives at a time.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The encoded frame, as [`rtp::payload`] describes it for each codec.
    pub data: Bytes,
    /// How long it lasts: the time until the next one.
    pub duration: Duration,
}

/// There is no payload format for a codec.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no payload format for {0}")]
pub struct UnknownFormat(pub String);

/// What goes from frame to frame.
#[derive(Debug)]
struct Packing {
    packetizer: Box<dyn Packetizer>,
    payloads: Payloads,
    sequencer: Sequencer,
    /// The RTP timestamp of the next frame, and what rounding has left over, in nanoseconds times the clock rate.
    timestamp: u32,
    remainder: u64,
    packets: Vec<rtp::Packet>,
}

/// A track of frames. Cheap to clone; every clone is the same track.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use webrtc::{Api, Configuration, RtpCodec, Sample, TrackLocalStaticSample};
///
/// let (connection, _events) = Api::default().new_peer_connection(Configuration::default())?;
/// let track = TrackLocalStaticSample::new(RtpCodec::audio("opus", 48_000, Some(2), ""), "voice")?;
/// connection.add_track(&track, &[])?;
/// track.write_sample(&Sample { data: vec![0xfc, 0xff, 0xfe].into(), duration: Duration::from_millis(20) });
///
/// assert!(TrackLocalStaticSample::new(RtpCodec::video("cinepak", ""), "old").is_err());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct TrackLocalStaticSample {
    track: TrackLocalStaticRtp,
    packing: Arc<Mutex<Packing>>,
}

impl TrackLocalStaticSample {
    /// A track of this codec, under an id that peers get to see.
    ///
    /// # Errors
    ///
    /// When there is no payload format for the codec.
    pub fn new(codec: RtpCodec, id: impl Into<String>) -> Result<Self, UnknownFormat> {
        let packetizer = packetizer(codec.name()).ok_or_else(|| UnknownFormat(codec.mime_type.clone()))?;
        let mut rng = rand::rng();
        let packing = Packing {
            packetizer,
            payloads: Payloads::new(),
            // RFC 3550 §5.1: both begin at random.
            sequencer: Sequencer::starting_at(rng.random()),
            timestamp: rng.next_u32(),
            remainder: 0,
            packets: Vec::new(),
        };
        Ok(Self {
            track: TrackLocalStaticRtp::new(codec, id),
            packing: Arc::new(Mutex::new(packing)),
        })
    }

    /// Sends a frame on every connection that takes it, and returns how many did.
    pub fn write_sample(&self, sample: &Sample) -> usize {
        let mut packing = self.packing.lock().unwrap_or_else(PoisonError::into_inner);
        packing.pack(sample, self.track.codec().clock_rate);
        self.track.write_all(&packing.packets)
    }
}

impl TrackLocal for TrackLocalStaticSample {
    fn info(&self) -> TrackInfo {
        self.track.info()
    }

    fn bind(&self, transceiver: &RtpTransceiver) {
        self.track.bind(transceiver);
    }
}

impl Packing {
    /// Replaces `packets` by those of a frame, whose payloads share one allocation.
    fn pack(&mut self, sample: &Sample, clock_rate: u32) {
        self.packetizer
            .packetize(&sample.data, MAX_PAYLOAD, &mut self.payloads);
        let mut all = BytesMut::with_capacity(self.payloads.total_len());
        self.payloads
            .iter()
            .for_each(|payload| all.extend_from_slice(payload));
        let mut all = all.freeze();
        self.packets.clear();
        let last = self.payloads.len().saturating_sub(1);
        for (index, payload) in self.payloads.iter().enumerate() {
            self.packets.push(rtp::Packet {
                header: rtp::Header {
                    marker: index == last,
                    sequence_number: self.sequencer.next_number(),
                    timestamp: self.timestamp.wrapping_add(self.payloads.timestamp_offset(index)),
                    ..rtp::Header::default()
                },
                payload: all.split_to(payload.len()),
                padding_len: 0,
            });
        }
        self.advance(sample.duration, clock_rate);
    }

    /// The timestamp moves on by the duration, without an error that grows.
    fn advance(&mut self, duration: Duration, clock_rate: u32) {
        const SECOND: u64 = 1_000_000_000;
        let whole = duration.as_secs().wrapping_mul(u64::from(clock_rate));
        let part = u64::from(duration.subsec_nanos()) * u64::from(clock_rate) + self.remainder;
        self.remainder = part % SECOND;
        let ticks = whole.wrapping_add(part / SECOND);
        // The timestamp wraps as RTP's does.
        let ticks = u32::try_from(ticks & u64::from(u32::MAX)).unwrap_or_default();
        self.timestamp = self.timestamp.wrapping_add(ticks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_follow_durations_without_drift_and_packets_share_a_frame() {
        let track = TrackLocalStaticSample::new(RtpCodec::video("VP8", ""), "v").unwrap();
        let sample = Sample {
            data: vec![0x10; 3000].into(),
            duration: Duration::from_secs(1) / 30,
        };
        let mut packing = track.packing.lock().unwrap();
        packing.pack(&sample, 90_000);
        let first = packing.packets.clone();
        let markers: Vec<_> = first.iter().map(|packet| packet.header.marker).collect();
        assert_eq!(markers, [false, false, true]);
        assert!(
            first
                .windows(2)
                .all(|pair| pair[1].header.sequence_number == pair[0].header.sequence_number.wrapping_add(1))
        );
        for _ in 0..29 {
            packing.pack(&sample, 90_000);
        }
        let span = packing.timestamp.wrapping_sub(first[0].header.timestamp);
        assert!((89_999..=90_000).contains(&span), "{span}");
        packing.pack(&sample, 90_000);
        assert_eq!(
            packing.packets[0].header.sequence_number,
            first[0].header.sequence_number.wrapping_add(90)
        );
    }
}
