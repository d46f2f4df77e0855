//! Outbound flights and their timer (RFC 6347 §4.2.3, §4.2.4).
//!
//! A flight is kept as whole messages; each time it is sent it is cut and packed into datagrams of the current size,
//! under fresh record numbers.

use std::time::{Duration, Instant};

use crate::config::MIN_RTO;
use crate::handshake::{HANDSHAKE_HEADER_LENGTH, HandshakeHeader, HandshakeType};
use crate::record::{ContentType, RecordLayer};

/// The smallest datagram that a handshake can be configured to use.
pub(crate) const MIN_MTU: usize = 128;
/// A fragment shorter than this is not worth filling up a datagram with.
const MIN_FRAGMENT: usize = 48;
/// Timeouts after which datagrams are made smaller (RFC 6347 §4.1.1.1).
const TIMEOUTS_BEFORE_SMALLER: u32 = 3;
const SMALLER_MTU: usize = 548;

#[derive(Debug)]
enum Item {
    Handshake { epoch: u16, message: Vec<u8> },
    ChangeCipherSpec,
}

/// The latest flight of this side.
#[derive(Debug)]
pub(crate) struct Flight {
    items: Vec<Item>,
    /// The next item to send, and how much of its body was sent.
    item: usize,
    offset: usize,
    /// The number of the next message to be made.
    next_sequence: u16,
}

impl Flight {
    pub(crate) fn new() -> Self {
        Self {
            items: Vec::new(),
            item: 0,
            offset: 0,
            next_sequence: 0,
        }
    }

    /// Forgets the flight before: the peer has answered it.
    pub(crate) fn begin(&mut self) {
        self.items = Vec::new();
        self.rewind();
    }

    /// The number of the next message to be made.
    pub(crate) fn next_sequence(&self) -> u16 {
        self.next_sequence
    }

    /// Continues with this number.
    pub(crate) fn set_next_sequence(&mut self, next: u16) {
        self.next_sequence = next;
    }

    /// Adds a message; returns its bytes for the transcript.
    pub(crate) fn push(
        &mut self,
        epoch: u16,
        message_type: HandshakeType,
        body: impl FnOnce(&mut Vec<u8>),
    ) -> &[u8] {
        let message = HandshakeHeader::message(message_type, self.next_sequence, body);
        self.next_sequence = self.next_sequence.wrapping_add(1);
        self.items.push(Item::Handshake { epoch, message });
        match self.items.last() {
            Some(Item::Handshake { message, .. }) => message,
            Some(Item::ChangeCipherSpec) | None => &[],
        }
    }

    pub(crate) fn push_change_cipher_spec(&mut self) {
        self.items.push(Item::ChangeCipherSpec);
    }

    /// Sends it all again.
    pub(crate) fn rewind(&mut self) {
        (self.item, self.offset) = (0, 0);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether there is something to send.
    pub(crate) fn is_pending(&self) -> bool {
        self.item < self.items.len()
    }

    /// Appends the next datagram, of at most `mtu` bytes; `false` when there is none.
    pub(crate) fn write_datagram(
        &mut self,
        records: &mut RecordLayer,
        mtu: usize,
        out: &mut Vec<u8>,
    ) -> bool {
        let start = out.len();
        while let Some(item) = self.items.get(self.item) {
            let room = mtu.saturating_sub(out.len() - start);
            let taken = match item {
                Item::ChangeCipherSpec => write_change_cipher_spec(records, room, out),
                Item::Handshake { epoch, message } => {
                    let may_cut = out.len() == start;
                    write_fragment(
                        &Piece {
                            epoch: *epoch,
                            message,
                            offset: self.offset,
                            may_cut,
                        },
                        records,
                        room,
                        out,
                    )
                }
            };
            match taken {
                Taken::All => (self.item, self.offset) = (self.item + 1, 0),
                Taken::UpTo(offset) => self.offset = offset,
                Taken::Nothing => break,
            }
        }
        if out.len() == start {
            // Not even an empty datagram takes the next item: record numbers are used up.
            self.item = self.items.len();
        }
        out.len() > start
    }
}

enum Taken {
    All,
    UpTo(usize),
    Nothing,
}

struct Piece<'a> {
    epoch: u16,
    message: &'a [u8],
    offset: usize,
    /// Whether even a short fragment is better than none.
    may_cut: bool,
}

fn write_change_cipher_spec(records: &mut RecordLayer, room: usize, out: &mut Vec<u8>) -> Taken {
    if room > records.head_room(0) && records.write(0, ContentType::ChangeCipherSpec, &[1], out) {
        Taken::All
    } else {
        Taken::Nothing
    }
}

