//! Packets that stand for lost ones (RFC 7845 §4.1): frames without bytes, for which decoders conceal.

use super::toc::{SHORTEST, frame_samples};

/// Tables of contents of one-byte packets that fill a gap of so many samples behind a packet that began with `toc`: as many
/// frames of its own size as fit, then shorter ones, of its mode as long as possible. What is left of less than 2.5 ms
/// cannot be filled.
pub(super) fn fill(toc: u8, samples: u32) -> impl Iterator<Item = u8> {
    let last = toc >> 3;
    let is_stereo = toc & 4;
    let shorter = (family(last)..=last).rev();
    let celt = celt_of(last);
    let configurations = shorter.chain((celt..celt + 4).rev());
    let mut missing = samples;
    configurations
        .flat_map(move |configuration| {
            let frame = frame_samples(configuration);
            let count = missing / frame;
            missing -= count * frame;
            std::iter::repeat_n(
                configuration << 3 | is_stereo,
                usize::try_from(count).unwrap_or_default(),
            )
        })
        .fuse()
}

/// Samples that [`fill`] covers.
pub(super) const fn fillable(samples: u32) -> u32 {
    samples - samples % SHORTEST
}

/// The configuration of the same mode and bandwidth with the shortest frames.
const fn family(configuration: u8) -> u8 {
    match configuration {
        12..16 => configuration & !1,
        _ => configuration & !3,
    }
}

/// The first configuration of CELT with the same bandwidth; medium band, which CELT has not, becomes wideband.
const fn celt_of(configuration: u8) -> u8 {
    match configuration {
        0..4 => 16,
        4..12 => 20,
        12..14 => 24,
        14..16 => 28,
        _ => configuration & !3,
    }
}

#[cfg(test)]
mod tests {
    use super::super::toc::opus_samples;
    use super::*;

    fn filled(toc: u8, millis: f64) -> Vec<u8> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole numbers in tests"
        )]
        let samples = (millis * 48.0) as u32;
        fill(toc, samples).collect()
    }

    #[test]
    fn the_example_of_the_rfc() {
        // 95 ms behind wideband SILK of 20 ms: four of 20 ms and one of 10 ms in SILK, one of 5 ms in CELT.
        let silk = |size: u8| (8 + size) << 3;
        assert_eq!(
            filled(silk(1), 95.0),
            [silk(1), silk(1), silk(1), silk(1), silk(0), 21 << 3]
        );
    }

    #[test]
    fn every_gap_is_filled_to_2_5_ms() {
        for configuration in 0..32 {
            for stereo in [0, 4] {
                for samples in (0..12_000).step_by(60) {
                    let packets: Vec<_> = fill(configuration << 3 | stereo, samples).collect();
                    let total: u32 = packets.iter().map(|toc| opus_samples(&[*toc]).unwrap()).sum();
                    assert_eq!(total, fillable(samples), "configuration {configuration}");
                    assert!(packets.iter().all(|toc| toc & 4 == stereo));
                }
            }
        }
    }

    #[test]
    fn bandwidth_is_kept() {
        assert_eq!(filled(4 << 3, 2.5), [20 << 3], "medium band becomes wideband");
        assert_eq!(filled(15 << 3, 12.5), [14 << 3, 28 << 3], "fullband hybrid");
        assert_eq!(filled(31 << 3, 20.0), [31 << 3]);
    }
}
