//! The cookie exchange (RFC 6347 §4.2.1): a server keeps nothing and sends no more than it received until the client
//! has shown that it receives at its address.
//!
//! The cookie is an HMAC over the address and the parameters in front of the extensions, so it is checked on the first
//! fragment of a ClientHello alone.

use std::net::{IpAddr, SocketAddr};

use crypto::{Mac, MacKey, Provider};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::handshake::{ClientHelloPrefix, HandshakeHeader, HandshakeType, HelloVerifyRequest};
use crate::record::header::{DTLS_1_0, RecordHeader};
use crate::record::{ContentType, HEADER_LENGTH};

/// What to do with a datagram from an address without a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The peer has shown that it is there: make a connection with
    /// [`Connection::server_admitted`](crate::core::Connection::server_admitted) and give it this datagram.
    Admit,
    /// Send this back and keep nothing.
    Reply(Vec<u8>),
    /// No beginning of a handshake: drop it.
    Ignore,
}

/// Gives out and checks cookies without keeping anything about a client.
#[derive(Debug)]
pub struct Gate {
    provider: Provider,
    rng: ChaCha20Rng,
    current: Box<dyn MacKey>,
    previous: Option<Box<dyn MacKey>>,
}

fn fresh_key(provider: &Provider, rng: &mut ChaCha20Rng) -> Box<dyn MacKey> {
    let mut secret = zeroize::Zeroizing::new([0; 32]);
    rng.fill_bytes(&mut *secret);
    provider.mac(Mac::HmacSha256, &*secret)
}

impl Gate {
    /// A gate whose secrets come from `seed`.
    pub fn new(provider: &Provider, seed: [u8; 32]) -> Self {
        let mut rng = ChaCha20Rng::from_seed(seed);
        let current = fresh_key(provider, &mut rng);
        Self {
            provider: provider.clone(),
            rng,
            current,
            previous: None,
        }
    }

    /// Takes another secret; cookies under the one before stay valid until the next call. Call it every few minutes.
    pub fn rotate(&mut self) {
        let fresh = fresh_key(&self.provider, &mut self.rng);
        self.previous = Some(std::mem::replace(&mut self.current, fresh));
    }

    /// Judges a datagram from an address without a connection. A reply is never longer than the datagram.
    pub fn check(&self, peer: SocketAddr, datagram: &[u8]) -> Admission {
        let mut rest = datagram;
        while let Ok(record) = RecordHeader::decode(rest) {
            let end = HEADER_LENGTH + usize::from(record.length);
            let (Some(payload), Some(tail)) = (rest.get(HEADER_LENGTH..end), rest.get(end..)) else {
                break;
            };
            if record.epoch == 0
                && record.content_type == ContentType::Handshake
                && let Ok((header, fragment, _)) = HandshakeHeader::decode(payload)
            {
                match self.check_fragment(peer, &record, &header, fragment) {
                    Admission::Reply(reply) if reply.len() > datagram.len() => return Admission::Ignore,
                    Admission::Ignore => {}
                    decided @ (Admission::Admit | Admission::Reply(_)) => return decided,
                }
            }
            rest = tail;
        }
        Admission::Ignore
    }

    /// Judges one fragment.
    pub(crate) fn check_fragment(
        &self,
        peer: SocketAddr,
        record: &RecordHeader,
        header: &HandshakeHeader,
        fragment: &[u8],
    ) -> Admission {
        if header.message_type != HandshakeType::CLIENT_HELLO || header.fragment_offset != 0 {
            return Admission::Ignore;
        }
        let Ok(hello) = ClientHelloPrefix::decode(fragment) else {
            return Admission::Ignore;
        };
        let valid =
            |key: &dyn MacKey| with_parts(peer, &hello, |parts| key.verify(parts, hello.cookie).is_ok());
        if !hello.cookie.is_empty() && (valid(&*self.current) || self.previous.as_deref().is_some_and(valid))
        {
            return Admission::Admit;
        }
        let cookie = with_parts(peer, &hello, |parts| self.current.tag(parts));
        Admission::Reply(verify_request(record, header, &cookie))
    }
}

/// The client's random, if a datagram begins a handshake: the first fragment of a ClientHello in plaintext.
#[cfg(feature = "tokio")]
pub(crate) fn hello_random(datagram: &[u8]) -> Option<[u8; 32]> {
    let record = RecordHeader::decode(datagram).ok()?;
    if record.epoch != 0 || record.content_type != ContentType::Handshake {
        return None;
    }
    let (header, fragment, _) = HandshakeHeader::decode(datagram.get(HEADER_LENGTH..)?).ok()?;
    let begins = header.message_type == HandshakeType::CLIENT_HELLO && header.fragment_offset == 0;
    begins
        .then(|| ClientHelloPrefix::decode(fragment).ok())
        .flatten()
        .map(|hello| hello.random)
}

