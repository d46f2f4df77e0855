//! Any sequence of calls on two peers, with any losses of descriptions: both agree, and nothing is left over.

use proptest::prelude::*;
use webrtc::core::TransceiverId;
use webrtc::{
    MediaKind, RtpTransceiverDirection as Direction, SessionDescription, SignalingState, TrackInfo,
};

use super::peer::Peer;

#[derive(Clone, Debug)]
enum Step {
    Add(bool, bool, Direction),
    Track(bool, bool),
    Remove(bool, usize),
    Turn(bool, usize, Direction),
    Stop(bool, usize),
    Negotiate(bool),
    TakeBack(bool),
    Cross,
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![
        Just(Direction::SendRecv),
        Just(Direction::SendOnly),
        Just(Direction::RecvOnly),
        Just(Direction::Inactive),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (any::<bool>(), any::<bool>(), direction()).prop_map(|(a, b, c)| Step::Add(a, b, c)),
        (any::<bool>(), any::<bool>()).prop_map(|(a, b)| Step::Track(a, b)),
        (any::<bool>(), 0..8_usize).prop_map(|(a, b)| Step::Remove(a, b)),
        (any::<bool>(), 0..8_usize, direction()).prop_map(|(a, b, c)| Step::Turn(a, b, c)),
        (any::<bool>(), 0..8_usize).prop_map(|(a, b)| Step::Stop(a, b)),
        any::<bool>().prop_map(Step::Negotiate),
        any::<bool>().prop_map(Step::TakeBack),
        Just(Step::Cross),
    ]
}

struct World {
    peers: [Peer; 2],
    tracks: usize,
}

fn kind(is_video: bool) -> MediaKind {
    if is_video {
        MediaKind::Video
    } else {
        MediaKind::Audio
    }
}

