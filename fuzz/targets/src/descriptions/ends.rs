//! One end: its calls, and the laws that hold after each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use webrtc::core::{MAX_EVENTS, MAX_SECTIONS, MAX_TRANSCEIVERS, PeerConnection, TransceiverId};
use webrtc::{
    Configuration, DataChannelInit, Error, ExtensionEncryption, IceCandidateInit, MediaEngine, MediaKind,
    OfferOptions, RtpEncodingParameters, RtpTransceiverDirection as Direction, RtpTransceiverInit, SdpType,
    SessionDescription, SettingEngine, SignalingState, TrackInfo,
};

use super::edits;
use crate::dtls_targets::certificate;
use crate::duel::Script;

/// Channels of a script: what they hold is bounded elsewhere.
const MAX_CHANNELS: u8 = 4;

/// No core has more to say at a time: a loop that goes on is endless.
const MAX_DRAIN: usize = 20_000;

pub(super) struct End {
    core: PeerConnection,
    now: Instant,
    address: SocketAddr,
    /// The sections of the descriptions in force, which never become fewer.
    sections: usize,
    channels: u8,
}

fn parse(description: &SessionDescription) -> sdp::SessionDescription {
    let parsed = description.sdp.parse();
    assert!(parsed.is_ok(), "what we write is read: {parsed:?}");
    parsed.unwrap_or_default()
}

fn direction(byte: u8) -> Direction {
    match byte & 3 {
        0 => Direction::SendRecv,
        1 => Direction::SendOnly,
        2 => Direction::RecvOnly,
        _ => Direction::Inactive,
    }
}

impl End {
    pub(super) fn new(side: u8) -> Option<Self> {
        let mut settings = SettingEngine::default();
        settings.srtp.cryptex = side == 1;
        let mut engine = MediaEngine::default();
        if side == 1 {
            engine.encrypt_header_extensions(ExtensionEncryption::Prefer, |_| true);
        }
        let configuration = Configuration {
            certificates: vec![certificate()?.clone()],
            ..Configuration::default()
        };
        Some(Self {
            core: PeerConnection::new(&configuration, Arc::new(settings), [side; 32])
                .ok()?
                .with_media_engine(Arc::new(engine)),
            now: Instant::now(),
            address: SocketAddr::from(([192, 0, 2, side], 1000)),
            sections: 0,
            channels: 0,
        })
    }

    fn pick(&self, n: u8) -> Option<TransceiverId> {
        let count = self.core.transceivers().count().max(1);
        let known = self.core.transceivers().nth(usize::from(n) % count)?;
        Some(known.id())
    }

    pub(super) fn add(&mut self, script: &mut Script<'_>) {
        let how = script.byte();
        let kind = if how & 1 == 0 {
            MediaKind::Audio
        } else {
            MediaKind::Video
        };
        let track = TrackInfo {
            id: format!("t{}", how >> 5),
            kind,
        };
        let layer = |rid: &str| RtpEncodingParameters {
            rid: Some(rid.to_owned()),
            ..RtpEncodingParameters::default()
        };
        let init = RtpTransceiverInit {
            direction: direction(how >> 3),
            stream_ids: vec![String::from("s")],
            send_encodings: match how >> 5 {
                0 => vec![layer("q"), layer("h"), layer("f")],
                _ => Vec::new(),
            },
            receive_rids: match how >> 5 {
                1 => vec![String::from("a"), String::from("b")],
                _ => Vec::new(),
            },
        };
        if how & 6 == 0 && self.channels < MAX_CHANNELS {
            self.channels += 1;
            let _ = self
                .core
                .create_data_channel(self.now, "c", &DataChannelInit::default());
        } else if how & 4 == 0 {
            let _ = self.core.add_track(track, &init.stream_ids);
        } else {
            let _ = self.core.add_transceiver(track, init);
        }
    }

    pub(super) fn change(&mut self, script: &mut Script<'_>) {
        let (what, which) = (script.byte(), script.byte());
        let Some(id) = self.pick(which) else { return };
        let _ = match what & 7 {
            0 | 1 => self.core.stop_transceiver(id),
            2 => self.core.remove_track(id),
            3 => self.core.replace_track(id, None),
            4 => self.core.set_streams(id, &[script.text(4)]),
            5 => {
                let media = self.core.negotiated_media();
                let section = media.and_then(|media| media.by_transceiver(id));
                let codecs: Vec<_> = section.map_or_else(Vec::new, |section| {
                    section.receive.iter().rev().map(|it| it.codec.clone()).collect()
                });
                self.core.set_codec_preferences(id, &codecs)
            }
            _ => self.core.set_direction(id, direction(what >> 3)),
        };
        if what & 0x80 != 0 {
            self.core.restart_ice();
        }
    }

    /// Makes an offer, and mostly applies it.
    pub(super) fn offer(&mut self, script: &mut Script<'_>) {
        let how = script.byte();
        let may = matches!(
            self.core.signaling_state(),
            SignalingState::Stable | SignalingState::HaveLocalOffer
        );
        let ice_restart = how & 3 == 3;
        let offer = match self.core.create_offer(OfferOptions { ice_restart }) {
            Ok(offer) => offer,
            Err(error) => {
                assert!(!may || self.core.is_closed(), "no offer: {error}");
                return;
            }
        };
        assert!(parse(&offer).media.len() >= self.sections, "sections are gone");
        if how & 12 != 12 {
            let applied = self.core.set_local_description(self.now, Some(offer));
            assert!(applied.is_ok() || !may, "our own offer: {applied:?}");
            self.gather();
        }
    }

