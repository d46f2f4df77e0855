//! The client's state machine (RFC 6347 §4.2, RFC 5246 §7.3).
//!
//! ```text
//! ClientHello             -------->
//!                         <--------  HelloVerifyRequest (optional)
//! ClientHello (+ cookie)  -------->
//!                                    ServerHello, Certificate, ServerKeyExchange,
//!                         <--------  CertificateRequest (optional), ServerHelloDone
//! Certificate (if asked), ClientKeyExchange, CertificateVerify (if it has one),
//! [ChangeCipherSpec], Finished -->
//!                         <--------  [ChangeCipherSpec], Finished
//! ```

use crypto::Group;

use super::context::{Context, Negotiated, bad_share, failed, illegal, undecodable, unexpected};
use super::offer::UNCOMPRESSED;
use crate::alert::AlertDescription;
use crate::certificate::{CertificateRejection, CertificateVerified, PeerCertificate};
use crate::config::ExtendedMasterSecret;
use crate::error::CloseReason;
use crate::handshake::{
    CertificateChain, CertificateRequest, ClientHello, ClientKeyExchange, HandshakeType, HelloVerifyRequest,
    ServerHello, ServerKeyExchange,
};
use crate::key_schedule::Randoms;
use crate::reassembly::Message;
use crate::record::header::DTLS_1_2;
use crate::suite::{CipherSuite, SrtpProfile, is_classic};

/// HelloVerifyRequests that are answered: one is normal, another comes when the server's secret changed in between.
const MAX_VERIFY_REQUESTS: u8 = 4;
/// ClientCertificateType `rsa_sign` and `ecdsa_sign`.
const RSA_SIGN: u8 = 1;
const ECDSA_SIGN: u8 = 64;

/// Where a client is, with what it needs there.
#[derive(Debug)]
pub(super) enum State {
    Start,
    ExpectServerHello(Box<ExpectServerHello>),
    ExpectCertificate(Box<ExpectCertificate>),
    ExpectServerKeyExchange(Box<ExpectServerKeyExchange>),
    ExpectServerHelloDone(Box<ExpectServerHelloDone>),
    ExpectFinished,
    Connected,
    Failed,
}

impl State {
    /// Sends the first hello.
    pub(super) fn start(context: &mut Context) -> Self {
        let hello = context.first_hello();
        context.flight.begin();
        context.send(HandshakeType::CLIENT_HELLO, |out| hello.encode(out));
        Self::ExpectServerHello(Box::new(ExpectServerHello {
            hello,
            verify_requests: 0,
        }))
    }

    /// Takes the next message. An error ends the connection.
    pub(super) fn handle(self, context: &mut Context, message: &Message) -> Result<Self, CloseReason> {
        if message.message_type == HandshakeType::HELLO_REQUEST {
            // RFC 5246 §7.4.1.1: ignored while negotiating, and no part of the transcript.
            return Ok(self);
        }
        let expected_epoch = u16::from(message.message_type == HandshakeType::FINISHED);
        if message.epoch != expected_epoch {
            return Err(unexpected());
        }
        match self {
            Self::ExpectServerHello(state) => state.handle(context, message),
            Self::ExpectCertificate(state) => state.handle(context, message),
            Self::ExpectServerKeyExchange(state) => state.handle(context, message),
            Self::ExpectServerHelloDone(state) => state.handle(context, message),
            Self::ExpectFinished => {
                context.check_finished(message)?;
                context.flight.begin();
                Ok(Self::Connected)
            }
            Self::Start | Self::Connected | Self::Failed => Err(unexpected()),
        }
    }
}

#[derive(Debug)]
pub(super) struct ExpectServerHello {
    hello: ClientHello,
    verify_requests: u8,
}

impl ExpectServerHello {
    fn handle(self: Box<Self>, context: &mut Context, message: &Message) -> Result<State, CloseReason> {
        match message.message_type {
            HandshakeType::HELLO_VERIFY_REQUEST => self.repeat_with_cookie(context, message),
            HandshakeType::SERVER_HELLO => self.accept(context, message),
            _ => Err(unexpected()),
        }
    }

    /// RFC 6347 §4.2.1: the same hello with the cookie; neither the first one nor the request is in the transcript.
    fn repeat_with_cookie(
        mut self: Box<Self>,
        context: &mut Context,
        message: &Message,
    ) -> Result<State, CloseReason> {
        let request = HelloVerifyRequest::decode(&message.body).map_err(undecodable)?;
        self.verify_requests += 1;
        if self.verify_requests > MAX_VERIFY_REQUESTS {
            return Err(unexpected());
        }
        self.hello.cookie = request.cookie.to_vec();
        context.transcript.restart();
        context.flight.begin();
        context.send(HandshakeType::CLIENT_HELLO, |out| self.hello.encode(out));
        Ok(State::ExpectServerHello(self))
    }

