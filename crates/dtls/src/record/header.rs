//! The record header (RFC 6347 §4.1).
//!
//! ```text
//! struct {
//!     ContentType type;
//!     ProtocolVersion version;
//!     uint16 epoch;
//!     uint48 sequence_number;
//!     uint16 length;
//!     opaque fragment[DTLSPlaintext.length];
//! } DTLSPlaintext;
//! ```

use crate::codec::{DecodeError, Reader};

/// Bytes in front of every record's payload.
pub const HEADER_LENGTH: usize = 13;

/// The highest sequence number of an epoch.
pub const MAX_SEQUENCE_NUMBER: u64 = (1 << 48) - 1;

/// DTLS 1.0 on the wire; first hellos and HelloVerifyRequest carry it.
pub const DTLS_1_0: u16 = 0xfeff;
/// DTLS 1.2 on the wire.
pub const DTLS_1_2: u16 = 0xfefd;

/// What a record carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ContentType {
    /// The switch to the next epoch.
    ChangeCipherSpec = 20,
    /// A warning or the end.
    Alert = 21,
    /// Fragments of handshake messages.
    Handshake = 22,
    /// The application's bytes.
    ApplicationData = 23,
}

impl ContentType {
    /// The type with this number, if DTLS 1.2 knows it.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            20 => Some(Self::ChangeCipherSpec),
            21 => Some(Self::Alert),
            22 => Some(Self::Handshake),
            23 => Some(Self::ApplicationData),
            _ => None,
        }
    }
}

/// The header of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    /// What the record carries.
    pub content_type: ContentType,
    /// The version on the wire.
    pub version: u16,
    /// Which keys protect it.
    pub epoch: u16,
    /// Its number within the epoch, 48 bits.
    pub sequence_number: u64,
    /// Bytes that follow.
    pub length: u16,
}

impl RecordHeader {
    /// Reads the header at the start of `bytes`; what follows is left alone.
    ///
    /// # Errors
    /// When `bytes` is shorter than a header, or type or version belong to another protocol.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let content_type = ContentType::from_number(reader.u8()?).ok_or(DecodeError {
            reason: "unknown content type",
            offset: 0,
        })?;
        let version = reader.u16()?;
        if version >> 8 != 0xfe {
            return Err(DecodeError {
                reason: "not a DTLS version",
                offset: 1,
            });
        }
        let epoch = reader.u16()?;
        let [a, b, c, d, e, f] = reader.array()?;
        let sequence_number = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        let length = reader.u16()?;
        Ok(Self {
            content_type,
            version,
            epoch,
            sequence_number,
            length,
        })
    }

    /// The header's bytes.
    pub fn encode(&self) -> [u8; HEADER_LENGTH] {
        let [v0, v1] = self.version.to_be_bytes();
        let [e0, e1] = self.epoch.to_be_bytes();
        let [_, _, s0, s1, s2, s3, s4, s5] = self.sequence_number.to_be_bytes();
        let [l0, l1] = self.length.to_be_bytes();
        [
            self.content_type as u8,
            v0,
            v1,
            e0,
            e1,
            s0,
            s1,
            s2,
            s3,
            s4,
            s5,
            l0,
            l1,
        ]
    }

    /// Epoch and sequence number as the one 64-bit number that nonces and additional data use.
    pub fn number(&self) -> u64 {
        u64::from(self.epoch) << 48 | self.sequence_number & MAX_SEQUENCE_NUMBER
    }
}

/// Cuts the first record off `datagram`: its header, the whole record (header included) and what is behind it.
///
/// # Errors
/// When no whole record with a valid header is there; the rest of the datagram is then worthless.
pub fn split_record(datagram: &mut [u8]) -> Result<(RecordHeader, &mut [u8], &mut [u8]), DecodeError> {
    let header = RecordHeader::decode(datagram)?;
    let length = HEADER_LENGTH + usize::from(header.length);
    let (record, rest) = datagram.split_at_mut_checked(length).ok_or(DecodeError {
        reason: "record longer than its datagram",
        offset: 11,
    })?;
    Ok((header, record, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPTURED: [u8; 15] = [22, 0xfe, 0xff, 0, 1, 0, 0, 0, 0, 1, 2, 0, 2, 0xaa, 0xbb];

    #[test]
    fn decodes_every_field() {
        let header = RecordHeader::decode(&CAPTURED).unwrap();
        assert_eq!(
            header,
            RecordHeader {
                content_type: ContentType::Handshake,
                version: DTLS_1_0,
                epoch: 1,
                sequence_number: 0x0102,
                length: 2
            }
        );
        assert_eq!(header.encode(), CAPTURED[..13]);
        assert_eq!(header.number(), 0x0001_0000_0000_0102);
    }

    #[test]
    fn refuses_truncation_at_every_length() {
        for length in 0..CAPTURED.len() {
            let mut bytes = CAPTURED[..length].to_vec();
            assert!(split_record(&mut bytes).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn refuses_other_protocols() {
        for (at, value) in [(0, 0), (0, 24), (0, 25), (0, 0x2f), (0, 128), (1, 3), (1, 0)] {
            let mut bytes = CAPTURED;
            bytes[at] = value;
            assert!(split_record(&mut bytes).is_err(), "byte {at} = {value}");
        }
    }

    #[test]
    fn splits_coalesced_records() {
        let mut bytes = [CAPTURED.as_slice(), &CAPTURED].concat();
        let (_, first, rest) = split_record(&mut bytes).unwrap();
        assert_eq!(first, CAPTURED);
        let (_, second, rest) = split_record(rest).unwrap();
        assert_eq!(second, CAPTURED);
        assert!(rest.is_empty());
    }
}
