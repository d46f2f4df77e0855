//! The builder: a window of packets, whose first frame is built when it is whole or given up.

use super::frame::Frame;
use super::past::{Past, ahead};
use super::{Sample, SampleConfig, SampleStats};
use crate::arrivals::{Arrivals, Place};
use crate::ring::Ring;
use rtp::Packet;
use rtp::payload::Depacketizer;
use std::collections::VecDeque;
use std::time::Duration;

/// Puts the packets of one stream together again.
///
/// ```
/// use media::{SampleBuilder, SampleConfig};
/// use rtp::{Header, Packet};
///
/// let depacketizer = rtp::payload::depacketizer("VP8").expect("known");
/// let mut builder = SampleBuilder::new(depacketizer, SampleConfig::new(90_000));
/// let packet = |sequence_number, timestamp, marker, payload: &'static [u8]| Packet {
///     header: Header { sequence_number, timestamp, marker, ..Header::default() },
///     payload: payload.into(),
///     padding_len: 0,
/// };
/// builder.push(packet(8, 3000, true, &[0x00, 0xbb])); // reordered
/// builder.push(packet(7, 3000, false, &[0x10, 0xaa]));
/// assert!(builder.pop().is_none(), "nobody knows how long it lasts");
/// builder.push(packet(9, 6000, true, &[0x10, 0xcc]));
///
/// let sample = builder.pop().expect("a whole frame");
/// assert_eq!(sample.data, &[0xaa, 0xbb][..]);
/// assert_eq!(sample.duration.as_millis(), 33);
/// assert_eq!(builder.flush().expect("the last one").data, &[0xcc][..]);
/// ```
#[derive(Debug)]
pub struct SampleBuilder {
    config: SampleConfig,
    depacketizer: Box<dyn Depacketizer>,
    arrivals: Arrivals,
    ring: Ring<Packet>,
    bytes: usize,
    /// Whether the window begins with a frame.
    is_aligned: bool,
    /// What came before the window.
    past: Past,
    /// Frames of a sender that has begun anew since.
    ready: VecDeque<Sample>,
    stats: SampleStats,
}

/// The first frame of the window.
#[derive(Clone, Copy, Debug)]
enum Front {
    /// It is whole, up to here. The timestamp of the next frame, if one came; and whether that follows without a gap.
    Whole {
        end: u64,
        next: Option<u32>,
        is_certain: bool,
    },
    /// A packet is missing, with others behind.
    Broken { at: u64 },
    /// It may go on.
    Open,
}

impl SampleBuilder {
    /// An empty builder for what the depacketizer understands.
    pub fn new(depacketizer: Box<dyn Depacketizer>, mut config: SampleConfig) -> Self {
        config.clock_rate = config.clock_rate.max(1);
        config.max_packets = config.max_packets.clamp(1, 3000);
        Self {
            config,
            depacketizer,
            arrivals: Arrivals::default(),
            ring: Ring::new(0),
            bytes: 0,
            is_aligned: false,
            past: Past::default(),
            ready: VecDeque::new(),
            stats: SampleStats::default(),
        }
    }

    /// Takes a packet in, in whatever order. Packets without payload (padding) only fill their place.
    pub fn push(&mut self, packet: Packet) {
        let number = match self.arrivals.place(packet.header.sequence_number) {
            Place::At(number) => number,
            Place::Stray => {
                self.stats.stray += 1;
                return;
            }
            Place::Restart(number) => {
                self.restart();
                number
            }
        };
        if !self.past.has_begun {
            self.past.has_begun = true;
            self.ring = Ring::new(number);
        } else if self.past.timestamp.is_none() && self.stats.lost == 0 && number < self.ring.first() {
            self.begin_earlier(number);
        }
        let len = packet.payload.len();
        if !self.ring.insert(number, packet) {
            self.stats.duplicate_or_late += 1;
            return;
        }
        self.stats.received += 1;
        self.bytes += len;
        while self.is_too_full() {
            self.give_up_first();
        }
    }

