//! Media under DTLS-SRTP (RFC 5764): what negotiation has agreed upon, put to work on one bundled transport.
//!
//! A datagram is unprotected in place, passes the interceptor chain, finds its section (RFC 9143 §9.2) and waits for the
//! application. What is sent is stamped by the chain, protected into one buffer, and leaves in bursts of equal size.
//! Feedback needs no reader: it is made here.

mod agreed;
mod border;
mod calls;
mod decode_targets;
mod demux;
mod described_stream;
mod descriptors;
mod early;
mod events;
mod fates;
mod forward;
mod gaps;
mod layers;
mod outgoing;
mod path;
mod queue;
mod report;
mod scalable;
mod sections;
mod splice;
mod svc;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use interceptor::{Chain, Ecn, InboundId, Received};

pub use self::calls::{RtpReceived, RtpSendError};
use self::early::EarlyPackets;
use self::events::RtpEvents;
pub use self::forward::LayerForwarder;
use self::outgoing::Outgoing;
pub(super) use self::path::RtpPath;
use self::queue::Numbers;
use self::sections::Sections;
use super::event::RtpEvent;
use super::media::{NegotiatedMedia, TransceiverId};
use crate::registry::Registry;

/// What the keys of a transport are made from.
pub(super) struct Keys {
    pub(super) profile: srtp::Profile,
    pub(super) provider: crypto::Provider,
    pub(super) outbound: srtp::MasterKey,
    pub(super) inbound: srtp::MasterKey,
}

/// What the media of a connection begins with, beside keys.
pub(super) struct Setup<'a> {
    /// The time since the Unix epoch.
    pub(super) unix: Duration,
    pub(super) cname: &'a str,
    pub(super) seed: [u8; 32],
    pub(super) registry: &'a Registry,
    pub(super) protection: Protection,
}

/// How packets are protected, beside the profile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Protection {
    pub(super) replay_window: usize,
    /// Whether what comes again is refused: RTP, RTCP.
    pub(super) replay_protection: [bool; 2],
    /// Whether the peer reads packets whose header extensions are encrypted as a whole (RFC 9335).
    pub(super) cryptex: bool,
}

/// Counters of the media of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RtpTransportStats {
    /// RTP packets whose protection was right.
    pub packets_received: u64,
    /// RTCP datagrams whose protection was right.
    pub rtcp_received: u64,
    /// Datagrams whose protection was wrong: forged, changed on the way, or of another key.
    pub rejected: u64,
    /// Datagrams whose numbers had been received before, or were behind the replay window of their stream (RFC 3711 §3.3.2).
    /// A path that doubles packets adds to it, and a peer that sends a packet again as it was (RFC 4585 without RFC 4588);
    /// so may anybody, since their protection is not looked at.
    pub replayed: u64,
    /// Packets that belong to no section.
    pub unsignalled: u64,
    /// SSRCs under which both sides send.
    pub ssrc_collisions: u64,
    /// Packets that the interceptors had no use for, as [`chain`](Self::chain) says by cause, or doubles, as the statistics of
    /// their stream do.
    pub dropped: u64,
    /// Packets that nobody had read when their queue was full.
    pub overflowed: u64,
    /// RTP packets that were handed to the socket, retransmissions among them.
    pub packets_sent: u64,
    /// Packets that had no room on their way out, or could not be protected.
    pub send_errors: u64,
    /// Datagrams that came before there were keys for them. The newest 32, up to 64 KiB and 2 s old, are received once there are.
    pub early: u64,
    /// Those of them that are lost.
    pub early_dropped: u64,
    /// `rejected` and `replayed` by cause.
    pub rejections: srtp::Rejections,
    /// Counters of the interceptor chain.
    pub chain: interceptor::Stats,
}

fn timestamp(packet: &[u8]) -> u32 {
    let field = packet.get(4..8).and_then(|field| field.first_chunk());
    field.map_or(0, |field| u32::from_be_bytes(*field))
}

impl Protection {
    fn contexts(self, keys: &Keys) -> Result<(srtp::Inbound, srtp::Outbound), srtp::ConfigError> {
        let [replay_protection, rtcp_replay_protection] = self.replay_protection;
        let config = srtp::Config {
            replay_window: self.replay_window,
            replay_protection,
            rtcp_replay_protection,
            ..srtp::Config::new(keys.profile, keys.provider.clone())
        };
        let inbound = srtp::Inbound::new(&config, &keys.inbound)?;
        let mut outbound = srtp::Outbound::new(&config, &keys.outbound)?;
        outbound.set_cryptex(self.outbound_cryptex());
        Ok((inbound, outbound))
    }

