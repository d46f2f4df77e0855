//! The master keys of a context, each with its MKI (RFC 3711 §3.1, §8.1), and where tag and MKI stand in a packet.

use crypto::{Mac, Provider};

use super::derivation::{AUTHENTICATION_KEY, Derivation, Label};
use super::header_extension::Ids;
use super::transform::{Gcm, StreamAndMac, StreamKey, Transform};
use crate::profile::{AEAD_TAG, Method, RTCP_TAG, RTCP_WORD};
use crate::{Config, ConfigError, MAX_KEYS, MAX_MKI, MasterKey, Profile};

/// Bytes of counter mode's salt (RFC 3711 §4.1.1).
const STREAM_SALT: usize = 14;

/// The session keys of one master key.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) mki: Vec<u8>,
    pub(super) rtp: Transform,
    pub(super) rtcp: Transform,
    /// For header extension elements; none where there is no cipher.
    pub(super) header: Option<StreamKey>,
}

/// All keys of one direction; there is always one.
#[derive(Debug)]
pub(super) struct KeyRing {
    profile: Profile,
    provider: Provider,
    encrypted_ids: Option<Ids>,
    first: Keys,
    more: Vec<Keys>,
}

/// A datagram as packet, tag and MKI.
type Parts<'d> = (&'d mut [u8], &'d [u8], &'d [u8]);

impl KeyRing {
    pub(super) fn new(config: &Config, master: &MasterKey) -> Result<Self, ConfigError> {
        if config.mki.len() > MAX_MKI {
            return Err(ConfigError::MkiLength {
                expected: MAX_MKI,
                actual: config.mki.len(),
            });
        }
        let mut ring = Self {
            first: Keys::derive((config.profile, &config.provider), master, &config.mki)?,
            profile: config.profile,
            provider: config.provider.clone(),
            encrypted_ids: None,
            more: Vec::new(),
        };
        ring.encrypt_extensions(&config.encrypted_extensions);
        Ok(ring)
    }

    /// The elements with these ids are encrypted, and no others.
    pub(super) fn encrypt_extensions(&mut self, ids: &[u8]) {
        self.encrypted_ids = (!ids.is_empty()).then(|| Ids::new(ids));
    }

    /// Which header extension elements are encrypted, if any are.
    pub(super) const fn encrypted_ids(&self) -> Option<&Ids> {
        self.encrypted_ids.as_ref()
    }

    /// The first key: the one to protect with.
    pub(super) fn first(&self) -> &Keys {
        &self.first
    }

    /// Whether the profile has a cipher.
    pub(super) fn encrypts(&self) -> bool {
        !matches!(self.profile.method(), Method::StreamAndMac { stream: None, .. })
    }

    /// Bytes that are added to a packet at most, Cryptex's included.
    pub(super) fn overhead(&self) -> usize {
        self.profile.rtcp_overhead().max(self.profile.rtp_overhead() + 4) + self.first.mki.len()
    }

    pub(super) fn find(&self, mki: &[u8]) -> Option<&Keys> {
        // All MKIs have the same length. Without one nothing is compared: on processors with AVX-512 memcmp takes 60 ns
        // for two times no byte at a dangling address.
        if mki.is_empty() || self.first.mki == mki {
            return Some(&self.first);
        }
        self.more.iter().find(|keys| keys.mki == mki)
    }

    /// Adds a key, whose MKI is as long as the others and differs from them.
    pub(super) fn add(&mut self, mki: &[u8], master: &MasterKey) -> Result<(), ConfigError> {
        if mki.len() != self.first.mki.len() {
            return Err(ConfigError::MkiLength {
                expected: self.first.mki.len(),
                actual: mki.len(),
            });
        }
        if self.find(mki).is_some() {
            return Err(ConfigError::MkiInUse);
        }
        if self.more.len() + 1 >= MAX_KEYS {
            return Err(ConfigError::TooManyKeys);
        }
        self.more
            .push(Keys::derive((self.profile, &self.provider), master, mki)?);
        Ok(())
    }

    /// Makes this key the first; `false` if there is none with this MKI.
    pub(super) fn select(&mut self, mki: &[u8]) -> bool {
        if let Some(keys) = self.more.iter_mut().find(|keys| keys.mki == mki) {
            std::mem::swap(keys, &mut self.first);
        }
        self.first.mki == mki
    }

    /// Drops a key that is not the only one. If it was the first, the one added longest ago takes its place.
    pub(super) fn remove(&mut self, mki: &[u8]) -> bool {
        if let Some(at) = self.more.iter().position(|keys| keys.mki == mki) {
            self.more.remove(at);
            return true;
        }
        if self.first.mki != mki || self.more.is_empty() {
            return false;
        }
        self.first = self.more.remove(0);
        true
    }

