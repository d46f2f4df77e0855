//! One bundled transport: ICE, DTLS over it (RFC 8842), SCTP and data channels over that (RFC 8261, RFC 8831).
//!
//! The layers call each other directly on one struct. A datagram is written once: SCTP appends its packet behind room
//! for the DTLS record header, DTLS seals it in place, and equal-sized records to the selected path leave as one
//! transmit that a socket can send with GSO.

use std::collections::VecDeque;
use std::time::Instant;

use datachannel::core::Channels;
use ice::core::Agent;

use super::Transmit;
use super::event::RtpEvent;
use super::media::{NegotiatedMedia, TransceiverId};
use super::rtp::{RtpPath, Setup};
use super::security::Security;
use super::timeline::Timeline;
use crate::setting_engine::{DtlsRole, SettingEngine};

/// The DTLS 1.2 record header, the explicit nonce and the tag of AES-GCM, the largest of our suites (RFC 5288 §3).
const RECORD_OVERHEAD: usize = 13 + 8 + 16;

/// What the layers reported, for the connection to turn into events.
#[derive(Debug)]
pub(super) enum News {
    Ice(ice::Event),
    Dtls(dtls::Event),
}

/// How the peer is reached and recognised: what its description says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) role: DtlsRole,
    pub(super) fingerprints: Vec<dtls::Fingerprint>,
}

#[derive(Debug)]
pub(super) struct Transport {
    pub(super) ice: Agent,
    pub(super) security: Security,
    pub(super) channels: Channels,
    pub(super) rtp: RtpPath,
    pub(super) timeline: Timeline,
    /// The path that DTLS was last told about.
    path: Option<ice::Path>,
    /// A sealed datagram that was larger than the batch it would have ended.
    held: Vec<u8>,
    pub(super) news: VecDeque<News>,
    /// Paths that nobody has been told of; ICE bounds how many there can be.
    pub(super) validated: VecDeque<ice::Path>,
    has_data: bool,
    /// When a datagram or a deadline came last: the moment of the news of channels.
    latest: Option<Instant>,
    /// Datagrams that are neither STUN nor DTLS nor media.
    pub(super) unexpected: u64,
}

impl Transport {
    pub(super) fn new(
        ice: Agent,
        certificate: dtls::Certificate,
        settings: &SettingEngine,
        seed: [u8; 32],
    ) -> Self {
        let sctp = sctp::Config {
            mtu: (settings.mtu.saturating_sub(RECORD_OVERHEAD)) & !3,
            max_message_size: settings.max_message_size,
            send_buffer: settings.send_buffer,
            receive_window: settings.receive_buffer,
            ..sctp::Config::default()
        };
        let config = datachannel::Config {
            sctp,
            ..datachannel::Config::default()
        };
        Self {
            ice,
            security: Security::new(certificate, settings, seed),
            channels: Channels::new(config, seed),
            rtp: RtpPath::default(),
            timeline: Timeline::default(),
            path: None,
            held: Vec::new(),
            news: VecDeque::new(),
            validated: VecDeque::new(),
            has_data: false,
            latest: None,
            unexpected: 0,
        }
    }

    /// Both descriptions are known: DTLS may begin as soon as ICE has a path.
    pub(super) fn set_peer(&mut self, now: Instant, peer: Peer) {
        self.channels.set_role(match peer.role {
            DtlsRole::Client => datachannel::Role::Server,
            DtlsRole::Server => datachannel::Role::Client,
        });
        for (path, mut datagram) in self.security.begin(now, peer) {
            self.open(now, path, &mut datagram);
        }
        self.settle(now);
    }

    /// The transport is that of another section than before, for which the peer may have another one.
    pub(super) fn renew(&mut self, now: Instant, peer: Peer, settings: &SettingEngine) {
        // Without a path nothing has begun that would have to begin anew.
        if let Some(path) = self.path {
            self.ice.renew_remote(now);
            self.security.expect_another(now, path, peer, settings);
        }
        self.settle(now);
    }

