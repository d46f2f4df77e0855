//! `RTCRtpTransceiver` with its sender and its receiver: W3C webrtc-pc §5.2–5.4, RFC 9429 §3.4.
//!
//! A transceiver belongs to one section of the descriptions from the moment that an offer with it is applied. What the
//! application wishes (`direction`) and what was agreed (`current_direction`) are apart until the next exchange.

use std::sync::Arc;

use sdp::Direction;

use super::codec::{MediaKind, RtpCodec};
use super::parameters::{RtpEncodingParameters, TrackInfo};

/// A transceiver's number within its connection, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransceiverId(pub(in crate::core) u32);

/// A pair of a sender and a receiver.
#[derive(Clone, Debug)]
pub struct Transceiver {
    pub(super) id: TransceiverId,
    pub(super) kind: MediaKind,
    pub(super) place: Option<Place>,
    pub(super) direction: Direction,
    pub(super) current_direction: Option<Direction>,
    pub(super) life: Life,
    pub(super) origin: Origin,
    /// `current_direction` has once included sending.
    pub(super) has_sent: bool,
    pub(super) preferences: Vec<RtpCodec>,
    pub(super) sender: Sender,
    pub(super) receiver: Receiver,
    pub(super) settled: Option<Settled>,
}

/// The section that a transceiver belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) mid: Arc<str>,
    pub(super) index: usize,
}

/// `[[Stopping]]` and `[[Stopped]]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Life {
    #[default]
    Live,
    /// `stop` was called, and the peer has not been told.
    Stopping,
    Stopped,
}

/// Where a transceiver came from, which decides what an offer of the peer may do with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// `add_track` made it.
    pub(super) add_track: bool,
    /// `add_track` has attached a track to it.
    pub(super) attached: bool,
    /// An offer of the peer made it that may still be taken back.
    pub(super) pending_offer: bool,
}

/// What the descriptions of the last finished exchange say about a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    /// The local description was the offer.
    pub(super) offered_by_us: bool,
    pub(super) local: Direction,
    /// From the peer's point of view.
    pub(super) remote: Direction,
    /// The streams of our `a=msid` lines.
    pub(super) stream_ids: Vec<String>,
    /// The payload types of our section, in the order of the answer.
    pub(super) payload_types: Vec<u8>,
    /// The header extensions that were agreed upon, by URI.
    pub(super) extensions: Vec<String>,
    pub(super) rtcp_rsize: bool,
}

/// The sending half (`RTCRtpSender`).
#[derive(Clone, Debug)]
pub struct Sender {
    pub(super) id: String,
    pub(super) track: Option<TrackInfo>,
    pub(super) stream_ids: Vec<String>,
    pub(super) encodings: Vec<Encoding>,
}

/// An encoding of a sender with the SSRCs that are its own for the life of the connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoding {
    /// What the application has set.
    pub parameters: RtpEncodingParameters,
    /// The SSRC of its packets.
    pub ssrc: u32,
    /// The SSRC of their retransmissions, used where `rtx` was agreed.
    pub rtx_ssrc: u32,
}

/// The receiving half (`RTCRtpReceiver`).
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    pub(super) remote: RemoteTrack,
    /// The application was told of the track and not of its end.
    pub(super) announced: bool,
    /// Layers that our offers ask for.
    pub(super) rids: Vec<String>,
}

/// What the peer's description says about the track that it sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteTrack {
    /// The streams that it belongs to, by id.
    pub stream_ids: Vec<String>,
    /// The id that the peer gave it, if it gave one.
    pub track_id: Option<String>,
    /// The name that its RTCP carries, by which streams of one clock are found (RFC 7022).
    pub cname: Option<String>,
}

impl Transceiver {
    /// Its number.
    #[must_use]
    pub const fn id(&self) -> TransceiverId {
        self.id
    }

    /// What it carries.
    #[must_use]
    pub const fn kind(&self) -> MediaKind {
        self.kind
    }