    const fn outbound_cryptex(self) -> srtp::Cryptex {
        if self.cryptex {
            srtp::Cryptex::Prefer
        } else {
            srtp::Cryptex::Accept
        }
    }
}

/// The media of one transport.
#[derive(Debug)]
pub(super) struct RtpTransport {
    inbound: srtp::Inbound,
    outbound: srtp::Outbound,
    chain: Chain,
    sections: Sections,
    outgoing: Outgoing,
    /// One readable note for each track, and what the chain reports.
    events: RtpEvents,
    stats: RtpTransportStats,
    protection: Protection,
    /// Ids of header extensions that are encrypted on their own.
    encrypted: Vec<u8>,
    /// What waits for the keys of another association.
    early: EarlyPackets,
}

impl RtpTransport {
    /// The keys are there.
    pub(super) fn new(now: Instant, keys: &Keys, setup: &Setup<'_>) -> Result<Self, srtp::ConfigError> {
        let (inbound, outbound) = setup.protection.contexts(keys)?;
        let chain = interceptor::Config {
            cname: Some(setup.cname.to_owned()),
            // Users' interceptors are told directly.
            max_results: 0,
            ..setup.registry.config.clone()
        };
        let mut chain = Chain::new(chain, now, setup.unix, setup.seed);
        setup.registry.furnish(&mut chain);
        Ok(Self {
            inbound,
            outbound,
            chain,
            sections: Sections::default(),
            outgoing: Outgoing::default(),
            events: RtpEvents::default(),
            stats: RtpTransportStats::default(),
            protection: setup.protection,
            encrypted: Vec::new(),
            early: EarlyPackets::default(),
        })
    }

    /// Another DTLS association has other keys; everything else goes on, and what came ahead of them is received.
    pub(super) fn use_keys(&mut self, now: Instant, keys: &Keys) -> Result<(), srtp::ConfigError> {
        // What was protected with the old keys nobody can open any more.
        self.stats.send_errors += self.outgoing.clear() as u64;
        let contexts = self.protection.contexts(keys)?;
        let waited = self.early.take(now);
        // What the old ones have counted goes on.
        self.stats = self.stats();
        self.early = EarlyPackets::default();
        (self.inbound, self.outbound) = contexts;
        self.encrypt_extensions();
        for mut datagram in waited {
            self.handle_input(now, Ecn::NotEct, &mut datagram);
        }
        Ok(())
    }

    /// An id means the same in both directions.
    fn encrypt_extensions(&mut self) {
        self.inbound.set_encrypted_extensions(&self.encrypted);
        self.outbound.set_encrypted_extensions(&self.encrypted);
    }

    /// The generation of what was negotiated that is in force.
    pub(super) const fn generation(&self) -> Option<u64> {
        self.sections.generation()
    }

    /// Another exchange is over.
    pub(super) fn apply(&mut self, now: Instant, media: &NegotiatedMedia, protection: Protection) {
        self.protection = protection;
        self.outbound.set_cryptex(protection.outbound_cryptex());
        self.encrypted = media.encrypted_extensions().collect();
        self.encrypt_extensions();
        let before: Vec<_> = self.sections.outbound_ssrcs().collect();
        self.sections.apply(now, media, &mut self.chain);
        for ssrc in before {
            if self.sections.outbound_ssrcs().all(|known| known != ssrc) {
                self.outbound.forbid_same(ssrc);
            }
        }
        self.tell();
    }

    /// What there is to tell of SSRCs and sources.
    fn tell(&mut self) {
        for (id, event) in self.sections.news.drain(..) {
            let is_collision = matches!(event, RtpEvent::SsrcCollision { .. });
            self.stats.ssrc_collisions += u64::from(is_collision);
            self.events.push(id, event);
        }
    }

    /// A datagram of the range of RTP (RFC 7983 §7). Opened in place.
    pub(super) fn handle_input(&mut self, now: Instant, ecn: Ecn, datagram: &mut [u8]) {
        if rtp::is_rtcp(datagram) {
            return self.handle_rtcp(now, datagram);
        }
        let Ok(packet) = self.inbound.unprotect_rtp(datagram) else {
            return;
        };
        let received = match self.chain.handle_rtp(now, ecn, packet) {
            Received::Unsignalled(first) if self.sections.welcome(now, &first, &mut self.chain) => {
                self.tell();
                self.chain.handle_rtp(now, ecn, first.packet)
            }
            received @ (Received::Media { .. }
            | Received::Padding { .. }
            | Received::Unsignalled(_)
            | Received::Dropped(_)) => received,
        };
        match received {
            Received::Media {
                stream,
                sequence_number,
                is_repaired,
                packet,
            } => {
                let numbers = Numbers {
                    sequence_number,
                    is_repaired,
                    arrived: now,
                    sampled: self.chain.sampled(now, stream, timestamp(packet)),
                };
                self.keep(stream, numbers, packet);
            }
            // Whoever counts numbers has to know that this one is not missing.
            Received::Padding {
                stream,
                sequence_number,
                packet,
            } => {
                let numbers = Numbers {
                    sequence_number,
                    is_repaired: false,
                    arrived: now,
                    sampled: None,
                };
                self.keep(stream, numbers, packet);
            }
            Received::Unsignalled(_) => self.stats.unsignalled += 1,
            Received::Dropped(_) => self.stats.dropped += 1,
        }
    }