/// RFC 6347 §4.2.1: the reply has the record number of the hello, so that no state is needed for numbers.
fn verify_request(record: &RecordHeader, header: &HandshakeHeader, cookie: &[u8]) -> Vec<u8> {
    let request = HelloVerifyRequest {
        version: DTLS_1_0,
        cookie,
    };
    let message = HandshakeHeader::message(
        HandshakeType::HELLO_VERIFY_REQUEST,
        header.message_sequence,
        |out| {
            request.encode(out);
        },
    );
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    let record = RecordHeader {
        version: DTLS_1_0,
        length,
        ..*record
    };
    [record.encode().as_slice(), &message].concat()
}

fn with_parts<T>(peer: SocketAddr, hello: &ClientHelloPrefix<'_>, each: impl FnOnce(&[&[u8]]) -> T) -> T {
    let address = match peer.ip() {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    let lengths = [
        hello.session_id.len(),
        hello.cipher_suites.len(),
        hello.compression_methods.len(),
    ];
    let [a, b, c] = lengths.map(usize::to_be_bytes);
    each(&[
        &address.octets(),
        &peer.port().to_be_bytes(),
        &hello.version.to_be_bytes(),
        &hello.random,
        &a,
        hello.session_id,
        &b,
        hello.cipher_suites,
        &c,
        hello.compression_methods,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handshake::{ClientExtensions, ClientHello};

    const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 4433);

    fn hello(cookie: &[u8], random: u8) -> Vec<u8> {
        let hello = ClientHello {
            version: 0xfefd,
            random: [random; 32],
            session_id: vec![],
            cookie: cookie.to_vec(),
            cipher_suites: vec![0xc02b],
            compression_methods: vec![0],
            extensions: ClientExtensions::default(),
        };
        let message = HandshakeHeader::message(HandshakeType::CLIENT_HELLO, 0, |out| hello.encode(out));
        let record = RecordHeader {
            content_type: ContentType::Handshake,
            version: 0xfeff,
            epoch: 0,
            sequence_number: 9,
            length: u16::try_from(message.len()).unwrap(),
        };
        [record.encode().as_slice(), &message].concat()
    }

    fn cookie(gate: &Gate, peer: SocketAddr, random: u8) -> Vec<u8> {
        let first = hello(&[0xee; 32], random);
        let Admission::Reply(reply) = gate.check(peer, &first) else {
            panic!("no reply")
        };
        assert!(reply.len() <= first.len());
        let record = RecordHeader::decode(&reply).unwrap();
        assert_eq!((record.sequence_number, record.version), (9, 0xfeff));
        let (header, body, _) = HandshakeHeader::decode(&reply[13..]).unwrap();
        assert_eq!(header.message_type, HandshakeType::HELLO_VERIFY_REQUEST);
        HelloVerifyRequest::decode(body).unwrap().cookie.to_vec()
    }

    #[test]
    fn admits_only_the_cookie_of_this_address_and_these_parameters() {
        let gate = Gate::new(&Provider::default(), [1; 32]);
        let other: SocketAddr = "192.0.2.1:4434".parse().unwrap();
        let cookie = cookie(&gate, PEER, 7);
        assert_eq!(gate.check(PEER, &hello(&cookie, 7)), Admission::Admit);
        assert!(matches!(
            gate.check(PEER, &hello(&cookie, 8)),
            Admission::Reply(_)
        ));
        assert!(matches!(
            gate.check(other, &hello(&cookie, 7)),
            Admission::Reply(_)
        ));
        let mut forged = cookie;
        forged[0] ^= 1;
        assert!(matches!(
            gate.check(PEER, &hello(&forged, 7)),
            Admission::Reply(_)
        ));
    }

    #[test]
    fn cookies_live_through_one_rotation() {
        let mut gate = Gate::new(&Provider::default(), [1; 32]);
        let cookie = cookie(&gate, PEER, 7);
        gate.rotate();
        assert_eq!(gate.check(PEER, &hello(&cookie, 7)), Admission::Admit);
        gate.rotate();
        assert!(matches!(
            gate.check(PEER, &hello(&cookie, 7)),
            Admission::Reply(_)
        ));
    }

    #[test]
    fn ignores_everything_else_and_never_amplifies() {
        let gate = Gate::new(&Provider::default(), [1; 32]);
        let datagram = hello(&[0; 32], 1);
        for length in 0..datagram.len() {
            assert_eq!(gate.check(PEER, &datagram[..length]), Admission::Ignore);
        }
        // A hello with a minimal prefix is shorter than the reply would be if the cookie were longer.
        if let Admission::Reply(reply) = gate.check(PEER, &hello(&[], 1)) {
            assert!(reply.len() <= hello(&[], 1).len());
        }
        let mut finished = datagram;
        finished[13] = 20;
        assert_eq!(gate.check(PEER, &finished), Admission::Ignore);
    }
}
