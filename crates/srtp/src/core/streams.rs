//! What is known of each SSRC (RFC 3711 §3.2.1): its rollover counter, highest sequence number, replay windows; and the
//! table that holds them.

use super::replay::ReplayWindow;
use crate::Config;
use std::collections::BTreeMap;

/// SRTCP packets that the window looks back.
const RTCP_WINDOW: usize = 128;
/// Packets under one key: RTP's index has 48 bits, RTCP's 31 (RFC 3711 §9.2).
const RTP_INDICES: u64 = 1 << 48;
const RTCP_INDICES: u64 = 1 << 31;

/// One SSRC in one direction. The rollover counter and the highest sequence number are the two halves of the highest
/// index in `rtp`.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    ssrc: u32,
    /// The rollover counter of the first packet.
    first_roc: u32,
    /// When it was used last, counted in uses.
    used: u64,
    pub(super) rtp: ReplayWindow<32>,
    pub(super) rtcp: ReplayWindow<4>,
}

/// What is kept of an SSRC that was not in use for long: enough to go on, and to refuse all that was before.
#[derive(Clone, Copy, Debug)]
struct Retired {
    rtp: u64,
    rtcp: u64,
    first_roc: u32,
}

/// The index that a sequence number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Estimate {
    /// This one.
    Index(u64),
    /// One before the very first, since it seems to be from before the first wrap.
    BeforeFirst,
    /// One behind the last that there is.
    Exhausted,
}

impl Stream {
    pub(super) fn new(ssrc: u32, window: usize) -> Self {
        Self {
            ssrc,
            first_roc: 0,
            used: 0,
            rtp: ReplayWindow::new(window),
            rtcp: ReplayWindow::new(RTCP_WINDOW),
        }
    }

    /// It is in use again.
    fn revived(ssrc: u32, window: usize, retired: Retired) -> Self {
        Self {
            first_roc: retired.first_roc,
            rtp: ReplayWindow::seen_below(retired.rtp, window),
            rtcp: ReplayWindow::seen_below(retired.rtcp, RTCP_WINDOW),
            ..Self::new(ssrc, window)
        }
    }

    const fn retired(&self) -> Retired {
        Retired {
            rtp: self.rtp.next(),
            rtcp: self.rtcp.next(),
            first_roc: self.first_roc,
        }
    }

    /// The index that is closest to the highest so far (RFC 3711 §3.3.1, Appendix A).
    pub(super) fn estimate(&self, sequence_number: u16) -> Estimate {
        match self.rtp.highest() {
            Some(highest) => estimate(highest, sequence_number),
            None => Estimate::Index(index(self.first_roc.into(), sequence_number)),
        }
    }

    pub(super) fn roc(&self) -> u32 {
        let roc = self.rtp.highest().map(|highest| u32::try_from(highest >> 16));
        roc.and_then(Result::ok).unwrap_or(self.first_roc)
    }

    /// Sets the rollover counter; the highest sequence number stays what it is.
    pub(super) fn set_roc(&mut self, roc: u32) {
        if roc == self.roc() {
            return;
        }
        match self.rtp.highest() {
            Some(highest) => self.rtp.restart((u64::from(roc) << 16 | highest & 0xffff) + 1),
            None => self.first_roc = roc,
        }
    }

    /// The index of the next RTCP packet to send, while there is one.
    pub(super) fn next_rtcp(&self) -> Option<u64> {
        Some(self.rtcp.next()).filter(|next| *next < RTCP_INDICES)
    }
}

fn index(roc: u64, sequence_number: u16) -> u64 {
    roc << 16 | u64::from(sequence_number)
}

