//! When packets arrived, by extended number, until it is reported: the receiving side of transport-wide feedback (by transport-wide
//! number) and of RFC 8888 (by sequence number of an SSRC).

use crate::clock::Time;
use rtcp::Ecn;
use std::fmt;

/// A packet's arrival.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) at: Time,
    pub(crate) ecn: Ecn,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    number: u64,
    arrived: Option<Arrived>,
    reported_lost: bool,
}

/// Places at first, and at most.
const SIZES: (usize, usize) = (64, 2048);
/// What lies further behind the latest is not recorded.
const MAX_BEHIND: u64 = 1024;

/// The ring of arrivals.
#[derive(Default)]
pub(crate) struct Arrivals {
    ring: Vec<Entry>,
    /// The lowest number that the next report covers.
    first: u64,
    /// The highest number that arrived.
    highest: Option<u64>,
    lost: u64,
    recovered: u64,
}

/// Without what is in it: that is long.
impl fmt::Debug for Arrivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrivals")
            .field("first", &self.first)
            .field("highest", &self.highest)
            .finish_non_exhaustive()
    }
}

impl Arrivals {
    /// Takes note of a packet with a 16-bit number. True if the next report has something to say that it had not before.
    pub(crate) fn record(&mut self, number: u16, arrived: Arrived) -> bool {
        let Some(number) = self.extend(number) else {
            return false;
        };
        self.record_extended(number, arrived)
    }

    fn extend(&self, number: u16) -> Option<u64> {
        let Some(highest) = self.highest else {
            return Some((1 << 16) + u64::from(number));
        };
        let [.., a, b] = highest.to_be_bytes();
        let ahead = number.wrapping_sub(u16::from_be_bytes([a, b])).cast_signed();
        let number = highest.checked_add_signed(i64::from(ahead))?;
        (number + MAX_BEHIND > highest).then_some(number)
    }

    fn record_extended(&mut self, number: u64, arrived: Arrived) -> bool {
        match self.highest {
            None => {
                self.first = number;
                self.highest = Some(number);
            }
            Some(highest) if number > highest => self.highest = Some(number),
            // Late, and after a report that called it lost: the next report begins with it.
            Some(_) => self.first = self.first.min(number),
        }
        self.make_room();
        let Some(entry) = self.entry_mut(number) else {
            return false;
        };
        if entry.number == number {
            if let Some(first) = &mut entry.arrived {
                // RFC 8888 §3.1: the first copy's time; CE on any copy counts.
                if arrived.ecn == Ecn::Ce {
                    first.ecn = Ecn::Ce;
                }
                return false;
            }
        } else {
            *entry = Entry {
                number,
                ..Entry::default()
            };
        }
        entry.arrived = Some(arrived);
        let recovered = entry.reported_lost;
        entry.reported_lost = false;
        self.recovered += u64::from(recovered);
        true
    }

    /// Grows until all that is unreported has a place; beyond the bound the oldest is forgotten.
    fn make_room(&mut self) {
        let span = self.highest.map_or(0, |highest| highest - self.first + 1);
        if span <= self.ring.len() as u64 {
            return;
        }
        let (first, most) = SIZES;
        let wanted = usize::try_from(span)
            .unwrap_or(most)
            .next_power_of_two()
            .clamp(first, most);
        if wanted > self.ring.len() {
            let old = std::mem::replace(&mut self.ring, vec![Entry::default(); wanted]);
            for entry in old {
                if let Some(place) = self.entry_mut(entry.number) {
                    *place = entry;
                }
            }
        }
        if span > most as u64 {
            self.first += span - most as u64;
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "reduced to the size of the ring")]
    fn entry_mut(&mut self, number: u64) -> Option<&mut Entry> {
        let mask = self.ring.len().checked_sub(1)?;
        self.ring.get_mut(number as usize & mask)
    }

    #[expect(clippy::cast_possible_truncation, reason = "reduced to the size of the ring")]
    fn entry(&self, number: u64) -> Option<&Entry> {
        let mask = self.ring.len().checked_sub(1)?;
        let entry = self.ring.get(number as usize & mask)?;
        (entry.number == number).then_some(entry)
    }

