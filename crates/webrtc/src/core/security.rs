//! DTLS over the ICE path: RFC 8842 (roles), RFC 8122 (fingerprints), RFC 8827 §6.5.
//!
//! The role is known only when both descriptions are. A ClientHello may be here before that – the peer's checks and its
//! handshake need not wait for its answer to reach us – so the first datagrams are kept until DTLS can begin.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dtls::core::Connection;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use srtp::KeyPair;
use zeroize::{Zeroize, Zeroizing};

use super::handshake::{Early, HANDSHAKE, Patience};
use super::renewal::Renewal;
use super::rtp::Keys;
use super::transport::Peer;
use crate::configuration::Configuration;
use crate::error::Error;
use crate::setting_engine::{DtlsRole, SettingEngine};

/// The first retransmission timeout where nothing is known of the path (RFC 6347 §4.2.4.1). What ICE measured may make
/// it shorter, but not longer: a check that was held up on its way says little of the path.
const UNKNOWN_RTO: Duration = Duration::from_secs(1);

/// RFC 8833 §2. Not `c-webrtc`: that is a promise to show media to the user alone, which a library that hands it to the
/// application cannot give (§3).
const ALPN: &[u8] = b"webrtc";

/// A day in seconds: certificates are valid from a day ago, for peers whose clocks are slow, for thirty more.
const DAY: u64 = 86_400;

pub(super) struct Security {
    pub(super) certificate: dtls::Certificate,
    /// What the association is made with.
    config: Option<Box<dtls::Config>>,
    provider: crypto::Provider,
    seed: [u8; 32],
    peer: Option<Peer>,
    connection: Option<Box<Connection>>,
    /// The round-trip time that ICE measured last.
    round_trip: Option<Duration>,
    patience: Patience,
    early: Early,
    /// Another association that may take the place of this one.
    renewal: Option<Box<Renewal>>,
    /// How many there have been, so that no seed is used twice.
    renewals: u64,
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Security")
            .field("peer", &self.peer)
            .field("early", &self.early.len())
            .finish_non_exhaustive()
    }
}

/// The certificate of a connection: the one given, or one that is made for it (W3C webrtc-pc §4.4.1.1).
pub(super) fn certificate(
    configuration: &Configuration,
    settings: &SettingEngine,
) -> Result<dtls::Certificate, Error> {
    let now = (settings.clock.0)();
    if let Some(certificate) = configuration.certificates.first() {
        let expired = certificate.expires() < now;
        return if expired {
            Err(Error::CertificateExpired)
        } else {
            Ok(certificate.clone())
        };
    }
    let at = |seconds: u64| dtls::UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let (not_before, not_after) = (
        now.as_secs().saturating_sub(DAY),
        now.as_secs().saturating_add(30 * DAY),
    );
    let kind = dtls::KeyKind::EcdsaP256;
    Ok(dtls::Certificate::self_signed(
        &settings.provider,
        kind,
        at(not_before),
        at(not_after),
    )?)
}

/// RFC 6298 §2.2: the timeout that the first measurement R gives is R + 4 * R/2.
fn first_rto(round_trip: Duration) -> Duration {
    round_trip.saturating_mul(3).min(UNKNOWN_RTO)
}

fn config(certificate: &dtls::Certificate, settings: &SettingEngine) -> dtls::Config {
    dtls::Config {
        provider: settings.provider.clone(),
        certificate: Some(certificate.clone()),
        key_log: settings.key_log.clone(),
        mtu: settings.mtu,
        client_auth: dtls::ClientAuth::Require,
        cookies: false,
        // RFC 8827 §6.5: every WebRTC endpoint speaks DTLS-SRTP. Pion refuses a peer that does not, data only or not.
        srtp_profiles: settings.srtp.profiles.clone(),
        alpn: vec![ALPN.to_vec()],
        // RFC 8833 §2: a peer that knows nothing of it is assumed to mean `webrtc`.
        alpn_required: false,
        ..dtls::Config::default()
    }
}

