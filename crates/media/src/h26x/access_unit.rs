//! Where one frame ends and the next begins: H.264 §7.4.1.2.3 and H.265 §7.4.2.4.4. In H.264 a new picture is told by its
//! first macroblock, which is enough without arbitrary slice order and redundant pictures: browsers send neither.

use super::nal::{Codec, UnitKind};
use super::nal_reader::NalReader;
use super::nal_units;
use crate::Error;
use bytes::Bytes;
use std::io::Read;

/// A frame with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessUnit {
    /// Its NAL units, each behind a start code of four bytes.
    pub data: Bytes,
    /// Decoding can begin with it.
    pub is_key_frame: bool,
}

impl AccessUnit {
    /// Its NAL units.
    pub fn units(&self) -> super::NalUnits<'_> {
        nal_units(&self.data)
    }
}

/// Reads a file frame by frame. It has a buffer of its own: give it a `File`.
///
/// ```
/// use media::h26x::{AccessUnitReader, Codec};
///
/// let file = [0, 0, 0, 1, 0x67, 0x42, 0, 0, 1, 0x65, 0x88, 0, 0, 1, 0x61, 0x9a];
/// let mut reader = AccessUnitReader::new(&file[..], Codec::H264);
/// let first = reader.next_frame()?.expect("two frames");
/// assert!(first.is_key_frame);
/// assert_eq!(first.data, &[0, 0, 0, 1, 0x67, 0x42, 0, 0, 0, 1, 0x65, 0x88][..]);
/// assert_eq!(reader.next_frame()?.expect("two frames").data, &[0, 0, 0, 1, 0x61, 0x9a][..]);
/// assert!(reader.next_frame()?.is_none());
/// # Ok::<(), media::Error>(())
/// ```
#[derive(Debug)]
pub struct AccessUnitReader<R> {
    units: NalReader<R>,
    codec: Codec,
    frame: Vec<u8>,
    /// What is in the frame so far.
    has_picture: bool,
    is_key_frame: bool,
    max_frame: usize,
}

impl<R: Read> AccessUnitReader<R> {
    /// The largest frame that is accepted unless told otherwise: 16 MiB.
    pub const MAX_FRAME: usize = 16 << 20;

    /// Begins to read.
    pub const fn new(inner: R, codec: Codec) -> Self {
        Self {
            units: NalReader::new(inner),
            codec,
            frame: Vec::new(),
            has_picture: false,
            is_key_frame: false,
            max_frame: Self::MAX_FRAME,
        }
    }

    /// Changes the largest frame that is accepted, in bytes. Default [`MAX_FRAME`](Self::MAX_FRAME).
    #[must_use]
    pub fn with_max_frame(mut self, bytes: usize) -> Self {
        self.units = self.units.with_max_unit(bytes);
        self.max_frame = bytes;
        self
    }

    /// The next frame, `None` at the end of the file.
    ///
    /// # Errors
    /// There is no start code within the limit, a frame is larger than it, or reading fails.
    pub fn next_frame(&mut self) -> Result<Option<AccessUnit>, Error> {
        loop {
            let Some(unit) = self.units.next_unit()? else {
                return Ok((!self.frame.is_empty()).then(|| finish(&mut self.frame, &mut self.is_key_frame)));
            };
            let kind = self.codec.kind(unit);
            let begins = match kind {
                UnitKind::Slice { is_first, .. } => is_first,
                UnitKind::SequenceParameters | UnitKind::Prefix => true,
                UnitKind::Other => false,
            };
            let mut ready = None;
            if begins && self.has_picture {
                ready = Some(finish(&mut self.frame, &mut self.is_key_frame));
                self.has_picture = false;
            }
            self.frame.extend_from_slice(&[0, 0, 0, 1]);
            self.frame.extend_from_slice(unit);
            if let UnitKind::Slice { is_key, .. } = kind {
                self.has_picture = true;
                self.is_key_frame |= is_key;
            }
            if ready.is_some() {
                return Ok(ready);
            }
            self.check()?;
        }
    }

