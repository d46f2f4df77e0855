//! The buffer: packets in order of their numbers, each played when it is due.

use super::queue::{Queue, Waiting};
use super::timing::{Stamp, Timing};
use super::{Arrival, Inserted, JitterConfig, JitterStats, Playout};
use crate::arrivals::{Arrivals, Place};
use rtp::Packet;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Gaps given up that are remembered, to tell late packets from duplicates.
const MAX_GAPS: usize = 64;

/// The buffer for one stream of packets, which is one SSRC.
///
/// [`insert`](Self::insert) every packet, call [`poll`](Self::poll) until it has nothing, and again at
/// [`poll_timeout`](Self::poll_timeout) or after the next packet.
///
/// ```
/// use media::{Arrival, JitterBuffer, JitterConfig, Playout};
/// use rtp::{Header, Packet};
/// use std::time::{Duration, Instant};
///
/// let mut now = Instant::now();
/// let mut buffer = JitterBuffer::new(JitterConfig::audio(48_000));
/// let packet = |sequence_number: u16| Packet {
///     header: Header { sequence_number, timestamp: 960 * u32::from(sequence_number), ..Header::default() },
///     payload: "sound".into(),
///     padding_len: 0,
/// };
/// for sequence_number in [1, 3] { // packet 2 is lost
///     buffer.insert(now, packet(sequence_number), Arrival::Direct);
/// }
/// let mut played = Vec::new();
/// while let Some(due) = buffer.poll_timeout() {
///     now = due; // here a loop would wait, for this or a packet
///     while let Some(playout) = buffer.poll(now) {
///         played.push(match playout {
///             Playout::Packet(packet) => packet.header.sequence_number,
///             Playout::Missing { count, .. } => { assert_eq!(count, 1); 0 }
///         });
///     }
/// }
/// assert_eq!(played, [1, 0, 3]);
/// ```
#[derive(Debug)]
pub struct JitterBuffer {
    arrivals: Arrivals,
    timing: Timing,
    queue: Queue,
    /// Packets that made way and have not been told yet: the first one's number.
    skipped_from: Option<u64>,
    /// Gaps given up, as their first number and the one behind.
    gaps: VecDeque<(u64, u64)>,
    patience: Duration,
    deadline: Option<Instant>,
    /// Of the packet played last.
    last_timestamp: Option<u32>,
    stats: JitterStats,
}

impl JitterBuffer {
    /// An empty buffer. Values of the configuration that are out of range are put into it.
    pub fn new(config: JitterConfig) -> Self {
        let config = config.sane();
        Self {
            arrivals: Arrivals::default(),
            queue: Queue::new(&config),
            skipped_from: None,
            gaps: VecDeque::new(),
            patience: config.patience,
            deadline: None,
            last_timestamp: None,
            stats: JitterStats::default(),
            timing: Timing::new(config),
        }
    }

    /// Takes a packet in. Packets without payload (padding) only fill their place.
    pub fn insert(&mut self, now: Instant, packet: Packet, arrival: Arrival) -> Inserted {
        if packet.payload.len() > self.queue.max_bytes {
            self.stats.overflowed += 1;
            return Inserted::TooLarge;
        }
        let number = match self.arrivals.place(packet.header.sequence_number) {
            Place::At(number) => number,
            Place::Stray => {
                self.stats.stray += 1;
                return Inserted::Stray;
            }
            Place::Restart(number) => {
                self.restart();
                number
            }
        };
        let inserted = self.place(now, number, packet, arrival);
        self.deadline = self.next_deadline();
        inserted
    }

    fn restart(&mut self) {
        self.stats.restarts += 1;
        self.stats.overflowed += self.queue.packets as u64;
        self.queue.clear();
        self.skipped_from = None;
        self.gaps.clear();
    }

