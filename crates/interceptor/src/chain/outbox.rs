//! What the chain's RTCP is made of besides streams: who it comes from, when it is due, and what waits to be said.

use crate::clock::{Time, earliest};
use crate::config::Config;
use crate::outbound::Silence;
use crate::report::{Pace, Schedule};
use crate::stream::OutboundId;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rtcp::{BitrateLimit, NackPair, ReceiverDelay, ReportBlock};
use std::collections::VecDeque;

/// Receivers whose reference times are remembered.
const MAX_REFERENCES: usize = 16;
/// Bytes of the application's RTCP that may wait.
const MAX_RAW: usize = 8192;
/// Sources whose end may wait to be told: those of as many streams as there are by default.
const MAX_GOODBYES: usize = 2048;
/// Streams whose limit may wait to be acknowledged.
const MAX_LIMITS: usize = 256;

/// A regular report that is being sent, possibly in several datagrams.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) is_open: bool,
    pub(super) blocks: VecDeque<ReportBlock>,
    pub(super) senders: VecDeque<OutboundId>,
    pub(super) bytes: usize,
}

impl Report {
    /// What is still to be said.
    pub(super) fn left(&self) -> usize {
        self.blocks.len() + self.senders.len()
    }
}

/// A receiver's reference time (RFC 3611 §4.4) and when it came.
#[derive(Clone, Copy, Debug)]
struct Reference {
    ssrc: u32,
    compact: u32,
    arrived: Time,
}

/// Small things that wait for a datagram.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// SSRCs that have ended.
    pub(super) goodbyes: Vec<u32>,
    /// Limits that were set, by stream (RFC 5104 §4.2.2).
    pub(super) limits: Vec<(u32, BitrateLimit)>,
    /// The application's packets, datagram by datagram.
    pub(super) raw: VecDeque<Vec<u8>>,
    references: Vec<Reference>,
    pub(super) dropped: Dropped,
}

/// What had no room among what waits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dropped {
    pub(super) goodbyes: u64,
    pub(super) limits: u64,
    pub(super) references: u64,
}

/// Buffers that are used again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) numbers: Vec<u16>,
    pub(super) pairs: Vec<NackPair>,
    pub(super) said: Vec<u8>,
}

/// RTCP that is to be sent.
#[derive(Debug)]
pub(super) struct Outbox {
    pub(super) schedule: Schedule,
    pub(super) report: Report,
    pub(super) waiting: Waiting,
    pub(super) scratch: Scratch,
    pub(super) silence: Silence,
    pub(super) cname: String,
    /// The SSRC of reports while nothing is sent, and the one in use.
    own: u32,
    reporter: u32,
    /// Something was sent in the name of the former.
    has_spoken: bool,
    due: Option<Time>,
    /// When the chain was closed.
    closed: Option<Time>,
}

impl Outbox {
    pub(super) fn new(config: &Config, rng: &mut ChaCha20Rng) -> Self {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        let own = config.ssrc.unwrap_or_else(|| rng.next_u32());
        let cname = config.cname.clone().unwrap_or_else(|| random_name(rng));
        let pace = Pace {
            interval: config.report_interval,
            floor: config.rtcp_bandwidth / 8,
        };
        Self {
            schedule: Schedule::new(pace, ChaCha20Rng::from_seed(seed)),
            report: Report::default(),
            waiting: Waiting::default(),
            scratch: Scratch::default(),
            silence: Silence::default(),
            cname,
            own,
            reporter: own,
            has_spoken: false,
            due: None,
            closed: None,
        }
    }

    /// Whom reports and feedback come from.
    pub(super) const fn reporter(&self) -> u32 {
        self.reporter
    }

    /// Reports come from the first stream that is sent. True if that is a change.
    pub(super) fn set_reporter(&mut self, first: Option<u32>) -> bool {
        let reporter = first.unwrap_or(self.own);
        let changed = reporter != self.reporter;
        self.reporter = reporter;
        changed
    }

    /// A datagram goes out.
    pub(super) fn note_sent(&mut self) {
        self.has_spoken |= self.reporter == self.own;
    }

    /// Nothing is said any more but who leaves: besides streams that had packets, `reporter` if it `reported` and the SSRC of
    /// reports while nothing was sent. RFC 3550 §6.3.7: nobody leaves who was never heard.
    pub(super) fn close(&mut self, now: Time, reporter: u32, reported: bool) {
        self.closed = Some(now);
        self.reporter = reporter;
        for (ssrc, was_heard) in [(reporter, reported), (self.own, self.has_spoken)] {
            if was_heard && !self.waiting.goodbyes.contains(&ssrc) {
                self.say_goodbye(ssrc, None);
            }
        }
    }

    /// When the chain was closed.
    pub(super) const fn closed(&self) -> Option<Time> {
        self.closed
    }

    /// There are last words.
    pub(super) fn has_farewell(&self) -> bool {
        !(self.waiting.goodbyes.is_empty() && self.waiting.raw.is_empty())
    }

    /// Room for a feedback message behind an empty report and a name.
    pub(super) fn feedback_room(&self, limit: usize) -> usize {
        limit.saturating_sub(self.cname.len() + 32)
    }

    /// There is feedback to send at that time.
    #[inline]
    pub(super) fn feedback_due(&mut self, due: Time) {
        if self.due.is_none_or(|earlier| earlier > due) {
            self.due = Some(due);
        }
    }

    /// When feedback is due.
    pub(super) const fn due(&self) -> Option<Time> {
        self.due
    }