    /// RFC 3711 §3.1 has the MKI in front of the tag; RFC 7714 §8.2 has the tag as a part of the ciphertext.
    pub(super) fn split_rtp<'d>(&self, datagram: &'d mut [u8]) -> Option<Parts<'d>> {
        let (mki, tag) = (self.first.mki.len(), self.profile.rtp_overhead());
        match self.profile.method() {
            Method::StreamAndMac { .. } => split_mki_first(datagram, mki, tag),
            Method::Aead(_) => split_tag_first(datagram, mki, tag),
        }
    }

    /// The packet of the result ends with the word (E flag and index), as it is authenticated in both methods.
    pub(super) fn split_rtcp<'d>(&self, datagram: &'d mut [u8]) -> Option<Parts<'d>> {
        let mki = self.first.mki.len();
        match self.profile.method() {
            Method::StreamAndMac { .. } => split_mki_first(datagram, mki, RTCP_TAG),
            Method::Aead(_) => {
                // RFC 7714 §9.2: the tag is in front of the word; here they change places.
                let behind = datagram.len().checked_sub(AEAD_TAG + RTCP_WORD + mki)?;
                let trailer = datagram.get_mut(behind..)?.get_mut(..AEAD_TAG + RTCP_WORD)?;
                trailer.rotate_left(AEAD_TAG);
                split_tag_first(datagram, mki, AEAD_TAG)
            }
        }
    }
}

fn split_mki_first(datagram: &mut [u8], mki: usize, tag: usize) -> Option<Parts<'_>> {
    let end = datagram.len().checked_sub(mki + tag)?;
    let (packet, trailer) = datagram.split_at_mut_checked(end)?;
    let (mki, tag) = trailer.split_at_checked(mki)?;
    Some((packet, tag, mki))
}

fn split_tag_first(datagram: &mut [u8], mki: usize, tag: usize) -> Option<Parts<'_>> {
    let end = datagram.len().checked_sub(mki + tag)?;
    let (packet, trailer) = datagram.split_at_mut_checked(end)?;
    let (tag, mki) = trailer.split_at_checked(tag)?;
    Some((packet, tag, mki))
}

impl Keys {
    fn derive(
        (profile, provider): (Profile, &Provider),
        master: &MasterKey,
        mki: &[u8],
    ) -> Result<Self, ConfigError> {
        let derivation = Derivation::new(provider, profile, master)?;
        let transform = |labels, tag_len| transform(profile, provider, &derivation, (labels, tag_len));
        let rtp = [Label::RtpEncryption, Label::RtpAuthentication, Label::RtpSalt];
        let rtcp = [Label::RtcpEncryption, Label::RtcpAuthentication, Label::RtcpSalt];
        Ok(Self {
            mki: mki.to_vec(),
            rtp: transform(rtp, profile.rtp_overhead())?,
            rtcp: transform(rtcp, RTCP_TAG)?,
            header: match profile.method() {
                // RFC 6904 §3.2: without a cipher the key stream is zero.
                Method::StreamAndMac { stream: None, .. } => None,
                // Derived in any case, since the master key is not kept: what was negotiated may change.
                Method::StreamAndMac { .. } | Method::Aead(_) => {
                    let labels = (Label::HeaderEncryption, Label::HeaderSalt);
                    Some(stream_key(profile, provider, &derivation, labels)?)
                }
            },
        })
    }
}

fn transform(
    profile: Profile,
    provider: &Provider,
    derivation: &Derivation,
    ([encryption, authentication, salt], tag_len): ([Label; 3], usize),
) -> Result<Transform, ConfigError> {
    Ok(match profile.method() {
        Method::StreamAndMac { stream, .. } => Transform::StreamAndMac(StreamAndMac {
            stream: stream
                .map(|_| stream_key(profile, provider, derivation, (encryption, salt)))
                .transpose()?,
            mac: provider.mac(
                Mac::HmacSha1,
                &derivation.derive(authentication, AUTHENTICATION_KEY),
            ),
            tag_len,
        }),
        Method::Aead(aead) => Transform::Gcm(Gcm {
            key: provider.aead(aead, &derivation.derive(encryption, profile.key_len()))?,
            salt: derivation.derive_salt(salt, profile.salt_len()),
        }),
    })
}

/// A key stream; for header extensions beside an AEAD it is that of counter mode too (RFC 7714 §8.3).
fn stream_key(
    profile: Profile,
    provider: &Provider,
    derivation: &Derivation,
    (encryption, salt): (Label, Label),
) -> Result<StreamKey, ConfigError> {
    let key = derivation.derive(encryption, profile.key_len());
    // As long as the profile's salt (RFC 6904 §3); one of 12 bytes is filled up with zeros.
    let mut salt = derivation.derive_salt(salt, profile.salt_len());
    *salt <<= 8 * (STREAM_SALT - profile.salt_len());
    Ok(StreamKey::new(provider.ctr(profile.derivation(), &key)?, salt))
}
