//! What a packet's header costs: `cargo bench -p rtp --bench packet`.

#![allow(clippy::unwrap_used, reason = "a bench that cannot run has failed")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rtp::extension::dependency::{Descriptor, FrameDependencies, Indication, Reader, Structure, Writer};
use rtp::extension::{AbsoluteSendTime, Mid, TransportSequenceNumber};
use rtp::{FormRule, Header, HeaderWriter, PacketMut, PacketRef};

/// A video packet of 1,200 bytes with the absolute send time and the transport-wide sequence number.
fn packet() -> Vec<u8> {
    let mut header = Header {
        payload_type: 96,
        sequence_number: 4711,
        timestamp: 90_000,
        ssrc: 0xdead_beef,
        ..Header::default()
    };
    header.extensions.set_as(2, &AbsoluteSendTime(0x12_3456)).unwrap();
    header.extensions.set_as(3, &TransportSequenceNumber(7)).unwrap();
    let mut bytes = Vec::new();
    header.encode(&mut bytes);
    bytes.resize(1200, 0xaa);
    bytes
}

/// Every field and both extensions.
fn read(datagram: &[u8]) -> (u32, usize) {
    let packet = PacketRef::decode(datagram).unwrap();
    let mut sum = packet.ssrc() ^ packet.timestamp() ^ u32::from(packet.sequence_number());
    sum ^= u32::from(packet.payload_type()) ^ u32::from(packet.marker());
    for (id, data) in packet.extensions() {
        sum = data
            .iter()
            .fold(sum ^ u32::from(id), |sum, byte| sum ^ u32::from(*byte));
    }
    (sum, packet.payload().len())
}

/// What a forwarder does: its own source and numbers, one extension kept under another id, two written anew.
fn forward(datagram: &[u8], out: &mut Vec<u8>) {
    let packet = PacketRef::decode(datagram).unwrap();
    let mut writer = HeaderWriter::copy(out, &packet.header(), FormRule::Mixed);
    writer.ssrc(7).sequence_number(8).timestamp(9);
    for (id, data) in packet.extensions() {
        if id == 2 {
            writer.extension(5, data).unwrap();
        }
    }
    writer.extension_as(4, &Mid("0")).unwrap();
    writer.extension_as(6, &TransportSequenceNumber(1)).unwrap();
    writer.finish();
}

fn packets(c: &mut Criterion) {
    let mut datagram = packet();
    let header = Header::from(&PacketRef::decode(&datagram).unwrap());
    let mut out = Vec::with_capacity(1500);
    let mut group = c.benchmark_group("rtp");
    group.bench_function("decode", |b| {
        b.iter(|| PacketRef::decode(black_box(&datagram)).unwrap().ssrc())
    });
    group.bench_function("decode and read two extensions", |b| {
        b.iter(|| read(black_box(&datagram)))
    });
    group.bench_function("decode to an owned header", |b| {
        b.iter(|| Header::from(&PacketRef::decode(black_box(&datagram)).unwrap()));
    });
    group.bench_function("rewrite in place", |b| {
        b.iter(|| {
            let mut packet = PacketMut::decode(black_box(&mut datagram)).unwrap();
            packet.set_sequence_number(8);
            packet.set_timestamp(9);
            packet.set_ssrc(7);
            packet.set_extension(3, &[1, 2])
        });
    });
    group.bench_function("copy the header with other extensions", |b| {
        b.iter(|| {
            out.clear();
            forward(black_box(&datagram), &mut out);
            out.len()
        });
    });
    group.bench_function("encode an owned header", |b| {
        b.iter(|| {
            out.clear();
            black_box(&header).encode(&mut out);
            out.len()
        });
    });
    group.finish();
}

fn dependency_descriptor(c: &mut Criterion) {
    let template = |diffs: &[u16]| FrameDependencies {
        indications: [Indication::Switch; 3].into_iter().collect(),
        frame_diffs: diffs.iter().copied().collect(),
        chain_diffs: [1].into_iter().collect(),
        ..FrameDependencies::default()
    };
    let structure = Structure {
        decode_target_count: 3,
        templates: vec![template(&[]), template(&[1])],
        chain_count: 1,
        protected_by: [0; 3].into_iter().collect(),
        ..Structure::default()
    };
    let mut writer = Writer::new(structure).unwrap();
    let (mut reader, mut data) = (Reader::new(), Vec::with_capacity(255));
    let mut frame = Descriptor {
        has_structure: true,
        dependencies: template(&[]),
        ..Descriptor::default()
    };
    writer.write(&frame, &mut data).unwrap();
    reader.read(&data).unwrap();
    frame = Descriptor {
        dependencies: template(&[1, 2]),
        ..Descriptor::default()
    };
    data.clear();
    writer.write(&frame, &mut data).unwrap();
    let mut group = c.benchmark_group("dependency descriptor");
    let three = [0_u8, 0, 0];
    group.bench_function("read a template", |b| {
        b.iter(|| reader.read(black_box(&three)).unwrap())
    });
    group.bench_function("read other frame differences", |b| {
        b.iter(|| reader.read(black_box(&data)).unwrap())
    });
    group.bench_function("write", |b| {
        b.iter(|| {
            data.clear();
            writer.write(black_box(&frame), &mut data).unwrap();
            data.len()
        });
    });
    group.finish();
}

criterion_group!(benches, packets, dependency_descriptor);
criterion_main!(benches);
