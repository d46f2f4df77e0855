//! Payload formats: payloads put together to frames, and what came out cut into payloads again.

use rtp::payload::{self, Depacketizer, Payloads};

use crate::duel::Script;

const FORMATS: [&str; 11] = [
    "VP8", "VP9", "H264", "H265", "AV1", "opus", "PCMU", "PCMA", "G722", "L16", "red",
];

/// Payloads of a script.
const MAX_PAYLOADS: usize = 100;

/// The first byte chooses the format; what follows are payloads, each behind a byte of flags and its length.
///
/// # Panics
/// When a law is broken.
pub fn rtp_payload(data: &[u8]) {
    let mut script = Script::new(data);
    let format = FORMATS.get(usize::from(script.byte()) % FORMATS.len());
    let Some((format, mut depacketizer)) =
        format.and_then(|format| Some((*format, payload::depacketizer(format)?)))
    else {
        return;
    };
    let mut frame = Vec::new();
    for _ in 0..MAX_PAYLOADS {
        if script.is_empty() {
            break;
        }
        let flags = script.byte();
        let length = usize::from(script.byte());
        let payload = script.bytes(length);
        if flags & 1 != 0 {
            depacketizer.reset();
        }
        hand_over(&mut *depacketizer, payload, &mut frame);
        views(payload);
        if depacketizer.is_frame_end(flags & 2 != 0, payload) {
            whole(format, &frame, usize::from(flags >> 2) * 8);
            frame.clear();
            depacketizer.reset();
        }
    }
    whole(format, &frame, 100);
}

/// Whatever a payload holds, it adds little, and nothing when it is refused.
fn hand_over(depacketizer: &mut dyn Depacketizer, payload: &[u8], frame: &mut Vec<u8>) {
    let before = frame.clone();
    let result = depacketizer.depacketize(payload, frame);
    assert!(
        frame.len() <= before.len() + 2 * payload.len() + 16,
        "more than was announced"
    );
    let _ = depacketizer.is_frame_start(payload);
    let key_frame = depacketizer.is_key_frame(payload);
    match result {
        Ok(done) => {
            assert_eq!(done.key_frame, key_frame, "both ways tell the same");
            assert!(done.incomplete <= frame.len());
        }
        Err(_) => assert!(before.starts_with(frame), "an error added something"),
    }
}

/// A frame, as far as there is one, is cut into payloads that fit, and those are put together again.
fn whole(format: &str, frame: &[u8], mtu: usize) {
    let _ = payload::dimensions(format, frame);
    let (Some(mut packetizer), Some(mut depacketizer)) =
        (payload::packetizer(format), payload::depacketizer(format))
    else {
        return;
    };
    let mut payloads = Payloads::new();
    packetizer.packetize(frame, mtu, &mut payloads);
    let mut again = Vec::new();
    for payload in &payloads {
        assert!(!payload.is_empty() && payload.len() <= mtu, "{format} at {mtu}");
        hand_over(&mut *depacketizer, payload, &mut again);
    }
    // What comes out of payloads is what a packetizer takes, where a frame has no structure.
    let is_plain = !matches!(format, "H264" | "H265" | "AV1" | "VP9");
    assert!(!is_plain || payloads.is_empty() || again == frame, "{format}");
}

/// What else reads payloads.
fn views(bytes: &[u8]) {
    let _ = (
        payload::vp8::FrameHeader::decode(bytes),
        payload::vp9::FrameHeader::decode(bytes),
        payload::comfort_noise::ComfortNoiseRef::decode(bytes),
        payload::telephone_event::events(bytes).count(),
        payload::av1::obus(bytes).count(),
        payload::h264::SequenceParameterSet::decode(bytes),
        payload::h265::SequenceParameterSet::decode(bytes),
        payload::h265::PayloadRef::decode(bytes, true),
    );
    if let Ok((structure, _)) = payload::vp9::StructureRef::decode(bytes) {
        let _ = (structure.resolutions().count(), structure.pictures().count());
    }
    if let Ok(packet) = payload::opus::PacketRef::decode(bytes) {
        assert!((120..=payload::opus::MAX_DURATION).contains(&packet.duration()));
        assert_eq!(packet.frames().count(), usize::from(packet.frame_count()));
    }
    if let Ok(blocks) = payload::red::BlocksRef::decode(bytes) {
        let redundant: usize = blocks.redundant().map(|block| block.data.len() + 4).sum();
        assert_eq!(redundant + 1 + blocks.primary().data.len(), bytes.len());
    }
    repaired(bytes);
    for rewrite in [rewrite_vp8, rewrite_vp9] {
        let mut renumbered = bytes.to_vec();
        rewrite(&mut renumbered);
        assert_eq!(renumbered.len(), bytes.len());
    }
}

/// A packet that is sent again comes back as it was.
fn repaired(bytes: &[u8]) {
    let stream = payload::rtx::Stream {
        ssrc: 1,
        payload_type: 2,
    };
    let (mut packet, mut room) = (bytes.to_vec(), bytes.to_vec());
    let _ = payload::rtx::unwrap(&mut packet, stream);
    let _ = payload::rtx::wrap(&mut room, stream, 3);
    let mut out = Vec::new();
    if payload::rtx::wrap_into(bytes, stream, 3, &mut out).is_ok() {
        assert!(out.len() <= bytes.len() + 2);
    }
}

fn rewrite_vp8(payload: &mut [u8]) {
    if let Ok(mut descriptor) = payload::vp8::DescriptorMut::decode(payload) {
        descriptor.set_picture_id(1);
        descriptor.set_tl0_picture_index(2);
        descriptor.set_key_index(3);
        let expected = *descriptor.descriptor();
        let read = payload::vp8::Descriptor::decode(payload).map(|(read, _)| read);
        assert_eq!(read, Ok(expected), "what is set is read");
    }
    let mut renumberer = payload::vp8::Renumberer::new();
    let _ = (renumberer.forward(payload), renumberer.leave_out(payload));
    renumberer.switch();
    let _ = renumberer.forward(payload);
}

fn rewrite_vp9(payload: &mut [u8]) {
    if let Ok(mut descriptor) = payload::vp9::DescriptorMut::decode(payload) {
        let (has_id, has_index) = (descriptor.set_picture_id(1), descriptor.set_tl0_picture_index(2));
        let read = payload::vp9::Descriptor::decode(payload);
        assert!(read.is_ok(), "what is set is read");
        if let Ok((read, _)) = read {
            let id = read.picture_id.map(payload::PictureId::value);
            assert_eq!(id, has_id.then_some(1));
            assert_eq!(read.tl0_picture_index, has_index.then_some(2));
        }
    }
    let mut renumberer = payload::vp9::Renumberer::new();
    let _ = renumberer.forward(payload);
    renumberer.switch();
    let _ = renumberer.forward(payload);
}
