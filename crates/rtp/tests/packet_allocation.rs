//! A forwarded packet costs no allocation: reading, rewriting in place, copying its header with other extensions.

#![allow(
    clippy::unwrap_used,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use allocations::allocations;
use rtp::extension::dependency::{Descriptor, FrameDependencies, Indication, Reader, Structure, Writer};
use rtp::extension::{AbsoluteSendTime, AudioLevel, Mid, TransportSequenceNumber, VideoLayersAllocation};
use rtp::{ExtensionSet, FormRule, Header, HeaderWriter, PacketMut, PacketRef};

fn datagram() -> Vec<u8> {
    let mut header = Header {
        ssrc: 7,
        csrcs: (0..15).collect(),
        ..Header::default()
    };
    header.extensions.set_as(1, &AudioLevel::default()).unwrap();
    header.extensions.set_as(3, &TransportSequenceNumber(1)).unwrap();
    header.extensions.set(9, &[3; 40]).unwrap();
    let mut datagram = Vec::new();
    header.encode(&mut datagram);
    datagram.resize(1200, 0xaa);
    datagram
}

fn forward(packet: &PacketRef<'_>, out: &mut Vec<u8>) {
    out.clear();
    let mut writer = HeaderWriter::copy(out, &packet.header(), FormRule::Mixed);
    writer.ssrc(9).sequence_number(10);
    for (id, data) in packet.extensions() {
        writer.extension(id, data).unwrap();
    }
    writer.extension_as(4, &Mid("video")).unwrap();
    writer.extension_as(200, &AbsoluteSendTime(5)).unwrap();
    writer.finish();
    out.extend_from_slice(packet.payload());
}

#[test]
fn a_forwarded_packet_allocates_nothing() {
    let mut datagram = datagram();
    let mut out = Vec::with_capacity(1500);
    let count = allocations(|| {
        let mut packet = PacketMut::decode(&mut datagram).unwrap();
        packet.set_sequence_number(2);
        assert!(packet.set_extension(3, &[0, 2]));
        let packet = packet.as_ref();
        assert!(packet.extension_as::<VideoLayersAllocation>(9).is_some());
        forward(&packet, &mut out);
    });
    assert_eq!(count, 0);
    assert_eq!(PacketRef::decode(&out).unwrap().extensions().count(), 5);
}

#[test]
fn a_header_allocates_nothing_up_to_its_bounds() {
    let datagram = datagram();
    let mut out = Vec::with_capacity(1500);
    let count = allocations(|| {
        let mut header = Header::from(&PacketRef::decode(&datagram).unwrap());
        header.extensions.set_as(4, &Mid("video")).unwrap();
        header.extensions.remove(1);
        header.encode(&mut out);
    });
    assert_eq!(count, 0);
    let mut extensions = ExtensionSet::new();
    assert_eq!(
        allocations(|| extensions.set(1, &[0; 62]).unwrap()),
        0,
        "64 bytes"
    );
    assert_eq!(allocations(|| extensions.set(2, &[0]).unwrap()), 1);
}

#[test]
fn a_descriptor_allocates_nothing_after_its_structure() {
    let template = |diff: u16| FrameDependencies {
        indications: [Indication::Switch].into_iter().collect(),
        frame_diffs: [diff].into_iter().collect(),
        ..FrameDependencies::default()
    };
    let structure = Structure {
        decode_target_count: 1,
        templates: vec![template(1)],
        ..Structure::default()
    };
    let mut writer = Writer::new(structure).unwrap();
    let (mut reader, mut data) = (Reader::new(), Vec::with_capacity(255));
    let mut frame = Descriptor {
        dependencies: template(1),
        has_structure: true,
        ..Descriptor::default()
    };
    writer.write(&frame, &mut data).unwrap();
    assert!(
        allocations(|| assert!(reader.read(&data).is_ok())) > 0,
        "the structure is kept"
    );
    frame = Descriptor {
        dependencies: template(300),
        ..Descriptor::default()
    };
    let count = allocations(|| {
        data.clear();
        writer.write(&frame, &mut data).unwrap();
        assert_eq!(reader.read(&data).unwrap().dependencies, frame.dependencies);
    });
    assert_eq!(count, 0);
}
