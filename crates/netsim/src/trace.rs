//! What happened to each datagram: counters always, a record of each one on request.

use crate::link::DropReason;
use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// Bytes of a datagram that a trace keeps.
const HEAD: usize = 16;

/// Counters of a whole network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Datagrams that endpoints sent.
    pub sent: u64,
    /// Bytes that endpoints sent.
    pub sent_bytes: u64,
    /// Datagrams that endpoints received, duplicates included.
    pub delivered: u64,
    /// Bytes that endpoints received, duplicates included.
    pub delivered_bytes: u64,
    /// Copies that links made.
    pub duplicated: u64,
    /// Lost on a link.
    pub lost: u64,
    /// Dropped at a full queue.
    pub queue_full: u64,
    /// Dropped for their size.
    pub too_big: u64,
    /// Sent over a link that was down.
    pub down: u64,
    /// Sent to or from an address that is not there.
    pub no_route: u64,
    /// Refused by a NAT.
    pub filtered: u64,
}

impl Stats {
    pub(crate) const fn count(&mut self, reason: DropReason) {
        let counter = match reason {
            DropReason::Loss => &mut self.lost,
            DropReason::QueueFull => &mut self.queue_full,
            DropReason::TooBig => &mut self.too_big,
            DropReason::Down => &mut self.down,
            DropReason::NoRoute => &mut self.no_route,
            DropReason::Filtered => &mut self.filtered,
        };
        *counter += 1;
    }
}

/// What a trace says about a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceEvent {
    /// An endpoint sent it.
    Sent,
    /// A NAT gave it these addresses.
    Translated,
    /// An endpoint received it.
    Delivered,
    /// It ended here.
    Dropped(DropReason),
}

/// A line of the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEntry {
    /// Time since the start of the simulation.
    pub at: Duration,
    /// What happened.
    pub event: TraceEvent,
    /// Source address at this point of the way.
    pub source: SocketAddr,
    /// Destination address at this point of the way.
    pub destination: SocketAddr,
    /// Bytes.
    pub len: usize,
    /// The first 16 bytes.
    pub head: Vec<u8>,
}

impl fmt::Display for TraceEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = match self.event {
            TraceEvent::Sent => "sent",
            TraceEvent::Translated => "translated",
            TraceEvent::Delivered => "delivered",
            TraceEvent::Dropped(DropReason::Loss) => "DROPPED lost",
            TraceEvent::Dropped(DropReason::QueueFull) => "DROPPED queue full",
            TraceEvent::Dropped(DropReason::TooBig) => "DROPPED too big",
            TraceEvent::Dropped(DropReason::Down) => "DROPPED link down",
            TraceEvent::Dropped(DropReason::NoRoute) => "DROPPED no route",
            TraceEvent::Dropped(DropReason::Filtered) => "DROPPED by NAT",
        };
        let (at, len) = (self.at.as_secs_f64(), self.len);
        write!(
            f,
            "{at:12.6} {} > {} len {len} {event}",
            self.source, self.destination
        )?;
        for (index, byte) in self.head.iter().enumerate() {
            let gap = if index == 0 { ": " } else { "" };
            write!(f, "{gap}{byte:02x}")?;
        }
        Ok(())
    }
}

/// The last entries, if wanted.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    entries: VecDeque<TraceEntry>,
    capacity: usize,
}

impl Trace {
    pub(crate) fn keep(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.entries.truncate(capacity);
    }

    pub(crate) fn record(
        &mut self,
        at: Duration,
        event: TraceEvent,
        (source, destination): (SocketAddr, SocketAddr),
        contents: &[u8],
    ) {
        if self.capacity == 0 {
            return;
        }
        if self.entries.len() >= self.capacity {
            self.entries.pop_front();
        }
        let head = contents.iter().take(HEAD).copied().collect();
        self.entries.push_back(TraceEntry {
            at,
            event,
            source,
            destination,
            len: contents.len(),
            head,
        });
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &TraceEntry> {
        self.entries.iter()
    }
}
