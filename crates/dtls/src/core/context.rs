//! What the client's and the server's state machine both work on.

use std::sync::Arc;

use crypto::{Group, KeyExchange, KeyExchangeError, SignatureScheme};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rustls_pki_types::CertificateDer;
use subtle::ConstantTimeEq;

use crate::alert::AlertDescription;
use crate::certificate::{Certificate, CertificateVerified, Judge, PeerCertificate, verify_peer};
use crate::codec::DecodeError;
use crate::config::Config;
use crate::error::CloseReason;
use crate::flight::Flight;
use crate::handshake::{CertificateChain, CertificateVerify, HandshakeType};
use crate::key_schedule::{Binding, MasterSecret, Randoms, Role, VERIFY_DATA_LENGTH};
use crate::reassembly::Message;
use crate::record::RecordLayer;
use crate::record::header::DTLS_1_0;
use crate::suite::{CipherSuite, SrtpProfile, choose_signature_scheme, is_classic};
use crate::transcript::Transcript;

/// What the two hellos agreed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Negotiated {
    pub(super) suite: CipherSuite,
    pub(super) randoms: Randoms,
    pub(super) extended_master_secret: bool,
}

/// What a handshake has established, for the application to ask about.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) suite: Option<CipherSuite>,
    pub(super) group: Option<Group>,
    pub(super) srtp_profile: Option<SrtpProfile>,
    pub(super) protocol: Option<Vec<u8>>,
    pub(super) server_name: Option<String>,
    pub(super) peer_chain: Vec<CertificateDer<'static>>,
    pub(super) master: Option<MasterSecret>,
}

/// Shared by both state machines.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) config: Arc<Config>,
    pub(super) role: Role,
    pub(super) rng: ChaCha20Rng,
    pub(super) records: RecordLayer,
    /// The epoch of records that belong to no flight.
    pub(super) write_epoch: u16,
    pub(super) flight: Flight,
    pub(super) transcript: Transcript,
    pub(super) session: Session,
    /// A key pair that is made while the peer is at work, so that its answer does not wait for ours.
    prepared: Option<(Group, Box<dyn KeyExchange>)>,
}

/// The peer broke the protocol, or there is nothing in common with it.
pub(super) fn failed(alert: AlertDescription, cause: &'static str) -> CloseReason {
    CloseReason::HandshakeFailed { alert, cause }
}

pub(super) fn undecodable(error: DecodeError) -> CloseReason {
    failed(AlertDescription::DECODE_ERROR, error.reason)
}

pub(super) fn unexpected() -> CloseReason {
    failed(
        AlertDescription::UNEXPECTED_MESSAGE,
        "handshake message out of its turn",
    )
}

pub(super) fn illegal(cause: &'static str) -> CloseReason {
    failed(AlertDescription::ILLEGAL_PARAMETER, cause)
}

pub(super) fn internal(cause: &'static str) -> CloseReason {
    failed(AlertDescription::INTERNAL_ERROR, cause)
}

pub(super) fn bad_share(_: KeyExchangeError) -> CloseReason {
    illegal("invalid key share")
}

impl Context {
    pub(super) fn new(config: Arc<Config>, role: Role, seed: [u8; 32]) -> Self {
        Self {
            records: RecordLayer::new(config.replay_window, DTLS_1_0),
            config,
            role,
            rng: ChaCha20Rng::from_seed(seed),
            write_epoch: 0,
            flight: Flight::new(),
            transcript: Transcript::default(),
            session: Session::default(),
            prepared: None,
        }
    }

    /// Makes a key pair of the group that is likeliest to be chosen, unless there is one.
    pub(super) fn prepare_key_exchange(&mut self) {
        let likely = self.config.groups.iter().find(|group| is_classic(**group));
        if let (Some(&group), None) = (likely, &self.prepared) {
            let made = self.config.provider.start_key_exchange(group);
            self.prepared = made.ok().map(|exchange| (group, exchange));
        }
    }

    /// The key pair of the handshake. What was prepared for another group goes.
    pub(super) fn start_key_exchange(&mut self, group: Group) -> Result<Box<dyn KeyExchange>, CloseReason> {
        match self.prepared.take() {
            Some((prepared, exchange)) if prepared == group => Ok(exchange),
            Some(_) | None => {
                let made = self.config.provider.start_key_exchange(group);
                made.map_err(|_| internal("no ephemeral key"))
            }
        }
    }

    pub(super) fn random(&mut self) -> [u8; 32] {
        let mut random = [0; 32];
        self.rng.fill_bytes(&mut random);
        random
    }

    /// Adds a message to the flight and to the transcript.
    pub(super) fn send(&mut self, message_type: HandshakeType, body: impl FnOnce(&mut Vec<u8>)) {
        let message = self.flight.push(0, message_type, body);
        self.transcript.push(message);
    }

