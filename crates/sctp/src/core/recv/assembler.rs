//! Putting fragments together, RFC 9260 §6.9. A message's fragments have consecutive TSNs, so the place of each is known: the
//! assembler keeps a ring of slots from the cumulative point on, in which a fragment waits for its predecessor and a
//! message under way waits for its next fragment. Whatever comes in order goes straight to the message's buffer.

use crate::codec::{DataFlags, DataHeader, DataRef};
use crate::core::slab::Slab;
use crate::message::Message;
use crate::tsn::{Ssn, Tsn};
use std::collections::VecDeque;

/// Bytes by which each waiting fragment and message counts more than its payload.
pub(super) const OVERHEAD: usize = 64;

/// What stands at a TSN past the cumulative point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Empty,
    /// A fragment whose predecessor has not come (key in `held`).
    Held(u32),
    /// The message (key in `building`) that goes on here.
    Awaited(u32),
}

/// A complete message and what orders it.
#[derive(Debug)]
pub(super) struct Complete {
    pub(super) ssn: Ssn,
    pub(super) message: Message,
}

/// A message of which the first fragments are there.
#[derive(Debug)]
struct Building {
    header: DataHeader,
    data: Vec<u8>,
}

/// A fragment that waits.
#[derive(Debug)]
struct Held {
    header: DataHeader,
    data: Box<[u8]>,
}

/// How taking a fragment went.
#[derive(Debug)]
pub(super) enum Taken {
    /// It waits, or its message does.
    Waiting,
    /// It completed its message.
    Complete(Complete),
    /// It contradicts another fragment, or its message is too large.
    Violation(&'static str),
}

/// Fragments of all streams.
#[derive(Debug)]
pub(super) struct Assembler {
    /// TSN of the first slot.
    base: Tsn,
    slots: VecDeque<Slot>,
    building: Slab<Building>,
    held: Slab<Held>,
    /// Bytes waiting here, with overhead.
    bytes: usize,
    max_message: usize,
    /// Capacity the next message starts with: what the last one needed.
    expected: usize,
}

const FIRST: DataFlags = DataFlags::BEGIN;
const LAST: DataFlags = DataFlags::END;
/// An emptied ring keeps this many slots.
const KEEP: usize = 16;

impl Assembler {
    pub(super) fn new(initial: Tsn, max_message: usize) -> Self {
        Self {
            base: initial,
            slots: VecDeque::new(),
            building: Slab::default(),
            held: Slab::default(),
            bytes: 0,
            max_message,
            expected: 0,
        }
    }

    /// Bytes waiting here, with overhead.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    fn slot(&self, tsn: Tsn) -> Slot {
        self.slots
            .get(tsn.since(self.base) as usize)
            .copied()
            .unwrap_or(Slot::Empty)
    }

    fn set_slot(&mut self, tsn: Tsn, slot: Slot) {
        let index = tsn.since(self.base) as usize;
        if index >= self.slots.len() {
            if slot == Slot::Empty {
                return;
            }
            self.slots.resize(index + 1, Slot::Empty);
        }
        if let Some(place) = self.slots.get_mut(index) {
            *place = slot;
        }
    }

    /// Takes a fragment that was not received before and lies at or past the base.
    pub(super) fn insert(&mut self, data: &DataRef<'_>) -> Taken {
        let flags = data.header.flags;
        match self.slot(data.header.tsn) {
            Slot::Awaited(key) if !flags.contains(FIRST) => self.append(key, data),
            Slot::Awaited(key) => {
                // The peer gave up the message that waits here and began another one.
                self.drop_building(key);
                self.begin(data)
            }
            Slot::Empty | Slot::Held(_) if flags.contains(FIRST) => self.begin(data),
            Slot::Empty | Slot::Held(_) => self.hold(data),
        }
    }

    fn begin(&mut self, data: &DataRef<'_>) -> Taken {
        self.set_slot(data.header.tsn, Slot::Empty);
        if data.payload.len() > self.max_message {
            return Taken::Violation("message too large");
        }
        if data.header.flags.contains(LAST) {
            return Taken::Complete(complete(&data.header, data.payload.to_vec()));
        }
        // Only a lone message gets the room its predecessor needed: many could not be paid for by what they carry.
        let expected = if self.building.len() == 0 {
            self.expected
        } else {
            0
        };
        let mut buffer = Vec::with_capacity(expected.max(data.payload.len()));
        buffer.extend_from_slice(data.payload);
        self.bytes += data.payload.len() + OVERHEAD;
        let key = self.building.insert(Building {
            header: data.header,
            data: buffer,
        });
        self.go_on(key, data.header.tsn.next())
    }

    fn hold(&mut self, data: &DataRef<'_>) -> Taken {
        self.bytes += data.payload.len() + OVERHEAD;
        let key = self.held.insert(Held {
            header: data.header,
            data: data.payload.into(),
        });
        self.set_slot(data.header.tsn, Slot::Held(key));
        Taken::Waiting
    }

    fn append(&mut self, key: u32, data: &DataRef<'_>) -> Taken {
        self.set_slot(data.header.tsn, Slot::Empty);
        if let Err(reason) = self.extend(key, &data.header, data.payload) {
            return Taken::Violation(reason);
        }
        self.bytes += data.payload.len();
        if data.header.flags.contains(LAST) {
            return self.finish(key);
        }
        self.go_on(key, data.header.tsn.next())
    }

