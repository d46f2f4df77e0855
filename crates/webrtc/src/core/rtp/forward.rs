//! One stream out of the layers of another: what a forwarding server sends to one of its subscribers.
//!
//! RFC 7667 §3.7 (selective forwarding).

use std::sync::Arc;
use std::time::{Duration, Instant};

use rtp::PacketMut;
use rtp::payload::{Depacketizer, depacketizer};

use super::RtpReceived;
use super::scalable::Scalable;
use super::splice::Splice;
use super::svc::Limit;
use crate::core::media::{MediaKind, RtpCodec};

/// A key frame that does not come is asked for again after so long. Requests get lost, and browsers leave one without an
/// answer that comes within 300 ms of another, be it for another layer.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Selects a layer, or a source, and makes one stream of what was selected one after the other.
///
/// A switch takes place at a key frame of the new layer; until it comes the old one goes on.
/// [`poll_request`](Self::poll_request) says when to ask for it. Packets are changed in place: sequence number, timestamp, and what the codec counts by itself.
///
/// ```
/// use std::time::Instant;
/// use webrtc::{LayerForwarder, RtpCodec, core::RtpReceived};
///
/// let mut forwarder = LayerForwarder::new(&RtpCodec::video("VP8", ""));
/// forwarder.select(Some("f"));
/// assert_eq!(forwarder.poll_request(Instant::now()), Some(Some("f")), "ask the sender for a key frame");
/// let received = RtpReceived::new(9, Instant::now()).of_layer("f");
/// // The first packet of a key frame.
/// let mut packet = vec![0x80, 96, 0, 9, 0, 0, 0, 1, 0, 0, 0, 5, 0x10, 0x00, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 64, 0];
/// assert!(forwarder.forward(Instant::now(), &received, &mut packet));
/// assert_eq!(forwarder.wanted(), None);
///
/// // Packets of other layers are not for this subscriber.
/// let other = RtpReceived::new(10, Instant::now()).of_layer("q");
/// assert!(!forwarder.forward(Instant::now(), &other, &mut packet));
/// ```
#[derive(Debug)]
pub struct LayerForwarder {
    clock_rate: u32,
    /// What knows the key frames of a video codec.
    depacketizer: Option<Box<dyn Depacketizer>>,
    scalable: Scalable,
    splice: Splice,
    /// The layer that is sent.
    current: Option<Option<Arc<str>>>,
    /// The number with which it began.
    first: u64,
    /// The layer to go over to.
    next: Option<Option<Arc<str>>>,
    /// The timestamp of a frame whose first packet does not tell what frame it is.
    begun: Option<u32>,
    /// When a key frame of it was last asked for.
    asked: Option<Instant>,
}

/// A packet so far behind the first of its layer is late. What is further behind was numbered anew.
const LATE: u64 = 512;

/// P of the first byte (RFC 3550 §5.1).
const PADDING: u8 = 0x20;

impl LayerForwarder {
    /// Forwards whatever comes first, of this codec.
    #[must_use]
    pub fn new(codec: &RtpCodec) -> Self {
        Self {
            clock_rate: codec.clock_rate,
            depacketizer: (codec.kind() != Some(MediaKind::Audio))
                .then(|| depacketizer(codec.name()))
                .flatten(),
            scalable: Scalable::new(codec),
            splice: Splice::default(),
            current: None,
            first: 0,
            next: None,
            begun: None,
            asked: None,
        }
    }

    /// The id under which packets carry the dependency descriptor of AV1, which other codecs can have, too. It tells key
    /// frames and layers then, and goes on as one for all that is forwarded:
    /// [`dependency_descriptor`](Self::dependency_descriptor) is to be sent. Our offers have the extension where it is
    /// registered so with the [`MediaEngine`](crate::MediaEngine); it is accepted where the peer offers it.
    #[must_use]
    pub fn with_dependency_descriptor(mut self, id: u8) -> Self {
        self.scalable.describe(id);
        self
    }

    /// The dependency descriptor to send with the packet that was forwarded last; `None` when that had none. It has the frame
    /// number and the template ids that belong into the stream. That in the packet has them, too, but what makes it longer
    /// is here alone: which decode targets are active for this subscriber (AV1 RTP §A.4), in each packet as long as
    /// [layers are left out](Self::limit_layers), and a structure that came with a frame that was left out.
    #[must_use]
    pub fn dependency_descriptor(&self) -> Option<&[u8]> {
        self.scalable.descriptor()
    }

