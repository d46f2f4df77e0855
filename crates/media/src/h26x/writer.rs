//! Frames into a file (H.264 and H.265 §B.1).

use super::nal::{Codec, UnitKind};
use super::nal_units;
use crate::Error;
use std::io::Write;

/// Writes frames into a file. Give it a `BufWriter`.
///
/// ```
/// use media::h26x::{Codec, Writer};
///
/// let mut writer = Writer::new(Vec::new(), Codec::H264);
/// assert!(!writer.write_frame(&[0, 0, 1, 0x61, 0x9a])?, "nothing can be decoded before a key frame");
/// assert!(writer.write_frame(&[0, 0, 1, 0x67, 0x42, 0, 0, 1, 0x65, 0x88])?);
/// assert!(writer.write_frame(&[0, 0, 1, 0x61, 0x9a])?);
/// let file = writer.into_inner();
/// assert_eq!(file, [0, 0, 0, 1, 0x67, 0x42, 0, 0, 0, 1, 0x65, 0x88, 0, 0, 0, 1, 0x61, 0x9a]);
/// # Ok::<(), media::Error>(())
/// ```
#[derive(Debug)]
pub struct Writer<W> {
    inner: W,
    codec: Codec,
    has_begun: bool,
}

impl<W: Write> Writer<W> {
    /// Begins to write. The file begins with the first frame from which decoding can begin: one with a sequence parameter set
    /// or a key picture.
    pub const fn new(inner: W, codec: Codec) -> Self {
        Self {
            inner,
            codec,
            has_begun: false,
        }
    }

    /// Writes a frame, as depacketizers make it: NAL units with start codes. False when it was left out, because nothing can
    /// be decoded before the first key frame.
    ///
    /// # Errors
    /// The frame has no start code, or writing fails.
    pub fn write_frame(&mut self, frame: &[u8]) -> Result<bool, Error> {
        let mut units = nal_units(frame).peekable();
        if units.peek().is_none() {
            return Err(Error::Unwritable("a frame without NAL units"));
        }
        self.has_begun |= units.clone().any(|unit| {
            let kind = self.codec.kind(unit);
            matches!(
                kind,
                UnitKind::SequenceParameters | UnitKind::Slice { is_key: true, .. }
            )
        });
        if self.has_begun {
            units.try_for_each(|unit| self.write_unit(unit))?;
        }
        Ok(self.has_begun)
    }

    /// Writes one NAL unit, given without start code, wherever the file stands.
    ///
    /// # Errors
    /// Writing fails.
    pub fn write_unit(&mut self, unit: &[u8]) -> Result<(), Error> {
        self.inner.write_all(&[0, 0, 0, 1])?;
        self.inner.write_all(unit)?;
        Ok(())
    }

    /// What it writes to. Nothing is held back, but a `BufWriter` below wants to be flushed.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_come_back() {
        let mut writer = Writer::new(Vec::new(), Codec::H265);
        assert!(!writer.write_frame(b"\0\0\x01\x02\x01\xd0").unwrap());
        assert!(
            writer
                .write_frame(b"\0\0\0\x01\x26\x01\xaf\0\0\x01\x26\x01\x2f\0")
                .unwrap(),
            "a key picture"
        );
        assert!(writer.write_frame(b"\0\0\x01\x02\x01\xd0").unwrap());
        writer.write_unit(b"\x4a\x01\x80").unwrap();
        let file = writer.into_inner();
        let units: [&[u8]; 4] = [b"\x26\x01\xaf", b"\x26\x01\x2f", b"\x02\x01\xd0", b"\x4a\x01\x80"];
        assert_eq!(nal_units(&file).collect::<Vec<_>>(), units);
        assert_eq!(file.len(), units.concat().len() + 16);
    }

    #[test]
    fn frames_without_start_code_are_refused() {
        let mut writer = Writer::new(Vec::new(), Codec::H264);
        assert!(matches!(
            writer.write_frame(&[0x65, 0x88]),
            Err(Error::Unwritable(_))
        ));
        assert!(writer.write_frame(&[]).is_err());
    }
}