    fn keep(&mut self, stream: InboundId, numbers: Numbers, packet: &[u8]) {
        let Some(kept) = self.sections.keep(stream, numbers, packet) else {
            self.stats.unsignalled += 1;
            return;
        };
        if kept.is_first {
            self.events.push(kept.transceiver, RtpEvent::Readable);
        }
        self.stats.overflowed += u64::from(kept.has_overflowed);
    }

    fn handle_rtcp(&mut self, now: Instant, datagram: &mut [u8]) {
        let Ok(packet) = self.inbound.unprotect_rtcp(datagram) else {
            return;
        };
        // First where streams belong, since reports about them may be in the same datagram.
        self.sections.handle_rtcp(now, packet, &mut self.chain);
        self.chain.handle_rtcp(now, packet);
        while let Some(event) = self.chain.poll_event() {
            if let interceptor::Event::ReceiverEstimate { bitrate } = event {
                for id in self.sections.senders() {
                    self.events.push(id, RtpEvent::ReceiverEstimate { bitrate });
                }
            } else if let interceptor::Event::Goodbye { ssrc } = event {
                self.sections.goodbye(now, ssrc, &self.chain);
            } else if let Some((transceiver, event)) = self.sections.translate(event) {
                self.events.push(transceiver, event);
            }
        }
        self.tell();
    }

    /// All counters.
    pub(super) fn stats(&self) -> RtpTransportStats {
        let srtp = self.inbound.stats();
        let mut rejections = self.stats.rejections;
        rejections += srtp.rejected;
        // A packet that comes twice is no attack, and is not counted as one.
        let replayed = rejections.replayed;
        let early = self.early.stats();
        RtpTransportStats {
            early: self.stats.early + early.early,
            early_dropped: self.stats.early_dropped + early.early_dropped,
            packets_received: self.stats.packets_received + srtp.rtp_packets,
            rtcp_received: self.stats.rtcp_received + srtp.rtcp_packets,
            rejected: rejections.total() - replayed,
            replayed,
            rejections,
            chain: self.chain.stats(),
            ..self.stats
        }
    }

    /// Events that nobody asked for in time.
    pub(super) const fn events_lost(&self) -> u64 {
        self.events.lost()
    }

    /// The next piece of news.
    pub(super) fn poll_event(&mut self) -> Option<(TransceiverId, RtpEvent)> {
        self.events.pop()
    }

    /// Nothing is sent any more but these datagrams, which say so.
    fn farewell(&mut self, now: Instant) -> VecDeque<Vec<u8>> {
        self.chain.close(now);
        let mut datagrams = VecDeque::new();
        let mut out = Vec::new();
        while self.chain.poll_rtcp(now, &mut out).is_some() {
            let mut datagram = std::mem::take(&mut out);
            if self.outbound.protect_rtcp(&mut datagram, 0).is_ok() {
                datagrams.push_back(datagram);
            }
        }
        datagrams
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.chain.handle_timeout(now);
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.chain.poll_timeout()
    }

    /// Appends packets, all of the returned size but the last, which may be shorter: what the application has sent, then
    /// what the peer has asked for again, then reports.
    pub(super) fn poll_transmit(
        &mut self,
        now: Instant,
        max_segments: usize,
        out: &mut Vec<u8>,
    ) -> Option<usize> {
        if let Some(size) = self.outgoing.take(max_segments, out) {
            return Some(size);
        }
        let start = out.len();
        while self.chain.poll_rtp(now, out).is_some() {
            if self.outbound.protect_rtp(out, start).is_ok() {
                self.stats.packets_sent += 1;
                return Some(out.len() - start);
            }
            self.stats.send_errors += 1;
            out.truncate(start);
        }
        while self.chain.poll_rtcp(now, out).is_some() {
            if self.outbound.protect_rtcp(out, start).is_ok() {
                return Some(out.len() - start);
            }
            self.stats.send_errors += 1;
            out.truncate(start);
        }
        None
    }
}