    /// Goes over to a layer at its next key frame; `None` is the stream without a rid.
    pub fn select(&mut self, rid: Option<&str>) {
        let rid: Option<Arc<str>> = rid.map(Arc::from);
        let next = (self.current.as_ref() != Some(&rid)).then_some(rid);
        if self.next != next {
            self.next = next;
            self.begun = None;
            self.asked = None;
        }
    }

    /// Forwards no spatial and no temporal layers above these, counted from 0, where they lie in one stream: with a
    /// [dependency descriptor](Self::with_dependency_descriptor) those of any codec, the frames of the highest decode target
    /// within the limit (AV1 RTP §A.4); without it temporal ones of VP8 (RFC 7741) and both of VP9 (RFC 9628). What is too
    /// much is left out from the next picture on. More comes where it can be decoded: temporal layers at a switching point or
    /// where the chain of a decode target is intact, spatial ones at a key frame, which
    /// [`poll_request`](Self::poll_request) asks for. Default: all layers.
    ///
    /// The end of a picture is marked at the highest layer that is left. Where the sender left that out of a picture but not
    /// one above, the mark is missing: when the packet goes that should have it, nobody knows.
    ///
    /// The numbers of what is left out show no gap. Where packets were lost between a layer that stays and one that does not,
    /// those are closed that surely are of a frame that does not. A number of which that is not known stays free: its packet
    /// takes it if it comes late and is of a layer that stays; else an empty one does, and nobody asks for it any more. If
    /// nothing comes, the subscriber misses a packet that it may not have been meant to get: nobody can tell.
    pub fn limit_layers(&mut self, spatial: u8, temporal: u8) {
        self.scalable.limit(Limit { spatial, temporal });
        self.asked = None;
    }

    /// The layer of which a key frame is to be asked for at this time: once it was selected, and again each half second until
    /// it comes. Call it with every packet that arrives, and give the layer to
    /// [`request_key_frame`](crate::core::PeerConnection::request_key_frame).
    pub fn poll_request(&mut self, now: Instant) -> Option<Option<&str>> {
        let growing = self.current.as_ref();
        let growing = growing.filter(|_| self.scalable.needs_key_frame());
        let next = self.next.as_ref().or(growing)?;
        let is_pending = |asked: Instant| now.saturating_duration_since(asked) < ASK_AGAIN;
        if self.asked.is_some_and(is_pending) {
            return None;
        }
        self.asked = Some(now);
        Some(next.as_deref())
    }

    /// The layer of which a key frame is wanted, if there is one to go over to.
    #[must_use]
    pub fn wanted(&self) -> Option<Option<&str>> {
        self.next.as_ref().map(Option::as_deref)
    }

    /// The layer that is forwarded.
    #[must_use]
    pub fn current(&self) -> Option<Option<&str>> {
        self.current.as_ref().map(Option::as_deref)
    }

    /// Makes a packet the next one of the stream. Padding, which has no payload, is left out where nothing was sent behind
    /// it yet, and the gap in the numbers closed; and so are layers above the limit. Where that is too late, the packet loses
    /// its payload and fills the gap. False when it is not to be forwarded; then it is as it was.
    pub fn forward(&mut self, now: Instant, received: &RtpReceived, packet: &mut Vec<u8>) -> bool {
        let Ok(mut view) = PacketMut::decode(packet) else {
            return false;
        };
        let is_next = match &self.next {
            Some(next) => *next == received.rid,
            None => self.current.is_none(),
        };
        if is_next && self.begins_here(&view) {
            self.switch(received);
        }
        // What comes late from before the switch would take a number that the old layer has used.
        let late = self.first.saturating_sub(received.sequence_number);
        let is_current = self.current.as_ref() == Some(&received.rid) && !(1..=LATE).contains(&late);
        let number = view.sequence_number();
        if !is_current || !self.splice.has_place(number) || self.splice.is_closed(number) {
            return false;
        }
        let is_kept = self
            .scalable
            .keep(received.sequence_number, &mut view, &mut self.splice);
        if is_kept {
            self.place(now, &mut view);
            return true;
        }
        if self.splice.skip(number) {
            return false;
        }
        // The packets behind it are on their way: an empty one fills the place.
        let header_len = view.header_len();
        packet.truncate(header_len);
        if let Some(first) = packet.first_mut() {
            *first &= !PADDING;
        }
        let Ok(mut view) = PacketMut::decode(packet) else {
            return false;
        };
        self.scalable.empty(&mut view);
        self.place(now, &mut view);
        true
    }

