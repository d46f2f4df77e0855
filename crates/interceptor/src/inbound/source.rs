//! Sequence numbers and losses of a source, RFC 3550 §6.4.1, Appendix A.1 and A.3.
//!
//! Without the probation of A.1: a source here was signalled and its packets are authenticated. The window for misordered packets
//! is wider than there, so that packets retransmitted under their own number are not taken for a jump.

/// A gap up to this is loss, a longer one needs a second packet to be believed (`MAX_DROPOUT`).
const MAX_DROPOUT: u16 = 3000;
/// How far behind the highest a packet may be (`MAX_MISORDER`, 100 in the RFC); the duplicate window remembers as much.
pub(crate) const MAX_MISORDER: u16 = 1024;

/// What a sequence number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The first packet, or the second after a jump: statistics begin anew.
    First(u64),
    /// Beyond all others; so many are missing before it.
    Ahead {
        /// Its extended number.
        sequence: u64,
        /// Packets between the highest before and this.
        missing: u16,
    },
    /// Reordered, retransmitted or a duplicate.
    Behind(u64),
    /// Far away from all others. Believed when the next number follows.
    Jump,
}

/// What a report block says about a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) fraction_lost: u8,
    pub(crate) cumulative_lost: i64,
    pub(crate) highest: u32,
}

/// State of one source. Extended sequence numbers begin in their second cycle, so that what precedes the first packet has a
/// number too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    highest: Option<u64>,
    first: u64,
    expected_after_jump: Option<u16>,
    received: u64,
    expected_prior: u64,
    received_prior: u64,
}

/// One cycle of sequence numbers.
const CYCLE: u64 = 1 << 16;

impl Source {
    /// Takes note of a packet. Duplicates have to be sorted out by the caller, who then calls [`count`](Self::count).
    #[inline]
    pub(crate) fn update(&mut self, sequence_number: u16) -> Arrival {
        let Some(highest) = self.highest else {
            return self.restart(sequence_number);
        };
        let ahead = sequence_number.wrapping_sub(low(highest));
        if ahead.wrapping_sub(1) < MAX_DROPOUT {
            let sequence = highest + u64::from(ahead);
            self.highest = Some(sequence);
            self.expected_after_jump = None;
            return Arrival::Ahead {
                sequence,
                missing: ahead - 1,
            };
        }
        let behind = ahead.wrapping_neg();
        if behind < MAX_MISORDER {
            return Arrival::Behind(highest - u64::from(behind));
        }
        if self.expected_after_jump == Some(sequence_number) {
            return self.restart(sequence_number);
        }
        self.expected_after_jump = Some(sequence_number.wrapping_add(1));
        Arrival::Jump
    }

    /// The extended number of a packet that came by another way, if it is in the window.
    pub(crate) fn extend(&self, sequence_number: u16) -> Option<u64> {
        let highest = self.highest?;
        let behind = low(highest).wrapping_sub(sequence_number);
        (behind < MAX_MISORDER).then(|| highest - u64::from(behind))
    }

    fn restart(&mut self, sequence_number: u16) -> Arrival {
        let first = CYCLE + u64::from(sequence_number);
        *self = Self {
            highest: Some(first),
            first,
            ..Self::default()
        };
        Arrival::First(first)
    }

    /// Counts a packet as received.
    #[inline]
    pub(crate) fn count(&mut self) {
        self.received += 1;
    }

    /// Packets received since the first or since the last jump.
    #[cfg(test)]
    pub(crate) const fn received(&self) -> u64 {
        self.received
    }

    fn expected(&self) -> u64 {
        self.highest.map_or(0, |highest| highest - self.first + 1)
    }

    /// Packets that are missing, negative with duplicates.
    pub(crate) fn lost(&self) -> i64 {
        self.expected().cast_signed() - self.received.cast_signed()
    }

    /// Whether anything came since the last report.
    pub(crate) fn has_news(&self) -> bool {
        self.received > self.received_prior
    }