fn estimate(highest: u64, sequence_number: u16) -> Estimate {
    const HALF: i32 = 0x8000;
    let (roc, [.., s0, s1]) = (highest >> 16, highest.to_be_bytes());
    let ahead = i32::from(sequence_number) - i32::from(u16::from_be_bytes([s0, s1]));
    let roc = if ahead > HALF {
        match roc.checked_sub(1) {
            Some(roc) => roc,
            None => return Estimate::BeforeFirst,
        }
    } else if ahead < -HALF {
        roc + 1
    } else {
        roc
    };
    match index(roc, sequence_number) {
        index if index < RTP_INDICES => Estimate::Index(index),
        _ => Estimate::Exhausted,
    }
}

/// Streams among which the one is looked for that has to go.
const CANDIDATES: usize = 8;

/// The streams of one direction, found by SSRC, the last one used without looking. Only some have windows: when there is no
/// room for another window, that of a stream that was not in use for long makes room for it.
#[derive(Debug)]
pub(super) struct Streams {
    /// SSRCs in order, each with its place in `streams`.
    places: Vec<(u32, usize)>,
    streams: Vec<Stream>,
    retired: BTreeMap<u32, Retired>,
    last: usize,
    uses: u64,
    /// Where the search for a stream to retire goes on.
    hand: usize,
    bounds: Bounds,
}

#[derive(Clone, Copy, Debug)]
struct Bounds {
    ssrcs: usize,
    windows: usize,
    window: usize,
}

