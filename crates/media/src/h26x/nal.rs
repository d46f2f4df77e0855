//! NAL units in memory: start codes (H.264 and H.265 §B.1), and what a unit is from its first bytes (H.264 §7.3.1 and table
//! 7-1, H.265 §7.3.1.2 and table 7-1).

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// ITU-T H.264, AVC.
    H264,
    /// ITU-T H.265, HEVC.
    H265,
}

/// What a NAL unit is, as far as files and frames care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnitKind {
    /// A slice of a picture.
    Slice {
        /// It is the first one of its picture.
        is_first: bool,
        /// Decoding can begin with its picture: IDR in H.264, IRAP in H.265.
        is_key: bool,
    },
    /// A sequence parameter set.
    SequenceParameters,
    /// What stands in front of a picture: other parameter sets, a delimiter, supplemental information, and what is reserved
    /// for this place.
    Prefix,
    /// Everything else belongs to the picture before, or to none.
    Other,
}

impl Codec {
    /// What a unit (without start code) is.
    ///
    /// ```
    /// use media::h26x::{Codec, UnitKind};
    ///
    /// assert_eq!(Codec::H264.kind(&[0x67, 0x42]), UnitKind::SequenceParameters);
    /// assert_eq!(Codec::H264.kind(&[0x65, 0x88]), UnitKind::Slice { is_first: true, is_key: true });
    /// assert_eq!(Codec::H265.kind(&[0x42, 0x01]), UnitKind::SequenceParameters);
    /// assert_eq!(Codec::H265.kind(&[]), UnitKind::Other);
    /// ```
    pub fn kind(self, unit: &[u8]) -> UnitKind {
        match self {
            Self::H264 => h264_kind(unit),
            Self::H265 => h265_kind(unit),
        }
    }
}

fn h264_kind(unit: &[u8]) -> UnitKind {
    let Some((first, rest)) = unit.split_first() else {
        return UnitKind::Other;
    };
    // first_mb_in_slice is 0 when the Exp-Golomb code begins with a 1.
    let is_first = rest.first().is_some_and(|byte| byte & 0x80 != 0);
    match first & 0x1f {
        kind @ (1 | 2 | 5) => UnitKind::Slice {
            is_first,
            is_key: kind == 5,
        },
        7 => UnitKind::SequenceParameters,
        6 | 8 | 9 | 14..=18 => UnitKind::Prefix,
        _ => UnitKind::Other,
    }
}

fn h265_kind(unit: &[u8]) -> UnitKind {
    let [first, second, rest @ ..] = unit else {
        return UnitKind::Other;
    };
    // Units of enhancement layers never begin an access unit.
    if first & 1 != 0 || second >> 3 != 0 {
        return UnitKind::Other;
    }
    let is_first = rest.first().is_some_and(|byte| byte & 0x80 != 0);
    match first >> 1 & 0x3f {
        kind @ 0..=31 => UnitKind::Slice {
            is_first,
            is_key: (16..=23).contains(&kind),
        },
        33 => UnitKind::SequenceParameters,
        32 | 34 | 35 | 39 | 41..=44 | 48..=55 => UnitKind::Prefix,
        _ => UnitKind::Other,
    }
}

/// The NAL units of a byte stream in memory, without start codes and the zeros around them. What stands before the first
/// start code is left out.
///
/// ```
/// use media::h26x::nal_units;
///
/// let frame = [0, 0, 0, 1, 0x67, 0x42, 0, 0, 1, 0x68, 0xce];
/// assert_eq!(nal_units(&frame).collect::<Vec<_>>(), [[0x67, 0x42], [0x68, 0xce]]);
/// assert_eq!(nal_units(b"no start code").count(), 0);
/// ```
pub fn nal_units(stream: &[u8]) -> NalUnits<'_> {
    let start = find_start_code(stream, 0).map(|at| at + START_CODE_LEN);
    NalUnits {
        rest: start.and_then(|start| stream.get(start..)),
    }
}

/// Iterator over NAL units.
#[derive(Clone, Debug)]
pub struct NalUnits<'a> {
    /// What follows the start code that was found last.
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for NalUnits<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let rest = self.rest.take()?;
            let end = find_start_code(rest, 0);
            self.rest = end.and_then(|end| rest.get(end + START_CODE_LEN..));
            let unit = trim(rest.get(..end.unwrap_or(rest.len())).unwrap_or_default());
            if !unit.is_empty() {
                return Some(unit);
            }
        }
    }
}

