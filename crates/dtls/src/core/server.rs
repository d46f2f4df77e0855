//! The server's state machine (RFC 6347 §4.2, RFC 5246 §7.3). The ladder is drawn in `client`; the cookie exchange is
//! done before a ClientHello gets here.

use std::sync::Arc;

use crypto::KeyExchange;

use super::context::{Context, Negotiated, bad_share, failed, illegal, internal, undecodable, unexpected};
use super::offer::{Choice, check_hello, choose};
use crate::alert::AlertDescription;
use crate::certificate::{Certificate, CertificateRejection, CertificateVerified, PeerCertificate};
use crate::config::ClientAuth;
use crate::error::CloseReason;
use crate::handshake::{
    CertificateChain, CertificateRequest, CertificateVerify, ClientHello, ClientKeyExchange, HandshakeType,
    ServerExtensions, ServerHello, ServerKeyExchange,
};
use crate::key_schedule::Randoms;
use crate::reassembly::Message;
use crate::record::header::DTLS_1_2;
use crate::suite::offered_signature_schemes;

/// `TLS_EMPTY_RENEGOTIATION_INFO_SCSV` (RFC 5746 §3.3).
const RENEGOTIATION_SCSV: u16 = 0x00ff;
/// ClientCertificateType `ecdsa_sign` and `rsa_sign`.
const CERTIFICATE_TYPES: [u8; 2] = [64, 1];

/// Where a server is, with what it needs there.
#[derive(Debug)]
pub(super) enum State {
    ExpectClientHello,
    ExpectCertificate(Box<ExpectCertificate>),
    ExpectClientKeyExchange(Box<ExpectClientKeyExchange>),
    ExpectCertificateVerify(Box<ExpectCertificateVerify>),
    ExpectFinished(ClientIdentity),
    Connected,
    Failed,
}

/// Proof that the client's identity was settled: verified with its key proven, or none was demanded.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientIdentity(());

impl ClientIdentity {
    /// The client was not asked, or has no certificate and needs none.
    const ANONYMOUS: Self = Self(());

    /// The certificate was judged; its key was proven by whoever calls this.
    fn proven(_: CertificateVerified) -> Self {
        Self(())
    }
}

impl State {
    /// Takes the next message. An error ends the connection.
    pub(super) fn handle(self, context: &mut Context, message: &Message) -> Result<Self, CloseReason> {
        let expected_epoch = u16::from(message.message_type == HandshakeType::FINISHED);
        if message.epoch != expected_epoch {
            return Err(unexpected());
        }
        match self {
            Self::ExpectClientHello => answer_hello(context, message),
            Self::ExpectCertificate(state) => state.handle(context, message),
            Self::ExpectClientKeyExchange(state) => state.handle(context, message),
            Self::ExpectCertificateVerify(state) => state.handle(context, message),
            Self::ExpectFinished(_) => {
                context.check_finished(message)?;
                context.flight.begin();
                context.send_finished()?;
                Ok(Self::Connected)
            }
            Self::Connected | Self::Failed => Err(unexpected()),
        }
    }
}

fn answer_hello(context: &mut Context, message: &Message) -> Result<State, CloseReason> {
    if message.message_type != HandshakeType::CLIENT_HELLO {
        return Err(unexpected());
    }
    let hello = ClientHello::decode(&message.body).map_err(undecodable)?;
    let config = Arc::clone(&context.config);
    let certificate = config
        .certificate
        .as_ref()
        .ok_or_else(|| internal("the server has no certificate"))?;
    check_hello(&config, &hello)?;
    let choice = choose(&config, certificate, &hello)?;
    context.received(message);
    context.flight.begin();
    context.flight.set_next_sequence(message.sequence);
    context.records.set_version(DTLS_1_2);
    context.session.group = Some(choice.group);
    context
        .session
        .server_name
        .clone_from(&hello.extensions.server_name);
    context.session.protocol.clone_from(&choice.protocol);
    context.session.srtp_profile = choice
        .use_srtp
        .as_ref()
        .and_then(|chosen| chosen.profiles.first().copied())
        .and_then(crate::suite::SrtpProfile::from_code_point);

    let negotiated = send_hello(context, &hello, &choice);
    context.send_chain(Some(certificate));
    let key_exchange = send_key_exchange(context, certificate, &hello, &negotiated)?;
    if config.client_auth != ClientAuth::None {
        let request = CertificateRequest {
            certificate_types: CERTIFICATE_TYPES.to_vec(),
            signature_algorithms: offered_signature_schemes(&config.provider),
            authorities: Vec::new(),
        };
        context.send(HandshakeType::CERTIFICATE_REQUEST, |out| request.encode(out));
    }
    context.send(HandshakeType::SERVER_HELLO_DONE, |_| {});
    Ok(match config.client_auth {
        ClientAuth::None => State::ExpectClientKeyExchange(Box::new(ExpectClientKeyExchange {
            negotiated,
            key_exchange,
            client: Client::NotAsked,
        })),
        ClientAuth::Request | ClientAuth::Require => State::ExpectCertificate(Box::new(ExpectCertificate {
            negotiated,
            key_exchange,
        })),
    })
}

