//! The epochs of one connection: plaintext records in epoch 0, protected ones in epoch 1 (RFC 6347 §4.1).
//!
//! DTLS 1.2 without renegotiation has no third epoch.

use std::ops::Range;

use super::header::{ContentType, DTLS_1_2, HEADER_LENGTH, MAX_SEQUENCE_NUMBER, RecordHeader};
use super::protection::{DirectionKeys, TAG_LENGTH};
use super::replay::ReplayWindow;

/// What became of a protected record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// Verified and opened: where the plaintext is in the record.
    Plaintext(Range<usize>),
    /// No key yet.
    NoKey,
    /// Seen before, or older than the window.
    Replayed,
    /// The tag did not match.
    Forged,
}

/// Keys, sequence numbers and the replay window.
#[derive(Debug)]
pub(crate) struct RecordLayer {
    sealing: Option<DirectionKeys>,
    opening: Option<DirectionKeys>,
    /// The next sequence number to send, by epoch.
    next: [u64; 2],
    window: ReplayWindow,
    /// The version in the header of plaintext records.
    version: u16,
}

impl RecordLayer {
    pub(crate) fn new(replay_window: usize, version: u16) -> Self {
        Self {
            sealing: None,
            opening: None,
            next: [0; 2],
            window: ReplayWindow::new(replay_window),
            version,
        }
    }

    /// Uses `version` in plaintext records from here on.
    pub(crate) fn set_version(&mut self, version: u16) {
        self.version = version;
    }

    /// Continues the numbers of epoch 0 at `next` (RFC 6347 §4.2.1: a server continues its client's).
    pub(crate) fn continue_at(&mut self, next: u64) {
        let [plain, _] = &mut self.next;
        *plain = next.min(MAX_SEQUENCE_NUMBER);
    }

    pub(crate) fn install(&mut self, sealing: DirectionKeys, opening: DirectionKeys) {
        self.sealing = Some(sealing);
        self.opening = Some(opening);
    }

    pub(crate) fn has_keys(&self) -> bool {
        self.opening.is_some()
    }

    /// Bytes in front of the plaintext of a record of this epoch.
    pub(crate) fn head_room(&self, epoch: u16) -> usize {
        match (&self.sealing, epoch) {
            (Some(keys), 1..) => keys.head_room(),
            _ => HEADER_LENGTH,
        }
    }

    /// Bytes behind the plaintext of a record of this epoch.
    pub(crate) fn tail_room(&self, epoch: u16) -> usize {
        if epoch == 0 { 0 } else { TAG_LENGTH }
    }

