//! Packets sent, for when they are asked for again: a ring whose places keep their memory, so that storing a packet allocates
//! nothing once the ring has grown. It grows until it holds as much time as a retransmission makes sense for, within a bound.

use crate::clock::Time;
use bytes::Bytes;
use std::fmt;
use std::time::Duration;

/// What a packet carries, as [`Chain::send_rtp`](crate::Chain::send_rtp) takes it.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// Copied into the history, where the stream keeps one.
    Copied(&'a [u8]),
    /// Counted once more, not copied: for one source with many destinations.
    Shared(&'a Bytes),
}

impl Payload<'_> {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Copied(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

impl<'a> From<&'a [u8]> for Payload<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Copied(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Payload<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Copied(bytes)
    }
}

impl<'a> From<&'a Bytes> for Payload<'a> {
    fn from(bytes: &'a Bytes) -> Self {
        Self::Shared(bytes)
    }
}

/// Bounds of a history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HistoryConfig {
    /// Packets at most; a power of two.
    pub(crate) max_packets: usize,
    /// How old a packet is sent again.
    pub(crate) max_age: Duration,
    /// How often.
    pub(crate) max_retransmissions: u8,
}

/// Without what is in it: that is long.
impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History")
            .field("places", &self.ring.len())
            .finish_non_exhaustive()
    }
}

/// Places of a ring that has just begun.
const FIRST: usize = 16;

/// Headers up to this length lie in the ring itself, next to what is needed to find them.
const INLINE: usize = 48;

#[derive(Debug)]
struct Stored {
    /// Unset while the place was never used.
    sent: Option<Time>,
    retransmitted: Option<Time>,
    sequence_number: u16,
    header_len: u16,
    retransmissions: u8,
    header: [u8; INLINE],
    body: Body,
}

#[derive(Debug)]
enum Body {
    /// The header if it is long, and the payload.
    Copied(Vec<u8>),
    Shared(Bytes),
}

impl Default for Stored {
    fn default() -> Self {
        Self {
            sent: None,
            retransmitted: None,
            sequence_number: 0,
            header_len: 0,
            retransmissions: 0,
            header: [0; INLINE],
            body: Body::Copied(Vec::new()),
        }
    }
}

impl Stored {
    fn fill(&mut self, now: Time, sequence_number: u16, header: &[u8], payload: Payload<'_>) {
        self.sent = Some(now);
        self.sequence_number = sequence_number;
        self.retransmitted = None;
        self.retransmissions = 0;
        self.header_len = u16::try_from(header.len()).unwrap_or(u16::MAX);
        let inline = self.header.get_mut(..header.len());
        match (inline, payload) {
            (Some(inline), Payload::Shared(payload)) => {
                inline.copy_from_slice(header);
                self.body = Body::Shared(payload.clone());
            }
            (Some(inline), Payload::Copied(payload)) => {
                inline.copy_from_slice(header);
                self.copy(&[], payload);
            }
            (None, payload) => self.copy(header, payload.bytes()),
        }
    }

    fn copy(&mut self, header: &[u8], payload: &[u8]) {
        if matches!(self.body, Body::Shared(_)) {
            self.body = Body::Copied(Vec::new());
        }
        if let Body::Copied(bytes) = &mut self.body {
            bytes.clear();
            bytes.extend_from_slice(header);
            bytes.extend_from_slice(payload);
        }
    }

    fn found(&self) -> Option<Found<'_>> {
        let len = usize::from(self.header_len);
        match (self.header.get(..len), &self.body) {
            (Some(header), Body::Copied(payload)) => Some(Found { header, payload }),
            (Some(header), Body::Shared(payload)) => Some(Found { header, payload }),
            (None, Body::Copied(bytes)) => {
                let (header, payload) = bytes.split_at_checked(len)?;
                Some(Found { header, payload })
            }
            (None, Body::Shared(_)) => None,
        }
    }
}