fn send_hello(context: &mut Context, hello: &ClientHello, choice: &Choice) -> Negotiated {
    let random = context.random();
    let offer = &hello.extensions;
    let renegotiation =
        offer.renegotiation_info.is_some() || hello.cipher_suites.contains(&RENEGOTIATION_SCSV);
    let answer = ServerHello {
        version: DTLS_1_2,
        random,
        session_id: Vec::new(),
        cipher_suite: choice.suite.code_point(),
        compression_method: 0,
        extensions: ServerExtensions {
            types: Vec::new(),
            point_formats: offer.point_formats.is_some().then(|| vec![0]),
            use_srtp: choice.use_srtp.clone(),
            protocol: choice.protocol.clone(),
            extended_master_secret: offer.extended_master_secret,
            renegotiation_info: renegotiation.then(Vec::new),
        },
    };
    context.send(HandshakeType::SERVER_HELLO, |out| answer.encode(out));
    Negotiated {
        suite: choice.suite,
        randoms: Randoms {
            client: hello.random,
            server: random,
        },
        extended_master_secret: offer.extended_master_secret,
    }
}

fn send_key_exchange(
    context: &mut Context,
    certificate: &Certificate,
    hello: &ClientHello,
    negotiated: &Negotiated,
) -> Result<Box<dyn KeyExchange>, CloseReason> {
    let group = context.session.group.ok_or_else(|| internal("no group"))?;
    let key_exchange = context.start_key_exchange(group)?;
    let Randoms { client, server } = negotiated.randoms;
    let parameters = ServerKeyExchange::parameters(group.code_point(), key_exchange.share());
    let signed = [&client[..], &server, &parameters].concat();
    let accepted = hello
        .extensions
        .signature_algorithms
        .as_deref()
        .unwrap_or_default();
    let (scheme, signature) = Context::sign(certificate, accepted, &signed)?;
    let message = ServerKeyExchange {
        group: group.code_point(),
        share: key_exchange.share(),
        scheme: scheme.code_point(),
        signature: &signature,
    };
    context.send(HandshakeType::SERVER_KEY_EXCHANGE, |out| message.encode(out));
    Ok(key_exchange)
}

/// What is known of the client's certificate when its key exchange arrives.
#[derive(Debug)]
enum Client {
    NotAsked,
    HasNone,
    Has(PeerCertificate, CertificateVerified),
}

#[derive(Debug)]
pub(super) struct ExpectCertificate {
    negotiated: Negotiated,
    key_exchange: Box<dyn KeyExchange>,
}

impl ExpectCertificate {
    fn handle(self, context: &mut Context, message: &Message) -> Result<State, CloseReason> {
        if message.message_type != HandshakeType::CERTIFICATE {
            return Err(unexpected());
        }
        let chain = CertificateChain::decode(&message.body).map_err(undecodable)?;
        let client = if chain.0.is_empty() {
            if context.config.client_auth == ClientAuth::Require {
                return Err(CloseReason::CertificateRejected(CertificateRejection::Missing));
            }
            Client::HasNone
        } else {
            let certificate = PeerCertificate::read(chain.0).map_err(CloseReason::CertificateRejected)?;
            let verified = context.judge(&certificate)?;
            Client::Has(certificate, verified)
        };
        context.received(message);
        let Self {
            negotiated,
            key_exchange,
        } = self;
        Ok(State::ExpectClientKeyExchange(Box::new(
            ExpectClientKeyExchange {
                negotiated,
                key_exchange,
                client,
            },
        )))
    }
}

#[derive(Debug)]
pub(super) struct ExpectClientKeyExchange {
    negotiated: Negotiated,
    key_exchange: Box<dyn KeyExchange>,
    client: Client,
}

impl ExpectClientKeyExchange {
    fn handle(self, context: &mut Context, message: &Message) -> Result<State, CloseReason> {
        if message.message_type != HandshakeType::CLIENT_KEY_EXCHANGE {
            return Err(unexpected());
        }
        let Self {
            negotiated,
            key_exchange,
            client,
        } = self;
        let exchange = ClientKeyExchange::decode(&message.body).map_err(undecodable)?;
        let secret = key_exchange.finish(exchange.share).map_err(bad_share)?;
        context.received(message);
        context.derive(&negotiated, secret.as_ref())?;
        Ok(match client {
            Client::NotAsked | Client::HasNone => State::ExpectFinished(ClientIdentity::ANONYMOUS),
            Client::Has(certificate, verified) => {
                State::ExpectCertificateVerify(Box::new(ExpectCertificateVerify {
                    certificate,
                    verified,
                }))
            }
        })
    }
}

#[derive(Debug)]
pub(super) struct ExpectCertificateVerify {
    certificate: PeerCertificate,
    verified: CertificateVerified,
}

impl ExpectCertificateVerify {
    fn handle(self, context: &mut Context, message: &Message) -> Result<State, CloseReason> {
        if message.message_type != HandshakeType::CERTIFICATE_VERIFY {
            return Err(unexpected());
        }
        let Self {
            certificate,
            verified,
        } = self;
        let verify = CertificateVerify::decode(&message.body).map_err(undecodable)?;
        let provider = &context.config.provider;
        if !offered_signature_schemes(provider).contains(&verify.scheme) {
            return Err(illegal("signature scheme was not offered"));
        }
        if !certificate.has_signed(
            provider,
            verify.scheme,
            context.transcript.bytes(),
            verify.signature,
        ) {
            return Err(failed(
                AlertDescription::DECRYPT_ERROR,
                "bad signature of the client's certificate",
            ));
        }
        context.received(message);
        Ok(State::ExpectFinished(ClientIdentity::proven(verified)))
    }
}
