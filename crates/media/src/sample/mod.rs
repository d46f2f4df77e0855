//! Frames out of RTP packets, for files and decoders: put in order, put together, with how long each lasts and what is missing
//! before it. It has no clock: how long to wait for a packet is told in the stream's own time.

mod builder;
mod frame;
mod past;

pub use builder::SampleBuilder;

use bytes::Bytes;
use std::ops::AddAssign;
use std::time::Duration;

/// Settings of a sample builder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleConfig {
    /// Ticks of the RTP timestamps per second, at least 1.
    pub clock_rate: u32,
    /// How much newer than what is missing other packets may be before it is given up, by their timestamps. Zero suits a
    /// [`JitterBuffer`](crate::JitterBuffer) in front, which has waited already. Default 1 s.
    pub max_late: Duration,
    /// Places for packets, missing ones included, at most 3,000: the oldest frame is given up beyond. Default 2,000.
    pub max_packets: usize,
    /// Bytes of payload that wait: the oldest frame is given up beyond. Default 16 MiB.
    pub max_bytes: usize,
    /// Whether a frame waits for the next one, which tells how long it lasts; without, it is taken to last as long as the one
    /// before. Default true: recordings want it exact, players want it soon.
    pub wait_for_duration: bool,
    /// Whether samples come with the headers of their packets. Default false.
    pub keep_headers: bool,
}

impl SampleConfig {
    /// The defaults, for a clock of so many ticks per second.
    pub const fn new(clock_rate: u32) -> Self {
        Self {
            clock_rate,
            max_late: Duration::from_secs(1),
            max_packets: 2000,
            max_bytes: 16 << 20,
            wait_for_duration: true,
            keep_headers: false,
        }
    }
}

/// A frame of sound or pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The encoded frame, as the depacketizer puts it together.
    pub data: Bytes,
    /// Its RTP timestamp.
    pub timestamp: u32,
    /// Ticks since the first sample; where timestamps jump it goes on.
    pub position: u64,
    /// How long it lasts, in ticks: up to the next frame of which anything came.
    pub ticks: u32,
    /// The same as time.
    pub duration: Duration,
    /// Whether decoding can begin with it; `None` when its packets do not tell.
    pub is_key_frame: Option<bool>,
    /// Packets between the sample before and this one that never came.
    pub lost_packets: u32,
    /// Packets between the sample before and this one that came and were of no use, because others of their frame did not.
    pub dropped_packets: u32,
    /// Packets of the sample.
    pub packets: u32,
    /// Headers of its packets, if [`SampleConfig::keep_headers`] asks for them.
    pub headers: Vec<rtp::Header>,
}

/// Counters of a sample builder, in packets where nothing else is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SampleStats {
    /// Samples built.
    pub samples: u64,
    /// Packets taken in.
    pub received: u64,
    /// Packets that were there already, or came after they had been given up.
    pub duplicate_or_late: u64,
    /// Packets given up as missing.
    pub lost: u64,
    /// Packets of frames that could not be completed.
    pub dropped: u64,
    /// Frames that their depacketizer refused.
    pub malformed_frames: u64,
    /// Packets far from all others that did not continue.
    pub stray: u64,
    /// How often the sender has begun anew with its sequence numbers.
    pub restarts: u64,
}

/// Counters of two builders, as of one stream whose codec has changed.
impl AddAssign for SampleStats {
    fn add_assign(&mut self, other: Self) {
        let Self {
            samples,
            received,
            duplicate_or_late,
            lost,
            dropped,
            malformed_frames,
            stray,
            restarts,
        } = other;
        self.samples += samples;
        self.received += received;
        self.duplicate_or_late += duplicate_or_late;
        self.lost += lost;
        self.dropped += dropped;
        self.malformed_frames += malformed_frames;
        self.stray += stray;
        self.restarts += restarts;
    }
}
