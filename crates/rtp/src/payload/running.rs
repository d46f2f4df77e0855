//! Running numbers that go on without gap when a forwarder changes what it forwards.

/// Changes of the offset that are remembered, for packets that come late.
const HISTORY: usize = 32;

/// A number modulo a power of two, as one source after the other counts it, and as the receiver is to see it.
#[derive(Clone, Debug, Default)]
pub(super) struct Running {
    /// Added to the source's number.
    offset: u16,
    /// The newest number of the source, and whether there is one.
    newest: Option<u16>,
    /// The number that was sent last for the newest one.
    sent: Option<u16>,
    /// Numbers of the source that were left out lately: those from `oldest` to before `latest`, each modulo the length.
    skipped: [u16; HISTORY],
    oldest: usize,
    latest: usize,
}

impl Running {
    /// The next number is that of another source.
    pub(super) fn switch(&mut self) {
        self.newest = None;
        self.oldest = self.latest;
    }

    /// What the receiver is to see for `number`, whose values are those of `mask`.
    #[inline]
    pub(super) fn forward(&mut self, number: u16, mask: u16) -> u16 {
        self.begin(number, mask);
        if self.advance(number, mask) {
            let sent = number.wrapping_add(self.offset) & mask;
            self.sent = Some(sent);
            return sent;
        }
        // It was counted before the numbers after it were left out.
        let later = (self.oldest..self.latest).filter(|index| is_after(self.skipped(*index), number, mask));
        let later = u16::try_from(later.count()).unwrap_or(0);
        number.wrapping_add(self.offset).wrapping_add(later) & mask
    }

    /// The same for a number of eight bits or fewer.
    #[inline]
    pub(super) fn forward_byte(&mut self, number: u8, mask: u8) -> u8 {
        let [_, sent] = self.forward(u16::from(number), u16::from(mask)).to_be_bytes();
        sent
    }

    /// `number` is left out: those after it move up. One that is not newer than all others is too late for that.
    pub(super) fn leave_out(&mut self, number: u16, mask: u16) {
        self.begin(number, mask);
        if !self.advance(number, mask) {
            return;
        }
        self.offset = self.offset.wrapping_sub(1);
        if let Some(place) = self.skipped.get_mut(self.latest % HISTORY) {
            *place = number;
        }
        self.latest = self.latest.wrapping_add(1);
        self.oldest = self.oldest.max(self.latest.saturating_sub(HISTORY));
    }

    /// The first number of a source follows the last one that was sent.
    fn begin(&mut self, number: u16, mask: u16) {
        if self.newest.is_none() {
            self.offset = match self.sent {
                Some(sent) => sent.wrapping_add(1).wrapping_sub(number),
                None => 0,
            };
            self.newest = Some(number.wrapping_sub(1) & mask);
        }
    }

    /// Whether `number` is the newest one; if so, what is long ago is forgotten, before it looks new again.
    fn advance(&mut self, number: u16, mask: u16) -> bool {
        if self.newest.is_some_and(|newest| !is_after(number, newest, mask)) {
            return false;
        }
        self.newest = Some(number);
        while self.oldest != self.latest && number.wrapping_sub(self.skipped(self.oldest)) & mask > mask / 4 {
            self.oldest = self.oldest.wrapping_add(1);
        }
        true
    }

    fn skipped(&self, index: usize) -> u16 {
        self.skipped.get(index % HISTORY).copied().unwrap_or_default()
    }
}

/// Whether `a` comes after `b`, by less than half of all numbers.
fn is_after(a: u16, b: u16, mask: u16) -> bool {
    let ahead = a.wrapping_sub(b) & mask;
    ahead != 0 && ahead <= mask / 2
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Some numbers are left out on time, the others come up to twelve places late: each is in its place.
        #[test]
        fn numbers_as_if_nothing_came_late(
            pictures in vec((prop::bool::weighted(0.3), 0usize..12), 1..400),
            start: u16,
            is_short: bool,
        ) {
            let mask = if is_short { 0x7f } else { 0x7fff };
            let mut place = start;
            let mut arrivals: Vec<_> = pictures
                .iter()
                .enumerate()
                .map(|(index, (is_left_out, delay))| {
                    let number = start.wrapping_add(u16::try_from(index).unwrap()) & mask;
                    let expected = (!is_left_out || index == 0).then_some(place & mask);
                    place = place.wrapping_add(u16::from(expected.is_some()));
                    let delay = if expected.is_none() || index == 0 { 0 } else { *delay };
                    (index + delay, number, expected)
                })
                .collect();
            arrivals.sort_by_key(|(when, ..)| *when);
            let mut running = Running::default();
            for (_, number, expected) in arrivals {
                match expected {
                    Some(expected) => prop_assert_eq!(running.forward(number, mask), expected),
                    None => running.leave_out(number, mask),
                }
            }
        }
    }

    #[test]
    fn goes_on_over_switches_and_wraps() {
        let mut running = Running::default();
        let mut seen = Vec::new();
        for (start, count) in [(126, 3), (40, 2), (0, 1)] {
            running.switch();
            seen.extend((start..start + count).map(|number| running.forward(number & 0x7f, 0x7f)));
        }
        assert_eq!(seen, [126, 127, 0, 1, 2, 3]);
    }

    #[test]
    fn closes_gaps_and_still_places_what_comes_late() {
        let mut running = Running::default();
        assert_eq!(running.forward(0x7ffd, 0x7fff), 0x7ffd);
        running.leave_out(0x7ffe, 0x7fff);
        running.leave_out(0x7ffe, 0x7fff); // its second packet
        assert_eq!(running.forward(0x7fff, 0x7fff), 0x7ffe);
        running.leave_out(0, 0x7fff);
        assert_eq!(running.forward(1, 0x7fff), 0x7fff);
        assert_eq!(running.forward(0x7fff, 0x7fff), 0x7ffe, "late");
        assert_eq!(running.forward(0x7ffd, 0x7fff), 0x7ffd, "very late");
        running.leave_out(0x7ffd, 0x7fff);
        assert_eq!(running.forward(2, 0x7fff), 0, "what is sent cannot be left out");
    }

    #[test]
    fn a_gap_of_long_ago_does_not_count_again() {
        for mask in [0x7f, 0x7fff] {
            let mut running = Running::default();
            running.forward(0, mask);
            running.leave_out(1, mask);
            for number in 2..mask.saturating_mul(3) {
                assert_eq!(
                    running.forward(number & mask, mask),
                    number.wrapping_sub(1) & mask
                );
                let late = number.saturating_sub(5).max(2);
                assert_eq!(running.forward(late & mask, mask), (late - 1) & mask, "late");
            }
        }
    }

    #[test]
    fn remembers_only_so_much() {
        let mut running = Running::default();
        for number in 0..1000u16 {
            if number % 2 == 0 {
                assert_eq!(running.forward(number, 0x7fff), number / 2);
            } else {
                running.leave_out(number, 0x7fff);
            }
        }
        for late in 970..998u16 {
            if late % 2 == 0 {
                assert_eq!(running.forward(late, 0x7fff), late / 2);
            }
        }
    }
}