    /// The numbers that the next report covers, if any.
    pub(crate) fn pending(&self) -> Option<std::ops::RangeInclusive<u64>> {
        let highest = self.highest?;
        (self.first <= highest).then_some(self.first..=highest)
    }

    /// When a packet arrived.
    pub(crate) fn get(&self, number: u64) -> Option<Arrived> {
        self.entry(number)?.arrived
    }

    /// Everything up to `end` was reported. With `forget` a later report that overlaps says "not received" again, as the
    /// transport-wide draft wants (§3.1.1); without it says "received" again, as RFC 8888 wants (§3).
    pub(crate) fn reported(&mut self, end: u64, forget: bool) {
        for number in self.first..=end {
            let Some(entry) = self.entry_mut(number) else {
                break;
            };
            if entry.number != number {
                *entry = Entry {
                    number,
                    ..Entry::default()
                };
            }
            if entry.arrived.is_none() && !entry.reported_lost {
                entry.reported_lost = true;
                self.lost += 1;
            } else if forget {
                entry.arrived = None;
            }
        }
        self.first = end + 1;
    }

    /// Places in memory.
    pub(crate) const fn footprint(&self) -> usize {
        self.ring.len()
    }

    /// Packets called lost, and those of them that came later.
    pub(crate) const fn losses(&self) -> (u64, u64) {
        (self.lost, self.recovered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Arrived {
        Arrived {
            at: Time(micros),
            ecn: Ecn::NotEct,
        }
    }

    fn pending(arrivals: &Arrivals) -> Vec<Option<u64>> {
        let range = arrivals.pending();
        range
            .into_iter()
            .flatten()
            .map(|number| arrivals.get(number).map(|arrived| arrived.at.0))
            .collect()
    }

    #[test]
    fn reports_cover_all_since_the_last() {
        let mut arrivals = Arrivals::default();
        assert_eq!(pending(&arrivals), []);
        for (number, time) in [(65_534, 1), (65_535, 2), (1, 3)] {
            assert!(arrivals.record(number, at(time)));
        }
        assert!(!arrivals.record(1, at(9)), "a copy");
        assert_eq!(pending(&arrivals), [Some(1), Some(2), None, Some(3)]);
        let end = *arrivals.pending().unwrap().end();
        arrivals.reported(end, true);
        assert_eq!((pending(&arrivals), arrivals.losses()), (vec![], (1, 0)));
        arrivals.record(2, at(4));
        assert_eq!(pending(&arrivals), [Some(4)]);
        // Late: reported again from there, and what was reported before says nothing.
        assert!(arrivals.record(0, at(5)));
        assert_eq!(pending(&arrivals), [Some(5), None, Some(4)]);
        assert_eq!(arrivals.losses(), (1, 1));
    }

    #[test]
    fn without_forgetting_overlaps_repeat_what_was_received() {
        let mut arrivals = Arrivals::default();
        arrivals.record(10, at(1));
        arrivals.record(12, at(2));
        arrivals.reported(65_536 + 12, false);
        assert!(!arrivals.record(
            12,
            Arrived {
                at: Time(3),
                ecn: Ecn::Ce
            }
        ));
        arrivals.record(11, at(4));
        assert_eq!(pending(&arrivals), [Some(4), Some(2)]);
        assert_eq!(
            arrivals.get(65_536 + 12).unwrap().ecn,
            Ecn::Ce,
            "congestion marks of copies count"
        );
    }

    #[test]
    fn memory_is_bounded() {
        let mut arrivals = Arrivals::default();
        for number in 0..50_000u64 {
            arrivals.record(u16::try_from(number * 7 % 65_536).unwrap(), at(number));
            assert!(arrivals.ring.len() <= 2048);
        }
        assert_eq!(pending(&arrivals).len(), 2048);
        let highest = *arrivals.pending().unwrap().end();
        let [.., a, b] = (highest - 1024).to_be_bytes();
        assert!(!arrivals.record(u16::from_be_bytes([a, b]), at(0)), "too old");
        // A number from the other half of the space leaves the window where it is, or moves it; neither costs memory.
        arrivals.record(u16::from_be_bytes([a, b]).wrapping_add(30_000), at(0));
        assert!(pending(&arrivals).len() <= 2048);
    }
}
