//! The size of the picture in a key frame of VP8 (RFC 6386 §9.1) and VP9 (its uncompressed header, §6.2 of the bitstream
//! specification): just so much that a file's header can be filled in.

/// Width and height of a VP8 key frame; `None` for other frames.
pub(crate) fn vp8_size(frame: &[u8]) -> Option<(u16, u16)> {
    let [tag, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = *frame else {
        return None;
    };
    // Bit 0 of the tag is 0 in key frames; the two highest bits of each size scale the picture on screen.
    let size = |bytes| u16::from_le_bytes(bytes) & 0x3fff;
    (tag & 1 == 0).then(|| (size([w0, w1]), size([h0, h1])))
}

/// Width and height of a VP9 key frame; `None` for other frames.
pub(crate) fn vp9_size(frame: &[u8]) -> Option<(u16, u16)> {
    let mut bits = Bits(frame, 0);
    if bits.read(2)? != 2 {
        return None;
    }
    let profile = bits.read(1)? | bits.read(1)? << 1;
    if profile == 3 {
        bits.read(1)?;
    }
    let (shows_existing_frame, is_inter_frame) = (bits.read(1)? == 1, bits.read(1)? == 1);
    if shows_existing_frame || is_inter_frame {
        return None;
    }
    bits.read(2)?; // show_frame, error_resilient_mode
    if bits.read(24)? != 0x49_8342 {
        return None;
    }
    skip_color(&mut bits, profile)?;
    let width = u16::try_from(bits.read(16)? + 1).ok()?;
    let height = u16::try_from(bits.read(16)? + 1).ok()?;
    Some((width, height))
}

fn skip_color(bits: &mut Bits<'_>, profile: u32) -> Option<()> {
    const RGB: u32 = 7;
    if profile >= 2 {
        bits.read(1)?; // ten_or_twelve_bit
    }
    let is_rgb = bits.read(3)? == RGB;
    let has_subsampling = profile & 1 == 1;
    match (is_rgb, has_subsampling) {
        (true, true) | (false, false) => bits.read(1)?,
        (false, true) => bits.read(4)?,
        (true, false) => 0,
    };
    Some(())
}

/// Reads from the highest bit on.
struct Bits<'a>(&'a [u8], usize);

impl Bits<'_> {
    fn read(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.0.get(self.1 / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.1 % 8) & 1);
            self.1 += 1;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vp8_key_frames_tell_their_size() {
        let key = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0xe0, 0x81];
        assert_eq!(vp8_size(&key), Some((640, 480)), "without the scaling bits");
        assert_eq!(
            vp8_size(&[0x11, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01]),
            None
        );
        for len in 0..key.len() {
            assert_eq!(vp8_size(&key[..len]), None);
        }
    }

    #[test]
    fn vp9_key_frames_tell_their_size() {
        // Marker 10, profile 0, no existing frame, key, shown; sync code; color space 2, range 0; 319, 239.
        let profile_0 = [0b1000_0010, 0x49, 0x83, 0x42, 0b0100_0000, 0x13, 0xf0, 0x0e, 0xf0];
        assert_eq!(vp9_size(&profile_0), Some((320, 240)));
        // Profile 1: subsampling and a reserved bit behind the range.
        let profile_1 = [0b1010_0010, 0x49, 0x83, 0x42, 0b0100_0000, 0x02, 0x7e, 0x01, 0xde];
        assert_eq!(vp9_size(&profile_1), Some((320, 240)));
        assert_eq!(
            vp9_size(&[0b1000_0110, 0x49, 0x83, 0x42, 0, 0, 0, 0, 0]),
            None,
            "inter"
        );
        assert_eq!(
            vp9_size(&[0b1000_1010, 0x49, 0x83, 0x42, 0, 0, 0, 0, 0]),
            None,
            "existing"
        );
        for len in 0..profile_0.len() {
            assert_eq!(vp9_size(&profile_0[..len]), None);
        }
    }
}
