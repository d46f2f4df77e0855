//! A page (RFC 3533 §6): up to 255 segments of up to 255 bytes, with the lengths ("lacing values") in front.

use super::checksum;
use crate::DecodeError;

/// The largest page in bytes: its header, 255 lacing values and as many full segments.
pub const MAX_PAGE: usize = HEADER_LEN + 255 + 255 * 255;
pub(super) const HEADER_LEN: usize = 27;
pub(super) const CAPTURE_PATTERN: [u8; 4] = *b"OggS";
/// Where the checksum stands.
const CHECKSUM_AT: usize = 22;
const CONTINUED: u8 = 1;
const FIRST: u8 = 2;
const LAST: u8 = 4;
/// The granule position of a page on which no packet ends.
const NONE_ENDS: u64 = u64::MAX;

/// A page of a logical stream, over the bytes it was decoded from or will be encoded from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// Its first segment belongs to a packet that began on an earlier page.
    pub is_continued: bool,
    /// It is the first page of its stream.
    pub is_first: bool,
    /// It is the last page of its stream.
    pub is_last: bool,
    /// Where the stream stands after the last packet that ends on the page, in the codec's units; `None` when no packet ends.
    pub granule_position: Option<u64>,
    /// Which logical stream it belongs to.
    pub serial: u32,
    /// Its number in the stream, from 0 on.
    pub sequence: u32,
    /// Lengths of the segments, at most 255 of them; a value below 255 ends a packet.
    pub lacing: &'a [u8],
    /// All segments.
    pub data: &'a [u8],
}

impl<'a> Page<'a> {
    /// Decodes the page that `bytes` begins with; what follows it is ignored. Its length is [`encoded_len`](Self::encoded_len).
    ///
    /// # Errors
    /// There is no page, a part of one, one of another version, or its checksum is wrong.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (page, checksum) = Self::decode_unchecked(bytes)?;
        let whole = bytes.get(..page.encoded_len()).unwrap_or_default();
        if checksum_of(whole) == checksum {
            Ok(page)
        } else {
            Err(DecodeError {
                reason: "a wrong checksum",
                offset: CHECKSUM_AT,
            })
        }
    }

    /// The page that `bytes` begins with and the checksum that it claims.
    pub(super) fn decode_unchecked(bytes: &'a [u8]) -> Result<(Self, u32), DecodeError> {
        let error = |reason, offset| DecodeError { reason, offset };
        let truncated = error("truncated", bytes.len());
        let Some(([a, b, c, d, version, flags, fields @ ..], rest)) = bytes.split_first_chunk::<HEADER_LEN>()
        else {
            return Err(truncated);
        };
        if [*a, *b, *c, *d] != CAPTURE_PATTERN {
            return Err(error("no page", 0));
        }
        if *version != 0 {
            return Err(error("an unknown version of Ogg", 4));
        }
        let mut fields = super::fields::Fields::new(fields);
        let granule_position = u64::from_le_bytes(fields.array()?);
        let (serial, sequence) = (fields.u32()?, fields.u32()?);
        let checksum = fields.u32()?;
        let segments = usize::from(fields.u8()?);
        let (lacing, rest) = rest.split_at_checked(segments).ok_or(truncated)?;
        let data = rest.get(..data_len(lacing)).ok_or(truncated)?;
        let page = Self {
            is_continued: flags & CONTINUED != 0,
            is_first: flags & FIRST != 0,
            is_last: flags & LAST != 0,
            granule_position: (granule_position != NONE_ENDS).then_some(granule_position),
            serial,
            sequence,
            lacing,
            data,
        };
        Ok((page, checksum))
    }

    /// Length of the encoded page in bytes.
    pub const fn encoded_len(&self) -> usize {
        HEADER_LEN + self.lacing.len() + self.data.len()
    }

    /// Appends the page. Lacing values beyond 255, and data that they do not cover, are left out.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let lacing = self.lacing.get(..255).unwrap_or(self.lacing);
        let data = self.data.get(..data_len(lacing)).unwrap_or(self.data);
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let flags =
            flag(self.is_continued, CONTINUED) | flag(self.is_first, FIRST) | flag(self.is_last, LAST);
        let start = out.len();
        out.extend_from_slice(&CAPTURE_PATTERN);
        out.extend_from_slice(&[0, flags]);
        out.extend_from_slice(&self.granule_position.unwrap_or(NONE_ENDS).to_le_bytes());
        out.extend_from_slice(&self.serial.to_le_bytes());
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.push(u8::try_from(lacing.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(lacing);
        out.extend_from_slice(data);
        let checksum = checksum_of(out.get(start..).unwrap_or_default());
        if let Some(field) = out.get_mut(start + CHECKSUM_AT..start + CHECKSUM_AT + 4) {
            field.copy_from_slice(&checksum.to_le_bytes());
        }
    }

    /// The pieces of packets on the page, in order, each with whether the packet ends there: all but the last do.
    pub fn pieces(&self) -> Pieces<'a> {
        Pieces {
            lacing: self.lacing,
            data: self.data,
        }
    }
}