    /// Makes an answer, and applies it, at times as a provisional one.
    pub(super) fn answer(&mut self, script: &mut Script<'_>) {
        let how = script.byte();
        let Ok(mut answer) = self.core.create_answer() else {
            let state = self.core.signaling_state();
            assert_ne!(state, SignalingState::HaveRemoteOffer, "an offer is answered");
            return;
        };
        let offered = self
            .core
            .remote_description()
            .map(|offer| parse(&offer).media.len());
        assert_eq!(
            Some(parse(&answer).media.len()),
            offered,
            "every section has its answer"
        );
        if how & 3 == 3 {
            answer.kind = SdpType::Pranswer;
        }
        let applied = self.core.set_local_description(self.now, Some(answer));
        assert!(applied.is_ok(), "our own answer: {applied:?}");
        self.gather();
    }

    fn gather(&mut self) {
        if self.core.wants_addresses() {
            self.core.add_local_address(self.now, self.address);
            self.core.end_local_addresses(self.now);
        }
    }

    pub(super) fn roll_back(&mut self, script: &mut Script<'_>) {
        let is_local = script.flag();
        let before = self.core.signaling_state();
        let rollback = SessionDescription::rollback();
        let done = if is_local {
            self.core.set_local_description(self.now, Some(rollback))
        } else {
            self.core.set_remote_description(self.now, &rollback)
        };
        let state = self.core.signaling_state();
        match done {
            Ok(()) => assert_eq!(state, SignalingState::Stable),
            Err(_) => assert_eq!(state, before),
        }
    }

    /// What this side has applied last.
    pub(super) fn described(&self) -> Option<SessionDescription> {
        self.core.local_description()
    }

    /// Hears a description, with `faults` as the script says.
    pub(super) fn hear(
        &mut self,
        description: Option<SessionDescription>,
        script: &mut Script<'_>,
        faults: bool,
    ) {
        let Some(mut description) = description else {
            return;
        };
        if faults {
            edits::change(&mut description, script);
        }
        let before = (self.core.signaling_state(), self.core.remote_description());
        let heard = self.core.set_remote_description(self.now, &description);
        let state = self.core.signaling_state();
        match heard {
            Ok(()) => assert_eq!(
                Some(state),
                match description.kind {
                    SdpType::Offer => Some(SignalingState::HaveRemoteOffer),
                    SdpType::Pranswer => Some(SignalingState::HaveRemotePranswer),
                    SdpType::Answer | SdpType::Rollback => Some(SignalingState::Stable),
                }
            ),
            Err(Error::Closed) => assert!(self.core.is_closed()),
            Err(error) => {
                let after = (state, self.core.remote_description());
                assert!(before == after, "a refusal changes nothing: {error}");
            }
        }
    }

    pub(super) fn candidate(&mut self, script: &mut Script<'_>) {
        let how = script.byte();
        let port = script.byte();
        let candidate = IceCandidateInit {
            candidate: match how & 3 {
                0 => String::new(),
                1 => script.text(24),
                _ => format!("candidate:1 1 udp 77 192.0.2.{} {port} typ host", how >> 4),
            },
            sdp_mid: (how & 4 != 0).then(|| format!("{}", how >> 5)),
            sdp_m_line_index: (how & 8 != 0).then(|| u16::from(how >> 5)),
            username_fragment: (how & 16 != 0).then(|| self.core.local_ufrag().to_owned()),
        };
        let _ = self.core.add_ice_candidate(self.now, Some(candidate));
    }

    /// The laws that hold at all times.
    pub(super) fn check(&mut self) {
        let mut events = 0;
        while self.core.poll_event().is_some() {
            events += 1;
            assert!(events <= 2 * MAX_EVENTS, "events without end");
        }
        assert!(self.core.transceivers().count() <= MAX_TRANSCEIVERS);
        let current = [
            self.core.current_local_description(),
            self.core.current_remote_description(),
        ];
        for description in current.iter().flatten() {
            let is_section = |line: &&str| line.starts_with("m=");
            let count = description.sdp.lines().filter(is_section).count();
            assert!(
                count >= self.sections && count <= MAX_SECTIONS,
                "{count} sections"
            );
            self.sections = count;
        }
        let media = self.core.negotiated_media();
        let live = media.map_or(0, |media| media.sections.len());
        assert!(
            live <= self.core.transceivers().count(),
            "a section without transceiver"
        );
    }
}

/// Time passes, and datagrams go to and fro until there are no more.
pub(super) fn exchange(one: &mut End, other: &mut End, script: &mut Script<'_>) {
    let later = Duration::from_millis(u64::from(script.byte()) * 8);
    for end in [&mut *one, &mut *other] {
        end.now += later;
        end.core.handle_timeout(end.now);
    }
    let mut rounds = 0;
    while [carry(one, other), carry(other, one)] != [false; 2] {
        rounds += 1;
        assert!(rounds <= MAX_DRAIN, "datagrams without end");
    }
    for end in [one, other] {
        while end.core.poll_event().is_some() {}
        end.core.handle_timeout(end.now);
        let next = end.core.poll_timeout();
        assert!(next.is_none_or(|next| next > end.now), "a deadline that stays");
    }
}

fn carry(from: &mut End, to: &mut End) -> bool {
    let mut datagram = Vec::new();
    let Some(transmit) = from.core.poll_transmit(from.now, 1, &mut datagram) else {
        return false;
    };
    assert_eq!(transmit.len, datagram.len());
    let path = ice::Path {
        local: transmit.path.remote,
        remote: transmit.path.local,
    };
    if path.local == to.address {
        to.core.handle_input(to.now, path, &mut datagram);
    }
    true
}
