//! Which packets belong to the stream that is going on (RFC 3550 §A.1): numbers far from all others are a stray packet, or a
//! sender that has begun anew; two in a row tell.

use rtp::SequenceUnwrapper;

/// Packets that may be missing or late without the sender having begun anew.
const MAX_JUMP: u64 = 3000;

/// Where a packet belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the stream, at this extended number.
    At(u64),
    /// Nowhere: it is a stray one, or the first of a new stream.
    Stray,
    /// The sender has begun anew, and this is its packet.
    Restart(u64),
}

/// Extends sequence numbers.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    unwrapper: SequenceUnwrapper,
    /// The number that would follow a stray packet.
    suspect: Option<u16>,
}

impl Arrivals {
    /// The extended number that a packet would have, if it belongs to the stream.
    pub(crate) fn peek(&self, sequence_number: u16) -> Option<u64> {
        let number = self.unwrapper.peek(sequence_number);
        (number.abs_diff(self.unwrapper.highest()?) <= MAX_JUMP).then_some(number)
    }

    pub(crate) fn place(&mut self, sequence_number: u16) -> Place {
        let Some(highest) = self.unwrapper.highest() else {
            return Place::At(self.unwrapper.extend(sequence_number));
        };
        let number = self.unwrapper.peek(sequence_number);
        if number.abs_diff(highest) <= MAX_JUMP {
            self.suspect = None;
            return Place::At(self.unwrapper.extend(sequence_number));
        }
        if self.suspect == Some(sequence_number) {
            *self = Self::default();
            return Place::Restart(self.unwrapper.extend(sequence_number));
        }
        self.suspect = Some(sequence_number.wrapping_add(1));
        Place::Stray
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_reorders_and_begins_anew() {
        let mut arrivals = Arrivals::default();
        let at = |number: u64| Place::At(number);
        assert_eq!(arrivals.place(65_534), at(0x1_fffe));
        assert_eq!(arrivals.place(2), at(0x2_0002));
        assert_eq!(arrivals.place(65_535), at(0x1_ffff));
        assert_eq!(arrivals.place(40_000), Place::Stray);
        assert_eq!(arrivals.place(50_000), Place::Stray, "another one, not the next");
        assert_eq!(arrivals.place(40_000), Place::Stray);
        assert_eq!(arrivals.place(3), at(0x2_0003));
        assert_eq!(
            arrivals.place(40_001),
            Place::Stray,
            "the stray ones are not in a row"
        );
        assert_eq!(arrivals.place(40_002), Place::Restart(0x1_0000 + 40_002));
        assert_eq!(arrivals.place(40_003), at(0x1_0000 + 40_003));
    }
}