    /// The name of its section, once an offer with it was applied.
    #[must_use]
    pub fn mid(&self) -> Option<&str> {
        self.place.as_ref().map(|place| &*place.mid)
    }

    /// Which way the application wants media to flow; inactive once it is stopping.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// Which way media flows by the last answer; `None` before the first and once stopped.
    #[must_use]
    pub const fn current_direction(&self) -> Option<Direction> {
        self.current_direction
    }

    /// Whether `stop` was called or the peer has stopped it.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.life != Life::Live
    }

    /// Whether it is stopped for good: both sides know.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.life == Life::Stopped
    }

    /// The codecs that the application prefers; empty for those of the engine.
    #[must_use]
    pub fn codec_preferences(&self) -> &[RtpCodec] {
        &self.preferences
    }

    /// The sending half.
    #[must_use]
    pub const fn sender(&self) -> &Sender {
        &self.sender
    }

    /// The receiving half.
    #[must_use]
    pub const fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    pub(super) fn is_at(&self, index: usize) -> bool {
        self.place.as_ref().is_some_and(|place| place.index == index)
    }

    /// "Stop sending and receiving".
    pub(super) fn begin_stop(&mut self) {
        if self.life == Life::Live {
            self.life = Life::Stopping;
            self.direction = Direction::Inactive;
        }
    }

    /// "Stop the RTCRtpTransceiver". Returns whether the application has to be told that the track ended.
    pub(super) fn stop(&mut self) -> bool {
        self.begin_stop();
        self.life = Life::Stopped;
        self.current_direction = None;
        self.receiver.remote = RemoteTrack::default();
        std::mem::take(&mut self.receiver.announced)
    }

    pub(super) fn agree(&mut self, direction: Direction) {
        self.current_direction = Some(direction);
        self.has_sent |= direction.sends();
    }

    /// Whether `add_track` may attach a track here: nothing was ever sent.
    pub(super) fn takes_track(&self, kind: MediaKind) -> bool {
        self.kind == kind && self.sender.track.is_none() && self.life == Life::Live && !self.has_sent
    }

    /// The checks of W3C webrtc-pc §4.7.3 on one transceiver.
    pub(super) fn needs_negotiation(&self, is_tagged: bool) -> bool {
        let is_inactive = |settled: &Settled| settled.local == Direction::Inactive;
        match self.life {
            // That of the tagged section is inactive for ever.
            Life::Stopping if is_tagged => !self.settled.as_ref().is_some_and(is_inactive),
            // One without a section simply has none in the next offer.
            Life::Stopping => self.place.is_some(),
            // The answer that rejects its section takes it away: while it is here, the peer has to be told.
            Life::Stopped => self.place.is_some() && self.settled.is_some(),
            Life::Live => self
                .settled
                .as_ref()
                .is_none_or(|settled| self.place.is_none() || self.differs(settled)),
        }
    }

    fn differs(&self, settled: &Settled) -> bool {
        if self.direction.sends() && settled.stream_ids != self.sender.stream_ids {
            return true;
        }
        let theirs = settled.remote.reversed();
        if settled.offered_by_us {
            settled.local != self.direction && theirs != self.direction
        } else {
            settled.local != self.direction.and(theirs)
        }
    }
}

impl Sender {
    /// The id that stands for the track in our descriptions. It stays when the track is replaced.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The track, if there is one.
    #[must_use]
    pub const fn track(&self) -> Option<&TrackInfo> {
        self.track.as_ref()
    }

    /// The streams that the track belongs to, by id.
    #[must_use]
    pub fn stream_ids(&self) -> &[String] {
        &self.stream_ids
    }

    /// The encodings: one, or the layers of simulcast.
    #[must_use]
    pub fn encodings(&self) -> &[Encoding] {
        &self.encodings
    }

    pub(super) fn rids(&self) -> impl Iterator<Item = &str> {
        self.encodings
            .iter()
            .filter_map(|encoding| encoding.parameters.rid.as_deref())
    }

    pub(super) const fn is_simulcast(&self) -> bool {
        self.encodings.len() > 1
    }
}