/// Iterator over the pieces of packets on a page.
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    lacing: &'a [u8],
    data: &'a [u8],
}

impl<'a> Iterator for Pieces<'a> {
    type Item = (&'a [u8], bool);

    fn next(&mut self) -> Option<Self::Item> {
        let full = self.lacing.iter().take_while(|len| **len == 255).count();
        let ends = full < self.lacing.len();
        let (lacing, more) = self.lacing.split_at_checked(full + usize::from(ends))?;
        if lacing.is_empty() {
            return None;
        }
        let (piece, rest) = self.data.split_at_checked(data_len(lacing))?;
        self.lacing = more;
        self.data = rest;
        Some((piece, ends))
    }
}

pub(super) fn data_len(lacing: &[u8]) -> usize {
    lacing.iter().copied().map(usize::from).sum()
}

/// The checksum over a page, whose own field counts as zeros.
fn checksum_of(page: &[u8]) -> u32 {
    let (head, rest) = page.split_at_checked(CHECKSUM_AT).unwrap_or_default();
    let crc = checksum::update(checksum::update(0, head), &[0; 4]);
    checksum::update(crc, rest.get(4..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Made by hand after RFC 3533 §6, its checksum computed bit by bit.
    const BYTES: &[u8] = b"OggS\0\x02\x00\0\0\0\0\0\0\0\x01\x02\x03\x04\0\0\0\0V\xc43P\x02\x03\x01abcd";

    const PAGE: Page<'static> = Page {
        is_continued: false,
        is_first: true,
        is_last: false,
        granule_position: Some(0),
        serial: 0x0403_0201,
        sequence: 0,
        lacing: &[3, 1],
        data: b"abcd",
    };

    #[test]
    fn a_page_made_by_hand() {
        let mut out = b"before".to_vec();
        PAGE.encode(&mut out);
        assert_eq!(&out[6..], BYTES);
        assert_eq!(Page::decode(&out[6..]), Ok(PAGE));
        assert_eq!(
            PAGE.pieces().collect::<Vec<_>>(),
            [(&b"abc"[..], true), (b"d", true)]
        );
        for len in 0..PAGE.encoded_len() {
            assert_eq!(Page::decode(&out[6..6 + len]).unwrap_err().reason, "truncated");
        }
        for at in 6..out.len() {
            out[at] ^= 0x10;
            assert!(Page::decode(&out[6..]).is_err(), "byte {at} is not protected");
            out[at] ^= 0x10;
        }
    }

    #[test]
    fn pieces_by_lacing() {
        let pieces = |lacing: &[u8]| {
            let data = vec![0; data_len(lacing)];
            let page = Page {
                lacing,
                data: &data,
                ..PAGE
            };
            page.pieces()
                .map(|(piece, ends)| (piece.len(), ends))
                .collect::<Vec<_>>()
        };
        assert_eq!(pieces(&[]), []);
        assert_eq!(pieces(&[0]), [(0, true)]);
        assert_eq!(
            pieces(&[255, 0, 7]),
            [(255, true), (7, true)],
            "a multiple of 255 ends with a 0"
        );
        assert_eq!(pieces(&[9, 255, 255]), [(9, true), (510, false)]);
    }

    proptest! {
        #[test]
        fn round_trip(
            flags in any::<(bool, bool, bool)>(), granule in any::<u64>(), serial in any::<u32>(), sequence in any::<u32>(),
            lacing in prop::collection::vec(any::<u8>(), 0..=255), fill in any::<u8>(),
        ) {
            let data = vec![fill; data_len(&lacing)];
            let page = Page {
                is_continued: flags.0, is_first: flags.1, is_last: flags.2,
                granule_position: (granule != u64::MAX).then_some(granule),
                serial, sequence, lacing: &lacing, data: &data,
            };
            let mut out = Vec::new();
            page.encode(&mut out);
            prop_assert_eq!(out.len(), page.encoded_len());
            prop_assert_eq!(Page::decode(&out), Ok(page));
        }

        #[test]
        fn garbage_is_an_error_at_worst(garbage in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = b"OggS\0".to_vec();
            bytes.extend_from_slice(&garbage);
            prop_assert!(Page::decode(&bytes).is_err() || garbage.len() > 22);
        }
    }
}