    /// Adds a received message to the transcript.
    pub(super) fn received(&mut self, message: &Message) {
        self.transcript.push(&message.to_bytes());
    }

    pub(super) fn send_chain(&mut self, certificate: Option<&Certificate>) {
        let chain = certificate.map_or(&[][..], Certificate::chain);
        self.send(HandshakeType::CERTIFICATE, |out| {
            CertificateChain::encode(chain, out)
        });
    }

    /// Judges the peer's certificate and keeps it.
    pub(super) fn judge(
        &mut self,
        certificate: &PeerCertificate,
    ) -> Result<CertificateVerified, CloseReason> {
        let judge = Judge {
            provider: &self.config.provider,
            verification: &self.config.verify,
            server_name: self.config.server_name.as_ref(),
            clock: self.config.clock,
        };
        let peer = match self.role {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        let verified = verify_peer(&judge, peer, certificate)?;
        self.session.peer_chain.clone_from(&certificate.chain);
        Ok(verified)
    }

    /// Signs `message` with our key, under a scheme that the peer accepts.
    pub(super) fn sign(
        certificate: &Certificate,
        accepted: &[u16],
        message: &[u8],
    ) -> Result<(SignatureScheme, Vec<u8>), CloseReason> {
        let scheme = choose_signature_scheme(&**certificate.key(), accepted).ok_or_else(no_scheme)?;
        let signature = certificate
            .key()
            .sign(scheme, message)
            .map_err(|_| internal("signing failed"))?;
        Ok((scheme, signature))
    }

    /// RFC 5246 §7.4.8: the proof of our certificate's key.
    pub(super) fn send_certificate_verify(
        &mut self,
        certificate: &Certificate,
        accepted: &[u16],
    ) -> Result<(), CloseReason> {
        let (scheme, signature) = Self::sign(certificate, accepted, self.transcript.bytes())?;
        let verify = CertificateVerify {
            scheme: scheme.code_point(),
            signature: &signature,
        };
        self.send(HandshakeType::CERTIFICATE_VERIFY, |out| verify.encode(out));
        Ok(())
    }

    /// Makes the master secret – the transcript ends with ClientKeyExchange – and the keys of epoch 1.
    pub(super) fn derive(
        &mut self,
        negotiated: &Negotiated,
        shared_secret: &[u8],
    ) -> Result<(), CloseReason> {
        let Negotiated {
            suite,
            randoms,
            extended_master_secret,
        } = *negotiated;
        let config = Arc::clone(&self.config);
        let session_hash = self.transcript.hash(&config.provider, suite.hash());
        let binding = if extended_master_secret {
            Binding::Extended(&session_hash)
        } else {
            Binding::Randoms
        };
        let master = MasterSecret::derive(&config.provider, suite, shared_secret, randoms, binding);
        let (sealing, opening) = master
            .record_keys(&config.provider, self.role)
            .map_err(|_| internal("the provider does not have the cipher"))?;
        self.records.install(sealing, opening);
        if let Some(log) = &config.key_log {
            log.log("CLIENT_RANDOM", master.client_random(), master.as_bytes());
        }
        self.session.suite = Some(suite);
        self.session.master = Some(master);
        Ok(())
    }

    /// `verify_data` over the transcript so far.
    fn verify_data(&self, role: Role) -> Result<[u8; VERIFY_DATA_LENGTH], CloseReason> {
        let master = self
            .session
            .master
            .as_ref()
            .ok_or_else(|| internal("no master secret"))?;
        let suite = self.session.suite.ok_or_else(|| internal("no cipher suite"))?;
        let hash = self.transcript.hash(&self.config.provider, suite.hash());
        Ok(master.verify_data(role, &hash))
    }

    /// Ends the flight with ChangeCipherSpec and Finished.
    pub(super) fn send_finished(&mut self) -> Result<(), CloseReason> {
        let verify_data = self.verify_data(self.role)?;
        self.flight.push_change_cipher_spec();
        let message = self.flight.push(1, HandshakeType::FINISHED, |out| {
            out.extend_from_slice(&verify_data)
        });
        self.transcript.push(message);
        self.write_epoch = 1;
        Ok(())
    }

    /// RFC 5246 §7.4.9: checks the peer's Finished, and adds it to the transcript.
    pub(super) fn check_finished(&mut self, message: &Message) -> Result<(), CloseReason> {
        let peer = match self.role {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        if message.message_type != HandshakeType::FINISHED {
            return Err(unexpected());
        }
        let expected = self.verify_data(peer)?;
        if !bool::from(expected.as_slice().ct_eq(&message.body)) {
            return Err(failed(
                AlertDescription::DECRYPT_ERROR,
                "Finished does not match the handshake",
            ));
        }
        self.received(message);
        Ok(())
    }
}

pub(super) fn no_scheme() -> CloseReason {
    failed(AlertDescription::HANDSHAKE_FAILURE, "no common signature scheme")
}