/// What is found again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    pub(crate) header: &'a [u8],
    pub(crate) payload: &'a [u8],
}

/// Why a packet is not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Never sent, overwritten or too old.
    Gone,
    /// It was sent again less than a round trip ago, or too often.
    TooSoon,
}

/// The latest packets of a stream.
pub(crate) struct History {
    config: HistoryConfig,
    ring: Vec<Stored>,
}

impl History {
    pub(crate) const fn new(config: HistoryConfig) -> Self {
        Self {
            config,
            ring: Vec::new(),
        }
    }

    /// Stores a packet; `header` is encoded.
    #[inline]
    pub(crate) fn store(&mut self, now: Time, sequence_number: u16, header: &[u8], payload: Payload<'_>) {
        if self.ring.is_empty() {
            self.grow(FIRST.min(self.config.max_packets));
        }
        // Doubled while the packet that would be overwritten is still good.
        while self.ring.len() < self.config.max_packets && self.would_lose(now, sequence_number) {
            self.grow(self.ring.len() * 2);
        }
        if let Some(place) =
            index(sequence_number, self.ring.len()).and_then(|index| self.ring.get_mut(index))
        {
            place.fill(now, sequence_number, header, payload);
        }
    }

    fn would_lose(&self, now: Time, sequence_number: u16) -> bool {
        let place = index(sequence_number, self.ring.len()).and_then(|index| self.ring.get(index));
        let Some(Stored {
            sent: Some(sent),
            sequence_number: old,
            ..
        }) = place
        else {
            return false;
        };
        *old != sequence_number && now.since(*sent) < self.config.max_age
    }

    fn grow(&mut self, size: usize) {
        let mut ring: Vec<Stored> = Vec::new();
        ring.resize_with(size, Stored::default);
        for stored in self.ring.drain(..).filter(|stored| stored.sent.is_some()) {
            if let Some(place) = index(stored.sequence_number, size).and_then(|index| ring.get_mut(index)) {
                *place = stored;
            }
        }
        self.ring = ring;
    }

    /// Whether a packet may be sent again: it is here, and its last retransmission is a round trip ago.
    pub(crate) fn may_retransmit(
        &self,
        now: Time,
        sequence_number: u16,
        rtt: Duration,
    ) -> Result<(), Refused> {
        let stored = self.find(sequence_number).ok_or(Refused::Gone)?;
        // On a long path the request itself takes its time.
        let max_age = self.config.max_age.max(rtt * 2);
        if stored.sent.is_none_or(|sent| now.since(sent) > max_age) {
            return Err(Refused::Gone);
        }
        let too_soon = stored.retransmitted.is_some_and(|last| now.since(last) < rtt);
        if too_soon || stored.retransmissions >= self.config.max_retransmissions {
            return Err(Refused::TooSoon);
        }
        Ok(())
    }

    /// Marks a packet as asked for, so that it is not queued twice.
    pub(crate) fn mark(&mut self, now: Time, sequence_number: u16) {
        let place = index(sequence_number, self.ring.len()).and_then(|index| self.ring.get_mut(index));
        if let Some(stored) = place.filter(|stored| stored.sequence_number == sequence_number) {
            stored.retransmitted = Some(now);
            stored.retransmissions = stored.retransmissions.saturating_add(1);
        }
    }

    /// A packet, to be sent again.
    pub(crate) fn get(&self, sequence_number: u16) -> Option<Found<'_>> {
        self.find(sequence_number)?.found()
    }

    fn find(&self, sequence_number: u16) -> Option<&Stored> {
        let stored = self.ring.get(index(sequence_number, self.ring.len())?)?;
        (stored.sent.is_some() && stored.sequence_number == sequence_number).then_some(stored)
    }

    /// Bytes held, without what is shared.
    #[cfg(test)]
    pub(crate) fn footprint(&self) -> usize {
        let copied = self.ring.iter().map(|stored| match &stored.body {
            Body::Copied(bytes) => bytes.capacity(),
            Body::Shared(_) => 0,
        });
        self.ring.len() * size_of::<Stored>() + copied.sum::<usize>()
    }
}