fn write_fragment(piece: &Piece<'_>, records: &mut RecordLayer, room: usize, out: &mut Vec<u8>) -> Taken {
    let Ok((header, body, _)) = HandshakeHeader::decode(piece.message) else {
        return Taken::Nothing;
    };
    let left = body.get(piece.offset..).unwrap_or_default();
    let overhead = records.head_room(piece.epoch) + records.tail_room(piece.epoch) + HANDSHAKE_HEADER_LENGTH;
    let Some(room) = room.checked_sub(overhead) else {
        return Taken::Nothing;
    };
    let length = left.len().min(room);
    if length < left.len() && (length == 0 || length < MIN_FRAGMENT && !piece.may_cut) {
        return Taken::Nothing;
    }
    let header = HandshakeHeader {
        fragment_offset: piece.offset,
        fragment_length: length,
        ..header
    };
    let mut payload = Vec::with_capacity(HANDSHAKE_HEADER_LENGTH + length);
    payload.extend_from_slice(&header.encode());
    payload.extend_from_slice(left.get(..length).unwrap_or_default());
    if !records.write(piece.epoch, ContentType::Handshake, &payload, out) {
        return Taken::Nothing;
    }
    if length == left.len() {
        Taken::All
    } else {
        Taken::UpTo(piece.offset + length)
    }
}

/// The retransmission timer, and the deadline of the handshake.
#[derive(Debug)]
pub(crate) struct Timer {
    initial: Duration,
    max: Duration,
    current: Duration,
    timeouts: u32,
    expires: Option<Instant>,
    sent: Option<Instant>,
    deadline: Option<Instant>,
}

/// What has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expired {
    Nothing,
    Retransmission,
    Handshake,
}

impl Timer {
    pub(crate) fn new(initial: Duration, max: Duration) -> Self {
        let initial = initial.max(MIN_RTO);
        let max = max.max(initial);
        Self {
            initial,
            max,
            current: initial,
            timeouts: 0,
            expires: None,
            sent: None,
            deadline: None,
        }
    }

    pub(crate) fn set_initial(&mut self, initial: Duration) {
        self.initial = initial.max(MIN_RTO);
        self.max = self.max.max(self.initial);
    }