    /// What the next report says; it begins a new interval (A.3).
    pub(crate) fn report(&mut self) -> Option<Loss> {
        let highest = self.highest?;
        let expected = self.expected();
        let expected_interval = expected - self.expected_prior;
        let received_interval = self.received - self.received_prior;
        self.expected_prior = expected;
        self.received_prior = self.received;
        let lost = expected_interval.saturating_sub(received_interval);
        let fraction = (lost << 8).checked_div(expected_interval).unwrap_or(0);
        Some(Loss {
            // All lost would be 256, but then there is no report.
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            cumulative_lost: self.lost(),
            highest: low32(highest - CYCLE),
        })
    }
}

/// The sequence number of an extended one.
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
pub(crate) const fn low(extended: u64) -> u16 {
    extended as u16
}

#[expect(clippy::cast_possible_truncation, reason = "reports carry 32 bits")]
const fn low32(extended: u64) -> u32 {
    extended as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(source: &mut Source, numbers: impl IntoIterator<Item = u16>) {
        for number in numbers {
            assert_ne!(source.update(number), Arrival::Jump, "{number}");
            source.count();
        }
    }

    #[test]
    fn losses_and_fractions_are_those_of_a3() {
        let mut source = Source::default();
        feed(&mut source, 100..200);
        let clean = source.report().unwrap();
        assert_eq!(
            (clean.fraction_lost, clean.cumulative_lost, clean.highest),
            (0, 0, 199)
        );
        // 200..300 with a quarter missing.
        feed(&mut source, (200..300).filter(|number| number % 4 != 0));
        assert!(source.has_news());
        let lossy = source.report().unwrap();
        // The last is 299, so all 100 were expected.
        assert_eq!(
            (lossy.fraction_lost, lossy.cumulative_lost, lossy.highest),
            (64, 25, 299)
        );
        assert!(!source.has_news());
        // Late packets and duplicates make the interval's loss negative, which is reported as none.
        feed(&mut source, [296, 292, 288, 288, 288]);
        let late = source.report().unwrap();
        assert_eq!((late.fraction_lost, late.cumulative_lost), (0, 20));
        assert_eq!(source.received(), 180);
    }

    #[test]
    fn cumulative_loss_may_be_negative() {
        let mut source = Source::default();
        feed(&mut source, [7, 7, 7]);
        assert_eq!(source.report().unwrap().cumulative_lost, -2);
    }

    #[test]
    fn numbers_wrap() {
        let mut source = Source::default();
        feed(&mut source, (65_000..=65_535).chain(0..100));
        assert_eq!(source.update(65_530), Arrival::Behind(CYCLE + 65_530));
        assert_eq!(
            source.update(102),
            Arrival::Ahead {
                sequence: 2 * CYCLE + 102,
                missing: 2
            }
        );
        assert_eq!(source.report().unwrap().highest, (1 << 16) + 102);
        assert_eq!(source.extend(65_535), Some(CYCLE + 65_535));
        assert_eq!(source.extend(103), None);
    }

    #[test]
    fn a_jump_needs_two_packets_in_sequence() {
        let mut source = Source::default();
        feed(&mut source, 0..10);
        assert_eq!(source.update(30_000), Arrival::Jump);
        assert_eq!(source.update(40_000), Arrival::Jump);
        feed(&mut source, [10]);
        assert_eq!(
            source.update(40_001),
            Arrival::Jump,
            "a packet from before the jump came between"
        );
        assert_eq!(source.update(40_002), Arrival::First(CYCLE + 40_002));
        source.count();
        assert_eq!((source.lost(), source.received()), (0, 1));
    }

    #[test]
    fn edges_of_the_windows() {
        let mut source = Source::default();
        feed(&mut source, [0]);
        assert_eq!(
            source.clone().update(3000),
            Arrival::Ahead {
                sequence: CYCLE + 3000,
                missing: 2999
            }
        );
        assert_eq!(source.clone().update(3001), Arrival::Jump);
        assert_eq!(source.clone().update(0), Arrival::Behind(CYCLE));
        assert_eq!(
            source.clone().update(0u16.wrapping_sub(1023)),
            Arrival::Behind(CYCLE - 1023)
        );
        assert_eq!(source.clone().update(0u16.wrapping_sub(1024)), Arrival::Jump);
    }
}
