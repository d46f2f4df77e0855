//! Packets of one layer of a track on their way through a jitter buffer (W3C webrtc-pc §5.3.2): in order, each when it is due.
//!
//! A buffer is for one SSRC and one clock. What it cannot time – padding, comfort noise and telephone events, which have clocks
//! of their own, unknown payload types – keeps its place among the packets, so that nobody takes it for lost.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::{Arrival, JitterBuffer, JitterConfig, JitterStats, Playout};
use rtp::Packet;

use crate::core::{JitterBufferStats, MediaKind, RtpReceived};

/// The largest target, and the largest delay (W3C webrtc-pc §5.3.2: 4000 ms).
pub(super) const MAX_TARGET: Duration = Duration::from_secs(4);

/// Packets that only keep their place, at most. Beyond, the oldest goes without waiting for its turn.
const MAX_PLACES: usize = 512;

/// Longer than anything waits: for what is given out at the end of a stream.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// The buffer of one SSRC and clock.
#[derive(Debug)]
struct Stream {
    ssrc: u32,
    clock_rate: u32,
    buffer: JitterBuffer,
    /// The highest number that has come.
    highest: u64,
    /// What keeps its place.
    places: BTreeMap<u64, Packet>,
}

impl Stream {
    /// The number that a packet of the buffer has come with, which is near the highest.
    fn extended(&self, sequence_number: u16) -> u64 {
        let [.., high, low] = self.highest.to_be_bytes();
        let behind = u16::from_be_bytes([high, low]).wrapping_sub(sequence_number);
        self.highest.saturating_sub(behind.into())
    }

    fn note(&mut self, number: u64) {
        let is_restart = self.highest.abs_diff(number) > 0x8000;
        self.highest = if is_restart {
            number
        } else {
            self.highest.max(number)
        };
    }
}

/// A jitter buffer for as long as a track lasts.
#[derive(Debug)]
pub(super) struct Paced {
    kind: MediaKind,
    target: Duration,
    stream: Option<Stream>,
    /// What is due.
    out: VecDeque<(Packet, u64)>,
    counters: Counters,
}