fn association(config: dtls::Config, peer: &Peer, seed: [u8; 32]) -> Connection {
    let config = Arc::new(dtls::Config {
        verify: dtls::PeerVerification::Fingerprints(peer.fingerprints.clone()),
        ..config
    });
    match peer.role {
        DtlsRole::Client => Connection::server(config, seed),
        DtlsRole::Server => Connection::client(config, seed),
    }
}

impl Drop for Security {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

impl Security {
    pub(super) fn new(certificate: dtls::Certificate, settings: &SettingEngine, seed: [u8; 32]) -> Self {
        Self {
            config: Some(Box::new(config(&certificate, settings))),
            certificate,
            provider: settings.provider.clone(),
            seed,
            peer: None,
            connection: None,
            round_trip: None,
            patience: Patience::default(),
            early: Early::default(),
            renewal: None,
            renewals: 0,
        }
    }

    pub(super) const fn peer(&self) -> Option<&Peer> {
        self.peer.as_ref()
    }

    /// Datagrams that came before the peer's description and were not kept.
    pub(super) const fn early_dropped(&self) -> u64 {
        self.early.dropped()
    }

    pub(super) fn connection(&self) -> Option<&Connection> {
        self.connection.as_deref()
    }

    /// Makes the association and returns the datagrams that came early.
    pub(super) fn begin(&mut self, now: Instant, peer: Peer) -> Vec<(ice::Path, Vec<u8>)> {
        let Some(config) = self.config.take() else {
            return Vec::new();
        };
        self.connection = Some(Box::new(association(*config, &peer, self.seed)));
        self.apply_round_trip();
        self.peer = Some(peer);
        self.start(now);
        self.early.take()
    }

    /// What ICE knows of the path spares the handshake the guess of a second.
    pub(super) fn set_round_trip(&mut self, round_trip: Duration) {
        if self.round_trip != Some(round_trip) {
            self.round_trip = Some(round_trip);
            self.apply_round_trip();
        }
    }

    fn apply_round_trip(&mut self) {
        if let (Some(connection), Some(round_trip)) = (&mut self.connection, self.round_trip) {
            connection.set_initial_rto(first_rto(round_trip));
        }
    }

    /// The peer may have another transport from here on, which shows when it is reached elsewhere than at `old`.
    pub(super) fn expect_another(
        &mut self,
        now: Instant,
        old: ice::Path,
        peer: Peer,
        settings: &SettingEngine,
    ) {
        self.renewals += 1;
        let mut rng = ChaCha20Rng::from_seed(self.seed);
        // Not the streams of the first association, nor of anything else that this seed is for.
        rng.set_stream(0x6474_6c73_0000_0000 | self.renewals);
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut_slice());
        let connection = association(config(&self.certificate, settings), &peer, *seed);
        let deadline = now.checked_add(HANDSHAKE).unwrap_or(now);
        self.renewal = Some(Box::new(Renewal::new(connection, peer, old.remote, deadline)));
    }

    /// The path that data takes.
    pub(super) fn reached(&mut self, now: Instant, path: ice::Path) {
        if let Some(renewal) = &mut self.renewal {
            renewal.reached(now, path);
        }
    }

    /// Whether another association has taken the place of the one there was: its keys are others.
    pub(super) fn renewed(&mut self) -> bool {
        let Some(renewal) = self.renewal.take_if(|renewal| renewal.is_connected()) else {
            return false;
        };
        let (connection, peer) = renewal.into_parts();
        self.connection = Some(connection);
        self.peer = Some(peer);
        self.patience.end();
        true
    }

    /// Whether media on this path has to wait for the keys of another association than the one there is.
    pub(super) fn awaits_keys(&self, path: ice::Path) -> bool {
        self.renewal.as_ref().is_some_and(|it| it.takes_media(path))
    }