    fn place(&mut self, now: Instant, number: u64, packet: Packet, arrival: Arrival) -> Inserted {
        self.queue.begin(number);
        if self.queue.holds(number) {
            self.stats.duplicates += 1;
            return Inserted::Duplicate;
        }
        let is_past = number < self.queue.ring.first();
        if is_past && !self.was_given_up(number) {
            self.stats.duplicates += 1;
            return Inserted::Duplicate;
        }
        let has_media = !packet.payload.is_empty();
        let stamp = has_media.then(|| self.timing.observe(now, packet.header.timestamp, arrival));
        let repairs = u64::from(arrival != Arrival::Direct);
        if is_past {
            self.stats.late += 1;
            self.stats.late_repairs += repairs;
            return Inserted::Late;
        }
        self.stats.received += 1;
        match arrival {
            Arrival::Direct => {}
            Arrival::Retransmitted => self.stats.retransmitted += 1,
            Arrival::Recovered => self.stats.recovered += 1,
        }
        self.queue.push(
            number,
            Waiting {
                packet,
                stamp,
                since: now,
            },
        );
        self.make_room();
        Inserted::Queued
    }

    fn was_given_up(&self, number: u64) -> bool {
        self.queue.start.is_some_and(|start| number < start)
            || self.gaps.iter().any(|(from, to)| (*from..*to).contains(&number))
    }

    /// Drops the oldest packets until the limits hold.
    fn make_room(&mut self) {
        while self.queue.is_too_full() {
            self.skipped_from.get_or_insert(self.queue.ring.first());
            let dropped = self.queue.pop();
            self.stats.overflowed += u64::from(dropped.is_some());
            self.stats.missing += u64::from(dropped.is_none());
        }
    }

    /// What is due, in order; `None` when nothing is.
    pub fn poll(&mut self, now: Instant) -> Option<Playout> {
        let playout = self.advance(now);
        self.deadline = self.next_deadline();
        playout
    }

    fn advance(&mut self, now: Instant) -> Option<Playout> {
        loop {
            if let Some(from) = self.skipped_from.take() {
                return Some(self.give_up(from, self.queue.ring.first()));
            }
            let due = self.next_due()?;
            if due > self.timing.at(now) {
                return None;
            }
            let (present, _) = self.queue.ring.first_present()?;
            let first = self.queue.ring.first();
            if present > first {
                while self.queue.ring.first() < present {
                    self.queue.pop();
                }
                self.stats.missing += present - first;
                return Some(self.give_up(first, present));
            }
            let waiting = self.queue.pop()?;
            if waiting.stamp.is_some() {
                return Some(self.emit(now, waiting));
            }
        }
    }

    fn emit(&mut self, now: Instant, waiting: Waiting) -> Playout {
        self.queue.has_played = true;
        self.stats.emitted += 1;
        let timestamp = Some(waiting.packet.header.timestamp);
        if std::mem::replace(&mut self.last_timestamp, timestamp) != timestamp {
            self.stats.emitted_frames += 1;
            self.stats.emitted_delay += now.saturating_duration_since(waiting.since);
            self.stats.target_delay += self.timing.delay();
            self.stats.minimum_delay += self.timing.measured_delay();
        }
        Playout::Packet(waiting.packet)
    }

    fn give_up(&mut self, from: u64, to: u64) -> Playout {
        self.queue.has_played = true;
        if self.gaps.len() == MAX_GAPS {
            self.gaps.pop_front();
        }
        self.gaps.push_back((from, to));
        let [.., high, low] = from.to_be_bytes();
        Playout::Missing {
            sequence_number: u16::from_be_bytes([high, low]),
            count: u32::try_from(to - from).unwrap_or(u32::MAX),
        }
    }

    /// When the next packet is due, or the gap in front of it is given up.
    fn next_due(&self) -> Option<i64> {
        let (present, waiting) = self.queue.ring.first_present()?;
        if present > self.queue.ring.first() {
            // Padding is not waited for, but what is missing in front of it may be media.
            return Some(self.give_up_at(self.queue.stamp_from(present)?));
        }
        Some(waiting.stamp.map_or(i64::MIN, |stamp| self.timing.due(stamp)))
    }

