//! The packets that wait, within the limits.

use super::JitterConfig;
use super::timing::Stamp;
use crate::ring::Ring;
use rtp::Packet;
use std::time::Instant;

/// Packets in front of the first one that may still come while nothing has been played.
const MAX_EARLIER: u64 = 64;

/// A packet that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) packet: Packet,
    /// When it is to be played; `None` for padding.
    pub(super) stamp: Option<Stamp>,
    pub(super) since: Instant,
}

/// The packets that wait, within the limits.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) ring: Ring<Waiting>,
    /// Number of the stream's first packet, once it has begun.
    pub(super) start: Option<u64>,
    pub(super) has_played: bool,
    pub(super) packets: usize,
    pub(super) bytes: usize,
    max_packets: u64,
    pub(super) max_bytes: usize,
}

impl Queue {
    pub(super) const fn new(config: &JitterConfig) -> Self {
        Self {
            ring: Ring::new(0),
            start: None,
            has_played: false,
            packets: 0,
            bytes: 0,
            max_packets: config.max_packets as u64,
            max_bytes: config.max_bytes,
        }
    }

    pub(super) fn clear(&mut self) {
        self.ring = Ring::new(0);
        self.start = None;
        self.has_played = false;
        self.packets = 0;
        self.bytes = 0;
    }

    /// Lets the window begin with the first packet, or a little before while nothing has been played.
    pub(super) fn begin(&mut self, number: u64) {
        let fits =
            !self.has_played && self.ring.end().saturating_sub(number) <= MAX_EARLIER.min(self.max_packets);
        match self.start {
            None => self.ring = Ring::new(number),
            Some(start) if number < start && fits => self.ring.extend_front(number),
            Some(_) => return,
        }
        self.start = Some(number);
    }

    pub(super) fn holds(&self, number: u64) -> bool {
        self.ring.get(number).is_some()
    }

    /// The place in time of the first packet with media at or behind a number.
    pub(super) fn stamp_from(&self, number: u64) -> Option<Stamp> {
        (number..self.ring.end()).find_map(|number| self.ring.get(number)?.stamp)
    }

    pub(super) fn push(&mut self, number: u64, waiting: Waiting) {
        let len = waiting.packet.payload.len();
        if self.ring.insert(number, waiting) {
            self.packets += 1;
            self.bytes += len;
        }
    }

    pub(super) fn is_too_full(&self) -> bool {
        self.ring.end() - self.ring.first() > self.max_packets || self.bytes > self.max_bytes
    }

    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let waiting = self.ring.pop()?;
        self.packets -= 1;
        self.bytes -= waiting.packet.payload.len();
        Some(waiting)
    }
}