impl World {
    fn pick(&self, side: usize, n: usize) -> Option<TransceiverId> {
        let ids = self.peers[side].ids();
        ids.get(n % ids.len().max(1)).copied()
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Add(side, video, direction) => {
                self.peers[usize::from(side)].add(kind(video), direction);
            }
            Step::Track(side, video) => {
                self.tracks += 1;
                let track = TrackInfo {
                    id: format!("t{}", self.tracks),
                    kind: kind(video),
                };
                let streams = ["s".to_owned()];
                self.peers[usize::from(side)]
                    .core
                    .add_track(track, &streams)
                    .unwrap();
            }
            Step::Remove(side, n) => {
                if let Some(id) = self.pick(side.into(), n) {
                    self.peers[usize::from(side)].core.remove_track(id).unwrap();
                }
            }
            Step::Turn(side, n, direction) => {
                if let Some(id) = self.pick(side.into(), n) {
                    // A stopping one says so.
                    let _ = self.peers[usize::from(side)].core.set_direction(id, direction);
                }
            }
            Step::Stop(side, n) => {
                if let Some(id) = self.pick(side.into(), n) {
                    self.peers[usize::from(side)].core.stop_transceiver(id).unwrap();
                }
            }
            Step::Negotiate(side) => self.negotiate(side),
            Step::TakeBack(side) => self.take_back(side),
            Step::Cross => self.cross(),
        }
    }

    fn order(&mut self, first: bool) -> [&mut Peer; 2] {
        let [one, other] = &mut self.peers;
        if first { [other, one] } else { [one, other] }
    }

    fn negotiate(&mut self, side: bool) {
        let [offerer, answerer] = self.order(side);
        super::peer::negotiate(offerer, answerer);
        self.check();
    }

    fn take_back(&mut self, side: bool) {
        let [offerer, answerer] = self.order(side);
        let offer = offerer.offer();
        answerer.hear(&offer);
        answerer.roll_back();
        let rollback = SessionDescription::rollback();
        offerer
            .core
            .set_local_description(offerer.now, Some(rollback))
            .unwrap();
    }

    fn cross(&mut self) {
        let [polite, impolite] = &mut self.peers;
        polite.offer();
        let offer = impolite.offer();
        polite.hear(&offer);
        let answer = polite.answer();
        impolite.hear(&answer);
        self.check();
    }

    /// After an exchange: the same sections with opposite directions, the same numbers, and every live stream known.
    fn check(&self) {
        let [one, other] = &self.peers;
        assert_eq!(one.core.signaling_state(), SignalingState::Stable);
        let (ours, theirs) = (one.core.negotiated_media(), other.core.negotiated_media());
        let (Some(ours), Some(theirs)) = (ours, theirs) else {
            return;
        };
        assert_eq!(ours.sections.len(), theirs.sections.len());
        for (ours, theirs) in ours.sections.iter().zip(&theirs.sections) {
            assert_eq!((&ours.mid, ours.kind), (&theirs.mid, theirs.kind));
            assert_eq!(ours.direction, theirs.direction.reversed());
            assert_eq!(ours.extensions, theirs.extensions);
            let numbers = |codecs: &[webrtc::core::NegotiatedCodec]| -> Vec<_> {
                let all = codecs.iter();
                all.map(|codec| (codec.payload_type, codec.rtx_payload_type))
                    .collect()
            };
            assert_eq!(numbers(&ours.send), numbers(&theirs.receive));
            assert_eq!(numbers(&ours.receive), numbers(&theirs.send));
            for (sender, receiver) in [(ours, theirs), (theirs, ours)] {
                if sender.direction.sends() {
                    assert_eq!(Some(sender.outbound[0].ssrc), receiver.inbound[0].ssrc);
                }
            }
        }
        for peer in [one, other] {
            for transceiver in peer.core.transceivers() {
                assert!(
                    !transceiver.is_stopped(),
                    "a stopped one is gone after the answer"
                );
                assert_eq!(
                    transceiver.mid().is_some(),
                    transceiver.current_direction().is_some(),
                    "whoever has a section has a direction"
                );
            }
        }
    }

    /// Two exchanges from each side settle everything.
    fn settle(&mut self) {
        for side in [false, true, false, true] {
            self.negotiate(side);
        }
        for peer in &mut self.peers {
            peer.news();
            let media = peer.core.transceivers();
            let open: Vec<_> = media.filter(|known| known.mid().is_none()).collect();
            assert!(open.is_empty(), "{open:?}");
            // A call that changes nothing would tell that negotiation is needed.
            let live = peer.core.transceivers().find(|known| !known.is_stopping());
            if let Some(id) = live.map(webrtc::core::Transceiver::id) {
                let direction = peer.get(id).direction();
                peer.core.set_direction(id, direction).unwrap();
            }
            assert!(peer.news().is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn two_peers_agree_whatever_happens(steps in proptest::collection::vec(step(), 1..16)) {
        let mut world = World { peers: [Peer::new(1), Peer::new(2)], tracks: 0 };
        for step in &steps {
            world.run(step);
        }
        world.settle();
    }

    /// Whatever of an offer is left, an answer to it parses and has its sections.
    #[test]
    fn a_mutilated_offer_gives_an_error_or_an_answer(seed in any::<u64>(), cuts in 1..12_usize) {
        let mut offerer = Peer::new(1);
        offerer.add(MediaKind::Audio, Direction::SendRecv);
        offerer.add(MediaKind::Video, Direction::SendOnly);
        let text = offerer.offer().sdp;
        let mut lines: Vec<_> = text.split_inclusive("\r\n").collect();
        let mut state = seed;
        for _ in 0..cuts {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(state >> 33).unwrap() % lines.len();
            match state % 3 {
                0 => { lines.remove(at); }
                1 => lines.insert(at, lines[at]),
                _ => { let other = (at * 7 + 3) % lines.len(); lines.swap(at, other); }
            }
        }
        let mut answerer = Peer::new(2);
        let offer = SessionDescription::offer(lines.concat());
        if answerer.core.set_remote_description(answerer.now, &offer).is_ok() {
            let answer = super::peer::parse(&answerer.answer().sdp);
            prop_assert_eq!(answer.media.len(), super::peer::parse(&offer.sdp).media.len());
        }
    }
}
