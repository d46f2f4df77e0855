//! RTP: packets read, changed in place and copied, and what header extensions say.

use std::fmt::Debug;

use bytes::Bytes;
use rtp::extension::dependency::{MandatoryFields, Reader, Writer};
use rtp::extension::{
    AbsoluteCaptureTime, AbsoluteSendTime, AudioLevel, ColorSpace, Extension, FrameMarking, Mid, MixerLevels,
    PlayoutDelay, RepairedRid, Rid, TransmissionOffset, TransportSequenceNumber, TransportSequenceNumberV2,
    VideoContentType, VideoLayersAllocation, VideoOrientation, VideoTiming,
};
use rtp::{FormRule, Header, HeaderRef, HeaderWriter, Packet, PacketMut, PacketRef};

/// A packet: everything that can be read of it, written from it and changed in it. Bytes that are no packet are taken as the
/// data of extensions.
///
/// # Panics
/// When a law is broken.
pub fn rtp_packet(data: &[u8]) {
    let _ = rtp::is_rtcp(data);
    let Ok(packet) = PacketRef::decode(data) else {
        extension(data);
        return;
    };
    let whole = packet.header_len() + packet.payload().len() + usize::from(packet.padding_len());
    assert_eq!(whole, data.len(), "every byte is part of something");
    let mut reader = Reader::new();
    for (id, element) in packet.extensions() {
        assert!(id > 0 && packet.extension(id).is_some());
        extension(element);
        let _ = reader.read(element);
        let _ = (reader.structure(), reader.active_decode_targets());
    }
    copied(&packet);
    owned(data, &packet);
    changed(data, &packet);
}

/// The fields but for the extensions.
fn fields(header: &HeaderRef<'_>) -> (bool, u8, u16, u32, u32, Vec<u32>) {
    (
        header.marker(),
        header.payload_type(),
        header.sequence_number(),
        header.timestamp(),
        header.ssrc(),
        header.csrcs().collect(),
    )
}

fn elements<'a>(header: &HeaderRef<'a>) -> Vec<(u8, &'a [u8])> {
    header.extensions().collect()
}

/// A copy with the same extensions says the same.
fn copied(packet: &PacketRef<'_>) {
    for rule in [FormRule::Mixed, FormRule::TwoByte, FormRule::OneByte] {
        let mut out = vec![0xff; 3];
        let mut writer = HeaderWriter::copy(&mut out, &packet.header(), rule);
        let mut written = Vec::new();
        for (id, element) in packet.extensions() {
            let added = writer.extension(id, element).is_ok();
            assert!(added || rule == FormRule::OneByte, "what was read can be written");
            if added {
                written.push((id, element));
            }
        }
        assert_eq!(writer.finish() + 3, out.len());
        let copy = PacketRef::decode(out.get(3..).unwrap_or_default());
        assert!(copy.is_ok(), "a copy is read");
        let Ok(copy) = copy else { return };
        assert_eq!(copy.header_len(), out.len() - 3);
        assert_eq!(fields(&copy.header()), fields(&packet.header()));
        assert_eq!(elements(&copy.header()), written);
    }
}

/// Fields in memory come back from the wire.
fn owned(data: &[u8], packet: &PacketRef<'_>) {
    let decoded = Packet::decode(Bytes::copy_from_slice(data));
    assert!(decoded.is_ok(), "a view and a packet agree");
    let Ok(decoded) = decoded else { return };
    assert_eq!(decoded.header, Header::from(packet));
    let mut out = Vec::new();
    decoded.encode(&mut out);
    assert_eq!(out.len(), decoded.encoded_len());
    assert_eq!(Packet::decode(out.into()), Ok(decoded), "what is written is read");
}

/// What is set is read, and nothing else changes.
fn changed(data: &[u8], packet: &PacketRef<'_>) {
    let mut copy = data.to_vec();
    let edited = PacketMut::decode(&mut copy);
    assert!(edited.is_ok(), "both views agree");
    let Ok(mut edited) = edited else { return };
    let number = !packet.sequence_number();
    edited.set_marker(!packet.marker());
    edited.set_payload_type(packet.payload_type() ^ 0x2a);
    edited.set_sequence_number(number);
    edited.set_timestamp(!packet.timestamp());
    edited.set_ssrc(!packet.ssrc());
    let csrcs = packet.csrcs().len();
    assert!(!edited.set_csrc(csrcs, 7), "there is no such source");
    let mut csrcs: Vec<_> = packet.csrcs().collect();
    if let Some(first) = csrcs.first_mut() {
        *first = 7;
        assert!(edited.set_csrc(0, 7));
    }
    let expected = (
        !packet.marker(),
        packet.payload_type() ^ 0x2a,
        number,
        !packet.timestamp(),
        !packet.ssrc(),
        csrcs,
    );
    assert_eq!(fields(&edited.as_ref().header()), expected);
    assert_eq!(edited.payload(), packet.payload());
    assert_eq!(elements(&edited.as_ref().header()), elements(&packet.header()));
    changed_extensions(&mut edited, packet);
    assert_eq!(edited.payload(), packet.payload());
    assert_eq!(fields(&edited.as_ref().header()), expected);
}

