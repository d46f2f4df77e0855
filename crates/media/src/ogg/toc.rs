//! How long an Opus packet is, from its table of contents (RFC 6716 §3.1, §3.2).

/// Samples of 2.5 ms at 48 kHz, the unit of all frame sizes.
pub(super) const SHORTEST: u32 = 120;
/// Samples of 120 ms, the longest packet.
const LONGEST: u32 = 5760;

/// Samples at 48 kHz of an Opus packet; `None` when it is malformed: empty, without frames, or longer than 120 ms.
pub fn opus_samples(packet: &[u8]) -> Option<u32> {
    let (toc, rest) = packet.split_first()?;
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(rest.first()? & 0x3f),
    };
    let samples = frames * frame_samples(toc >> 3);
    (samples > 0 && samples <= LONGEST).then_some(samples)
}

/// Samples at 48 kHz of a frame of a configuration (RFC 6716 table 2).
pub(super) const fn frame_samples(configuration: u8) -> u32 {
    match (configuration, configuration & 3) {
        (0..12, 3) => 24 * SHORTEST,
        (0..12, size) => (4 * SHORTEST) << size,
        (12..16, size) => (4 * SHORTEST) << (size & 1),
        (_, size) => SHORTEST << size,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_sizes_are_those_of_table_2() {
        let millis: Vec<f64> = (0..32).map(|it| f64::from(frame_samples(it)) / 48.0).collect();
        let silk = [10.0, 20.0, 40.0, 60.0].repeat(3);
        let hybrid = [10.0, 20.0].repeat(2);
        let celt = [2.5, 5.0, 10.0, 20.0].repeat(4);
        assert_eq!(millis, [silk, hybrid, celt].concat());
    }

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
