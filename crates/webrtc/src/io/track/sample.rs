//! A track whose frames the application has: they are cut into packets here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rand::{Rng, RngExt};
use rtp::Sequencer;
use rtp::payload::h264::{self, PacketizationMode};
use rtp::payload::{Packetizer, Payloads, packetizer};

use super::static_rtp::Packets;
use super::{TrackLocal, TrackLocalStaticRtp};
use crate::core::{NegotiatedCodec, NegotiatedSection, RtpCodec, TrackInfo};
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

#[derive(Debug)]
enum Format {
    /// Cut as each connection has agreed.
    H264(h264::Packetizer),
    Other(Box<dyn Packetizer>),
}

impl Format {
    fn of(codec: &RtpCodec) -> Option<Self> {
        if codec.is("H264") {
            return Some(Self::H264(h264::Packetizer::default()));
        }
        packetizer(codec.name()).map(Self::Other)
    }

    fn packetize(&mut self, is_single: bool, frame: &[u8], out: &mut Payloads) {
        match self {
            Self::H264(packetizer) => {
                packetizer.set_mode(if is_single {
                    PacketizationMode::SingleNalUnit
                } else {
                    PacketizationMode::NonInterleaved
                });
                packetizer.packetize(frame, MAX_PAYLOAD, out);
            }
            Self::Other(packetizer) => packetizer.packetize(frame, MAX_PAYLOAD, out),
        }
    }
}

/// The packets of a frame, cut in one way.
#[derive(Debug)]
struct Cut {
    sequencer: Sequencer,
    packets: Vec<rtp::Packet>,
    /// They are those of the frame that is being written.
    is_done: bool,
}

/// What goes from frame to frame.
#[derive(Debug)]
struct Packing {
    format: Format,
    payloads: Payloads,
    single: Cut,
    others: Cut,
    /// The RTP timestamp of the next frame, and what rounding has left over, in nanoseconds times the clock rate.
    timestamp: u32,
    remainder: u64,
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
        let format = Format::of(&codec).ok_or_else(|| UnknownFormat(codec.mime_type.clone()))?;
        let mut rng = rand::rng();
        // RFC 3550 §5.1: sequence numbers and timestamps begin at random.
        let mut cut = || Cut {
            sequencer: Sequencer::starting_at(rng.random()),
            packets: Vec::new(),
            is_done: false,
        };
        let packing = Packing {
            format,
            payloads: Payloads::new(),
            single: cut(),
            others: cut(),
            timestamp: rng.next_u32(),
            remainder: 0,
        };
        Ok(Self {
            track: TrackLocalStaticRtp::new(codec, id),
            packing: Arc::new(Mutex::new(packing)),
        })
    }

    /// Sends a frame on every connection that takes it, and returns how many did.
    ///
    /// H.264 is cut as each connection has agreed. In packetization mode 0 no NAL unit may be longer than a packet, of
    /// 1,120 bytes: a frame that has one is not sent there.
    pub fn write_sample(&self, sample: &Sample) -> usize {
        let mut packing = self.packing.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = self.track.write(&mut Frame {
            packing: &mut packing,
            data: &sample.data,
        });
        packing.advance(sample.duration, self.track.codec().clock_rate);
        taken
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

/// A frame that is being written.
struct Frame<'a> {
    packing: &'a mut Packing,
    data: &'a [u8],
}

impl Packets for Frame<'_> {
    fn find<'a>(&self, section: &'a NegotiatedSection, codec: &RtpCodec) -> Option<&'a NegotiatedCodec> {
        section.to_send_frames(codec)
    }

    fn cut(&mut self, is_single: bool) -> &[rtp::Packet] {
        self.packing.cut(is_single, self.data)
    }
}

impl Packing {
    /// The packets of a frame, whose payloads share one allocation.
    fn cut(&mut self, is_single: bool, frame: &[u8]) -> &[rtp::Packet] {
        let cut = if is_single {
            &mut self.single
        } else {
            &mut self.others
        };
        if std::mem::replace(&mut cut.is_done, true) {
            return &cut.packets;
        }
        let payloads = &mut self.payloads;
        self.format.packetize(is_single, frame, payloads);
        let mut all = BytesMut::with_capacity(payloads.total_len());
        payloads.iter().for_each(|payload| all.extend_from_slice(payload));
        let mut all = all.freeze();
        cut.packets.clear();
        let last = payloads.len().saturating_sub(1);
        for (index, payload) in payloads.iter().enumerate() {
            cut.packets.push(rtp::Packet {
                header: rtp::Header {
                    marker: index == last,
                    sequence_number: cut.sequencer.next_number(),
                    timestamp: self.timestamp.wrapping_add(payloads.timestamp_offset(index)),
                    ..rtp::Header::default()
                },
                payload: all.split_to(payload.len()),
                padding_len: 0,
            });
        }
        &cut.packets
    }

    /// The frame is written: the timestamp moves on by its duration, without an error that grows.
    fn advance(&mut self, duration: Duration, clock_rate: u32) {
        (self.single.is_done, self.others.is_done) = (false, false);
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
        let mut pack = || {
            let packets = packing.cut(false, &sample.data).to_vec();
            let again = packing.cut(false, &sample.data).to_vec();
            assert_eq!(packets, again, "each connection gets the same");
            packing.advance(sample.duration, 90_000);
            packets
        };
        let first = pack();
        let markers: Vec<_> = first.iter().map(|packet| packet.header.marker).collect();
        assert_eq!(markers, [false, false, true]);
        assert!(
            first
                .windows(2)
                .all(|pair| pair[1].header.sequence_number == pair[0].header.sequence_number.wrapping_add(1))
        );
        for _ in 0..29 {
            pack();
        }
        let last = pack();
        let span = last[0].header.timestamp.wrapping_sub(first[0].header.timestamp);
        assert!((89_999..=90_000).contains(&span), "{span}");
        assert_eq!(
            last[0].header.sequence_number,
            first[0].header.sequence_number.wrapping_add(90)
        );
    }
}