    fn accept(self: Box<Self>, context: &mut Context, message: &Message) -> Result<State, CloseReason> {
        let hello = ServerHello::decode(&message.body).map_err(undecodable)?;
        if hello.version != DTLS_1_2 {
            return Err(failed(
                AlertDescription::PROTOCOL_VERSION,
                "the server does not speak DTLS 1.2",
            ));
        }
        if hello.compression_method != 0 {
            return Err(illegal("compression was not offered"));
        }
        let suite = CipherSuite::from_code_point(hello.cipher_suite)
            .filter(|suite| self.hello.cipher_suites.contains(&suite.code_point()))
            .ok_or_else(|| illegal("cipher suite was not offered"))?;
        self.check_extensions(context, &hello)?;
        context.received(message);
        context.records.set_version(DTLS_1_2);
        let negotiated = Negotiated {
            suite,
            randoms: Randoms {
                client: self.hello.random,
                server: hello.random,
            },
            extended_master_secret: hello.extensions.extended_master_secret,
        };
        let schemes = self.hello.extensions.signature_algorithms.unwrap_or_default();
        Ok(State::ExpectCertificate(Box::new(ExpectCertificate {
            negotiated,
            schemes,
        })))
    }

    fn check_extensions(&self, context: &mut Context, hello: &ServerHello) -> Result<(), CloseReason> {
        let (offer, answer) = (&self.hello.extensions, &hello.extensions);
        if answer.unsolicited(offer).is_some() {
            return Err(failed(
                AlertDescription::UNSUPPORTED_EXTENSION,
                "extension was not offered",
            ));
        }
        let required = context.config.extended_master_secret == ExtendedMasterSecret::Required;
        if required && !answer.extended_master_secret {
            return Err(failed(
                AlertDescription::HANDSHAKE_FAILURE,
                "no extended master secret",
            ));
        }
        // RFC 5746 §3.4: empty in a first handshake.
        if answer
            .renegotiation_info
            .as_ref()
            .is_some_and(|info| !info.is_empty())
        {
            return Err(failed(
                AlertDescription::HANDSHAKE_FAILURE,
                "renegotiation_info is not empty",
            ));
        }
        if answer
            .point_formats
            .as_ref()
            .is_some_and(|formats| !formats.contains(&UNCOMPRESSED))
        {
            return Err(illegal("uncompressed points are not supported"));
        }
        if let Some(chosen) = &answer.use_srtp {
            let profile = chosen
                .profiles
                .first()
                .copied()
                .and_then(SrtpProfile::from_code_point);
            let profile = profile.filter(|profile| context.config.srtp_profiles.contains(profile));
            // RFC 5764 §4.1.3: the server answers with our MKI or none; ours is empty.
            if profile.is_none() || !chosen.mki.is_empty() {
                return Err(illegal("SRTP profile was not offered"));
            }
            context.session.srtp_profile = profile;
        }
        if let Some(protocol) = &answer.protocol {
            if !offer.protocols.contains(protocol) {
                return Err(illegal("application protocol was not offered"));
            }
            context.session.protocol = Some(protocol.clone());
        }
        Ok(())
    }
}

#[derive(Debug)]
pub(super) struct ExpectCertificate {
    negotiated: Negotiated,
    /// The signature schemes that we offered.
    schemes: Vec<u16>,
}

impl ExpectCertificate {
    fn handle(self, context: &mut Context, message: &Message) -> Result<State, CloseReason> {
        if message.message_type != HandshakeType::CERTIFICATE {
            return Err(unexpected());
        }
        let chain = CertificateChain::decode(&message.body).map_err(undecodable)?;
        let server = PeerCertificate::read(chain.0).map_err(CloseReason::CertificateRejected)?;
        if !self.negotiated.suite.fits(server.kind) {
            return Err(CloseReason::CertificateRejected(
                CertificateRejection::UnsupportedKey,
            ));
        }
        let verified = context.judge(&server)?;
        context.received(message);
        let Self { negotiated, schemes } = self;
        Ok(State::ExpectServerKeyExchange(Box::new(
            ExpectServerKeyExchange {
                negotiated,
                schemes,
                server,
                verified,
            },
        )))
    }
}

