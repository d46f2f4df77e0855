//! The transforms: counter mode with HMAC-SHA-1 (RFC 3711 §4.1.1, §4.2.1; RFC 6188), no cipher with HMAC-SHA-1
//! (RFC 3711 §4.1.3), AES-GCM (RFC 7714 §8, §9).

use crypto::{AeadKey, BadTag, CtrKey, MacKey};
use zeroize::Zeroizing;

use super::cryptex::Shape;
use super::packet::RTCP_CLEAR;
use crate::profile::{AEAD_TAG, RTCP_TAG, RTCP_WORD};

/// The E flag in the word behind an RTCP packet: it is encrypted (RFC 3711 §3.4).
pub(super) const ENCRYPTED: u32 = 1 << 31;

/// What is known of a packet by its tag before that was cut: of two different packets under one index no two are the same.
pub(super) type Seal = [u8; 16];

/// What makes a packet's nonce: unique under a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct PacketNumber {
    pub(super) ssrc: u32,
    /// 48 bits for RTP, 31 for RTCP.
    pub(super) index: u64,
}

impl PacketNumber {
    fn number(self) -> u128 {
        u128::from(self.ssrc) << 48 | u128::from(self.index)
    }

    /// The rollover counter, which is authenticated though not sent (RFC 3711 §4.2).
    fn roc(self) -> [u8; 4] {
        let [_, _, a, b, c, d, _, _] = self.index.to_be_bytes();
        [a, b, c, d]
    }
}

/// A key stream for packets.
#[derive(Debug)]
pub(super) struct StreamKey {
    key: Box<dyn CtrKey>,
    salt: Zeroizing<u128>,
}

impl StreamKey {
    pub(super) fn new(key: Box<dyn CtrKey>, salt: Zeroizing<u128>) -> Self {
        Self { key, salt }
    }

    /// Encrypts or decrypts what begins at `block` 16-byte blocks behind the start of the packet's key stream.
    pub(super) fn apply(&self, number: PacketNumber, block: u16, data: &mut [u8]) {
        // RFC 3711 §4.1.1: (salt * 2^16) XOR (SSRC * 2^64) XOR (index * 2^16), then counted up per block.
        let first = (*self.salt ^ number.number()) << 16 | u128::from(block);
        self.key.apply(&first.to_be_bytes(), data);
    }
}

/// A key stream (or none) and a tag over what was encrypted.
#[derive(Debug)]
pub(super) struct StreamAndMac {
    pub(super) stream: Option<StreamKey>,
    pub(super) mac: Box<dyn MacKey>,
    /// Bytes of the tag.
    pub(super) tag_len: usize,
}

impl StreamAndMac {
    fn apply(&self, number: PacketNumber, clear: usize, packet: &mut [u8]) {
        if let (Some(stream), Some(body)) = (&self.stream, packet.get_mut(clear..)) {
            stream.apply(number, 0, body);
        }
    }

    fn apply_rtp(&self, number: PacketNumber, shape: Shape, packet: &mut [u8]) {
        shape.gather(packet);
        self.apply(number, shape.clear(), packet);
        shape.scatter(packet);
    }
}

/// Authenticated encryption.
#[derive(Debug)]
pub(super) struct Gcm {
    pub(super) key: Box<dyn AeadKey>,
    pub(super) salt: Zeroizing<u128>,
}

impl Gcm {
    /// RFC 7714 §8.1, §9.1.
    fn iv(&self, number: PacketNumber) -> [u8; 12] {
        let [_, _, _, _, iv @ ..] = (*self.salt ^ number.number()).to_be_bytes();
        iv
    }
}

/// The keys of RTP or of RTCP, ready to use.
#[derive(Debug)]
pub(super) enum Transform {
    StreamAndMac(StreamAndMac),
    Gcm(Gcm),
}

/// Where a packet is protected: `out[start..]`.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) start: usize,
    pub(super) mki: &'a [u8],
}

impl Transform {
    /// Encrypts an RTP packet and appends what belongs behind it.
    pub(super) fn seal_rtp(&self, number: PacketNumber, shape: Shape, place: Place<'_>) -> Seal {
        let Place { out, start, mki } = place;
        let mut seal = Seal::default();
        match self {
            Self::StreamAndMac(keys) => {
                let packet = out.get_mut(start..).unwrap_or_default();
                keys.apply_rtp(number, shape, packet);
                let tag = keys.mac.tag(&[packet, &number.roc()]);
                out.extend_from_slice(mki);
                out.extend_from_slice(tag.get(..keys.tag_len).unwrap_or(&tag));
                seal = tag.first_chunk().copied().unwrap_or(seal);
            }
            Self::Gcm(keys) => {
                out.extend_from_slice(&[0; AEAD_TAG]);
                let packet = out.get_mut(start..).unwrap_or_default();
                if let Some((packet, tag)) = packet.split_last_chunk_mut::<AEAD_TAG>() {
                    shape.gather(packet);
                    let (clear, body) = packet.split_at_mut(shape.clear().min(packet.len()));
                    keys.key.seal(&keys.iv(number), clear, body, tag);
                    shape.scatter(packet);
                    seal = *tag;
                }
                out.extend_from_slice(mki);
            }
        }
        seal
    }

