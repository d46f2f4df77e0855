//! Record protection with an AEAD (RFC 6347 §4.1.2.1; RFC 5246 §6.2.3.3; RFC 5288 §3; RFC 7905 §2).
//!
//! The nonce is the record's own 64-bit number (epoch and sequence number) by construction, so it cannot repeat
//! under a key: GCM carries it in front of the ciphertext, ChaCha20-Poly1305 mixes it into the IV.

use std::ops::Range;

use crypto::{AeadKey, BadTag};

use super::header::{HEADER_LENGTH, RecordHeader};

/// Bytes of the tag behind every protected record.
pub(crate) const TAG_LENGTH: usize = 16;
/// The longest plaintext of a record (RFC 5246 §6.2.1).
pub(crate) const MAX_PLAINTEXT: usize = 1 << 14;

/// How the nonce is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nonce {
    /// GCM: 4 bytes of the key block, then the 8 bytes in front of the ciphertext.
    Explicit([u8; 4]),
    /// ChaCha20-Poly1305: 12 bytes of the key block, XOR the record's number.
    Implicit([u8; 12]),
}

impl Nonce {
    fn explicit_length(self) -> usize {
        match self {
            Self::Explicit(_) => 8,
            Self::Implicit(_) => 0,
        }
    }

    fn with(self, number: [u8; 8]) -> [u8; 12] {
        match self {
            Self::Explicit([a, b, c, d]) => {
                let [s, t, u, v, w, x, y, z] = number;
                [a, b, c, d, s, t, u, v, w, x, y, z]
            }
            Self::Implicit(mut iv) => {
                iv.iter_mut()
                    .skip(4)
                    .zip(number)
                    .for_each(|(byte, mask)| *byte ^= mask);
                iv
            }
        }
    }
}

/// The key and IV of one direction of one epoch.
#[derive(Debug)]
pub(crate) struct DirectionKeys {
    key: Box<dyn AeadKey>,
    nonce: Nonce,
}

/// Additional data: the record's number, type, version and the length of the plaintext.
fn additional_data(header: &RecordHeader, length: usize) -> [u8; 13] {
    let [n0, n1, n2, n3, n4, n5, n6, n7] = header.number().to_be_bytes();
    let [v0, v1] = header.version.to_be_bytes();
    let [.., l0, l1] = length.to_be_bytes();
    [
        n0,
        n1,
        n2,
        n3,
        n4,
        n5,
        n6,
        n7,
        header.content_type as u8,
        v0,
        v1,
        l0,
        l1,
    ]
}

impl DirectionKeys {
    pub(crate) fn new(key: Box<dyn AeadKey>, nonce: Nonce) -> Self {
        Self { key, nonce }
    }

    /// Bytes in front of the plaintext: the header and the explicit nonce.
    pub(crate) fn head_room(&self) -> usize {
        HEADER_LENGTH + self.nonce.explicit_length()
    }

    /// Seals `record`: room for the header and the explicit nonce, the plaintext, room for the tag.
    ///
    /// `header.length` is filled in here. Returns `false`, with nothing sealed, when `record` has no such shape.
    pub(crate) fn seal(&self, mut header: RecordHeader, record: &mut [u8]) -> bool {
        let Some((head, body)) = record.split_at_mut_checked(self.head_room()) else {
            return false;
        };
        let Some((plaintext, tag)) = body.split_last_chunk_mut::<TAG_LENGTH>() else {
            return false;
        };
        let number = header.number().to_be_bytes();
        let length = self.nonce.explicit_length() + plaintext.len() + TAG_LENGTH;
        let Ok(length) = u16::try_from(length) else {
            return false;
        };
        header.length = length;
        let additional_data = additional_data(&header, plaintext.len());
        self.key
            .seal(&self.nonce.with(number), &additional_data, plaintext, tag);
        if let Some((fixed, explicit)) = head.split_first_chunk_mut::<HEADER_LENGTH>() {
            *fixed = header.encode();
            if let Ok(explicit) = <&mut [u8; 8]>::try_from(explicit) {
                *explicit = number;
            }
        }
        true
    }

