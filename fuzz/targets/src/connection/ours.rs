//! Our end: a connection core, and an application that does anything.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use webrtc::core::{ChannelId, Event, PeerConnection};
use webrtc::{
    Configuration, DataChannelInit, IceCandidateInit, Kind, OfferOptions, SdpType, SessionDescription,
    SettingEngine,
};

use super::{OURS, peer};
use crate::dtls_targets::certificate;
use crate::duel::Script;
use crate::ice_targets::address;

/// Small enough for a script to reach its end.
pub(super) const RECEIVE_BUFFER: usize = 32 * 1024;

pub(super) struct Ours {
    pub(super) core: PeerConnection,
    pub(super) peer_password: String,
    known: Vec<ChannelId>,
    /// What the peer has signalled, for scripts to change.
    signalled: String,
}

/// The value of the first line of an attribute.
pub(super) fn attribute<'s>(sdp: &'s str, name: &str) -> Option<&'s str> {
    sdp.lines()
        .find_map(|line| line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':'))
}

impl Ours {
    pub(super) fn new(now: Instant) -> Option<Self> {
        let settings = SettingEngine {
            max_message_size: 8 * 1024,
            receive_buffer: RECEIVE_BUFFER,
            send_buffer: 64 * 1024,
            ..SettingEngine::default()
        };
        let configuration = Configuration {
            certificates: vec![certificate()?.clone()],
            ..Configuration::default()
        };
        let mut core = PeerConnection::new(&configuration, Arc::new(settings), [1; 32]).ok()?;
        let init = DataChannelInit::default();
        let known = vec![core.create_data_channel(now, "data", &init).ok()?];
        Some(Self {
            core,
            peer_password: String::new(),
            known,
            signalled: peer::description(&Default::default(), "actpass"),
        })
    }

    pub(super) fn offer(&mut self, now: Instant) {
        let _ = self.core.set_local_description(now, None);
        self.gather(now);
    }

    pub(super) fn answer(&mut self, now: Instant) {
        self.offer(now);
    }

    fn gather(&mut self, now: Instant) {
        if let (true, Some(base)) = (self.core.wants_addresses(), address(OURS)) {
            self.core.add_local_address(now, base);
            self.core.end_local_addresses(now);
        }
    }

    /// The peer's description.
    pub(super) fn take(&mut self, now: Instant, kind: SdpType, sdp: &str) {
        self.signalled = sdp.to_owned();
        self.describe(now, kind, sdp.to_owned());
    }

