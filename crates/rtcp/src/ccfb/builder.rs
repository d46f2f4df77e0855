//! Writing feedback: RFC 8888 §3.1, split at a size.

use std::time::Duration;

use super::{ArrivalOffset, CongestionControlFeedback, Ecn, PacketMetric, StreamFeedback};
use crate::Entry;
use crate::list::List;
use crate::ntp::NtpTime;
use crate::packet::Packet;
use crate::raw::padded;

/// Header, sender and report timestamp.
const HEAD_LEN: usize = 12;

/// What a stream begins with.
const BLOCK_HEAD_LEN: usize = 8;

/// What the shortest limit is: one packet of one stream fits.
const MIN_LEN: usize = HEAD_LEN + BLOCK_HEAD_LEN + 4;

/// Makes feedback packets from arrivals.
///
/// Add stream by stream, the packets of each in ascending order; those that are left out count as not received. The buffer is
/// kept from packet to packet, and is bounded by the size of one.
///
/// ```
/// use rtcp::{CongestionControlFeedbackBuilder, Ecn, NtpTime, PacketMetric, PacketRef};
/// use std::time::Duration;
///
/// let now = NtpTime::from_unix(Duration::from_secs(1_700_000_000));
/// let mut builder = CongestionControlFeedbackBuilder::new(1, 1_200);
/// let mut datagram = Vec::new();
/// for (sequence_number, age) in [(100, 30), (101, 20), (103, 5)] {
///     let age = Duration::from_millis(age);
///     if !builder.push(2, sequence_number, Ecn::NotEct, age) {
///         builder.finish(now, &mut datagram); // it is full: here it would be sent
///         assert!(builder.push(2, sequence_number, Ecn::NotEct, age));
///     }
/// }
/// builder.finish(now, &mut datagram);
///
/// let Some(Ok(PacketRef::CongestionControlFeedback(feedback))) = rtcp::packets(&datagram).next() else { panic!() };
/// let stream = feedback.streams.iter().next().unwrap();
/// assert_eq!(stream.packets().nth(2), Some((102, PacketMetric::NotReceived)));
/// ```
#[derive(Clone, Debug)]
pub struct CongestionControlFeedbackBuilder {
    sender_ssrc: u32,
    max_len: usize,
    /// The stream that is being told about, and the packet behind the last one.
    current: Option<(u32, u16)>,
    /// The streams as they are written; the last one has no number of reports and no padding yet.
    body: Vec<u8>,
    /// Where the last stream begins, if more may be added to it.
    block: Option<usize>,
}

impl CongestionControlFeedbackBuilder {
    /// Packets of at most `max_len` bytes (at least 24).
    #[must_use]
    pub fn new(sender_ssrc: u32, max_len: usize) -> Self {
        Self {
            sender_ssrc,
            max_len: max_len.max(MIN_LEN) & !3,
            current: None,
            body: Vec::new(),
            block: None,
        }
    }

    /// Says where a stream begins: packets from here to the first that is pushed are told of as not received.
    ///
    /// Without it a stream begins with the first packet that is pushed; the one that was told of last goes on where it ended.
    pub fn begin_at(&mut self, ssrc: u32, sequence_number: u16) {
        self.close();
        self.current = Some((ssrc, sequence_number));
    }

    /// Adds a packet that arrived `age` before the report, with these bits in its IP header.
    ///
    /// False if it does not fit: the feedback would be too long, or the sequence number is not above the one before. Then nothing
    /// has changed; [`finish`](Self::finish), and push again, which succeeds. Of a gap that is longer than a whole packet the
    /// end is told.
    #[must_use = "what does not fit has to be pushed again"]
    pub fn push(&mut self, ssrc: u32, sequence_number: u16, ecn: Ecn, age: Duration) -> bool {
        let next = self
            .current
            .filter(|(current, _)| *current == ssrc)
            .map(|(_, next)| next);
        let ahead = next
            .map(|next| sequence_number.wrapping_sub(next))
            .filter(|it| it >> 15 == 0);
        let is_open = self.block.is_some() && next.is_some();
        if is_open && ahead.is_none() {
            return false;
        }
        let mut gap = ahead.unwrap_or(0);
        let room = self.room(is_open);
        if usize::from(gap) >= room {
            if !self.is_empty() {
                return false;
            }
            gap = u16::try_from(room.saturating_sub(1)).unwrap_or(u16::MAX);
        }
        if !is_open {
            self.open(ssrc, sequence_number.wrapping_sub(gap));
        }
        let gap_len = usize::from(gap).saturating_mul(2);
        self.body.resize(self.body.len().saturating_add(gap_len), 0);
        let offset = ArrivalOffset::from_duration(age);
        PacketMetric::Received { ecn, offset }.encode(&mut self.body);
        self.current = Some((ssrc, sequence_number.wrapping_add(1)));
        true
    }

    /// How many more metrics fit, into the open stream or into another one.
    fn room(&self, is_open: bool) -> usize {
        let mut used = self.body.len();
        let mut most = StreamFeedback::MAX_METRICS;
        if is_open {
            most = most.saturating_sub(self.open_metrics());
        } else {
            used = padded(used).saturating_add(BLOCK_HEAD_LEN);
        }
        let left = self.max_len.saturating_sub(HEAD_LEN).saturating_sub(used);
        most.min(left >> 1)
    }

    /// The metrics of the open stream.
    fn open_metrics(&self) -> usize {
        self.block.map_or(0, |start| {
            self.body
                .len()
                .saturating_sub(start)
                .saturating_sub(BLOCK_HEAD_LEN)
                >> 1
        })
    }

    fn open(&mut self, ssrc: u32, begin: u16) {
        self.close();
        self.block = Some(self.body.len());
        self.body.extend_from_slice(&ssrc.to_be_bytes());
        self.body.extend_from_slice(&begin.to_be_bytes());
        self.body.extend_from_slice(&[0, 0]);
    }

    /// Writes how many metrics the open stream has, and fills its last word.
    fn close(&mut self) {
        let count = u16::try_from(self.open_metrics()).unwrap_or(0);
        let Some(start) = self.block.take() else { return };
        if let Some(field) = self.body.get_mut(start..).and_then(|it| it.get_mut(6..8)) {
            field.copy_from_slice(&count.to_be_bytes());
        }
        self.body.resize(padded(self.body.len()), 0);
    }

    /// Whether nothing was pushed since the last packet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// Appends the packet, if anything was pushed, and begins another. Tells whether it did.
    ///
    /// `now` is the instant from which ages count back, by the clock of the sender reports.
    pub fn finish(&mut self, now: NtpTime, out: &mut Vec<u8>) -> bool {
        if self.is_empty() {
            return false;
        }
        self.close();
        let feedback = CongestionControlFeedback {
            sender_ssrc: self.sender_ssrc,
            streams: List::wire(&self.body),
            report_timestamp: now.compact(),
        };
        feedback.encode(out);
        self.body.clear();
        true
    }
}

#[cfg(test)]
mod tests;