    /// The handshake begins: it ends by `deadline`.
    pub(crate) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline.get_or_insert(deadline);
    }

    /// A flight goes out; `answered` is whether the peer answers it.
    pub(crate) fn flight_begins(&mut self, now: Instant, answered: bool) {
        (self.current, self.timeouts) = (self.initial, 0);
        self.sent = Some(now);
        self.expires = answered.then(|| now + self.current);
    }

    /// The handshake is over.
    pub(crate) fn stop(&mut self) {
        (self.expires, self.deadline) = (None, None);
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        match (self.expires, self.deadline) {
            (Some(expires), Some(deadline)) => Some(expires.min(deadline)),
            (expires, deadline) => expires.or(deadline),
        }
    }

    pub(crate) fn expire(&mut self, now: Instant) -> Expired {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            return Expired::Handshake;
        }
        if self.expires.is_none_or(|expires| expires > now) {
            return Expired::Nothing;
        }
        self.timeouts += 1;
        self.current = (self.current * 2).min(self.max);
        self.expires = Some(now + self.current);
        self.sent = Some(now);
        Expired::Retransmission
    }

    /// Whether the flight may be sent again because the peer repeats itself: at most four times in a timeout.
    pub(crate) fn may_resend(&mut self, now: Instant) -> bool {
        let allowed = self
            .sent
            .is_none_or(|sent| now.saturating_duration_since(sent) >= self.current / 4);
        if allowed {
            self.sent = Some(now);
            self.expires = self.expires.map(|_| now + self.current);
        }
        allowed
    }

    /// The size of datagrams, smaller when larger ones seem not to get through.
    pub(crate) fn datagram_size(&self, mtu: usize) -> usize {
        let mtu = mtu.max(MIN_MTU);
        if self.timeouts < TIMEOUTS_BEFORE_SMALLER {
            mtu
        } else {
            mtu.min(SMALLER_MTU)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reassembly::Reassembly;
    use crate::record::header::split_record;

    fn flight() -> Flight {
        let mut flight = Flight::new();
        flight.push(0, HandshakeType::SERVER_HELLO, |out| {
            out.extend_from_slice(&[1; 80])
        });
        flight.push(0, HandshakeType::CERTIFICATE, |out| {
            out.extend((0..=255).cycle().take(3000))
        });
        flight.push(0, HandshakeType::SERVER_HELLO_DONE, |_| {});
        flight.push_change_cipher_spec();
        flight
    }

    fn datagrams(flight: &mut Flight, mtu: usize) -> Vec<Vec<u8>> {
        let mut records = RecordLayer::new(64, 0xfefd);
        let mut datagrams = Vec::new();
        loop {
            let mut out = Vec::new();
            if !flight.write_datagram(&mut records, mtu, &mut out) {
                return datagrams;
            }
            assert!(out.len() <= mtu);
            datagrams.push(out);
        }
    }

    /// The lengths of the messages in the datagrams, and how many ChangeCipherSpec there are.
    fn reassembled(datagrams: Vec<Vec<u8>>) -> (Vec<usize>, usize) {
        let mut reassembly = Reassembly::new(4000);
        let mut specs = 0;
        for datagram in datagrams {
            let mut rest = datagram;
            while let Ok((header, record, tail)) = split_record(&mut rest) {
                match HandshakeHeader::decode(&record[13..]) {
                    Ok((header, fragment, behind)) => {
                        assert!(behind.is_empty());
                        reassembly.insert(0, &header, fragment);
                    }
                    Err(_) => specs += usize::from(header.content_type == ContentType::ChangeCipherSpec),
                }
                rest = tail.to_vec();
            }
        }
        (
            std::iter::from_fn(|| reassembly.pop())
                .map(|message| message.body.len())
                .collect(),
            specs,
        )
    }

    #[test]
    fn fills_datagrams_of_any_size() {
        for mtu in MIN_MTU..1500 {
            let mut flight = flight();
            let datagrams = datagrams(&mut flight, mtu);
            assert!(!flight.is_pending());
            assert_eq!(reassembled(datagrams), (vec![80, 3000, 0], 1), "mtu {mtu}");
        }
    }

    #[test]
    fn packs_what_fits_into_one_datagram() {
        let mut flight = Flight::new();
        flight.push(0, HandshakeType::SERVER_HELLO, |out| {
            out.extend_from_slice(&[1; 80])
        });
        flight.push(0, HandshakeType::SERVER_HELLO_DONE, |_| {});
        let first = datagrams(&mut flight, 1200);
        assert_eq!(first.len(), 1);
        flight.rewind();
        assert_eq!(datagrams(&mut flight, 1200).len(), 1, "again");
        flight.begin();
        assert!(datagrams(&mut flight, 1200).is_empty());
    }

    #[test]
    fn timer_backs_off_and_gives_up() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut timer = Timer::new(Duration::from_millis(1), Duration::from_millis(150));
        timer.set_deadline(at(1000));
        assert_eq!(timer.expire(at(0)), Expired::Nothing);
        timer.flight_begins(at(0), true);
        assert_eq!(timer.next(), Some(at(50)), "no less than the minimum");
        assert_eq!(timer.expire(at(49)), Expired::Nothing);
        assert_eq!(timer.expire(at(50)), Expired::Retransmission);
        assert_eq!(timer.next(), Some(at(150)));
        assert_eq!(timer.expire(at(150)), Expired::Retransmission);
        assert_eq!(timer.next(), Some(at(300)), "no more than the maximum");
        assert_eq!(timer.datagram_size(1200), 1200);
        assert_eq!(timer.expire(at(300)), Expired::Retransmission);
        assert_eq!(timer.datagram_size(1200), 548);
        assert_eq!(timer.expire(at(1000)), Expired::Handshake);
        timer.stop();
        assert_eq!(timer.next(), None);
    }

    #[test]
    fn another_first_timeout_is_for_the_next_flight() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut timer = Timer::new(Duration::from_millis(100), Duration::from_secs(60));
        timer.flight_begins(at(0), true);
        assert_eq!(timer.expire(at(100)), Expired::Retransmission);
        timer.set_initial(Duration::from_millis(60));
        assert_eq!(timer.expire(at(300)), Expired::Retransmission);
        assert_eq!(
            timer.next(),
            Some(at(700)),
            "the flight that is out goes on backing off"
        );
        timer.flight_begins(at(400), true);
        assert_eq!(timer.next(), Some(at(460)));
    }

    #[test]
    fn resends_are_rate_limited() {
        let start = Instant::now();
        let mut timer = Timer::new(Duration::from_millis(400), Duration::from_secs(60));
        timer.flight_begins(start, true);
        assert!(!timer.may_resend(start + Duration::from_millis(99)));
        assert!(timer.may_resend(start + Duration::from_millis(100)));
        assert!(!timer.may_resend(start + Duration::from_millis(101)));
        assert_eq!(timer.next(), Some(start + Duration::from_millis(500)));
    }
}
