//! What was built and given up so far, and how time passed meanwhile.

/// Seconds between two frames beyond which timestamps are taken to have jumped.
const MAX_PAUSE: u32 = 60;

/// What was built and given up so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Past {
    pub(super) has_begun: bool,
    /// Of the last sample: its timestamp, its place and how long it or one before lasted.
    pub(super) timestamp: Option<u32>,
    pub(super) position: u64,
    pub(super) ticks: u32,
    /// Since the last sample.
    pub(super) lost: u32,
    pub(super) dropped: u32,
}

impl Past {
    /// How much later a frame is than the one before; where timestamps jump, as much as frames last.
    pub(super) const fn ticks_between(&self, before: u32, after: u32, clock_rate: u32) -> u32 {
        let ticks = ahead(before, after);
        let is_jump = ticks / clock_rate >= MAX_PAUSE || (ticks == 0 && after != before);
        if is_jump { self.ticks } else { ticks }
    }

    /// Goes on to a frame that was built, with the timestamp of the next one if that is known.
    pub(super) fn advance(&mut self, timestamp: u32, next: Option<u32>, clock_rate: u32) {
        let passed = self
            .timestamp
            .map(|last| self.ticks_between(last, timestamp, clock_rate));
        self.position += u64::from(passed.unwrap_or(0));
        self.ticks = match next {
            Some(next) => self.ticks_between(timestamp, next, clock_rate),
            None => passed.unwrap_or(self.ticks),
        };
        self.timestamp = Some(timestamp);
    }
}

/// How many ticks `after` is later than `before`; 0 when it is not.
pub(super) const fn ahead(before: u32, after: u32) -> u32 {
    let ticks = after.wrapping_sub(before);
    if ticks <= u32::MAX / 2 { ticks } else { 0 }
}