#[derive(Debug)]
pub(super) struct ExpectServerKeyExchange {
    negotiated: Negotiated,
    schemes: Vec<u16>,
    server: PeerCertificate,
    verified: CertificateVerified,
}

impl ExpectServerKeyExchange {
    fn handle(self, context: &mut Context, message: &Message) -> Result<State, CloseReason> {
        if message.message_type != HandshakeType::SERVER_KEY_EXCHANGE {
            return Err(unexpected());
        }
        let exchange = ServerKeyExchange::decode(&message.body).map_err(undecodable)?;
        let group = Group::from_code_point(exchange.group)
            .filter(|group| is_classic(*group) && context.config.groups.contains(group))
            .ok_or_else(|| illegal("group was not offered"))?;
        if !self.schemes.contains(&exchange.scheme) {
            return Err(illegal("signature scheme was not offered"));
        }
        let Randoms { client, server } = self.negotiated.randoms;
        let parameters = ServerKeyExchange::parameters(exchange.group, exchange.share);
        let signed = [&client[..], &server, &parameters].concat();
        let provider = &context.config.provider;
        if !self
            .server
            .has_signed(provider, exchange.scheme, &signed, exchange.signature)
        {
            return Err(failed(
                AlertDescription::DECRYPT_ERROR,
                "bad signature of the key exchange",
            ));
        }
        context.session.group = Some(group);
        context.received(message);
        Ok(State::ExpectServerHelloDone(Box::new(ExpectServerHelloDone {
            negotiated: self.negotiated,
            group,
            share: exchange.share.to_vec(),
            request: None,
            verified: self.verified,
        })))
    }
}

#[derive(Debug)]
pub(super) struct ExpectServerHelloDone {
    negotiated: Negotiated,
    group: Group,
    share: Vec<u8>,
    request: Option<CertificateRequest>,
    verified: CertificateVerified,
}

impl ExpectServerHelloDone {
    fn handle(mut self: Box<Self>, context: &mut Context, message: &Message) -> Result<State, CloseReason> {
        match message.message_type {
            HandshakeType::CERTIFICATE_REQUEST if self.request.is_none() => {
                self.request = Some(CertificateRequest::decode(&message.body).map_err(undecodable)?);
                context.received(message);
                Ok(State::ExpectServerHelloDone(self))
            }
            HandshakeType::SERVER_HELLO_DONE if message.body.is_empty() => {
                context.received(message);
                let Self {
                    negotiated,
                    group,
                    share,
                    request,
                    verified,
                } = *self;
                let secret = Secret {
                    negotiated,
                    group,
                    share,
                };
                answer(context, &secret, request.as_ref(), verified)?;
                Ok(State::ExpectFinished)
            }
            _ => Err(unexpected()),
        }
    }
}

struct Secret {
    negotiated: Negotiated,
    group: Group,
    share: Vec<u8>,
}

/// The client's second flight.
fn answer(
    context: &mut Context,
    secret: &Secret,
    request: Option<&CertificateRequest>,
    _: CertificateVerified,
) -> Result<(), CloseReason> {
    let config = std::sync::Arc::clone(&context.config);
    context.flight.begin();
    let certificate = request.and_then(|request| {
        config
            .certificate
            .as_ref()
            .filter(|ours| is_wanted(ours, request))
    });
    if request.is_some() {
        context.send_chain(certificate);
    }
    let exchange = context.start_key_exchange(secret.group)?;
    context.send(HandshakeType::CLIENT_KEY_EXCHANGE, |out| {
        let share = exchange.share();
        ClientKeyExchange { share }.encode(out)
    });
    let shared_secret = exchange.finish(&secret.share).map_err(bad_share)?;
    context.derive(&secret.negotiated, shared_secret.as_ref())?;
    if let (Some(certificate), Some(request)) = (certificate, request) {
        context.send_certificate_verify(certificate, &request.signature_algorithms)?;
    }
    context.send_finished()
}

/// Whether the server can do something with our certificate. Its list of authorities is advice that self-signed
/// certificates never meet, so it is not looked at.
fn is_wanted(ours: &crate::Certificate, request: &CertificateRequest) -> bool {
    let certificate_type = match ours.key().kind() {
        crypto::KeyKind::Rsa2048 => RSA_SIGN,
        crypto::KeyKind::EcdsaP256 | crypto::KeyKind::EcdsaP384 | crypto::KeyKind::Ed25519 => ECDSA_SIGN,
    };
    request.certificate_types.contains(&certificate_type)
        && crate::suite::choose_signature_scheme(&**ours.key(), &request.signature_algorithms).is_some()
}