    fn check(&self) -> Result<(), Error> {
        let (len, limit) = (self.frame.len(), self.max_frame);
        if len <= limit {
            return Ok(());
        }
        let (len, limit) = (len as u64, limit as u64);
        Err(Error::TooLarge {
            len,
            limit,
            offset: self.units.offset(),
        })
    }
}

fn finish(frame: &mut Vec<u8>, is_key_frame: &mut bool) -> AccessUnit {
    AccessUnit {
        data: std::mem::take(frame).into(),
        is_key_frame: std::mem::take(is_key_frame),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Units by their names, behind start codes; and the frames as one character per unit.
    fn frames(codec: Codec, names: &str) -> Vec<String> {
        let unit = |name| -> &[u8] {
            match (codec, name) {
                (Codec::H264, 'd') => &[0x09, 0xf0],
                (Codec::H264, 's') => &[0x67, 0x42],
                (Codec::H264, 'p') => &[0x68, 0xce],
                (Codec::H264, 'e') => &[0x06, 0x05],
                (Codec::H264, 'I') => &[0x65, 0x88],
                (Codec::H264, 'i') => &[0x65, 0x40],
                (Codec::H264, 'P') => &[0x41, 0x9a],
                (Codec::H264, 'q') => &[0x41, 0x50],
                (Codec::H264, 'f') => &[0x0c, 0xff],
                (Codec::H265, 'v') => &[0x40, 0x01],
                (Codec::H265, 's') => &[0x42, 0x01],
                (Codec::H265, 'I') => &[0x26, 0x01, 0xaf],
                (Codec::H265, 'i') => &[0x26, 0x01, 0x2f],
                (Codec::H265, 'P') => &[0x02, 0x01, 0xd0],
                (Codec::H265, 'q') => &[0x02, 0x01, 0x50],
                (Codec::H265, 'x') => &[0x50, 0x01, 0x05],
                _ => panic!("{name}"),
            }
        };
        let stream: Vec<u8> = names
            .chars()
            .flat_map(|name| [&[0, 0, 1], unit(name)].concat())
            .collect();
        let name = |data: &[u8]| names.chars().find(|name| unit(*name) == data).unwrap();
        let mut reader = AccessUnitReader::new(&stream[..], codec);
        let mut frames = Vec::new();
        while let Some(frame) = reader.next_frame().unwrap() {
            let names: String = frame.units().map(name).collect();
            assert_eq!(frame.is_key_frame, names.contains(['I', 'i']));
            frames.push(names);
        }
        frames
    }

    #[test]
    fn frames_of_h264() {
        assert_eq!(frames(Codec::H264, "spIPP"), ["spI", "P", "P"]);
        assert_eq!(frames(Codec::H264, "dspeIiidPqfdPq"), ["dspeIii", "dPqf", "dPq"]);
        assert_eq!(frames(Codec::H264, "PspI"), ["P", "spI"]);
        assert_eq!(
            frames(Codec::H264, "sp"),
            ["sp"],
            "the end of the file ends a frame"
        );
        assert_eq!(frames(Codec::H264, ""), [""; 0]);
    }

    #[test]
    fn frames_of_h265() {
        assert_eq!(frames(Codec::H265, "vsIixPqP"), ["vsIix", "Pq", "P"]);
    }

    #[test]
    fn many_units_without_a_picture_are_bounded() {
        let stream = [0, 0, 1, 0x67, 0x42].repeat(10_000);
        let mut reader = AccessUnitReader::new(&stream[..], Codec::H264).with_max_frame(5000);
        assert!(matches!(
            reader.next_frame(),
            Err(Error::TooLarge { limit: 5000, .. })
        ));
    }

    proptest! {
        #[test]
        fn nothing_is_lost(stream in prop::collection::vec(prop_oneof![Just(0_u8), Just(1), any::<u8>()], 0..300), h265 in any::<bool>()) {
            let codec = if h265 { Codec::H265 } else { Codec::H264 };
            let mut reader = AccessUnitReader::new(&stream[..], codec);
            let mut units = nal_units(&stream);
            while let Some(frame) = reader.next_frame().unwrap() {
                prop_assert!(frame.units().count() > 0);
                for unit in frame.units() {
                    prop_assert_eq!(Some(unit), units.next());
                }
            }
            prop_assert_eq!(units.next(), None);
        }
    }
}