    /// Gives a packet its number and its time in the stream.
    fn place(&mut self, now: Instant, packet: &mut PacketMut<'_>) {
        let mut header = rtp::Header {
            sequence_number: packet.sequence_number(),
            timestamp: packet.timestamp(),
            ..rtp::Header::default()
        };
        self.splice.apply(now, self.clock_rate, &mut header);
        packet.set_sequence_number(header.sequence_number);
        packet.set_timestamp(header.timestamp);
    }

    fn switch(&mut self, received: &RtpReceived) {
        if self.current.is_some() {
            self.splice.begin();
        }
        self.scalable.switch(self.current.is_none());
        self.current = Some(received.rid.clone());
        self.first = received.sequence_number;
        self.next = None;
        self.begun = None;
    }

    /// A decoder can begin with this packet. Sound has no key frames. A key frame may begin with units that any frame may
    /// begin with, alone in their packets: a delimiter, or metadata. A decoder does without them.
    fn begins_here(&mut self, packet: &PacketMut<'_>) -> bool {
        if let Some(begins) = self.scalable.begins_sequence(packet) {
            return begins;
        }
        let Some(codec) = &self.depacketizer else {
            return true;
        };
        let payload = packet.payload();
        let is_begun = codec.is_frame_start(payload) || self.begun == Some(packet.timestamp());
        self.begun = is_begun.then(|| packet.timestamp());
        is_begun && codec.is_key_frame(payload) == Some(true)
    }
}

#[cfg(test)]
mod tests {
    use rtp::payload::vp8;

    use super::*;

    const KEY: [u8; 10] = [0, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 64, 0];

    fn received(rid: &str, packet: &[u8]) -> RtpReceived {
        let sequence_number = rtp::PacketRef::decode(packet).unwrap().sequence_number();
        // The numbers of these sources have wrapped once.
        RtpReceived::new(0x1_0000 + u64::from(sequence_number), Instant::now()).of_layer(rid)
    }

