//! Packets sent and not yet reported on, by their transport-wide number (draft-holmer-rmcat-transport-wide-cc-extensions §2),
//! to match feedback against. RFC 8888 feedback names packets by SSRC and sequence number; a ring per stream leads to the number.

use crate::clock::Time;
use crate::stream::OutboundId;
use std::fmt;

/// A packet that left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SentPacket {
    pub(crate) sent: Time,
    pub(crate) stream: OutboundId,
    pub(crate) ssrc: u32,
    pub(crate) sequence_number: u16,
    /// Bytes of the RTP packet, before SRTP.
    pub(crate) size: u16,
}

/// How far the news about a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unknown,
    Lost,
    Received,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    number: u64,
    state: State,
    packet: SentPacket,
}

/// Places at first, and at most.
const SIZES: (usize, usize) = (64, 4096);
/// A packet without feedback for this long will have none; its place is not worth growing for.
const GOOD_FOR: u64 = 2_000_000;

/// The ring.
#[derive(Default)]
pub(crate) struct SentLog {
    ring: Vec<Option<Entry>>,
    next: u64,
}

/// Without what is in it: that is long.
impl fmt::Debug for SentLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentLog")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl SentLog {
    /// The number of the next packet.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the number on the wire has 16 bits"
    )]
    pub(crate) const fn next_number(&self) -> u16 {
        self.next as u16
    }

    /// A packet left under [`next_number`](Self::next_number).
    #[inline]
    pub(crate) fn push(&mut self, packet: SentPacket) -> u64 {
        let number = self.next;
        self.next += 1;
        self.make_room(number, packet.sent);
        if let Some(place) = place(number, self.ring.len()).and_then(|place| self.ring.get_mut(place)) {
            *place = Some(Entry {
                number,
                state: State::Unknown,
                packet,
            });
        }
        number
    }

    fn make_room(&mut self, number: u64, now: Time) {
        let (first, most) = SIZES;
        if self.ring.is_empty() {
            self.ring.resize(first, None);
        }
        while self.ring.len() < most && self.would_lose(number, now) {
            let size = self.ring.len() * 2;
            let old = std::mem::replace(&mut self.ring, vec![None; size]);
            for entry in old.into_iter().flatten() {
                if let Some(free) = place(entry.number, size).and_then(|place| self.ring.get_mut(place)) {
                    *free = Some(entry);
                }
            }
        }
    }

    fn would_lose(&self, number: u64, now: Time) -> bool {
        let entry = place(number, self.ring.len()).and_then(|place| self.ring.get(place));
        entry.copied().flatten().is_some_and(|entry| {
            entry.state != State::Received && now.0.saturating_sub(entry.packet.sent.0) < GOOD_FOR
        })
    }

    /// The whole number of one from the wire: the latest that fits.
    pub(crate) fn expand(&self, number: u16) -> Option<u64> {
        let last = self.next.checked_sub(1)?;
        let [.., a, b] = last.to_be_bytes();
        let behind = u16::from_be_bytes([a, b]).wrapping_sub(number);
        last.checked_sub(u64::from(behind))
    }

    /// A packet was reported received or lost. Gives it back if that is news: lost once, received once.
    pub(crate) fn report(&mut self, number: u64, received: bool) -> Option<SentPacket> {
        let place = place(number, self.ring.len())?;
        let entry = self
            .ring
            .get_mut(place)?
            .as_mut()
            .filter(|entry| entry.number == number)?;
        let (state, is_news) = match (entry.state, received) {
            (State::Unknown | State::Lost, true) => (State::Received, true),
            (State::Unknown, false) => (State::Lost, true),
            (state, _) => (state, false),
        };
        entry.state = state;
        is_news.then_some(entry.packet)
    }

    /// The packet of a number, whatever is known of it.
    pub(crate) fn get(&self, number: u64) -> Option<&SentPacket> {
        let entry = self.ring.get(place(number, self.ring.len())?)?.as_ref()?;
        (entry.number == number).then_some(&entry.packet)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "reduced to the size of the ring")]
fn place(number: u64, len: usize) -> Option<usize> {
    Some(number as usize & len.checked_sub(1)?)
}

/// From the sequence numbers of one SSRC to transport-wide ones.
pub(crate) struct Numbers(Box<[u64]>);

/// Without what is in it: that is long.
impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Numbers").finish_non_exhaustive()
    }
}

/// Sequence numbers that lead somewhere.
const NUMBERS: usize = 1024;

impl Numbers {
    pub(crate) fn new() -> Self {
        Self(vec![u64::MAX; NUMBERS].into())
    }

    #[inline]
    pub(crate) fn set(&mut self, sequence_number: u16, number: u64) {
        if let Some(place) = self.0.get_mut(usize::from(sequence_number) % NUMBERS) {
            *place = number;
        }
    }

    /// The number under which a packet left; whether it is that packet the caller has to check.
    pub(crate) fn get(&self, sequence_number: u16) -> Option<u64> {
        let number = self.0.get(usize::from(sequence_number) % NUMBERS)?;
        (*number != u64::MAX).then_some(*number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Key;

    fn packet(sent: u64, sequence_number: u16) -> SentPacket {
        SentPacket {
            sent: Time(sent),
            stream: OutboundId(Key {
                index: 0,
                generation: 0,
            }),
            ssrc: 1,
            sequence_number,
            size: 1200,
        }
    }

    #[test]
    fn tells_each_outcome_once() {
        let mut log = SentLog::default();
        assert_eq!(log.expand(0), None);
        for number in 0..70_000u64 {
            assert_eq!(log.push(packet(number * 1000, 7)), number);
        }
        assert_eq!(log.next_number(), 4464);
        let last = log.expand(4463).unwrap();
        assert_eq!(last, 69_999);
        assert_eq!(
            log.expand(4464),
            Some(4464),
            "a number that is to come is an old one"
        );
        assert!(log.report(last, false).is_some());
        assert!(log.report(last, false).is_none());
        assert!(log.report(last, true).is_some(), "late, not lost");
        assert!(log.report(last, true).is_none());
        assert!(log.report(last, false).is_none());
        assert!(log.report(4464, true).is_none(), "long overwritten");
    }

    #[test]
    fn grows_for_what_is_pending_only() {
        let mut log = SentLog::default();
        for number in 0..1000u64 {
            log.push(packet(number * 1000, 7));
            if number >= 50 {
                log.report(number - 50, true);
            }
        }
        assert_eq!(log.ring.len(), 64);
        for number in 0..10_000u64 {
            log.push(packet(1_000_000 + number, 7));
        }
        assert_eq!(log.ring.len(), 4096);
        assert!(log.get(1000 + 9999).is_some() && log.get(1000 + 9999 - 4096).is_none());
    }

    #[test]
    fn sequence_numbers_lead_to_numbers() {
        let mut numbers = Numbers::new();
        assert_eq!(numbers.get(5), None);
        numbers.set(65_535, 1 << 40);
        assert_eq!(numbers.get(65_535), Some(1 << 40));
        numbers.set(1023, 9);
        assert_eq!(
            numbers.get(65_535),
            Some(9),
            "overwritten: the caller finds another packet"
        );
    }
}