    /// Feedback is due then and not before.
    pub(super) fn set_due(&mut self, due: Option<Time>) {
        self.due = due;
    }

    /// Sources have ended.
    pub(super) fn say_goodbye(&mut self, ssrc: u32, rtx: Option<u32>) {
        for ssrc in [Some(ssrc), rtx].into_iter().flatten() {
            if self.waiting.goodbyes.len() < MAX_GOODBYES {
                self.waiting.goodbyes.push(ssrc);
            } else {
                self.waiting.dropped.goodbyes += 1;
            }
        }
    }

    /// Sources go on after all.
    pub(super) fn take_back_goodbye(&mut self, ssrc: u32, rtx: Option<u32>) {
        let goodbyes = &mut self.waiting.goodbyes;
        goodbyes.retain(|ended| *ended != ssrc && Some(*ended) != rtx);
    }

    /// A limit was set and is to be acknowledged.
    pub(super) fn acknowledge_limit(&mut self, stream: u32, limit: BitrateLimit) {
        let limits = &mut self.waiting.limits;
        limits.retain(|(ssrc, _)| *ssrc != stream);
        if limits.len() < MAX_LIMITS {
            limits.push((stream, limit));
        } else {
            self.waiting.dropped.limits += 1;
        }
    }

    /// Packets of the application wait.
    pub(super) fn queue_raw(&mut self, packets: &[u8], room: usize) -> bool {
        let waiting: usize = self.waiting.raw.iter().map(Vec::len).sum();
        let fits = !packets.is_empty() && packets.len() <= room && waiting + packets.len() <= MAX_RAW;
        if fits {
            self.waiting.raw.push_back(packets.to_vec());
        }
        fits
    }

    /// A receiver tells its time, to be told it back in the next report.
    pub(super) fn note_reference(&mut self, ssrc: u32, compact: u32, arrived: Time) {
        let references = &mut self.waiting.references;
        references.retain(|reference| reference.ssrc != ssrc);
        if references.len() < MAX_REFERENCES {
            references.push(Reference {
                ssrc,
                compact,
                arrived,
            });
        } else {
            self.waiting.dropped.references += 1;
        }
    }

    /// What at most `max` receivers are told back (RFC 3611 §4.5).
    pub(super) fn take_references(&mut self, now: Time, max: usize) -> Vec<ReceiverDelay> {
        let references = &mut self.waiting.references;
        let count = references.len().min(max);
        let told = references.drain(..count).map(|reference| ReceiverDelay {
            ssrc: reference.ssrc,
            last_reference: reference.compact,
            delay: rtcp::NtpTime::compact_duration(now.since(reference.arrived)),
        });
        told.collect()
    }

    /// Whether something waits that has no time of its own.
    pub(super) fn is_waiting(&self) -> bool {
        let waiting = &self.waiting;
        !(waiting.goodbyes.is_empty() && waiting.limits.is_empty() && waiting.raw.is_empty())
    }

    /// The next deadline after a datagram: what waits is due at once.
    pub(super) fn next_due(&self, now: Time, others: Option<Time>) -> Option<Time> {
        earliest(others, self.is_waiting().then_some(now))
    }

    /// Entries that the peer has made it hold.
    pub(super) fn footprint(&self) -> usize {
        self.waiting.references.len() + self.waiting.limits.len()
    }
}

/// RFC 7022 §5: 96 random bits in base64.
fn random_name(rng: &mut ChaCha20Rng) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut letter = || {
        let index = usize::try_from(rng.next_u32() % 64).unwrap_or(0);
        ALPHABET.get(index).copied().map_or('A', char::from)
    };
    (0..16).map(|_| letter()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox() -> Outbox {
        Outbox::new(&Config::default(), &mut ChaCha20Rng::from_seed([3; 32]))
    }

    #[test]
    fn names_are_random_and_reporters_change() {
        let mut outbox = outbox();
        assert_eq!(outbox.cname.len(), 16);
        let other = Outbox::new(&Config::default(), &mut ChaCha20Rng::from_seed([4; 32]));
        assert_ne!(outbox.cname, other.cname);
        let own = outbox.reporter();
        assert!(
            outbox.set_reporter(Some(own.wrapping_add(1))) && !outbox.set_reporter(Some(own.wrapping_add(1)))
        );
        assert!(outbox.set_reporter(None) && outbox.reporter() == own);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut outbox = outbox();
        for ssrc in 0..1000 {
            outbox.say_goodbye(ssrc, Some(ssrc + 1000));
            outbox.say_goodbye(ssrc + 2000, None);
            outbox.acknowledge_limit(ssrc, BitrateLimit::default());
            outbox.note_reference(ssrc, 1, Time(0));
            outbox.queue_raw(&[0; 1000], 1100);
        }
        let waiting = &outbox.waiting;
        let lens = (
            waiting.goodbyes.len(),
            waiting.limits.len(),
            waiting.references.len(),
            waiting.raw.len(),
        );
        assert_eq!(lens, (2048, 256, 16, 8));
        let dropped = waiting.dropped;
        assert_eq!(
            (dropped.goodbyes, dropped.limits, dropped.references),
            (3000 - 2048, 1000 - 256, 1000 - 16)
        );
        assert!(!outbox.queue_raw(&[0; 10], 9) && !outbox.queue_raw(&[], 100));
        assert_eq!(
            outbox
                .take_references(Time(500_000), 9)
                .first()
                .map(|it| it.delay),
            Some(0x8000)
        );
        assert_eq!(outbox.take_references(Time(0), 100).len(), 7);
        assert!(outbox.take_references(Time(0), 100).is_empty());
    }
}