    /// Appends a whole record with `payload` to `out`; `false` when the sequence numbers are used up.
    pub(crate) fn write(
        &mut self,
        epoch: u16,
        content_type: ContentType,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> bool {
        let start = out.len();
        out.resize(start + self.head_room(epoch), 0);
        out.extend_from_slice(payload);
        let sealed = self.seal(epoch, content_type, out, start);
        if !sealed {
            out.truncate(start);
        }
        sealed
    }

    /// Turns `out[start..]` – head room, then plaintext – into a record of `epoch`, in place.
    ///
    /// `false`, with `out` as it was, when there is no key, no sequence number or no such room.
    pub(crate) fn seal(
        &mut self,
        epoch: u16,
        content_type: ContentType,
        out: &mut Vec<u8>,
        start: usize,
    ) -> bool {
        let Some(next) = self.next.get_mut(usize::from(epoch)) else {
            return false;
        };
        if *next > MAX_SEQUENCE_NUMBER {
            return false;
        }
        let version = if epoch == 0 { self.version } else { DTLS_1_2 };
        let mut header = RecordHeader {
            content_type,
            version,
            epoch,
            sequence_number: *next,
            length: 0,
        };
        let length = out.len();
        let sealed = if epoch == 0 {
            write_plain(&mut header, out, start)
        } else {
            out.extend_from_slice(&[0; TAG_LENGTH]);
            match (&self.sealing, out.get_mut(start..)) {
                (Some(keys), Some(record)) => keys.seal(header, record),
                _ => false,
            }
        };
        if sealed {
            *next += 1;
        } else {
            out.truncate(length);
        }
        sealed
    }

    /// Opens a record of epoch 1 in place and notes its number.
    pub(crate) fn open(&mut self, header: &RecordHeader, record: &mut [u8]) -> Opened {
        let Some(keys) = &self.opening else {
            return Opened::NoKey;
        };
        if !self.window.is_new(header.sequence_number) {
            return Opened::Replayed;
        }
        match keys.open(header, record) {
            Ok(range) => {
                self.window.insert(header.sequence_number);
                Opened::Plaintext(range)
            }
            Err(_) => Opened::Forged,
        }
    }

    #[cfg(test)]
    pub(crate) fn set_next(&mut self, epoch: u16, next: u64) {
        self.next[usize::from(epoch)] = next;
    }
}

fn write_plain(header: &mut RecordHeader, out: &mut [u8], start: usize) -> bool {
    let Some((head, payload)) = out.get_mut(start..).and_then(<[u8]>::split_first_chunk_mut) else {
        return false;
    };
    let Ok(length) = u16::try_from(payload.len()) else {
        return false;
    };
    header.length = length;
    *head = header.encode();
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::header::{DTLS_1_0, split_record};
    use crate::record::protection::tests::keys;
    use crypto::Aead;

    fn layer() -> RecordLayer {
        let mut layer = RecordLayer::new(64, DTLS_1_0);
        layer.install(keys(Aead::Aes128Gcm), keys(Aead::Aes128Gcm));
        layer
    }

    #[test]
    fn numbers_each_epoch_from_zero() {
        let mut layer = layer();
        let mut out = Vec::new();
        assert!(layer.write(0, ContentType::Handshake, b"a", &mut out));
        assert!(layer.write(0, ContentType::Handshake, b"b", &mut out));
        assert!(layer.write(1, ContentType::Alert, b"c", &mut out));
        let (first, _, rest) = split_record(&mut out).unwrap();
        let (second, _, rest) = split_record(rest).unwrap();
        let (third, record, _) = split_record(rest).unwrap();
        assert_eq!(
            (first.epoch, first.sequence_number, first.version),
            (0, 0, DTLS_1_0)
        );
        assert_eq!((second.epoch, second.sequence_number), (0, 1));
        assert_eq!(
            (third.epoch, third.sequence_number, third.version),
            (1, 0, DTLS_1_2)
        );
        assert_eq!(layer.open(&third, record), Opened::Plaintext(21..22));
    }

    #[test]
    fn opens_a_record_once() {
        let mut layer = layer();
        let mut out = Vec::new();
        assert!(layer.write(1, ContentType::ApplicationData, b"data", &mut out));
        let header = RecordHeader::decode(&out).unwrap();
        let mut forged = out.clone();
        forged[30] ^= 1;
        assert_eq!(layer.open(&header, &mut forged), Opened::Forged);
        assert_eq!(layer.open(&header, &mut out.clone()), Opened::Plaintext(21..25));
        assert_eq!(layer.open(&header, &mut out), Opened::Replayed);
    }

    #[test]
    fn stops_at_the_last_sequence_number() {
        let mut layer = layer();
        layer.set_next(1, MAX_SEQUENCE_NUMBER);
        let mut out = Vec::new();
        assert!(layer.write(1, ContentType::ApplicationData, b"last", &mut out));
        let length = out.len();
        assert!(!layer.write(1, ContentType::ApplicationData, b"none", &mut out));
        assert_eq!(out.len(), length);
    }

    #[test]
    fn seals_nothing_without_a_key() {
        let mut layer = RecordLayer::new(64, DTLS_1_2);
        let mut out = vec![1, 2, 3];
        assert!(!layer.write(1, ContentType::ApplicationData, b"data", &mut out));
        assert_eq!(out, [1, 2, 3]);
        let header = RecordHeader::decode(&[23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        assert_eq!(layer.open(&header, &mut [0; 13]), Opened::NoKey);
    }
}