    fn give_up_at(&self, stamp: Stamp) -> i64 {
        let patience = i64::try_from(self.patience.as_micros()).unwrap_or(i64::MAX);
        self.timing.due(stamp).saturating_add(patience)
    }

    fn next_deadline(&self) -> Option<Instant> {
        let due = if self.skipped_from.is_some() {
            i64::MIN
        } else {
            self.next_due()?
        };
        self.timing.instant(due)
    }

    /// The packet that comes next. Behind [`Playout::Missing`] it may hold what is missing a second time: Opus's in-band FEC, or
    /// redundant data.
    pub fn peek(&self) -> Option<&Packet> {
        let (_, waiting) = self.queue.ring.first_present()?;
        Some(&waiting.packet)
    }

    /// When [`poll`](Self::poll) will have something, unless a packet comes before; in the past when it has already.
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }

    /// The delay in effect: how much later than the earliest packets all are played.
    pub fn delay(&self) -> Duration {
        self.timing.delay()
    }

    /// The delay that measurements ask for, without what [`set_minimum_delay`](Self::set_minimum_delay) and other streams add.
    pub fn measured_delay(&self) -> Duration {
        self.timing.measured_delay()
    }

    /// Changes [`JitterConfig::minimum_delay`] (W3C's `jitterBufferTarget`).
    pub fn set_minimum_delay(&mut self, now: Instant, delay: Duration) {
        self.timing.set_minimum_delay(now, delay);
        self.deadline = self.next_deadline();
    }

    /// The least delay that the application asked for.
    pub const fn minimum_delay(&self) -> Duration {
        self.timing.minimum_delay()
    }

    /// Sets the delay that playing this stream together with another one takes. [`Synchronizer`](crate::Synchronizer) does it.
    pub fn set_sync_delay(&mut self, now: Instant, delay: Duration) {
        self.timing.set_sync_delay(now, delay);
        self.deadline = self.next_deadline();
    }

    /// What was set with [`set_sync_delay`](Self::set_sync_delay).
    pub const fn sync_delay(&self) -> Duration {
        self.timing.sync_delay()
    }

    /// When what was sampled at an RTP timestamp near those of the last packets is played; `None` before the first packet.
    pub fn playout_time(&self, timestamp: u32) -> Option<Instant> {
        self.timing.playout(timestamp, None)
    }

    /// As [`playout_time`](Self::playout_time), if no other stream asked for more delay.
    pub fn unsynchronized_playout_time(&self, timestamp: u32) -> Option<Instant> {
        self.timing.playout(timestamp, Some(self.timing.minimum_delay()))
    }

    /// The RTP timestamp of the packet that was played last.
    pub const fn last_timestamp(&self) -> Option<u32> {
        self.last_timestamp
    }

    /// Until when a packet that is missing is waited for, as things stand: a repair that takes longer is not worth asking for.
    /// `None` when it is not missing: there already, given up, or newer than all others.
    pub fn repair_deadline(&self, sequence_number: u16) -> Option<Instant> {
        let number = self.arrivals.peek(sequence_number)?;
        let ring = &self.queue.ring;
        if number < ring.first() || ring.get(number).is_some() {
            return None;
        }
        self.timing
            .instant(self.give_up_at(self.queue.stamp_from(number)?))
    }

    /// Packets waiting.
    pub const fn len(&self) -> usize {
        self.queue.packets
    }

    /// Whether no packet waits.
    pub const fn is_empty(&self) -> bool {
        self.queue.packets == 0
    }

    /// Bytes of payload waiting.
    pub const fn bytes(&self) -> usize {
        self.queue.bytes
    }

    /// What has happened so far.
    pub const fn stats(&self) -> &JitterStats {
        &self.stats
    }
}