impl Streams {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            places: Vec::new(),
            streams: Vec::new(),
            retired: BTreeMap::new(),
            last: 0,
            uses: 0,
            hand: 0,
            bounds: Bounds {
                ssrcs: config.max_ssrcs,
                windows: config.max_windows.max(1),
                window: config.replay_window,
            },
        }
    }

    pub(super) fn len(&self) -> usize {
        self.streams.len() + self.retired.len()
    }

    /// Shows the stream of this SSRC, or what it would be before its first packet; `None` if there is no room for it. Nothing
    /// is changed.
    pub(super) fn look<R>(&self, ssrc: u32, at: impl FnOnce(&Stream) -> R) -> Option<R> {
        if let Some(stream) = self.place(ssrc).and_then(|place| self.streams.get(place)) {
            return Some(at(stream));
        }
        let is_known = self.retired.contains_key(&ssrc);
        (is_known || self.len() < self.bounds.ssrcs).then(|| at(&self.begin(ssrc)))
    }

    /// The same for SSRCs that have state.
    pub(super) fn look_at_known<R>(&self, ssrc: u32, at: impl FnOnce(&Stream) -> R) -> Option<R> {
        let is_known = self.place(ssrc).is_some() || self.retired.contains_key(&ssrc);
        is_known.then(|| self.look(ssrc, at)).flatten()
    }

    /// A stream that has no window yet.
    fn begin(&self, ssrc: u32) -> Stream {
        match self.retired.get(&ssrc) {
            Some(retired) => Stream::revived(ssrc, self.bounds.window, *retired),
            None => Stream::new(ssrc, self.bounds.window),
        }
    }

    /// The stream of this SSRC, made if there is room for it.
    pub(super) fn get_or_insert(&mut self, ssrc: u32) -> Option<&mut Stream> {
        self.last = match self.place(ssrc) {
            Some(place) => place,
            None => self.insert(ssrc)?,
        };
        self.uses += 1;
        let stream = self.streams.get_mut(self.last)?;
        stream.used = self.uses;
        Some(stream)
    }

    fn insert(&mut self, ssrc: u32) -> Option<usize> {
        if self.len() >= self.bounds.ssrcs && !self.retired.contains_key(&ssrc) {
            return None;
        }
        let stream = self.begin(ssrc);
        self.retired.remove(&ssrc);
        let place = if self.streams.len() < self.bounds.windows {
            self.streams.push(stream);
            self.streams.len() - 1
        } else {
            self.replace_one(stream)?
        };
        let at = self.places.partition_point(|(known, _)| *known < ssrc);
        self.places.insert(at, (ssrc, place));
        Some(place)
    }

    /// Retires the one of a few streams that was used longest ago. That is close enough to the one of all, and bounds what it
    /// costs when a peer makes up SSRCs.
    fn replace_one(&mut self, stream: Stream) -> Option<usize> {
        let len = self.streams.len();
        let candidates = (0..CANDIDATES.min(len)).map(|ahead| (self.hand + ahead) % len);
        let place = candidates.min_by_key(|place| self.streams.get(*place).map(|stream| stream.used))?;
        self.hand = (self.hand + CANDIDATES) % len;
        let old = std::mem::replace(self.streams.get_mut(place)?, stream);
        self.retired.insert(old.ssrc, old.retired());
        self.places.retain(|(_, known)| *known != place);
        Some(place)
    }

    /// Forgets a stream.
    pub(super) fn remove(&mut self, ssrc: u32) -> bool {
        let Ok(at) = self.places.binary_search_by_key(&ssrc, |(known, _)| *known) else {
            return self.retired.remove(&ssrc).is_some();
        };
        let (_, place) = self.places.remove(at);
        self.streams.swap_remove(place);
        // The last stream has moved into the gap.
        let moved = self.streams.len();
        if let Some((_, to)) = self.places.iter_mut().find(|(_, to)| *to == moved) {
            *to = place;
        }
        true
    }

    fn place(&self, ssrc: u32) -> Option<usize> {
        if self.streams.get(self.last).is_some_and(|last| last.ssrc == ssrc) {
            return Some(self.last);
        }
        let at = self
            .places
            .binary_search_by_key(&ssrc, |(known, _)| *known)
            .ok()?;
        self.places.get(at).map(|(_, place)| *place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// The pseudo-code of RFC 3711 Appendix A, with the rollover counter modulo 2^32.
    fn appendix_a(roc: u32, s_l: u16, seq: u16) -> (u32, u16) {
        let (s_l, seq_number) = (i64::from(s_l), i64::from(seq));
        let v = if s_l < 32_768 {
            if seq_number - s_l > 32_768 {
                roc.wrapping_sub(1)
            } else {
                roc
            }
        } else if s_l - 32_768 > seq_number {
            roc.wrapping_add(1)
        } else {
            roc
        };
        (v, seq)
    }

    #[test]
    fn estimates_as_appendix_a_around_every_border() {
        let near = |at: u16| (at.wrapping_sub(3)..at).chain((0..4).map(move |n| at.wrapping_add(n)));
        let borders = || [0, 0x4000, 0x8000, 0xc000].into_iter().flat_map(near);
        for roc in [0, 1, 7, u32::MAX - 1, u32::MAX] {
            for s_l in borders() {
                for seq in borders().chain(near(s_l ^ 0x8000)) {
                    let (v, _) = appendix_a(roc, s_l, seq);
                    let expected = match (roc, v) {
                        (0, u32::MAX) => Estimate::BeforeFirst,
                        (u32::MAX, 0) => Estimate::Exhausted,
                        _ => Estimate::Index(index(v.into(), seq)),
                    };
                    assert_eq!(
                        estimate(index(roc.into(), s_l), seq),
                        expected,
                        "{roc} {s_l} {seq}"
                    );
                }
            }
        }
    }

    #[test]
    fn roc_can_be_set_before_and_after_the_first_packet() {
        let mut stream = Stream::new(7, 64);
        stream.set_roc(5);
        assert_eq!(stream.estimate(9), Estimate::Index(5 << 16 | 9));
        stream.rtp.insert(5 << 16 | 9);
        assert_eq!(stream.roc(), 5);
        stream.set_roc(5);
        assert!(
            !stream.rtp.is_new(5 << 16 | 9),
            "the same counter forgets nothing"
        );
        stream.set_roc(8);
        assert_eq!(stream.roc(), 8);
        assert_eq!(stream.estimate(10), Estimate::Index(8 << 16 | 10));
        assert_eq!(stream.estimate(0xffff), Estimate::Index(7 << 16 | 0xffff));
    }

    #[test]
    fn rtcp_ends_after_two_to_the_31_packets() {
        let mut stream = Stream::new(7, 64);
        assert_eq!(stream.next_rtcp(), Some(0));
        stream.rtcp.insert(RTCP_INDICES - 2);
        assert_eq!(stream.next_rtcp(), Some(RTCP_INDICES - 1));
        stream.rtcp.insert(RTCP_INDICES - 1);
        assert_eq!(stream.next_rtcp(), None);
    }

    #[test]
    fn an_ssrc_takes_about_350_bytes() {
        assert!(size_of::<Stream>() + size_of::<(u32, usize)>() <= 352);
    }

    fn streams(max_ssrcs: usize, max_windows: usize) -> Streams {
        Streams::new(&Config {
            max_ssrcs,
            max_windows,
            replay_window: 64,
            ..Config::default()
        })
    }

    #[test]
    fn a_stream_without_a_window_goes_on_and_takes_nothing_twice() {
        let mut table = streams(1000, 16);
        let numbers = |table: &mut Streams, ssrc| {
            let stream = table.get_or_insert(ssrc)?;
            Some((stream.rtp.next(), stream.rtcp.next()))
        };
        for ssrc in 0..1000 {
            let stream = table.get_or_insert(ssrc).unwrap();
            stream.set_roc(ssrc);
            if ssrc.is_multiple_of(2) {
                stream.rtp.insert(u64::from(ssrc) << 16 | 9);
                stream.rtcp.insert(7);
            }
            // This one is always in use.
            table.get_or_insert(3).unwrap();
        }
        assert_eq!((table.len(), table.streams.len()), (1000, 16));
        assert!(table.place(3).is_some(), "what is in use keeps its window");
        assert!(table.get_or_insert(1000).is_none() && table.look(1000, |_| ()).is_none());
        for ssrc in 0..1000_u32 {
            assert_eq!(table.look_at_known(ssrc, Stream::roc), Some(ssrc));
            let expected = u64::from(ssrc) << 16 | 9;
            let is_new =
                |stream: &Stream| [expected - 1, expected, expected + 1].map(|it| stream.rtp.is_new(it));
            let fresh = ssrc % 2 == 1;
            if table.place(ssrc).is_none() {
                assert_eq!(table.look(ssrc, is_new), Some([fresh, fresh, true]), "{ssrc}");
            }
            let next = if fresh { (0, 0) } else { (expected + 1, 8) };
            assert_eq!(numbers(&mut table, ssrc), Some(next));
        }
        assert_eq!((table.len(), table.streams.len()), (1000, 16));
    }

    proptest! {
        #[test]
        fn table_agrees_with_a_map(max in 1_usize..12, steps in prop::collection::vec((0_u8..3, 0_u32..16), 1..200)) {
            let mut table = streams(max, 3);
            let mut map = BTreeMap::new();
            for (number, (kind, ssrc)) in (0_u32..).zip(steps) {
                match kind {
                    0 => prop_assert_eq!(table.remove(ssrc), map.remove(&ssrc).is_some()),
                    _ => {
                        let room = map.contains_key(&ssrc) || map.len() < max;
                        let stream = table.get_or_insert(ssrc);
                        prop_assert_eq!(stream.is_some(), room);
                        if let Some(stream) = stream {
                            stream.set_roc(number);
                            map.insert(ssrc, number);
                        }
                    }
                }
                prop_assert_eq!(table.len(), map.len());
                for ssrc in 0..16 {
                    prop_assert_eq!(table.look_at_known(ssrc, Stream::roc), map.get(&ssrc).copied());
                    prop_assert_eq!(table.look_at_known(ssrc, |s| s.ssrc), map.get(&ssrc).map(|_| ssrc));
                }
                prop_assert!(table.streams.len() <= 3);
                for (ssrc, place) in &table.places {
                    prop_assert_eq!(table.streams[*place].ssrc, *ssrc);
                }
            }
        }
    }
}
