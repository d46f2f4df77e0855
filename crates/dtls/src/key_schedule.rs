//! From the shared secret to keys (RFC 5246 §5, §6.3, §7.4.9, §8.1; RFC 7627 §4; RFC 5705 §4).

use crypto::{Aead, KeyError, MacKey, Provider};
use zeroize::{Zeroize, Zeroizing};

use crate::record::DirectionKeys;
use crate::suite::CipherSuite;

/// Bytes of a Finished message's `verify_data`.
pub(crate) const VERIFY_DATA_LENGTH: usize = 12;

/// `PRF(secret, label, seed)`: fills `out` with P_hash (RFC 5246 §5). `secret` is already the HMAC's key.
pub(crate) fn prf(secret: &dyn MacKey, label: &[u8], seed: &[&[u8]], out: &mut [u8]) {
    let mut parts: Vec<&[u8]> = Vec::with_capacity(seed.len() + 2);
    parts.push(&[]);
    parts.push(label);
    parts.extend_from_slice(seed);
    // A(1) = HMAC(secret, A(0)), A(0) = label + seed
    let mut a = secret.tag(&parts);
    let mut rest = out;
    while !rest.is_empty() {
        let mut block = {
            let mut parts = parts.clone();
            if let Some(first) = parts.first_mut() {
                *first = &a;
            }
            secret.tag(&parts)
        };
        let length = block.len().min(rest.len());
        let (head, tail) = rest.split_at_mut(length);
        head.iter_mut()
            .zip(block.iter())
            .for_each(|(to, from)| *to = *from);
        block.zeroize();
        rest = tail;
        let next = secret.tag(&[&a]);
        a.zeroize();
        a = next;
    }
    a.zeroize();
}

/// The two hellos' randoms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Randoms {
    pub(crate) client: [u8; 32],
    pub(crate) server: [u8; 32],
}

/// Which end of the connection something belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The side that speaks first.
    Client,
    /// The side that answers.
    Server,
}

/// The master secret of a connection, with all that is derived from it.
#[derive(Debug)]
pub(crate) struct MasterSecret {
    secret: Secret,
    provider: Provider,
    suite: CipherSuite,
    randoms: Randoms,
}

/// 48 bytes that are wiped and never printed.
struct Secret(Zeroizing<[u8; 48]>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(48 bytes)")
    }
}

/// How the master secret is bound to the handshake.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Binding<'a> {
    /// RFC 7627 §4: to the hash of all messages up to ClientKeyExchange.
    Extended(&'a [u8]),
    /// RFC 5246 §8.1: to the two randoms only.
    Randoms,
}

impl MasterSecret {
    pub(crate) fn derive(
        provider: &Provider,
        suite: CipherSuite,
        pre_master: &[u8],
        randoms: Randoms,
        binding: Binding<'_>,
    ) -> Self {
        let pre_master = provider.mac(suite.mac(), pre_master);
        let mut secret = Zeroizing::new([0; 48]);
        match binding {
            Binding::Extended(session_hash) => {
                prf(
                    &*pre_master,
                    b"extended master secret",
                    &[session_hash],
                    &mut *secret,
                );
            }
            Binding::Randoms => {
                prf(
                    &*pre_master,
                    b"master secret",
                    &[&randoms.client, &randoms.server],
                    &mut *secret,
                );
            }
        }
        Self {
            secret: Secret(secret),
            provider: provider.clone(),
            suite,
            randoms,
        }
    }

    /// The keyed MAC. It is made for each use: after the handshake only exports need it, and it takes a kilobyte.
    fn key(&self) -> Box<dyn MacKey> {
        self.provider.mac(self.suite.mac(), self.as_bytes())
    }

    /// The bytes, for the key log and the MAC.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &*self.secret.0
    }

    pub(crate) fn client_random(&self) -> &[u8; 32] {
        &self.randoms.client
    }

    /// The keys of both directions (RFC 5246 §6.3): what `role` seals with, what it opens with.
    pub(crate) fn record_keys(
        &self,
        provider: &Provider,
        role: Role,
    ) -> Result<(DirectionKeys, DirectionKeys), KeyError> {
        let aead = self.suite.aead();
        let iv_length = match aead {
            Aead::Aes128Gcm | Aead::Aes256Gcm => 4,
            Aead::ChaCha20Poly1305 => 12,
        };
        let mut block = Zeroizing::new([0; 2 * (32 + 12)]);
        prf(
            &*self.key(),
            b"key expansion",
            &[&self.randoms.server, &self.randoms.client],
            &mut *block,
        );
        let mut block = crate::codec::Reader::new(&*block);
        let mut next = |length| block.take(length).map_err(|_| KeyError::Unsupported);
        let (client_key, server_key) = (next(aead.key_len())?, next(aead.key_len())?);
        let (client_iv, server_iv) = (next(iv_length)?, next(iv_length)?);
        let client = DirectionKeys::new(provider.aead(aead, client_key)?, nonce(client_iv)?);
        let server = DirectionKeys::new(provider.aead(aead, server_key)?, nonce(server_iv)?);
        Ok(match role {
            Role::Client => (client, server),
            Role::Server => (server, client),
        })
    }

    /// `verify_data` of the Finished that `role` sends (RFC 5246 §7.4.9).
    pub(crate) fn verify_data(&self, role: Role, transcript_hash: &[u8]) -> [u8; VERIFY_DATA_LENGTH] {
        let label: &[u8] = match role {
            Role::Client => b"client finished",
            Role::Server => b"server finished",
        };
        let mut out = [0; VERIFY_DATA_LENGTH];
        prf(&*self.key(), label, &[transcript_hash], &mut out);
        out
    }

    /// Exports keying material (RFC 5705 §4). A context of no bytes differs from no context.
    pub(crate) fn export(&self, label: &[u8], context: Option<&[u8]>, out: &mut [u8]) {
        let Randoms { client, server } = &self.randoms;
        match context {
            None => prf(&*self.key(), label, &[client, server], out),
            Some(context) => {
                let [.., high, low] = context.len().to_be_bytes();
                prf(&*self.key(), label, &[client, server, &[high, low], context], out);
            }
        }
    }
}