    /// A packet of VP8 with a picture id of 15 bits.
    fn vp8(sequence_number: u16, picture: u16, data: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x80, 96];
        packet.extend(sequence_number.to_be_bytes());
        packet.extend([0, 0, 0, 1, 0, 0, 0, 5, 0x90, 0x80]);
        packet.extend((picture | 0x8000).to_be_bytes());
        packet.extend(data);
        packet
    }

    fn numbers(packet: &[u8]) -> (u16, u16) {
        let view = rtp::PacketRef::decode(packet).unwrap();
        let (descriptor, _) = vp8::Descriptor::decode(view.payload()).unwrap();
        (view.sequence_number(), descriptor.picture_id.unwrap().value())
    }

    #[test]
    fn a_switch_waits_for_a_key_frame_and_the_numbers_go_on() {
        let now = Instant::now();
        let mut forwarder = LayerForwarder::new(&RtpCodec::video("VP8", ""));
        let mut sent = Vec::new();
        let mut take = |forwarder: &mut LayerForwarder, rid: &str, mut packet: Vec<u8>| {
            let received = received(rid, &packet);
            let taken = forwarder.forward(now, &received, &mut packet);
            if taken {
                sent.push(numbers(&packet));
            }
            taken
        };
        let delta = [1, 0, 0];
        assert!(
            !take(&mut forwarder, "q", vp8(10, 100, &delta)),
            "no key frame yet"
        );
        assert!(take(&mut forwarder, "q", vp8(11, 101, &KEY)));
        forwarder.select(Some("f"));
        assert_eq!(forwarder.wanted(), Some(Some("f")));
        assert!(!take(&mut forwarder, "f", vp8(500, 900, &delta)));
        assert!(
            take(&mut forwarder, "q", vp8(12, 102, &delta)),
            "the old layer goes on"
        );
        assert!(take(&mut forwarder, "f", vp8(501, 901, &KEY)));
        for late in [500, 499, 0] {
            let is_taken = take(&mut forwarder, "f", vp8(late, 900, &delta));
            assert!(!is_taken, "{late} is from before the switch");
        }
        assert_eq!((forwarder.wanted(), forwarder.current()), (None, Some(Some("f"))));
        assert!(!take(&mut forwarder, "q", vp8(13, 103, &KEY)));
        assert!(take(&mut forwarder, "f", vp8(502, 902, &delta)));
        assert_eq!(sent, [(11, 101), (12, 102), (13, 103), (14, 104)]);
        forwarder.select(Some("f"));
        assert_eq!(forwarder.wanted(), None, "it is there already");
    }

    #[test]
    fn padding_is_left_out_and_nobody_misses_its_number() {
        let mut forwarder = LayerForwarder::new(&RtpCodec::video("VP8", ""));
        let mut sent = Vec::new();
        let padding = |number| vp8(number, 0, &[])[..12].to_vec();
        let delta = |number| vp8(number, 1, &[1, 0, 0]);
        let packets = [
            padding(9),
            vp8(10, 100, &KEY),
            delta(11),
            padding(13),
            padding(14),
            delta(15),
            delta(12),
            delta(17),
            padding(16),
            delta(18),
        ];
        for mut packet in packets {
            let number = rtp::PacketRef::decode(&packet).unwrap().sequence_number();
            let received = received("q", &packet);
            if forwarder.forward(Instant::now(), &received, &mut packet) {
                let view = rtp::PacketRef::decode(&packet).unwrap();
                sent.push((number, view.sequence_number(), view.payload().is_empty()));
            }
        }
        let expected = [
            (10, 10, false),
            (11, 11, false),
            (15, 13, false),
            (12, 12, false),
            (17, 15, false),
            // It came late, and fills its place.
            (16, 14, true),
            (18, 16, false),
        ];
        assert_eq!(sent, expected);
    }

    /// A packet of a frame of two, in a temporal layer of VP8.
    fn layered(sequence_number: u16, picture: u16, temporal_id: u8, data: &[u8]) -> Vec<u8> {
        let is_second = sequence_number % 2;
        let mut packet = vec![0x80, 96 | u8::try_from(is_second << 7).unwrap()];
        packet.extend(sequence_number.to_be_bytes());
        packet.extend([0, 0]);
        packet.extend(picture.to_be_bytes());
        packet.extend([0, 0, 0, 5, if is_second > 0 { 0x80 } else { 0x90 }, 0xa0]);
        packet.extend((picture | 0x8000).to_be_bytes());
        packet.push(temporal_id << 6);
        packet.extend(data);
        packet
    }

    /// What becomes of a packet: its number, and its picture id if it is not empty.
    fn passed(forwarder: &mut LayerForwarder, mut packet: Vec<u8>) -> Option<(u16, Option<u16>)> {
        let received = received("q", &packet);
        let is_passed = forwarder.forward(Instant::now(), &received, &mut packet);
        let view = rtp::PacketRef::decode(&packet).unwrap();
        let is_empty = view.payload().is_empty();
        assert!(!is_empty || !view.marker(), "nothing ends with it");
        is_passed.then(|| match is_empty {
            true => (view.sequence_number(), None),
            false => (numbers(&packet).0, Some(numbers(&packet).1)),
        })
    }

    #[test]
    fn what_was_lost_between_layers_is_told_apart_when_it_comes() {
        let mut forwarder = LayerForwarder::new(&RtpCodec::video("VP8", ""));
        forwarder.limit_layers(0, 0);
        let packets = [
            (layered(10, 100, 0, &KEY), Some((10, Some(100)))),
            // 11 is lost, the end of a picture that stays, and 13, the end of one that does not.
            (layered(12, 101, 2, &[1]), None),
            (layered(14, 102, 0, &[1]), Some((12, Some(101)))),
            (layered(11, 100, 0, &[1]), Some((11, Some(100)))),
            (layered(13, 101, 2, &[1]), None),
            (layered(15, 102, 0, &[1]), Some((13, Some(101)))),
            // 16 to 18 are lost, of which nothing is known.
            (layered(19, 104, 0, &[1]), Some((17, Some(103)))),
            (layered(16, 103, 2, &[1]), Some((14, None))),
            (layered(18, 104, 0, &[1]), Some((16, Some(103)))),
            (layered(17, 103, 2, &[1]), Some((15, None))),
            (layered(20, 105, 0, &[1]), Some((18, Some(104)))),
        ];
        for (packet, expected) in packets {
            let number = rtp::PacketRef::decode(&packet).unwrap().sequence_number();
            assert_eq!(passed(&mut forwarder, packet), expected, "{number}");
        }
    }

    /// Payloads of a frame.
    type Frame = &'static [&'static [u8]];

    /// The numbers of the packets that are taken of a stream, and how many there are.
    fn taken(codec: &str, frames: &[Frame]) -> (Vec<usize>, usize) {
        let mut forwarder = LayerForwarder::new(&RtpCodec::video(codec, ""));
        let payloads = (0u8..).zip(frames);
        let payloads = payloads.flat_map(|(time, frame)| frame.iter().map(move |payload| (time, *payload)));
        let mut packets: Vec<_> = (1u8..)
            .zip(payloads)
            .map(|(number, (time, payload))| {
                [&[0x80, 96, 0, number, 0, 0, 0, time, 0, 0, 0, 5], payload].concat()
            })
            .collect();
        let all = packets.len();
        let taken = (1..).zip(&mut packets).filter_map(|(number, packet)| {
            let received = received("q", packet);
            forwarder
                .forward(Instant::now(), &received, packet)
                .then_some(number)
        });
        (taken.collect(), all)
    }

    #[test]
    fn begins_with_nothing_but_a_key_frame() {
        let h264: [Frame; 4] = [
            &[&[0x41, 0x9a, 0]],
            // A delimiter, enhancement information and a picture that needs others.
            &[&[0x09, 0x30], &[0x06, 1, 1, 0x80], &[0x41, 0x9a, 0]],
            // A delimiter, then parameter sets and a picture that needs no other.
            &[
                &[0x09, 0x10],
                &[0x67, 0x42, 0, 0x1f],
                &[0x68, 0xce],
                &[0x65, 0x88, 0],
            ],
            &[&[0x41, 0x9a, 0]],
        ];
        let h265: [Frame; 2] = [
            &[&[70, 1, 0x50], &[2, 1, 0xd0]],
            &[&[70, 1, 0x10], &[64, 1, 0x0c], &[38, 1, 0xac]],
        ];
        let vp9: [Frame; 2] = [
            // Only the second of two layers of a key picture, and the whole of one.
            &[&[0xa8, 1, 0x03, 0, 0]],
            &[&[0xa8, 2, 0x01, 0, 0], &[0xa8, 2, 0x03, 0, 0]],
        ];
        let av1: [Frame; 2] = [
            // Metadata, then a frame that is no key frame; a sequence header and a key frame.
            &[&[0x10, 0x28, 1, 0], &[0x10, 0x30, 0x20, 0]],
            &[&[0x18, 0x0a, 0x08, 0, 0]],
        ];
        let cases: [(_, &[Frame], _); 4] = [
            ("H264", &h264, 1 + 3 + 2),
            ("H265", &h265, 2 + 2),
            ("VP9", &vp9, 1 + 1),
            ("AV1", &av1, 2 + 1),
        ];
        for (codec, frames, first) in cases {
            let (taken, all) = taken(codec, frames);
            assert_eq!(taken, (first..=all).collect::<Vec<_>>(), "{codec}");
        }
    }

    #[test]
    fn a_key_frame_is_asked_for_until_it_comes() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut forwarder = LayerForwarder::new(&RtpCodec::video("VP8", ""));
        assert_eq!(forwarder.poll_request(at(0)), None, "nothing is selected");
        forwarder.select(Some("f"));
        assert_eq!(forwarder.poll_request(at(0)), Some(Some("f")));
        forwarder.select(Some("f"));
        assert_eq!(forwarder.poll_request(at(499)), None, "asked already");
        assert_eq!(forwarder.poll_request(at(500)), Some(Some("f")), "no answer");
        forwarder.select(Some("q"));
        assert_eq!(forwarder.poll_request(at(501)), Some(Some("q")), "another layer");
        assert!(forwarder.forward(at(600), &received("q", &vp8(1, 1, &KEY)), &mut vp8(1, 1, &KEY)));
        assert_eq!(forwarder.poll_request(at(9000)), None, "it has come");
    }
}
