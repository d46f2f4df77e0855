//! One stream out of several sources, one after the other: sequence numbers and timestamps go on where the last source
//! ended, so that the receiver sees no jump (W3C webrtc-pc §5.2, `replaceTrack`).

use std::time::{Duration, Instant};

use super::gaps::Gaps;

/// The last packet that was sent.
#[derive(Clone, Copy, Debug)]
struct Last {
    sequence_number: u16,
    timestamp: u32,
    sent: Instant,
}

/// What is added to the numbers of the source.
#[derive(Debug, Default)]
pub(super) struct Splice {
    sequence_number: u16,
    timestamp: u32,
    last: Option<Last>,
    gaps: Gaps,
    /// The next packet is the first one of its source.
    is_due: bool,
}

impl Splice {
    /// Another source begins.
    pub(super) const fn begin(&mut self) {
        self.is_due = true;
    }

    /// A timestamp of the source as one of the stream, once a packet of the source was sent.
    pub(super) const fn timestamp(&self, timestamp: u32) -> u32 {
        timestamp.wrapping_add(self.timestamp)
    }

    /// Whether the place of a packet among those that were sent is known. It is not when it is late from before a gap that
    /// was closed long ago.
    pub(super) fn has_place(&self, sequence_number: u16) -> bool {
        self.is_due || self.gaps.knows(sequence_number)
    }

    /// Nothing is sent under this number, and others have taken its place.
    pub(super) fn is_closed(&self, sequence_number: u16) -> bool {
        !self.is_due && self.gaps.is_closed(sequence_number)
    }

    /// The source sent nothing for others under this number: what follows takes its place. False when that was sent
    /// before.
    pub(super) fn skip(&mut self, sequence_number: u16) -> bool {
        if self.is_due || self.last.is_none() {
            return true;
        }
        let closed = self.gaps.close(sequence_number);
        self.sequence_number = self.sequence_number.wrapping_sub((closed == Some(true)).into());
        closed.is_some()
    }

    /// Moves the numbers of a packet to where the stream is.
    pub(super) fn apply(&mut self, now: Instant, clock_rate: u32, header: &mut rtp::Header) {
        if std::mem::take(&mut self.is_due)
            && let Some(last) = self.last
        {
            let elapsed = now.saturating_duration_since(last.sent);
            let next = last.timestamp.wrapping_add(ticks(elapsed, clock_rate));
            self.timestamp = next.wrapping_sub(header.timestamp);
            let next = last.sequence_number.wrapping_add(1);
            self.sequence_number = next.wrapping_sub(header.sequence_number);
            self.gaps = Gaps::default();
        }
        let earlier = self.gaps.pass(header.sequence_number);
        let ahead = self.sequence_number.wrapping_add(earlier);
        header.sequence_number = header.sequence_number.wrapping_add(ahead);
        header.timestamp = header.timestamp.wrapping_add(self.timestamp);
        let is_newer = self.last.is_none_or(|last| {
            let ahead = header.sequence_number.wrapping_sub(last.sequence_number);
            (1..0x8000).contains(&ahead)
        });
        if is_newer {
            self.last = Some(Last {
                sequence_number: header.sequence_number,
                timestamp: header.timestamp,
                sent: now,
            });
        }
    }
}

/// At least one: two pictures have not one time. A pause of hours counts as one.
fn ticks(elapsed: Duration, clock_rate: u32) -> u32 {
    let elapsed = elapsed.min(Duration::from_secs(3600)).as_micros();
    let ticks = elapsed * u128::from(clock_rate) / 1_000_000;
    u32::try_from(ticks).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(sequence_number: u16, timestamp: u32) -> rtp::Header {
        rtp::Header {
            sequence_number,
            timestamp,
            ..rtp::Header::default()
        }
    }

    #[test]
    fn numbers_of_padding_are_closed_and_late_packets_keep_theirs() {
        let now = Instant::now();
        let mut splice = Splice::default();
        assert!(splice.skip(9), "nothing was sent yet");
        let send = |splice: &mut Splice, number| {
            let mut header = header(number, 0);
            splice.apply(now, 90_000, &mut header);
            header.sequence_number
        };
        assert_eq!(send(&mut splice, 10), 10);
        assert!(splice.skip(12));
        assert_eq!([13, 11, 14].map(|number| send(&mut splice, number)), [12, 11, 13]);
        assert!(splice.skip(12), "a double changes nothing");
        assert!(!splice.skip(9), "it has to be filled");
        assert_eq!([9, 15].map(|number| send(&mut splice, number)), [9, 14]);
        // Another source has other gaps.
        splice.begin();
        assert!(splice.skip(5));
        assert_eq!([6, 7].map(|number| send(&mut splice, number)), [15, 16]);
    }

    #[test]
    fn a_second_source_goes_on_where_the_first_one_was() {
        let start = Instant::now();
        let mut splice = Splice::default();
        let mut sent = Vec::new();
        let mut send = |splice: &mut Splice, millis, mut header: rtp::Header| {
            splice.apply(start + Duration::from_millis(millis), 90_000, &mut header);
            sent.push((header.sequence_number, header.timestamp));
        };
        send(&mut splice, 0, header(65_534, 1000));
        // Late, and no reason to go back.
        send(&mut splice, 5, header(65_530, 500));
        send(&mut splice, 10, header(65_535, 1900));
        splice.begin();
        send(&mut splice, 110, header(7, 4_000_000_000));
        send(&mut splice, 143, header(8, 4_000_003_000));
        splice.begin();
        send(&mut splice, 143, header(100, 0));
        assert_eq!(
            sent,
            [
                (65_534, 1000),
                (65_530, 500),
                (65_535, 1900),
                (0, 1900 + 9000),
                (1, 1900 + 12_000),
                (2, 1900 + 12_001)
            ]
        );
    }
}