/// The place of a number in a ring of a power of two.
fn index(sequence_number: u16, len: usize) -> Option<usize> {
    Some(usize::from(sequence_number) & len.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1000;
    const RTT: Duration = Duration::from_millis(50);

    fn history() -> History {
        History::new(HistoryConfig {
            max_packets: 64,
            max_age: Duration::from_secs(1),
            max_retransmissions: 2,
        })
    }

    fn store(history: &mut History, now: u64, number: u16) {
        let payload = number.to_be_bytes().repeat(3);
        history.store(Time(now), number, &[0x80; 12], Payload::Copied(&payload));
    }

    #[test]
    fn finds_what_was_sent_and_nothing_else() {
        let mut history = history();
        assert_eq!(history.may_retransmit(Time(0), 3, RTT), Err(Refused::Gone));
        let shared = Bytes::from_static(b"shared");
        for number in 65_530..=65_535 {
            store(&mut history, 0, number);
        }
        history.store(Time(0), 0, &[1; 20], (&shared).into());
        let found = history.get(65_533).unwrap();
        assert_eq!(
            (found.header, found.payload),
            (&[0x80; 12][..], &[255, 253, 255, 253, 255, 253][..])
        );
        let found = history.get(0).unwrap();
        assert_eq!((found.header, found.payload), (&[1; 20][..], &b"shared"[..]));
        assert!(history.get(1).is_none() && history.get(65_533 - 16).is_none());
        // A long header lies with the payload.
        history.store(Time(0), 2, &[2; 60], (&shared).into());
        let found = history.get(2).unwrap();
        assert_eq!((found.header, found.payload), (&[2; 60][..], &b"shared"[..]));
        // A place is used again by a copied payload after a shared one.
        store(&mut history, 2000 * MS, 16);
        assert_eq!(history.get(16).unwrap().payload, [0, 16, 0, 16, 0, 16]);
    }

    #[test]
    fn grows_with_the_rate_and_within_its_bound() {
        let mut slow = history();
        for number in 0..500u16 {
            store(&mut slow, u64::from(number) * 100 * MS, number);
        }
        assert_eq!(slow.ring.len(), FIRST, "ten packets a second need no more");
        let mut fast = history();
        for number in 0..500u16 {
            store(&mut fast, u64::from(number) * MS, number);
        }
        assert_eq!(fast.ring.len(), 64);
        for number in 500 - 64..500 {
            assert!(fast.get(number).is_some(), "{number}");
        }
        assert!(fast.get(500 - 65).is_none());
        assert!(fast.footprint() < 64 * (size_of::<Stored>() + 64));
    }

    #[test]
    fn a_long_path_has_more_time() {
        let mut history = history();
        store(&mut history, 0, 7);
        let rtt = Duration::from_millis(900);
        assert_eq!(history.may_retransmit(Time(1700 * MS), 7, rtt), Ok(()));
        assert_eq!(
            history.may_retransmit(Time(1900 * MS), 7, rtt),
            Err(Refused::Gone)
        );
    }

    #[test]
    fn a_packet_goes_once_in_a_round_trip_and_not_too_often() {
        let mut history = history();
        store(&mut history, 0, 7);
        for (now, expected) in [
            (10, Ok(())),
            (20, Err(Refused::TooSoon)),
            (60, Ok(())),
            (110, Err(Refused::TooSoon)),
            (900, Err(Refused::TooSoon)),
            (1001, Err(Refused::Gone)),
        ] {
            let found = history.may_retransmit(Time(now * MS), 7, RTT);
            assert_eq!(found, expected, "after {now} ms");
            if found.is_ok() {
                history.mark(Time(now * MS), 7);
            }
        }
    }
}
