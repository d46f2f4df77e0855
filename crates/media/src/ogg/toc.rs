//! How long an Opus packet is, from its table of contents (RFC 6716 §3.1, §3.2) alone: a recorder need not know more.

use rtp::payload::opus::{MAX_DURATION, Toc};

/// Samples of 2.5 ms at 48 kHz, the unit of all frame sizes.
pub(super) const SHORTEST: u32 = 120;

/// Samples at 48 kHz of an Opus packet; `None` when it is malformed: empty, without frames, or longer than 120 ms.
pub fn opus_samples(packet: &[u8]) -> Option<u32> {
    let (toc, rest) = packet.split_first()?;
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(rest.first()? & 0x3f),
    };
    let samples = frames * frame_samples(toc >> 3);
    (samples > 0 && samples <= MAX_DURATION).then_some(samples)
}

/// Samples at 48 kHz of a frame of a configuration (RFC 6716 table 2).
pub(super) const fn frame_samples(configuration: u8) -> u32 {
    Toc(configuration << 3).frame_duration()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_by_their_count_of_frames() {
        assert_eq!(opus_samples(&[0xf8]), Some(960), "20 ms, one empty frame");
        assert_eq!(opus_samples(&[0xf9, 1, 1]), Some(1920));
        assert_eq!(opus_samples(&[0xfa, 1, 1]), Some(1920));
        assert_eq!(opus_samples(&[0xfb, 6]), Some(5760));
        assert_eq!(
            opus_samples(&[0xfb, 0xc0 | 3]),
            Some(2880),
            "the flags do not count"
        );
        for malformed in [&[][..], &[0xfb], &[0xfb, 0], &[0xfb, 7], &[0x1b, 3]] {
            assert_eq!(opus_samples(malformed), None, "{malformed:?}");
        }
    }
}