impl Paced {
    pub(super) fn new(kind: MediaKind) -> Self {
        Self {
            kind,
            target: Duration::ZERO,
            stream: None,
            out: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// The least delay, at most [`MAX_TARGET`].
    pub(super) fn set_target(&mut self, now: Instant, target: Duration) {
        if std::mem::replace(&mut self.target, target) != target
            && let Some(stream) = &mut self.stream
        {
            stream.buffer.set_minimum_delay(now, target);
        }
    }

    /// A packet has come; `clock_rate` is that of its codec, where it has frames.
    pub(super) fn insert(&mut self, packet: Packet, received: &RtpReceived, clock_rate: Option<u32>) {
        let number = received.sequence_number;
        let clock_rate = clock_rate.filter(|_| !packet.payload.is_empty());
        let Some(stream) = self.stream_of(packet.header.ssrc, clock_rate, number) else {
            self.out.push_back((packet, number));
            return;
        };
        stream.note(number);
        let arrival = if received.is_repaired {
            Arrival::Retransmitted
        } else {
            Arrival::Direct
        };
        if clock_rate.is_some() {
            stream.buffer.insert(received.arrived, packet, arrival);
            return;
        }
        let place = Packet {
            header: packet.header.clone(),
            payload: Bytes::new(),
            padding_len: 0,
        };
        stream.buffer.insert(received.arrived, place, arrival);
        stream.places.insert(number, packet);
        if stream.places.len() > MAX_PLACES
            && let Some((number, packet)) = stream.places.pop_first()
        {
            self.out.push_back((packet, number));
        }
    }

    /// The buffer for a packet: that of before, unless the SSRC or the clock is another one.
    fn stream_of(&mut self, ssrc: u32, clock_rate: Option<u32>, number: u64) -> Option<&mut Stream> {
        let continues = |known: &Stream| {
            known.ssrc == ssrc && clock_rate.is_none_or(|clock_rate| known.clock_rate == clock_rate)
        };
        if !self.stream.as_ref().is_some_and(continues) {
            let clock_rate = clock_rate?;
            let is_same = self.stream.as_ref().is_some_and(|known| known.ssrc == ssrc);
            self.drain();
            if !is_same {
                self.counters = Counters::default();
            }
            self.stream = Some(Stream {
                ssrc,
                clock_rate,
                buffer: JitterBuffer::new(self.config(clock_rate)),
                highest: number,
                places: BTreeMap::new(),
            });
        }
        self.stream.as_mut()
    }

    fn config(&self, clock_rate: u32) -> JitterConfig {
        let usual = match self.kind {
            MediaKind::Audio => JitterConfig::audio(clock_rate),
            MediaKind::Video => JitterConfig::video(),
        };
        JitterConfig {
            clock_rate,
            minimum_delay: self.target,
            maximum_delay: MAX_TARGET,
            ..usual
        }
    }

    /// The next packet that is due, with its extended number.
    pub(super) fn poll(&mut self, now: Instant) -> Option<(Packet, u64)> {
        while self.out.is_empty() {
            let stream = self.stream.as_mut()?;
            let playout = stream.buffer.poll(now)?;
            if let Playout::Packet(packet) = playout {
                self.counters.count(self.kind, stream, &packet);
                release(stream, packet, &mut self.out);
            }
        }
        self.out.pop_front()
    }

    /// When [`poll`](Self::poll) will have something, unless a packet comes before.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.stream.as_ref()?.buffer.poll_timeout()
    }

    /// The stream ends: what waits is due at once.
    pub(super) fn drain(&mut self) {
        let Some(mut stream) = self.stream.take() else {
            return;
        };
        while let Some(deadline) = stream.buffer.poll_timeout() {
            // What is given up behind the last packet that can be played is nothing.
            match stream.buffer.poll(deadline + FOR_EVER) {
                Some(Playout::Packet(packet)) => release(&mut stream, packet, &mut self.out),
                Some(Playout::Missing { .. }) => {}
                None => break,
            }
        }
        let places = std::mem::take(&mut stream.places);
        self.out
            .extend(places.into_iter().map(|(number, packet)| (packet, number)));
        self.counters.last = None;
    }

    /// What W3C counts, of the SSRC that the track has.
    pub(super) fn report(&self) -> Option<(u32, JitterBufferStats)> {
        let stream = self.stream.as_ref()?;
        Some((stream.ssrc, self.counters.told))
    }

    /// What the buffer counts, of the SSRC and clock that the track has.
    pub(super) fn stats(&self) -> Option<&JitterStats> {
        Some(self.stream.as_ref()?.buffer.stats())
    }
}

/// A packet is due, and so is what keeps its place in front of it.
fn release(stream: &mut Stream, packet: Packet, out: &mut VecDeque<(Packet, u64)>) {
    let number = stream.extended(packet.header.sequence_number);
    let behind = stream.places.split_off(&number);
    let ahead = std::mem::replace(&mut stream.places, behind);
    out.extend(ahead.into_iter().map(|(number, packet)| (packet, number)));
    out.push_back((packet, number));
}

/// Counts as W3C does: pictures, or single samples of sound, of which a packet has as many as there are up to the next.
#[derive(Debug, Default)]
struct Counters {
    told: JitterBufferStats,
    /// Of the frame that came last, which counts once it is known how long it lasts.
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    /// All that the buffer had counted.
    before: JitterStats,
    after: JitterStats,
    sequence_number: u16,
    timestamp: u32,
    /// How long the frame before it lasted.
    ticks: u32,
}

impl Counters {
    /// The buffer has played a packet.
    fn count(&mut self, kind: MediaKind, stream: &Stream, packet: &Packet) {
        let after = *stream.buffer.stats();
        let (sequence_number, timestamp) = (packet.header.sequence_number, packet.header.timestamp);
        let (mut before, mut ticks) = (JitterStats::default(), 0);
        if let Some(last) = self.last {
            if after.emitted_frames == last.after.emitted_frames {
                self.last = Some(Last {
                    sequence_number,
                    ..last
                });
                return;
            }
            let follows = last.sequence_number.wrapping_add(1) == sequence_number;
            let elapsed = timestamp.wrapping_sub(last.timestamp);
            // No packet of sound has more (RFC 7587 §4.2).
            let is_one = follows && elapsed <= stream.clock_rate / 1000 * 120;
            (before, ticks) = (last.after, if is_one { elapsed } else { last.ticks });
            if kind == MediaKind::Audio {
                self.add(&last.before, &last.after, ticks);
            }
        }
        if kind == MediaKind::Video {
            self.add(&before, &after, 1);
        }
        self.last = Some(Last {
            before,
            after,
            sequence_number,
            timestamp,
            ticks,
        });
    }

    fn add(&mut self, before: &JitterStats, after: &JitterStats, units: u32) {
        let total = |before: Duration, after: Duration| after.saturating_sub(before).saturating_mul(units);
        let told = &mut self.told;
        told.emitted_count += u64::from(units);
        told.delay += total(before.emitted_delay, after.emitted_delay);
        told.target_delay += total(before.target_delay, after.target_delay);
        told.minimum_delay += total(before.minimum_delay, after.minimum_delay);
    }
}

#[cfg(test)]
mod tests;