    /// Sections ask for data channels on this transport.
    pub(super) fn want_data(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.has_data, true) && self.security.is_connected() {
            self.channels.connect(now);
        }
        self.settle(now);
    }

    /// `ecn` is the congestion mark that the datagram came with.
    pub(super) fn handle_input(
        &mut self,
        now: Instant,
        path: ice::Path,
        ecn: interceptor::Ecn,
        datagram: &mut [u8],
    ) {
        self.latest = Some(now);
        match self.ice.handle_input(now, path, datagram) {
            ice::Input::Stun => self.settle(now),
            ice::Input::Dropped => {}
            // RFC 7983 §7
            ice::Input::Data => match datagram.first() {
                Some(20..=63) => self.open(now, path, datagram),
                Some(128..=191) => {
                    let is_wanted = if self.security.awaits_keys(path) {
                        self.rtp.hold(now, datagram)
                    } else {
                        self.rtp.handle_input(now, ecn, datagram)
                    };
                    self.unexpected += u64::from(!is_wanted);
                }
                _ => self.unexpected += 1,
            },
        }
    }

    /// Media was negotiated, or negotiated anew. Of no effect without keys.
    pub(super) fn apply_media(&mut self, now: Instant, media: &NegotiatedMedia, setup: &Setup<'_>) {
        match &mut self.rtp {
            RtpPath::Open(rtp) => rtp.apply(now, media, setup.protection),
            waiting @ RtpPath::Waiting(_) => {
                if let Some(keys) = self.security.media_keys() {
                    waiting.open(now, &keys, setup, media);
                }
            }
            RtpPath::Leaving { .. } => {}
        }
    }

    pub(super) fn poll_rtp_event(&mut self) -> Option<(TransceiverId, RtpEvent)> {
        self.rtp.get_mut()?.poll_event()
    }

    /// Opens a datagram of DTLS in place.
    fn open(&mut self, now: Instant, path: ice::Path, datagram: &mut [u8]) {
        let was_settled = self.security.is_settled();
        for packet in self.security.handle_input(now, path, datagram) {
            self.channels.handle_input(now, &packet);
        }
        if !was_settled || !self.security.is_settled() {
            self.settle(now);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.latest = Some(now);
        self.ice.handle_timeout(now);
        self.security.handle_timeout(now);
        self.channels.handle_timeout(now);
        if let Some(rtp) = self.rtp.get_mut() {
            rtp.handle_timeout(now);
        }
        self.settle(now);
    }

    /// Lets each layer begin what the one below it has made possible, and collects what they report.
    pub(super) fn settle(&mut self, now: Instant) {
        while let Some(event) = self.ice.poll_event() {
            self.timeline.ice(now, &event);
            if let ice::Event::PathValidated(path) = &event {
                self.validated.push_back(*path);
            }
            self.news.push_back(News::Ice(event));
        }
        if !self.security.is_connected()
            && let Some(round_trip) = self.ice.stats().rtt
        {
            self.security.set_round_trip(round_trip);
        }
        let path = self.ice.data_path();
        if path.is_some() && self.path.is_none() {
            self.security.connect(now);
        }
        self.path = path.or(self.path);
        if let Some(path) = path {
            self.security.reached(now, path);
        }
        if self.security.renewed() {
            self.use_new_keys(now);
        }
        while let Some(event) = self.security.poll_event() {
            if event == dtls::Event::Connected {
                self.timeline.dtls_connected(now);
                if self.has_data {
                    self.channels.connect(now);
                }
            }
            self.news.push_back(News::Dtls(event));
        }
    }

    /// Another association has taken over. SCTP repeats what was sealed for the one before; media without keys is none,
    /// and what has overtaken them is received.
    fn use_new_keys(&mut self, now: Instant) {
        self.held = Vec::new();
        let Some(rtp) = self.rtp.get_mut() else { return };
        let keys = self.security.media_keys();
        if keys.is_none_or(|keys| rtp.use_keys(now, &keys).is_err()) {
            self.rtp = RtpPath::default();
        }
    }

    /// The next piece of news of channels, which is the most frequent and waits in their own queue.
    pub(super) fn poll_channels(&mut self) -> Option<datachannel::Event> {
        let event = self.channels.poll_event()?;
        if let Some(now) = self.latest {
            self.timeline.channels(now, &event);
        }
        Some(event)
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        [
            self.ice.poll_timeout(),
            self.security.poll_timeout(),
            self.channels.poll_timeout(),
            // Without a path nothing is sent, and a report that is due would stay so.
            self.ice.data_path().and_then(|_| self.rtp.poll_timeout()),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    pub(super) fn poll_transmit(
        &mut self,
        now: Instant,
        max_segments: usize,
        out: &mut Vec<u8>,
    ) -> Option<Transmit> {
        let start = out.len();
        if let Some(transmit) = self.ice.poll_transmit(now, out) {
            return Some(Transmit {
                path: transmit.path,
                len: transmit.len,
                segment_size: None,
            });
        }
        let path = self.ice.data_path()?;
        let segment_size = self.write(now, path, max_segments, out);
        let len = out.len() - start;
        if len == 0 {
            return None;
        }
        self.ice.count_sent(now, len);
        Some(Transmit {
            path,
            len,
            segment_size: segment_size.filter(|size| *size < len),
        })
    }

    /// Appends what DTLS, media and data channels have to send, in this order. The returned size is that of each datagram
    /// but the last.
    fn write(
        &mut self,
        now: Instant,
        path: ice::Path,
        max_segments: usize,
        out: &mut Vec<u8>,
    ) -> Option<usize> {
        // Media ends before the association by which the peer learns that all is over.
        if let Some(farewell) = self.rtp.poll_farewell() {
            out.extend(farewell);
            return None;
        }
        if self.security.poll_transmit(now, path, out).is_some() {
            return None;
        }
        let media = self.rtp.get_mut();
        media
            .and_then(|rtp| rtp.poll_transmit(now, max_segments, out))
            .or_else(|| self.seal_packets(now, max_segments, out))
    }

    /// Appends SCTP packets, sealed, all of the returned size but the last, which may be shorter.
    fn seal_packets(&mut self, now: Instant, max_segments: usize, out: &mut Vec<u8>) -> Option<usize> {
        if !self.security.is_connected() {
            return None;
        }
        let mut segment_size = None;
        let mut segments = 0;
        if !self.held.is_empty() {
            out.append(&mut self.held);
            segment_size = Some(out.len());
            segments = 1;
        }
        while segments < max_segments.max(1) {
            let start = out.len();
            if !self.seal_packet(now, out) {
                break;
            }
            let len = out.len() - start;
            let size = *segment_size.get_or_insert(len);
            if len > size {
                self.held.extend(out.drain(start..));
                break;
            }
            segments += 1;
            if len < size {
                break;
            }
        }
        segment_size
    }

    fn seal_packet(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        out.resize(start + self.security.head_room(), 0);
        let sealed = self.channels.poll_transmit(now, out).is_some() && self.security.seal(out, start);
        if !sealed {
            out.truncate(start);
        }
        sealed
    }

    pub(super) fn close(&mut self, now: Instant) {
        self.rtp.close(now, self.security.is_connected());
        self.channels.abort(now, "the connection was closed");
        self.security.close(now);
    }

    /// ICE stops once the last records are out.
    pub(super) fn close_ice(&mut self) {
        self.ice.close();
        self.rtp.end();
        self.held = Vec::new();
    }
}
