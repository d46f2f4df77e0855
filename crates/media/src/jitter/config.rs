//! What a jitter buffer can be told beforehand.

use std::time::Duration;

/// Settings of a jitter buffer. The defaults of [`audio`](Self::audio) and [`video`](Self::video) differ in what waiting costs: a
/// late sound is of no use, a picture without one of its packets spoils those after it.
#[derive(Clone, Debug, PartialEq)]
pub struct JitterConfig {
    /// Ticks of the RTP timestamps per second, at least 1.
    pub clock_rate: u32,
    /// Delay to begin with, which counts as 20 frames measured. Default 80 ms for audio, as libwebrtc; 40 ms for video.
    pub initial_delay: Duration,
    /// Least delay, whatever is measured: the application's wish (`jitterBufferTarget` in W3C's words). Default none.
    pub minimum_delay: Duration,
    /// Largest delay, also of [`minimum_delay`](Self::minimum_delay); at most 10 s. Default 2 s.
    pub maximum_delay: Duration,
    /// The part of frames that the delay is to suffice for, 0.5 to 0.999. Default 0.97, so that a single late frame in 33
    /// does not make all others wait.
    pub quantile: f32,
    /// What a measurement still counts after the next one, 0.5 to 0.9999. Default 0.983: with the quantile above, two late
    /// frames in a row raise the delay, and it takes 200 punctual ones to forget them.
    pub memory: f32,
    /// How fast the delay shrinks: the part of the time that passes. Default 0.05, so that playback is 5 % faster meanwhile.
    pub shrink: f32,
    /// How much longer than the network asks for to wait for repairs, once repairs are seen. Default 100 ms for audio and
    /// 300 ms for video; zero when nothing repairs.
    pub repair_allowance: Duration,
    /// How long after its time a packet behind a gap waits for what is missing. Default none for audio, 100 ms for video.
    pub patience: Duration,
    /// Places for packets, missing ones included; at most 3,000. Default 500 for audio, 2,000 for video.
    pub max_packets: usize,
    /// Bytes of payload that are held. Default 1 MiB for audio, 8 MiB for video.
    pub max_bytes: usize,
}

impl JitterConfig {
    /// For sound.
    pub const fn audio(clock_rate: u32) -> Self {
        Self {
            clock_rate,
            initial_delay: Duration::from_millis(80),
            minimum_delay: Duration::ZERO,
            maximum_delay: Duration::from_secs(2),
            quantile: 0.97,
            memory: 0.983,
            shrink: 0.05,
            repair_allowance: Duration::from_millis(100),
            patience: Duration::ZERO,
            max_packets: 500,
            max_bytes: 1 << 20,
        }
    }

    /// For pictures, whose clock has 90 kHz.
    pub const fn video() -> Self {
        Self {
            clock_rate: 90_000,
            initial_delay: Duration::from_millis(40),
            repair_allowance: Duration::from_millis(300),
            patience: Duration::from_millis(100),
            max_packets: 2000,
            max_bytes: 8 << 20,
            ..Self::audio(90_000)
        }
    }

    /// With every value in its range.
    pub(super) fn sane(mut self) -> Self {
        self.clock_rate = self.clock_rate.max(1);
        self.maximum_delay = self.maximum_delay.min(Duration::from_secs(10));
        self.minimum_delay = self.minimum_delay.min(self.maximum_delay);
        self.initial_delay = self.initial_delay.min(self.maximum_delay);
        self.quantile = clamp(self.quantile, 0.5, 0.999);
        self.memory = clamp(self.memory, 0.5, 0.9999);
        self.shrink = clamp(self.shrink, 0.001, 1.0);
        self.patience = self.patience.min(Duration::from_secs(10));
        self.max_packets = self.max_packets.clamp(1, 3000);
        self
    }
}

/// Also for what is no number.
fn clamp(value: f32, low: f32, high: f32) -> f32 {
    if value >= low { value.min(high) } else { low }
}