/// Bytes of the shortest start code.
pub(super) const START_CODE_LEN: usize = 3;

/// Where the first `00 00 01` at or behind `from` begins.
pub(super) fn find_start_code(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from + 2;
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            0 => 1,
            1 if bytes.get(at - 2..at) == Some(&[0, 0]) => return Some(at - 2),
            _ => 3,
        };
    }
    None
}

/// A unit without the zeros behind it: its last byte never is one (§7.4.1).
pub(super) fn trim(unit: &[u8]) -> &[u8] {
    let zeros = unit.iter().rev().take_while(|byte| **byte == 0).count();
    unit.get(..unit.len() - zeros).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn splits_as_annex_b_says() {
        let cases: [(&[u8], &[&[u8]]); 8] = [
            (b"", &[]),
            (b"\0\0\x01", &[]),
            (b"junk\0\0\x01a", &[b"a"]),
            (b"\0\0\0\0\0\x01a\0\0\0\0\0\x01b\0\0\0", &[b"a", b"b"]),
            (b"\0\0\x01\0\0\x01a", &[b"a"]),
            (b"\0\0\x01a\0\0\x03\x01b", &[b"a\0\0\x03\x01b"]),
            (b"\0\0\x01a\0\x01\0\0\x02\0\0\x01b", &[b"a\0\x01\0\0\x02", b"b"]),
            (b"\0\0\x01\x01\x01\0\0\x01\x01", &[b"\x01\x01", b"\x01"]),
        ];
        for (stream, expected) in cases {
            assert_eq!(nal_units(stream).collect::<Vec<_>>(), expected, "{stream:?}");
        }
    }

    proptest! {
        #[test]
        fn finds_what_a_plain_search_finds(bytes in prop::collection::vec(0..3_u8, 0..60), from in 0..9_usize) {
            let plain = bytes.windows(3).enumerate().skip(from).find(|(_, it)| *it == [0, 0, 1]).map(|(at, _)| at);
            prop_assert_eq!(find_start_code(&bytes, from), plain);
        }

        #[test]
        fn units_come_out_as_they_went_in(units in prop::collection::vec(prop::collection::vec(2..=255_u8, 1..40), 0..9), long in any::<bool>()) {
            let code: &[u8] = if long { &[0, 0, 0, 1] } else { &[0, 0, 1] };
            let stream: Vec<u8> = units.iter().flat_map(|unit| [code, unit].concat()).collect();
            prop_assert_eq!(nal_units(&stream).collect::<Vec<_>>(), units);
        }
    }

    #[test]
    fn kinds_of_h264() {
        let kinds = (0..32).map(|kind| Codec::H264.kind(&[0x60 | kind, 0x80]));
        let slice = |is_key| UnitKind::Slice {
            is_first: true,
            is_key,
        };
        for (number, kind) in kinds.enumerate() {
            let expected = match number {
                1 | 2 => slice(false),
                5 => slice(true),
                7 => UnitKind::SequenceParameters,
                6 | 8 | 9 | 14..=18 => UnitKind::Prefix,
                _ => UnitKind::Other,
            };
            assert_eq!(kind, expected, "{number}");
        }
        let later = UnitKind::Slice {
            is_first: false,
            is_key: true,
        };
        assert_eq!(Codec::H264.kind(&[0x65, 0x7f]), later);
    }

    #[test]
    fn kinds_of_h265() {
        for number in 0..64_u8 {
            let kind = Codec::H265.kind(&[number << 1, 1, 0x80]);
            let expected = match number {
                0..=31 => UnitKind::Slice {
                    is_first: true,
                    is_key: (16..=23).contains(&number),
                },
                33 => UnitKind::SequenceParameters,
                32 | 34 | 35 | 39 | 41..=44 | 48..=55 => UnitKind::Prefix,
                _ => UnitKind::Other,
            };
            assert_eq!(kind, expected, "{number}");
            assert_eq!(
                Codec::H265.kind(&[number << 1 | 1, 1, 0x80]),
                UnitKind::Other,
                "layer 32"
            );
            assert_eq!(
                Codec::H265.kind(&[number << 1, 9, 0x80]),
                UnitKind::Other,
                "layer 1"
            );
        }
    }
}