fn nonce(iv: &[u8]) -> Result<crate::record::Nonce, KeyError> {
    if let Ok(salt) = iv.try_into() {
        return Ok(crate::record::Nonce::Explicit(salt));
    }
    iv.try_into()
        .map(crate::record::Nonce::Implicit)
        .map_err(|_| KeyError::Unsupported)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::Mac;

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace()
            .map(|pair| u8::from_str_radix(pair, 16).unwrap())
            .collect()
    }

    /// The TLS 1.2 PRF vectors posted to the TLS working group's list ("Test vectors for TLS 1.2 PRF", 2009).
    #[test]
    fn prf_sha256_vector() {
        let secret = hex("9b be 43 6b a9 40 f0 17 b1 76 52 84 9a 71 db 35");
        let seed = hex("a0 ba 9f 93 6c da 31 18 27 a6 f7 96 ff d5 19 8c");
        let expected = hex(
            "e3 f2 29 ba 72 7b e1 7b 8d 12 26 20 55 7c d4 53 c2 aa b2 1d 07 c3 d4 95 32 9b 52 d4 e6 1e db 5a
             6b 30 17 91 e9 0d 35 c9 c9 a4 6b 4e 14 ba f9 af 0f a0 22 f7 07 7d ef 17 ab fd 37 97 c0 56 4b ab
             4f bc 91 66 6e 9d ef 9b 97 fc e3 4f 79 67 89 ba a4 80 82 d1 22 ee 42 c5 a7 2e 5a 51 10 ff f7 01
             87 34 7b 66",
        );
        let mut out = vec![0; expected.len()];
        prf(
            &*Provider::default().mac(Mac::HmacSha256, &secret),
            b"test label",
            &[&seed],
            &mut out,
        );
        assert_eq!(out, expected);
    }

    #[test]
    fn prf_sha384_vector() {
        let secret = hex("b8 0b 73 3d 6c ee fc dc 71 56 6e a4 8e 55 67 df");
        let seed = hex("cd 66 5c f6 a8 44 7d d6 ff 8b 27 55 5e db 74 65");
        let expected = hex(
            "7b 0c 18 e9 ce d4 10 ed 18 04 f2 cf a3 4a 33 6a 1c 14 df fb 49 00 bb 5f d7 94 21 07 e8 1c 83 cd
             e9 ca 0f aa 60 be 9f e3 4f 82 b1 23 3c 91 46 a0 e5 34 cb 40 0f ed 27 00 88 4f 9d c2 36 f8 0e dd
             8b fa 96 11 44 c9 e8 d7 92 ec a7 22 a7 b3 2f c3 d4 16 d4 73 eb c2 c5 fd 4a bf da d0 5d 91 84 25
             9b 5b f8 cd 4d 90 fa 0d 31 e2 de c4 79 e4 f1 a2 60 66 f2 ee a9 a6 92 36 a3 e5 26 55 c9 e9 ae e6
             91 c8 f3 a2 68 54 30 8d 5e aa 3b e8 5e 09 90 70 3d 73 e5 6f",
        );
        let mut out = vec![0; expected.len()];
        prf(
            &*Provider::default().mac(Mac::HmacSha384, &secret),
            b"test label",
            &[&seed],
            &mut out,
        );
        assert_eq!(out, expected);
    }

    #[test]
    fn exporter_tells_an_empty_context_from_none() {
        let randoms = Randoms {
            client: [1; 32],
            server: [2; 32],
        };
        let suite = CipherSuite::EcdheEcdsaAes128Gcm;
        let master = MasterSecret::derive(&Provider::default(), suite, &[5; 32], randoms, Binding::Randoms);
        let export = |context| {
            let mut out = [0; 60];
            master.export(b"EXTRACTOR-dtls_srtp", context, &mut out);
            out
        };
        assert_ne!(export(None), export(Some(&[])));
        assert_eq!(export(None), export(None));
    }

    #[test]
    fn what_one_side_seals_the_other_opens_for_every_suite() {
        use crate::record::{ContentType, Opened, RecordHeader, RecordLayer};
        let provider = Provider::default();
        for suite in CipherSuite::ALL {
            let randoms = Randoms {
                client: [1; 32],
                server: [2; 32],
            };
            let master =
                MasterSecret::derive(&provider, suite, &[5; 48], randoms, Binding::Extended(&[9; 32]));
            let layer = |role| {
                let (sealing, opening) = master.record_keys(&provider, role).unwrap();
                let mut layer = RecordLayer::new(64, 0xfefd);
                layer.install(sealing, opening);
                layer
            };
            let (mut client, mut server) = (layer(Role::Client), layer(Role::Server));
            let mut record = Vec::new();
            assert!(client.write(1, ContentType::ApplicationData, b"up", &mut record));
            let header = RecordHeader::decode(&record).unwrap();
            assert_eq!(
                client.open(&header, &mut record.clone()),
                Opened::Forged,
                "keys are per direction"
            );
            assert!(
                matches!(server.open(&header, &mut record), Opened::Plaintext(_)),
                "{suite}"
            );
        }
    }
}
