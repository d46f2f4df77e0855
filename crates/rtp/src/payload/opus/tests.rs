//! Tables from RFC 6716 §3 and RFC 7587 §4.2.

use super::super::Packetizer as _;
use super::*;

fn sizes(payload: &[u8]) -> Option<Vec<usize>> {
    let packet = PacketRef::decode(payload).ok()?;
    assert_eq!(packet.frames().len(), usize::from(packet.frame_count()));
    Some(packet.frames().map(<[u8]>::len).collect())
}

#[test]
fn knows_every_configuration() {
    // RFC 6716 table 2, and the increments of RFC 7587 table 2.
    let durations: [&[u32]; 3] = [&[480, 960, 1920, 2880], &[480, 960], &[120, 240, 480, 960]];
    for (configurations, mode, bandwidth, durations) in [
        (0..=3, Mode::Silk, Bandwidth::Narrowband, durations[0]),
        (4..=7, Mode::Silk, Bandwidth::Mediumband, durations[0]),
        (8..=11, Mode::Silk, Bandwidth::Wideband, durations[0]),
        (12..=13, Mode::Hybrid, Bandwidth::SuperWideband, durations[1]),
        (14..=15, Mode::Hybrid, Bandwidth::Fullband, durations[1]),
        (16..=19, Mode::Celt, Bandwidth::Narrowband, durations[2]),
        (20..=23, Mode::Celt, Bandwidth::Wideband, durations[2]),
        (24..=27, Mode::Celt, Bandwidth::SuperWideband, durations[2]),
        (28..=31, Mode::Celt, Bandwidth::Fullband, durations[2]),
    ] {
        for (configuration, duration) in configurations.zip(durations) {
            let toc = Toc(configuration << 3 | 4);
            assert_eq!(
                (toc.mode(), toc.bandwidth(), toc.frame_duration(), toc.is_stereo()),
                (mode, bandwidth, *duration, true),
                "{configuration}"
            );
        }
    }
}

#[test]
fn reads_the_examples() {
    // RFC 6716 §3.3, figures 8 to 11.
    assert_eq!(sizes(&[1 << 3, 1, 2, 3]), Some(vec![3]));
    assert_eq!(sizes(&[29 << 3 | 1, 1, 2, 3, 4]), Some(vec![2, 2]));
    assert_eq!(sizes(&[15 << 3 | 3, 0x82, 1, 7, 8, 9]), Some(vec![1, 2]));
    assert_eq!(
        sizes(&[31 << 3 | 7, 4, 1, 2, 3, 4, 5, 6, 7, 8]),
        Some(vec![2, 2, 2, 2])
    );
}

#[test]
fn keeps_the_rules_for_malformed_packets() {
    let celt_2_5_ms = 28 << 3 | 3;
    let cases: &[(&[u8], Option<&[usize]>)] = &[
        (&[], None),                                   // R1
        (&[0], Some(&[0])),                            // one frame that was not sent
        (&[1, 1], None),                               // R3
        (&[2], None),                                  // R4
        (&[2, 252], None),                             // R4
        (&[2, 1], None),                               // R4
        (&[2, 0], Some(&[0, 0])),                      // the only valid one of two bytes
        (&[2, 2, 1, 1, 5], Some(&[2, 1])),             // code 2
        (&[3], None),                                  // R6
        (&[3, 0], None),                               // R5
        (&[celt_2_5_ms, 49], None),                    // R5: 122.5 ms
        (&[3, 0x41, 1, 9, 0], Some(&[1])),             // padding of one byte
        (&[3, 0x41, 2, 9], None),                      // R6: more padding than packet
        (&[3, 0x41, 255], None),                       // R6
        (&[3, 0x42, 1, 9, 9, 9, 0], None),             // R6: three bytes in two frames
        (&[3, 0x82, 3, 9, 9], None),                   // R7
        (&[3, 0xc2, 1, 1, 9, 9, 9, 0], Some(&[1, 2])), // VBR with padding
    ];
    for (payload, expected) in cases {
        assert_eq!(sizes(payload).as_deref(), *expected, "{payload:?}");
    }
    assert_eq!(
        sizes(&[&[celt_2_5_ms, 48][..], &[1; 96]].concat()).unwrap().len(),
        48
    );
}

#[test]
fn limits_frames_to_1275_bytes() {
    assert!(sizes(&[0; 1276]).is_some());
    assert!(sizes(&[0; 1277]).is_none()); // R2
    let long = [&[2, 255, 255][..], &[7; 1275 + 3]].concat();
    assert_eq!(sizes(&long), Some(vec![1275, 3]));
}

#[test]
fn long_padding_is_not_audio() {
    // RFC 6716 §3.2.5: 256 bytes are added with 255 and 0 in front and 254 zeros behind.
    let payload = [&[3, 0x41, 255, 0][..], &[1, 2], &[0; 254]].concat();
    assert_eq!(sizes(&payload), Some(vec![2]));
}

#[test]
fn silence_is_seen() {
    assert!(PacketRef::decode(&[0x78]).unwrap().is_silence());
    assert!(PacketRef::decode(&[0x78, 1]).unwrap().is_silence());
    assert!(!PacketRef::decode(&[0x78, 1, 2]).unwrap().is_silence());
}

#[test]
fn a_packet_is_never_cut() {
    let mut payloads = Payloads::new();
    Packetizer::new().packetize(&[1; 100], 100, &mut payloads);
    assert_eq!(payloads.iter().collect::<Vec<_>>(), [[1; 100]]);
    Packetizer::new().packetize(&[1; 101], 100, &mut payloads);
    assert!(payloads.is_empty());
    Packetizer::new().packetize(&[], 100, &mut payloads);
    assert!(payloads.is_empty());
}