    /// Checks and decrypts an RTP packet, which stands before its tag and MKI.
    pub(super) fn open_rtp(
        &self,
        number: PacketNumber,
        shape: Shape,
        packet: &mut [u8],
        tag: &[u8],
    ) -> Result<(), BadTag> {
        match self {
            Self::StreamAndMac(keys) => {
                keys.mac
                    .verify_truncated(&[packet, &number.roc()], tag, keys.tag_len)?;
                keys.apply_rtp(number, shape, packet);
                Ok(())
            }
            Self::Gcm(keys) => {
                let tag = tag.first_chunk::<AEAD_TAG>().ok_or(BadTag)?;
                shape.gather(packet);
                let (clear, body) = packet.split_at_mut_checked(shape.clear()).ok_or(BadTag)?;
                keys.key.open(&keys.iv(number), clear, body, tag)?;
                shape.scatter(packet);
                Ok(())
            }
        }
    }

    /// Encrypts an RTCP packet, if that is wanted, and appends what belongs behind it.
    pub(super) fn seal_rtcp(&self, number: PacketNumber, encrypt: bool, place: Place<'_>) {
        let Place { out, start, mki } = place;
        let index = u32::try_from(number.index).unwrap_or(ENCRYPTED - 1);
        match self {
            Self::StreamAndMac(keys) => {
                let encrypt = encrypt && keys.stream.is_some();
                let packet = out.get_mut(start..).unwrap_or_default();
                if encrypt {
                    keys.apply(number, RTCP_CLEAR, packet);
                }
                out.extend_from_slice(&word(index, encrypt));
                let tag = keys.mac.tag(&[out.get(start..).unwrap_or_default()]);
                out.extend_from_slice(mki);
                out.extend_from_slice(tag.get(..keys.tag_len).unwrap_or(&tag));
            }
            Self::Gcm(keys) => {
                let word = word(index, encrypt);
                out.extend_from_slice(&word);
                let packet = out.get_mut(start..).unwrap_or_default();
                let (mut tag, iv) = ([0; AEAD_TAG], keys.iv(number));
                match rtcp_parts(packet) {
                    Some((additional, body)) if encrypt => keys.key.seal(&iv, &additional, body, &mut tag),
                    _ => keys.key.seal(&iv, packet, &mut [], &mut tag),
                }
                // The tag belongs in front of the word (RFC 7714 §9.2, §9.3).
                out.truncate(out.len() - RTCP_WORD);
                out.extend_from_slice(&tag);
                out.extend_from_slice(&word);
                out.extend_from_slice(mki);
            }
        }
    }

    /// Checks and decrypts an RTCP packet with its word behind it.
    pub(super) fn open_rtcp(
        &self,
        number: PacketNumber,
        packet: &mut [u8],
        tag: &[u8],
    ) -> Result<(), BadTag> {
        let encrypted = packet
            .last_chunk::<RTCP_WORD>()
            .is_some_and(|[flags, ..]| flags & 0x80 != 0);
        match self {
            Self::StreamAndMac(keys) => {
                keys.mac.verify_truncated(&[packet], tag, RTCP_TAG)?;
                if encrypted && let Some((body, _)) = packet.split_last_chunk_mut::<RTCP_WORD>() {
                    keys.apply(number, RTCP_CLEAR, body);
                }
                Ok(())
            }
            Self::Gcm(keys) => {
                let tag = tag.first_chunk::<AEAD_TAG>().ok_or(BadTag)?;
                let iv = keys.iv(number);
                if encrypted {
                    let (additional, body) = rtcp_parts(packet).ok_or(BadTag)?;
                    keys.key.open(&iv, &additional, body, tag)
                } else {
                    keys.key.open(&iv, packet, &mut [], tag)
                }
            }
        }
    }
}

/// The E flag and the index.
fn word(index: u32, encrypted: bool) -> [u8; RTCP_WORD] {
    let flag = if encrypted { ENCRYPTED } else { 0 };
    (flag | index).to_be_bytes()
}

/// An RTCP packet with its word as additional data and what is encrypted (RFC 7714 §9.2).
fn rtcp_parts(packet: &mut [u8]) -> Option<([u8; RTCP_CLEAR + RTCP_WORD], &mut [u8])> {
    let (packet, word) = packet.split_last_chunk_mut::<RTCP_WORD>()?;
    let (clear, body) = packet.split_first_chunk_mut::<RTCP_CLEAR>()?;
    let [c0, c1, c2, c3, c4, c5, c6, c7] = *clear;
    let [w0, w1, w2, w3] = *word;
    Some(([c0, c1, c2, c3, c4, c5, c6, c7, w0, w1, w2, w3], body))
}