/// Each element is changed, given another id, and removed.
fn changed_extensions(edited: &mut PacketMut<'_>, packet: &PacketRef<'_>) {
    let before: Vec<_> = packet.extensions().collect();
    for (place, (id, element)) in before.iter().enumerate() {
        if before.iter().take(place).any(|(other, _)| other == id) {
            continue;
        }
        let value = vec![0x5a; element.len()];
        assert!(edited.set_extension(*id, &value));
        assert_eq!(edited.extension(*id), Some(value.as_slice()));
        assert!(!edited.set_extension(*id, &vec![0; element.len() + 1]));
    }
    let Some((id, _)) = before.first() else {
        return;
    };
    assert_eq!(edited.extensions().count(), before.len());
    let unused = (1..15).find(|unused| before.iter().all(|(id, _)| id != unused));
    let mut id = *id;
    if let Some(unused) = unused {
        assert!(edited.rename_extension(id, unused));
        assert_eq!(edited.extensions().next().map(|(id, _)| id), Some(unused));
        id = unused;
    }
    assert!(edited.remove_extension(id));
    assert_eq!(edited.extensions().count(), before.len() - 1);
}

/// Bytes of an element at most: a two-byte header tells its length in one of them (RFC 8285 §4.3).
const MAX_ELEMENT: usize = 255;

/// Writes a value, and gives back what it has become.
fn written<'a>(value: &impl Extension<'a>) -> Vec<u8> {
    let len = value.encoded_len();
    let mut out = Vec::new();
    value.encode(&mut out);
    assert_eq!(out.len(), len);
    let mut place = vec![0; len];
    value.encode(&mut place.as_mut_slice());
    assert_eq!(place, out, "a slice of just that length has room");
    out
}

/// Written and read again it is the same.
fn comes_back<E: for<'a> Extension<'a> + PartialEq + Debug>(data: &[u8]) {
    if let Ok(value) = E::decode(data) {
        let out = written(&value);
        assert!(out.len() <= MAX_ELEMENT, "{value:?} fits no element");
        assert_eq!(E::decode(&out), Ok(value), "what is written is read");
    }
}

/// Of what borrows the data, no more is written than was read: zeros behind a name are left out.
fn comes_back_borrowed<'a, E: Extension<'a> + Debug>(data: &'a [u8]) {
    if let Ok(value) = E::decode(data) {
        assert!(written(&value).len() <= data.len(), "{value:?}");
    }
}

/// The data of an element, as every extension that there is.
fn extension(data: &[u8]) {
    let data = data.get(..MAX_ELEMENT).unwrap_or(data);
    comes_back_borrowed::<MixerLevels<'_>>(data);
    comes_back_borrowed::<Mid<'_>>(data);
    comes_back_borrowed::<Rid<'_>>(data);
    comes_back_borrowed::<RepairedRid<'_>>(data);
    comes_back::<AudioLevel>(data);
    comes_back::<ColorSpace>(data);
    comes_back::<FrameMarking>(data);
    comes_back::<VideoLayersAllocation>(data);
    comes_back::<VideoOrientation>(data);
    comes_back::<PlayoutDelay>(data);
    comes_back::<VideoContentType>(data);
    comes_back::<AbsoluteSendTime>(data);
    comes_back::<AbsoluteCaptureTime>(data);
    comes_back::<TransmissionOffset>(data);
    comes_back::<VideoTiming>(data);
    comes_back::<TransportSequenceNumber>(data);
    comes_back::<TransportSequenceNumberV2>(data);
    comes_back::<MandatoryFields>(data);
    dependencies(data);
    let mut copy = data.to_vec();
    let _ = VideoTiming::write(&mut copy, VideoTiming::NETWORK, 9);
    assert_eq!(copy.len(), data.len());
    shifted(data);
}

/// A descriptor with its structure, written by that structure.
fn dependencies(data: &[u8]) {
    let mut reader = Reader::new();
    let Ok(descriptor) = reader.read(data) else {
        return;
    };
    assert!(descriptor.has_structure, "nothing else is known");
    let Some(structure) = reader.structure() else {
        return;
    };
    for target in 0..usize::from(structure.decode_target_count) {
        let _ = structure.decode_target_layer(target);
    }
    let Ok(mut writer) = Writer::new(structure.clone()) else {
        return;
    };
    let mut out = Vec::new();
    if writer.write(&descriptor, &mut out).is_err() {
        assert!(out.is_empty(), "an error writes nothing");
        return;
    }
    assert!(out.len() <= 255);
    let mut second = Reader::new();
    let mut again = second.read(&out);
    // Chains that protect no active decode target may differ.
    if let Ok(again) = &mut again {
        assert_eq!(second.structure(), reader.structure());
        again.dependencies.chain_diffs = descriptor.dependencies.chain_diffs;
    }
    assert_eq!(again, Ok(descriptor), "what is written is read");
}

/// Numbers and templates set in place.
fn shifted(data: &[u8]) {
    let mut copy = data.to_vec();
    let set = MandatoryFields::set_frame_number(&mut copy, 0x1234);
    assert_eq!(set, data.len() >= MandatoryFields::LEN);
    if let Ok(fields) = MandatoryFields::decode(&copy) {
        assert_eq!(fields.frame_number, 0x1234);
    }
    let _ = MandatoryFields::shift_templates(&mut copy, 63);
    assert_eq!(copy.len(), data.len());
}