    /// While nothing has been built, the first packets may still come.
    fn begin_earlier(&mut self, number: u64) {
        if self.ring.end() - number <= self.config.max_packets as u64 && self.stats.dropped == 0 {
            self.ring.extend_front(number);
        }
    }

    fn restart(&mut self) {
        self.stats.restarts += 1;
        let mut samples = VecDeque::new();
        while let Some(sample) = self.build(true) {
            samples.push_back(sample);
        }
        if self.ready.is_empty() {
            self.ready = samples;
        }
        while !self.ring.is_empty() {
            self.drop_first();
        }
        self.depacketizer.reset();
        self.is_aligned = false;
        self.past.has_begun = false;
    }

    /// The next frame; `None` when more packets are needed.
    pub fn pop(&mut self) -> Option<Sample> {
        self.ready.pop_front().or_else(|| self.build(false))
    }

    /// The next frame at the end of the stream: as [`pop`](Self::pop), without waiting for anything. Call it until it has none.
    pub fn flush(&mut self) -> Option<Sample> {
        self.ready.pop_front().or_else(|| self.build(true))
    }

    /// What has happened so far.
    pub const fn stats(&self) -> &SampleStats {
        &self.stats
    }

    /// Bytes of payload that wait.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    fn is_too_full(&self) -> bool {
        self.ring.end() - self.ring.first() > self.config.max_packets as u64
            || self.bytes > self.config.max_bytes
    }

    fn build(&mut self, is_end: bool) -> Option<Sample> {
        loop {
            self.align()?;
            match self.front()? {
                Front::Whole {
                    end,
                    next,
                    is_certain,
                } => {
                    let waits = self.config.wait_for_duration && !is_certain && !is_end;
                    if waits && !(next.is_some() && self.is_late()) {
                        return None;
                    }
                    if let Some(sample) = self.finish(end, next) {
                        return Some(sample);
                    }
                }
                Front::Broken { at } if is_end || self.is_late() => {
                    while self.ring.first() < at {
                        self.drop_first();
                    }
                    self.give_up_first();
                }
                Front::Open if is_end => {
                    while !self.ring.is_empty() {
                        self.drop_first();
                    }
                }
                Front::Broken { .. } | Front::Open => return None,
            }
        }
    }

    /// Drops what is in front of the first frame: padding, and the rest of frames whose beginning is missing.
    fn align(&mut self) -> Option<()> {
        while let Some(packet) = self.ring.get(self.ring.first()) {
            let is_padding = packet.payload.is_empty();
            if !is_padding && (self.is_aligned || self.depacketizer.is_frame_start(&packet.payload)) {
                self.is_aligned = true;
                break;
            }
            if is_padding {
                self.pop_first();
            } else {
                self.drop_first();
            }
        }
        (!self.ring.is_empty()).then_some(())
    }

    fn front(&self) -> Option<Front> {
        let first = self.ring.first();
        let (present, packet) = self.ring.first_present()?;
        if present > first {
            return Some(Front::Broken { at: first });
        }
        let timestamp = packet.header.timestamp;
        for number in first..self.ring.end() {
            let Some(packet) = self.ring.get(number) else {
                return Some(Front::Broken { at: number });
            };
            if packet.payload.is_empty() {
                continue;
            }
            if packet.header.timestamp != timestamp {
                return Some(self.whole(number));
            }
            if self
                .depacketizer
                .is_frame_end(packet.header.marker, &packet.payload)
            {
                return Some(self.whole(number + 1));
            }
        }
        Some(Front::Open)
    }

    /// A frame that ends in front of a packet.
    fn whole(&self, end: u64) -> Front {
        let mut is_certain = true;
        for number in end..self.ring.end() {
            match self.ring.get(number) {
                None => is_certain = false,
                Some(packet) if packet.payload.is_empty() => {}
                Some(packet) => {
                    let next = Some(packet.header.timestamp);
                    return Front::Whole {
                        end,
                        next,
                        is_certain,
                    };
                }
            }
        }
        Front::Whole {
            end,
            next: None,
            is_certain: false,
        }
    }

    /// Whether the newest packet is so much newer than the oldest that what is missing will not come.
    fn is_late(&self) -> bool {
        let newest = self
            .ring
            .end()
            .checked_sub(1)
            .and_then(|number| self.ring.get(number));
        let (Some((_, oldest)), Some(newest)) = (self.ring.first_present(), newest) else {
            return false;
        };
        let ticks = ahead(oldest.header.timestamp, newest.header.timestamp);
        let time = u64::from(ticks) * 1_000_000 / u64::from(self.config.clock_rate);
        u128::from(time) >= self.config.max_late.as_micros()
    }

    /// Takes a whole frame out and puts it together; `None` when the depacketizer refuses it.
    fn finish(&mut self, end: u64, next: Option<u32>) -> Option<Sample> {
        if self.past.lost > 0 || self.past.dropped > 0 {
            self.depacketizer.reset();
        }
        let payloads = (self.ring.first()..end).filter_map(|number| self.ring.get(number));
        let mut frame = Frame {
            data: Vec::with_capacity(payloads.map(|packet| packet.payload.len()).sum()),
            ..Frame::default()
        };
        while self.ring.first() < end {
            if let Some(packet) = self.pop_first().filter(|packet| !packet.payload.is_empty()) {
                frame.add(&packet, self.depacketizer.as_mut());
                if self.config.keep_headers {
                    frame.headers.push(packet.header);
                }
            }
        }
        if frame.is_malformed || frame.incomplete > 0 || frame.data.is_empty() {
            self.depacketizer.reset();
            self.stats.malformed_frames += 1;
            self.stats.dropped += u64::from(frame.packets);
            self.past.dropped = self.past.dropped.saturating_add(frame.packets);
            return None;
        }
        self.past.advance(frame.timestamp, next, self.config.clock_rate);
        self.stats.samples += 1;
        Some(self.sample(frame))
    }

    fn sample(&mut self, frame: Frame) -> Sample {
        let nanos = u64::from(self.past.ticks) * 1_000_000_000 / u64::from(self.config.clock_rate);
        Sample {
            data: frame.data.into(),
            timestamp: frame.timestamp,
            position: self.past.position,
            ticks: self.past.ticks,
            duration: Duration::from_nanos(nanos),
            is_key_frame: frame.is_key_frame,
            lost_packets: std::mem::take(&mut self.past.lost),
            dropped_packets: std::mem::take(&mut self.past.dropped),
            packets: frame.packets,
            headers: frame.headers,
        }
    }

    /// Takes the first place out, be a packet there or not.
    fn pop_first(&mut self) -> Option<Packet> {
        let packet = self.ring.pop();
        self.bytes -= packet.as_ref().map_or(0, |packet| packet.payload.len());
        packet
    }

    /// Drops a packet of a frame that cannot be completed. Behind the end of that frame the next one begins.
    fn drop_first(&mut self) {
        let Some(packet) = self.pop_first() else {
            return self.lose(1);
        };
        if packet.payload.is_empty() {
            return;
        }
        self.stats.dropped += 1;
        self.past.dropped = self.past.dropped.saturating_add(1);
        let next = self.ring.get(self.ring.first());
        let is_end = self
            .depacketizer
            .is_frame_end(packet.header.marker, &packet.payload);
        self.is_aligned = is_end || next.is_some_and(|next| next.header.timestamp != packet.header.timestamp);
    }

    /// Gives up what is missing at the beginning, or the packet there.
    fn give_up_first(&mut self) {
        if self.ring.get(self.ring.first()).is_some() {
            return self.drop_first();
        }
        let missing = self
            .ring
            .first_present()
            .map(|(present, _)| present - self.ring.first());
        for _ in 0..missing.unwrap_or(0) {
            self.pop_first();
        }
        self.lose(missing.unwrap_or(0));
    }

    fn lose(&mut self, count: u64) {
        self.stats.lost += count;
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.past.lost = self.past.lost.saturating_add(count);
        self.is_aligned = false;
    }
}
