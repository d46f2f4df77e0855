//! What a context has seen.

use crate::Rejected;
use std::ops::AddAssign;

/// Counters of an [`Outbound`](crate::Outbound) or [`Inbound`](crate::Inbound), from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// RTP packets protected, or accepted.
    pub rtp_packets: u64,
    /// RTCP packets (compound ones count once) protected, or accepted.
    pub rtcp_packets: u64,
    /// SSRCs that have state.
    pub ssrcs: usize,
    /// What was not accepted, by cause; always zero for an [`Outbound`](crate::Outbound).
    pub rejected: Rejections,
}

/// Packets that were not accepted, by [`Rejected`] cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rejections {
    /// [`Rejected::Malformed`].
    pub malformed: u64,
    /// [`Rejected::Replayed`].
    pub replayed: u64,
    /// [`Rejected::BadTag`].
    pub bad_tag: u64,
    /// [`Rejected::TooManySsrcs`].
    pub too_many_ssrcs: u64,
    /// [`Rejected::UnknownMki`].
    pub unknown_mki: u64,
    /// [`Rejected::NotCryptex`].
    pub not_cryptex: u64,
}

impl Rejections {
    pub(crate) fn count(&mut self, rejected: Rejected) {
        let counter = match rejected {
            Rejected::Malformed => &mut self.malformed,
            Rejected::Replayed => &mut self.replayed,
            Rejected::BadTag => &mut self.bad_tag,
            Rejected::TooManySsrcs => &mut self.too_many_ssrcs,
            Rejected::UnknownMki => &mut self.unknown_mki,
            Rejected::NotCryptex => &mut self.not_cryptex,
        };
        *counter += 1;
    }

    /// All together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.malformed
            + self.replayed
            + self.bad_tag
            + self.too_many_ssrcs
            + self.unknown_mki
            + self.not_cryptex
    }
}

/// Those of contexts that follow each other, as with other keys.
impl AddAssign for Rejections {
    fn add_assign(&mut self, others: Self) {
        self.malformed += others.malformed;
        self.replayed += others.replayed;
        self.bad_tag += others.bad_tag;
        self.too_many_ssrcs += others.too_many_ssrcs;
        self.unknown_mki += others.unknown_mki;
        self.not_cryptex += others.not_cryptex;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_adds_to_itself() {
        let causes = [
            Rejected::Malformed,
            Rejected::Replayed,
            Rejected::BadTag,
            Rejected::TooManySsrcs,
            Rejected::UnknownMki,
            Rejected::NotCryptex,
        ];
        let mut all = Rejections::default();
        let mut expected = Rejections::default();
        for (index, cause) in causes.into_iter().enumerate() {
            let mut one = Rejections::default();
            for _ in 0..=index {
                one.count(cause);
                expected.count(cause);
            }
            all += one;
        }
        assert_eq!((all, all.total()), (expected, 21));
    }
}