impl Receiver {
    /// What the peer says about its track.
    #[must_use]
    pub const fn remote_track(&self) -> &RemoteTrack {
        &self.remote
    }

    /// Whether the peer has said that it sends, in an offer or an answer.
    #[must_use]
    pub const fn has_track(&self) -> bool {
        self.announced
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transceiver(direction: Direction, settled: Option<Settled>) -> Transceiver {
        Transceiver {
            id: TransceiverId(1),
            kind: MediaKind::Audio,
            place: settled.is_some().then(|| Place {
                mid: "0".into(),
                index: 0,
            }),
            direction,
            current_direction: None,
            life: Life::Live,
            origin: Origin::default(),
            has_sent: false,
            preferences: Vec::new(),
            sender: Sender {
                id: String::from("track"),
                track: None,
                stream_ids: Vec::new(),
                encodings: Vec::new(),
            },
            receiver: Receiver::default(),
            settled,
        }
    }

    fn settled(offered_by_us: bool, local: Direction, remote: Direction) -> Settled {
        Settled {
            offered_by_us,
            local,
            remote,
            stream_ids: Vec::new(),
            payload_types: Vec::new(),
            extensions: Vec::new(),
            rtcp_rsize: true,
        }
    }

    #[test]
    fn negotiation_is_needed_when_no_description_says_what_is_wanted() {
        use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
        assert!(transceiver(SendRecv, None).needs_negotiation(false));
        let table = [
            (SendRecv, settled(true, SendRecv, SendRecv), false),
            // The peer refused to send: we still offer to receive.
            (SendRecv, settled(true, SendRecv, RecvOnly), false),
            // What the answer left of our offer is what we want.
            (SendOnly, settled(true, SendRecv, RecvOnly), false),
            (SendOnly, settled(true, SendRecv, SendRecv), true),
            (Inactive, settled(true, SendRecv, SendRecv), true),
            // As the answerer we can only have what was offered.
            (SendRecv, settled(false, RecvOnly, SendOnly), false),
            (RecvOnly, settled(false, RecvOnly, SendOnly), false),
            (SendRecv, settled(false, RecvOnly, SendRecv), true),
            (Inactive, settled(false, RecvOnly, SendOnly), true),
        ];
        for (direction, settled, expected) in table {
            let needs = transceiver(direction, Some(settled.clone())).needs_negotiation(false);
            assert_eq!(needs, expected, "{direction} {settled:?}");
        }
    }

    #[test]
    fn streams_of_what_is_sent_have_to_be_told() {
        let both = settled(true, Direction::SendRecv, Direction::SendRecv);
        let mut changed = transceiver(Direction::SendRecv, Some(both));
        changed.sender.stream_ids.push(String::from("stream"));
        assert!(changed.needs_negotiation(false));
        let received = settled(true, Direction::RecvOnly, Direction::SendOnly);
        let mut changed = transceiver(Direction::RecvOnly, Some(received));
        changed.sender.stream_ids.push(String::from("stream"));
        assert!(!changed.needs_negotiation(false));
    }

    #[test]
    fn a_stopping_transceiver_needs_negotiation_while_it_has_a_section() {
        let both = settled(true, Direction::SendRecv, Direction::SendRecv);
        let mut transceiver = transceiver(Direction::SendRecv, Some(both));
        transceiver.begin_stop();
        assert!(transceiver.needs_negotiation(false) && !transceiver.is_stopped());
        assert_eq!(transceiver.direction(), Direction::Inactive);
        let inactive = settled(true, Direction::Inactive, Direction::Inactive);
        assert!(transceiver.needs_negotiation(true));
        transceiver.settled = Some(inactive);
        assert!(transceiver.needs_negotiation(false) && !transceiver.needs_negotiation(true));
        transceiver.receiver.announced = true;
        assert!(transceiver.stop());
        assert!(transceiver.needs_negotiation(false) && !transceiver.stop());
        transceiver.place = None;
        assert!(!transceiver.needs_negotiation(false));
    }
}