    /// Whether nothing but data is expected.
    pub(super) fn is_settled(&self) -> bool {
        self.renewal.is_none() && self.is_connected()
    }

    /// ICE has a path: a client sends its hello.
    pub(super) fn connect(&mut self, now: Instant) {
        self.patience.allow();
        self.start(now);
    }

    fn start(&mut self, now: Instant) {
        let is_client = self
            .peer
            .as_ref()
            .is_some_and(|peer| peer.role == DtlsRole::Server);
        if let Some(connection) = &mut self.connection
            && self.patience.begin(now)
            && is_client
        {
            connection.connect(now);
        }
    }

    pub(super) fn handle_input<'d>(
        &mut self,
        now: Instant,
        path: ice::Path,
        datagram: &'d mut [u8],
    ) -> dtls::ApplicationData<'d> {
        if let Some(renewal) = self.renewal.as_mut().filter(|it| it.takes(path, datagram)) {
            return renewal.handle_input(now, datagram);
        }
        if let Some(connection) = &mut self.connection {
            return connection.handle_input(now, datagram);
        }
        self.early.keep(path, datagram);
        dtls::ApplicationData::default()
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connection
            .as_ref()
            .is_some_and(|connection| connection.is_connected())
    }

    /// The keys of media, once the handshake is over and if it agreed upon a profile (RFC 5764 §4).
    pub(super) fn media_keys(&self) -> Option<Keys> {
        let connection = self.connection.as_ref().filter(|it| it.is_connected())?;
        let profile = srtp::Profile::from_code_point(connection.srtp_profile()?.code_point())?;
        let mut exported = Zeroizing::new(vec![0; profile.exported_len()]);
        connection
            .export_keying_material(srtp::EXPORTER_LABEL, None, &mut exported)
            .ok()?;
        let KeyPair { client, server } = KeyPair::from_exported(profile, &exported).ok()?;
        let (outbound, inbound) = match self.peer.as_ref()?.role {
            DtlsRole::Client => (server, client),
            DtlsRole::Server => (client, server),
        };
        Some(Keys {
            profile,
            provider: self.provider.clone(),
            outbound,
            inbound,
        })
    }

    pub(super) fn poll_event(&mut self) -> Option<dtls::Event> {
        if self.patience.take_timed_out() {
            return Some(dtls::Event::Closed(dtls::CloseReason::HandshakeTimeout));
        }
        if let Some(event) = self.connection.as_mut()?.poll_event() {
            self.patience.end();
            let is_goodbye = event == dtls::Event::Closed(dtls::CloseReason::CloseNotify);
            match self.renewal.as_mut().filter(|_| is_goodbye) {
                // A browser says goodbye on the transport that it replaces.
                Some(renewal) => renewal.note_goodbye(),
                None => return Some(event),
            }
        }
        let closed = self.renewal.as_mut()?.poll_closed()?;
        self.renewal = None;
        closed.map(dtls::Event::Closed)
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        connection.handle_timeout(now);
        if let Some(renewal) = &mut self.renewal {
            renewal.handle_timeout(now);
        }
        if self.patience.runs_out(now, connection.is_connected()) {
            connection.close(now);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let own = self.connection.as_ref()?.poll_timeout();
        let renewal = self.renewal.as_ref().and_then(|it| it.poll_timeout());
        [own, self.patience.deadline(), renewal]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn poll_transmit(
        &mut self,
        now: Instant,
        path: ice::Path,
        out: &mut Vec<u8>,
    ) -> Option<dtls::Transmit> {
        if let Some(renewal) = &mut self.renewal
            && let Some(transmit) = renewal.poll_transmit(now, path, out)
        {
            return Some(transmit);
        }
        self.connection.as_mut()?.poll_transmit(now, out)
    }

    pub(super) fn head_room(&self) -> usize {
        self.connection
            .as_ref()
            .map_or(0, |connection| connection.head_room())
    }

    /// Seals `out[start..]` in place; the first [`head_room`](Self::head_room) bytes are for the record header.
    pub(super) fn seal(&mut self, out: &mut Vec<u8>, start: usize) -> bool {
        self.connection
            .as_mut()
            .is_some_and(|connection| connection.seal(out, start).is_ok())
    }

    pub(super) fn close(&mut self, now: Instant) {
        drop(self.early.take());
        self.renewal = None;
        if let Some(connection) = &mut self.connection {
            connection.close(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own_certificate() -> dtls::Certificate {
        certificate(&Configuration::default(), &SettingEngine::default()).unwrap()
    }

    /// What a connection and a peer with these protocols agree on.
    fn agreed(peer_role: DtlsRole, protocols: &[&str], required: bool) -> Option<Vec<u8>> {
        let (now, here, there) = (Instant::now(), own_certificate(), own_certificate());
        let sha256 = dtls::FingerprintAlgorithm::Sha256;
        let config = Arc::new(dtls::Config {
            certificate: Some(there.clone()),
            verify: dtls::PeerVerification::Fingerprints(vec![here.fingerprint(sha256)]),
            client_auth: dtls::ClientAuth::Require,
            alpn: protocols.iter().map(|name| name.as_bytes().to_vec()).collect(),
            alpn_required: required,
            ..dtls::Config::default()
        });
        let mut peer = match peer_role {
            DtlsRole::Client => Connection::client(config, [2; 32]),
            DtlsRole::Server => Connection::server(config, [2; 32]),
        };
        let mut ours = Security::new(here, &SettingEngine::default(), [1; 32]);
        let known = Peer {
            role: peer_role,
            fingerprints: vec![there.fingerprint(sha256)],
        };
        let path = ice::Path {
            local: std::net::SocketAddr::from(([192, 0, 2, 1], 1)),
            remote: std::net::SocketAddr::from(([192, 0, 2, 2], 2)),
        };
        ours.begin(now, known);
        ours.connect(now);
        peer.connect(now);
        for _ in 0..16 {
            let mut datagram = Vec::new();
            while ours.poll_transmit(now, path, &mut datagram).is_some() {
                assert!(peer.handle_input(now, &mut datagram).into_iter().next().is_none());
                datagram.clear();
            }
            while peer.poll_transmit(now, &mut datagram).is_some() {
                assert!(
                    ours.handle_input(now, path, &mut datagram)
                        .into_iter()
                        .next()
                        .is_none()
                );
                datagram.clear();
            }
        }
        assert!(ours.is_connected() && peer.is_connected(), "{protocols:?}");
        let alpn = ours.connection()?.alpn().map(<[u8]>::to_vec);
        assert_eq!(peer.alpn(), alpn.as_deref());
        alpn
    }

    #[test]
    fn webrtc_is_the_protocol_with_peers_that_know_of_it() {
        for role in [DtlsRole::Client, DtlsRole::Server] {
            let both = agreed(role, &["c-webrtc", "webrtc"], true);
            assert_eq!(both.as_deref(), Some(&b"webrtc"[..]), "Firefox offers both");
            assert_eq!(agreed(role, &[], true), None, "Chromium offers none");
        }
    }

    #[test]
    fn another_protocol_of_the_peer_fails_no_handshake() {
        assert_eq!(agreed(DtlsRole::Client, &["c-webrtc"], true), None);
        assert_eq!(agreed(DtlsRole::Client, &["h3", "stun.turn"], true), None);
        assert_eq!(agreed(DtlsRole::Server, &["h3"], false), None);
    }

    #[test]
    fn a_check_that_was_held_up_delays_no_retransmission() {
        let rto = |millis| first_rto(Duration::from_millis(millis)).as_millis();
        assert_eq!((rto(20), rto(300), rto(334), rto(9000)), (60, 900, 1000, 1000));
    }
}