    /// Checks and opens `record` (header included) in place; the plaintext's place in it, or [`BadTag`], also for a
    /// record that is too short or too long to be one.
    pub(crate) fn open(&self, header: &RecordHeader, record: &mut [u8]) -> Result<Range<usize>, BadTag> {
        let (head, body) = record.split_at_mut_checked(self.head_room()).ok_or(BadTag)?;
        let (ciphertext, tag) = body.split_last_chunk_mut::<TAG_LENGTH>().ok_or(BadTag)?;
        if ciphertext.len() > MAX_PLAINTEXT {
            return Err(BadTag);
        }
        // The sender's explicit nonce is its own choice (RFC 5288 §3).
        let number = match self.nonce {
            Nonce::Explicit(_) => *head.last_chunk::<8>().ok_or(BadTag)?,
            Nonce::Implicit(_) => header.number().to_be_bytes(),
        };
        let additional_data = additional_data(header, ciphertext.len());
        self.key
            .open(&self.nonce.with(number), &additional_data, ciphertext, tag)?;
        Ok(self.head_room()..self.head_room() + ciphertext.len())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::record::header::{ContentType, DTLS_1_2};
    use crypto::Aead;

    pub(crate) fn keys(aead: Aead) -> DirectionKeys {
        let key = crypto::Provider::default()
            .aead(aead, &vec![7; aead.key_len()])
            .unwrap();
        let nonce = match aead {
            Aead::ChaCha20Poly1305 => Nonce::Implicit([3; 12]),
            Aead::Aes128Gcm | Aead::Aes256Gcm => Nonce::Explicit([3; 4]),
        };
        DirectionKeys::new(key, nonce)
    }

    fn header(sequence_number: u64) -> RecordHeader {
        RecordHeader {
            content_type: ContentType::ApplicationData,
            version: DTLS_1_2,
            epoch: 1,
            sequence_number,
            length: 0,
        }
    }

    fn sealed(keys: &DirectionKeys, sequence_number: u64, plaintext: &[u8]) -> Vec<u8> {
        let mut record = vec![0; keys.head_room()];
        record.extend_from_slice(plaintext);
        record.extend_from_slice(&[0; TAG_LENGTH]);
        assert!(keys.seal(header(sequence_number), &mut record));
        record
    }

    #[test]
    fn opens_what_it_sealed_and_nothing_else() {
        for aead in Aead::ALL {
            let keys = keys(aead);
            let record = sealed(&keys, 5, b"hello");
            let parsed = RecordHeader::decode(&record).unwrap();
            assert_eq!(usize::from(parsed.length), record.len() - HEADER_LENGTH);
            let mut copy = record.clone();
            let range = keys.open(&parsed, &mut copy).unwrap();
            assert_eq!(&copy[range], b"hello");
            for at in 0..record.len() {
                let mut forged = record.clone();
                forged[at] ^= 1;
                // The length field is the splitter's to check; the version's first byte makes it no DTLS record.
                let Ok(parsed) = RecordHeader::decode(&forged) else {
                    continue;
                };
                if !(11..13).contains(&at) {
                    assert!(keys.open(&parsed, &mut forged).is_err(), "{aead:?} byte {at}");
                }
            }
            for length in 0..record.len() {
                assert!(
                    keys.open(&parsed, &mut record[..length].to_vec()).is_err(),
                    "{aead:?} {length} bytes"
                );
            }
        }
    }

    #[test]
    fn gcm_nonce_is_the_record_number() {
        let record = sealed(&keys(Aead::Aes128Gcm), 0x0102_0304_0506, b"x");
        assert_eq!(record[13..21], [0, 1, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn chacha_nonce_is_the_number_in_the_iv() {
        let nonce = Nonce::Implicit([0xff; 12]).with([0, 1, 0, 0, 0, 0, 0, 2]);
        assert_eq!(
            nonce,
            [255, 255, 255, 255, 255, 254, 255, 255, 255, 255, 255, 253]
        );
    }

    #[test]
    fn refuses_a_plaintext_over_the_limit() {
        let keys = keys(Aead::Aes128Gcm);
        let mut record = sealed(&keys, 1, &vec![0; MAX_PLAINTEXT + 1]);
        let parsed = RecordHeader::decode(&record).unwrap();
        assert!(keys.open(&parsed, &mut record).is_err());
    }
}