    fn describe(&mut self, now: Instant, kind: SdpType, sdp: String) {
        let password = attribute(&sdp, "ice-pwd").unwrap_or_default().to_owned();
        let description = SessionDescription { kind, sdp };
        match self.core.set_remote_description(now, &description) {
            Ok(()) => self.peer_password = password,
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }

    pub(super) fn description(&self) -> String {
        let description = self.core.local_description();
        description.map(|description| description.sdp).unwrap_or_default()
    }

    pub(super) fn password(&self) -> String {
        attribute(&self.description(), "ice-pwd")
            .unwrap_or_default()
            .to_owned()
    }

    pub(super) fn poll_event(&mut self) -> bool {
        match self.core.poll_event() {
            Some(Event::DataChannel(id)) => {
                assert!(self.core.channel_config(id).is_some(), "a channel of nobody");
                self.known.push(id);
                true
            }
            Some(Event::Failed(reason)) => {
                assert!(!reason.to_string().is_empty());
                assert_eq!(self.core.failure(), Some(&reason));
                true
            }
            Some(_) => true,
            None => false,
        }
    }

    /// Bytes received and not taken, and the tables that peers fill.
    pub(super) fn footprint(&self) -> usize {
        let stats = self.core.stats();
        let tables =
            stats.candidate_pairs.len() + stats.local_candidates.len() + stats.remote_candidates.len();
        let names = stats.data_channels.iter();
        let names: usize = names
            .map(|channel| channel.label.len() + channel.protocol.len())
            .sum();
        stats.sctp.receive_buffered + names + 100 * tables
    }

    pub(super) fn command(&mut self, now: Instant, script: &mut Script<'_>) {
        let choice = script.byte();
        let which = usize::from(choice >> 4) % self.known.len().max(1);
        let id = self.known.get(which).copied();
        match (choice & 15, id) {
            (0 | 1, _) => self.open(now, script),
            (2 | 3, Some(id)) => {
                let kind = if script.flag() { Kind::Text } else { Kind::Binary };
                let length = usize::from(script.short()) % 20_000;
                let _ = self.core.send(now, id, kind, Bytes::from(vec![b'a'; length]));
            }
            (4, Some(id)) => while self.core.recv(id).is_some() {},
            (5, Some(id)) => self.core.close_channel(now, id),
            (6, Some(id)) => {
                let threshold = usize::from(script.short());
                self.core.set_buffered_amount_low_threshold(id, threshold);
            }
            (7, _) => self.offer(now),
            (8, _) => {
                let ice_restart = script.flag();
                let _ = self.core.create_offer(OfferOptions { ice_restart });
                let _ = self.core.create_answer();
            }
            (9 | 10, _) => self.hostile_description(now, script),
            (11, _) => self.candidate(now, script),
            (12, _) => self.core.restart_ice(),
            (13, _) => {
                let _ = self
                    .core
                    .set_local_description(now, Some(SessionDescription::rollback()));
                self.describe(now, SdpType::Rollback, String::new());
            }
            (14, _) => address(script.byte())
                .into_iter()
                .for_each(|base| self.core.add_local_address(now, base)),
            (15, _) if script.flag() => self.core.close(now),
            (_, _) => {
                let _ = (self.core.timeline(), self.core.connection_state());
            }
        }
    }

    fn open(&mut self, now: Instant, script: &mut Script<'_>) {
        let kind = script.byte();
        let length = usize::from(script.byte() & 15);
        let init = DataChannelInit {
            ordered: kind & 1 == 0,
            max_retransmits: (kind & 2 != 0).then_some(u16::from(kind >> 5)),
            max_packet_life_time: (kind & 4 != 0).then_some(u16::from(kind)),
            negotiated: kind & 8 != 0,
            id: (kind & 16 != 0).then(|| u16::from(script.byte() & 15)),
            ..DataChannelInit::default()
        };
        let label = script.text(length);
        self.known
            .extend(self.core.create_data_channel(now, &label, &init).ok());
    }

    /// The peer's last description with some of its bytes changed, taken out or put in, or something else altogether.
    fn hostile_description(&mut self, now: Instant, script: &mut Script<'_>) {
        let kind = match script.byte() % 4 {
            0 | 1 => SdpType::Offer,
            2 => SdpType::Answer,
            _ => SdpType::Pranswer,
        };
        let mut text = self.signalled.clone().into_bytes();
        for _ in 0..script.byte() & 3 {
            let at = usize::from(script.short()) % (text.len() + 1);
            let cut = usize::from(script.byte() & 31).min(text.len() - at);
            let length = usize::from(script.byte() & 31);
            let put = script.bytes(length);
            text.splice(at..at + cut, put.iter().copied());
        }
        self.describe(now, kind, String::from_utf8_lossy(&text).into_owned());
    }

    fn candidate(&mut self, now: Instant, script: &mut Script<'_>) {
        let kind = script.byte();
        let text = if kind & 1 == 0 {
            format!("candidate:1 1 udp {} 10.0.0.2 {} typ host", kind, script.short())
        } else {
            let length = usize::from(script.byte());
            script.text(length)
        };
        let init = IceCandidateInit {
            sdp_mid: (kind & 2 != 0).then(|| "0".to_owned()),
            ..IceCandidateInit::new(text)
        };
        let _ = self
            .core
            .add_ice_candidate(now, Some(init).filter(|_| kind & 4 == 0));
    }
}