    fn extend(&mut self, key: u32, header: &DataHeader, payload: &[u8]) -> Result<(), &'static str> {
        let Some(building) = self.building.get_mut(key) else {
            return Err("fragment without a message");
        };
        let first = &building.header;
        let unordered = DataFlags::UNORDERED;
        if first.stream_id != header.stream_id
            || first.flags.contains(unordered) != header.flags.contains(unordered)
            || (!first.flags.contains(unordered) && first.ssn != header.ssn)
        {
            return Err("fragments of one message differ");
        }
        if building.data.len() + payload.len() > self.max_message {
            return Err("message too large");
        }
        building.data.extend_from_slice(payload);
        Ok(())
    }

    /// Appends the fragments that have been waiting from `tsn` on, and waits for the next one.
    fn go_on(&mut self, key: u32, mut tsn: Tsn) -> Taken {
        while let Slot::Held(held) = self.slot(tsn) {
            let Some(held) = self.held.remove(held) else { break };
            self.set_slot(tsn, Slot::Empty);
            if let Err(reason) = self.extend(key, &held.header, &held.data) {
                return Taken::Violation(reason);
            }
            self.bytes -= OVERHEAD;
            if held.header.flags.contains(LAST) {
                return self.finish(key);
            }
            tsn = tsn.next();
        }
        self.set_slot(tsn, Slot::Awaited(key));
        Taken::Waiting
    }

    fn finish(&mut self, key: u32) -> Taken {
        let Some(building) = self.building.remove(key) else {
            return Taken::Waiting;
        };
        self.bytes -= building.data.len() + OVERHEAD;
        self.expected = building.data.len();
        Taken::Complete(complete(&building.header, building.data))
    }

    fn drop_building(&mut self, key: u32) {
        if let Some(building) = self.building.remove(key) {
            self.bytes -= building.data.len() + OVERHEAD;
        }
    }

    /// The cumulative point moved by `count`: slots before it are done. What still stands in them was skipped by
    /// FORWARD-TSN (RFC 3758 §3.6) or is a fragment whose message never began.
    pub(super) fn advance(&mut self, count: u32) {
        self.base = self.base.plus(count);
        let passed = self.slots.len().min(count as usize);
        for _ in 0..passed {
            match self.slots.pop_front() {
                Some(Slot::Held(key)) => {
                    if let Some(held) = self.held.remove(key) {
                        self.bytes -= held.data.len() + OVERHEAD;
                    }
                }
                Some(Slot::Awaited(key)) => self.drop_building(key),
                Some(Slot::Empty) | None => {}
            }
        }
        if self.slots.is_empty() && self.slots.capacity() > KEEP {
            self.slots.shrink_to(KEEP);
        }
    }
}

/// Makes the message. A buffer with much unused room is copied down so that it does not stay allocated.
fn complete(header: &DataHeader, mut data: Vec<u8>) -> Complete {
    if data.capacity() - data.len() > data.len() / 8 + 64 {
        data.shrink_to_fit();
    }
    Complete {
        ssn: header.ssn,
        message: Message {
            stream_id: header.stream_id,
            ppid: header.ppid,
            unordered: header.flags.contains(DataFlags::UNORDERED),
            data: data.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::DataHeader;

    fn insert(
        assembler: &mut Assembler,
        tsn: u32,
        stream_id: u16,
        flags: DataFlags,
        payload: &[u8],
    ) -> Taken {
        let header = DataHeader {
            flags,
            tsn: Tsn(tsn),
            stream_id,
            ssn: Ssn(0),
            ppid: 0,
        };
        assembler.insert(&DataRef { header, payload })
    }

    #[test]
    fn a_message_given_up_for_the_next_one_is_dropped_and_its_bytes_with_it() {
        let mut assembler = Assembler::new(Tsn(1), 10_000);
        assert!(matches!(
            insert(&mut assembler, 1, 0, FIRST, b"never finished"),
            Taken::Waiting
        ));
        assert!(assembler.bytes() > 0);
        let taken = insert(&mut assembler, 2, 3, FIRST.with(LAST), b"next");
        let Taken::Complete(complete) = taken else {
            panic!("{taken:?}")
        };
        assert_eq!(complete.message.data, "next");
        assembler.advance(2);
        assert_eq!(
            (assembler.bytes(), assembler.building.len(), assembler.slots.len()),
            (0, 0, 0)
        );
    }

    #[test]
    fn a_fragment_whose_message_never_began_goes_when_the_point_passes_it() {
        let mut assembler = Assembler::new(Tsn(1), 10_000);
        assert!(matches!(
            insert(&mut assembler, 1, 0, DataFlags(0), b"orphan"),
            Taken::Waiting
        ));
        assembler.advance(1);
        assert_eq!((assembler.bytes(), assembler.held.len()), (0, 0));
    }

    /// Many begun messages must not each reserve what the last finished one needed.
    #[test]
    fn only_a_lone_message_gets_room_in_advance() {
        let mut assembler = Assembler::new(Tsn(1), 10_000);
        insert(&mut assembler, 1, 0, FIRST, &[1; 5000]);
        insert(&mut assembler, 2, 0, LAST, &[2; 5000]);
        assembler.advance(2);
        for tsn in 0..50 {
            insert(&mut assembler, 3 + 2 * tsn, 0, FIRST, b"x");
        }
        let reserved: usize = assembler
            .building
            .iter()
            .map(|(_, building)| building.data.capacity())
            .sum();
        assert!(reserved <= 10_000 + 49 * 64, "{reserved}");
    }
}
