//! RFC 3550 §5.1, A.1: numbers that wrap, as numbers that do not.

/// Extends a counter of `BITS` bits that wraps: by the value nearest to the highest one seen.
///
/// The first value is put into the second cycle, so that what arrives late from before it has a lower number. At most half a
/// cycle may lie between a value and the highest; a value exactly that far away counts as late.
///
/// ```
/// let mut unwrapper = rtp::SequenceUnwrapper::new();
/// assert_eq!(unwrapper.extend(65_534_u16), 0x1_fffe);
/// assert_eq!(unwrapper.extend(1_u16), 0x2_0001);
/// assert_eq!(unwrapper.extend(65_535_u16), 0x1_ffff, "reordered");
/// assert_eq!(unwrapper.highest(), Some(0x2_0001));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unwrapper<const BITS: u32> {
    highest: Option<u64>,
}

/// Extends sequence numbers.
pub type SequenceUnwrapper = Unwrapper<16>;
/// Extends timestamps.
pub type TimestampUnwrapper = Unwrapper<32>;

impl<const BITS: u32> Unwrapper<BITS> {
    /// Values in a cycle.
    const CYCLE: u64 = {
        assert!(BITS >= 1 && BITS <= 32, "counters have 1 to 32 bits");
        1 << BITS
    };

    /// Has seen nothing.
    pub const fn new() -> Self {
        Self { highest: None }
    }

    /// The extended value, which counts as seen. Bits above `BITS` are ignored.
    pub fn extend(&mut self, value: impl Into<u32>) -> u64 {
        let extended = self.peek(value);
        self.highest = self.highest.max(Some(extended));
        extended
    }

    /// The value that [`Unwrapper::extend`] would return; nothing counts as seen.
    pub fn peek(&self, value: impl Into<u32>) -> u64 {
        let value = u64::from(value.into()) & (Self::CYCLE - 1);
        let Some(highest) = self.highest else {
            return Self::CYCLE + value;
        };
        let ahead = value.wrapping_sub(highest) & (Self::CYCLE - 1);
        match ahead < Self::CYCLE / 2 {
            true => highest + ahead,
            // Never below half a cycle: the highest is at least one.
            false => (highest + ahead).saturating_sub(Self::CYCLE),
        }
    }

    /// The highest extended value seen.
    pub const fn highest(&self) -> Option<u64> {
        self.highest
    }
}

/// Numbers the packets of an outbound stream.
///
/// ```
/// let mut sequencer = rtp::Sequencer::starting_at(65_535);
/// assert_eq!((sequencer.next_number(), sequencer.roll_overs()), (65_535, 0));
/// assert_eq!((sequencer.next_number(), sequencer.roll_overs()), (0, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequencer {
    next: u64,
}

impl Sequencer {
    /// Begins with `first`: random, and below 2^15 so that a loss at the start does not confuse a receiver's roll-over counter
    /// (RFC 3711 §3.3.1).
    pub const fn starting_at(first: u16) -> Self {
        Self { next: first as u64 }
    }

    /// The number of the next packet.
    pub const fn next_number(&mut self) -> u16 {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        let [.., high, low] = number.to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    /// How often the numbers had wrapped before the last one given.
    pub const fn roll_overs(&self) -> u64 {
        self.next.saturating_sub(1) >> 16
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn extends_across_wraps_and_reordering() {
        let mut unwrapper = SequenceUnwrapper::new();
        let cases: [(u16, u64); 9] = [
            (2, 0x1_0002),
            (65_535, 0x0_ffff),
            (3, 0x1_0003),
            (0x8002, 0x1_8002),
            (0x0002, 0x1_0002),
            (0xf000, 0x1_f000),
            (0x0100, 0x2_0100),
            (0xffff, 0x1_ffff),
            (0x8100, 0x1_8100),
        ];
        for (value, extended) in cases {
            assert_eq!(unwrapper.peek(value), extended, "{value:#x}");
            assert_eq!(unwrapper.extend(value), extended, "{value:#x}");
        }
    }

    #[test]
    fn extends_timestamps_and_picture_ids() {
        let mut timestamps = TimestampUnwrapper::new();
        assert_eq!(timestamps.extend(u32::MAX), 0x1_ffff_ffff);
        assert_eq!(timestamps.extend(3000_u32), 0x2_0000_0bb8);
        let mut picture_ids = Unwrapper::<15>::new();
        assert_eq!(picture_ids.extend(0x7fff_u16), 0xffff);
        assert_eq!(picture_ids.extend(0_u16), 0x1_0000);
        assert_eq!(picture_ids.extend(0x8001_u16), 0x1_0001, "only 15 bits count");
    }

    proptest! {
        #[test]
        fn follows_a_stream_with_bounded_jumps(start in any::<u16>(), steps in prop::collection::vec(-0x3fff_i64..0x3fff, 0..200)) {
            let mut unwrapper = SequenceUnwrapper::new();
            let mut truth = 0x1_0000 + i64::from(start);
            let mut highest = truth;
            prop_assert_eq!(unwrapper.extend(start), u64::try_from(truth).unwrap());
            for step in steps {
                truth = (truth + step).max(highest - 0x7fff).min(highest + 0x7fff).max(0);
                highest = highest.max(truth);
                let value = u16::try_from(truth & 0xffff).unwrap();
                prop_assert_eq!(unwrapper.extend(value), u64::try_from(truth).unwrap());
            }
        }
    }
}
