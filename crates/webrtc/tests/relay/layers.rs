//! A subscriber of simulcast sees one stream, whatever layer it gets: it can decode every frame, and all numbers go on.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use media::{SampleBuilder, SampleConfig};
use rtp::extension::Extension;
use rtp::extension::dependency::{
    Descriptor, FrameDependencies, Indication, MandatoryFields, Reader, Structure, Writer,
};
use rtp::payload::{Packetizer, Payloads, depacketizer, packetizer, vp9};
use rtp::{Header, Packet, PacketRef};
use webrtc::core::{Event, PeerConnection, TransceiverId};
use webrtc::{LayerForwarder, RtpCodec, RtpEncodingParameters, RtpEvent, RtpTransceiverInit};

use crate::wire::{End, Wire};

const RIDS: [&str; 3] = ["q", "h", "f"];
/// Time between two frames.
pub(crate) const FRAME: Duration = Duration::from_millis(33);

/// An encoder of one layer.
struct Encoder {
    layer: u8,
    codec: RtpCodec,
    packetizer: Box<dyn Packetizer>,
    payloads: Payloads,
    number: u32,
    header: Header,
    /// The next frame needs no other.
    is_key: bool,
    /// Where there is an id for it.
    descriptor: Option<(u8, Writer)>,
}

impl Encoder {
    fn new(layer: u8, codec: &RtpCodec, payload_type: u8, descriptor: Option<u8>) -> Self {
        let mut encoder = Self {
            layer,
            codec: codec.clone(),
            packetizer: packetizer(codec.name()).unwrap(),
            payloads: Payloads::new(),
            number: 0,
            header: Header {
                payload_type,
                // Each layer counts from elsewhere, and one wraps.
                sequence_number: 65_500_u16.wrapping_add(u16::from(layer) * 10_000),
                timestamp: u32::from(layer) * 0x7000_0000,
                ..Header::default()
            },
            is_key: true,
            descriptor: descriptor.map(|id| (id, Writer::new(structure(layer)).unwrap())),
        };
        // So do their pictures.
        for _ in 0..10 * layer {
            let frame = encoder.frame();
            encoder.packetizer.packetize(&frame, 1000, &mut encoder.payloads);
            encoder.number += 1;
        }
        encoder.is_key = true;
        encoder
    }

    /// A frame that ends with its layer and number.
    fn frame(&self) -> Vec<u8> {
        let mut body = vec![0xaa; 500 + 1000 * usize::from(self.layer)];
        body.extend([
            0x80 | self.layer,
            0x80 | (self.number >> 6) as u8,
            0x80 | (self.number & 63) as u8,
        ]);
        let head: &[u8] = match (self.codec.name(), self.is_key) {
            ("VP8", true) => &[0x10, 0, 0, 0x9d, 1, 0x2a, 0x80, 2, 0xe0, 1],
            ("VP8", false) => &[0x11, 0, 0],
            ("VP9", true) => &[0x82, 0x49, 0x83, 0x42, 0, 0x13, 0xf0, 0x0b, 0x30],
            ("VP9", false) => &[0x86],
            ("H264", true) => b"\0\0\0\x01\x67\x42\x01\0\0\0\x01\x68\xce\0\0\0\x01\x65\x88",
            ("H264", false) => b"\0\0\0\x01\x41\x9a",
            // A temporal unit: a sequence header, or none, and a frame without its size.
            ("AV1", true) => &[0x0a, 3, 1, 2, 3, 0x30, 0x10],
            ("AV1", false) => &[0x30, 0x30],
            other => panic!("{other:?}"),
        };
        [head, &body].concat()
    }

    /// Sends the next frame.
    fn send(&mut self, now: Instant, pc: &mut PeerConnection, id: TransceiverId) {
        let frame = self.frame();
        self.packetizer.packetize(&frame, 1000, &mut self.payloads);
        let count = self.payloads.len();
        for (index, payload) in self.payloads.iter().enumerate() {
            let mut header = self.header.clone();
            header.marker = index + 1 == count;
            if let Some((id, writer)) = &mut self.descriptor {
                let descriptor = Descriptor {
                    start_of_frame: index == 0,
                    end_of_frame: header.marker,
                    frame_number: self.number as u16,
                    dependencies: dependencies(self.is_key),
                    has_structure: self.is_key && index == 0,
                    ..Descriptor::default()
                };
                let mut data = Vec::new();
                writer.write(&descriptor, &mut data).unwrap();
                header.extensions.set(*id, &data).unwrap();
            }
            let to = (id, usize::from(self.layer));
            pc.send_rtp(now, to, &mut header, payload).unwrap();
            self.header.sequence_number = self.header.sequence_number.wrapping_add(1);
        }
        self.header.timestamp = self.header.timestamp.wrapping_add(3000);
        self.number += 1;
        self.is_key = false;
    }
}

fn dependencies(is_key: bool) -> FrameDependencies {
    FrameDependencies {
        indications: [Indication::Switch].into_iter().collect(),
        frame_diffs: (!is_key).then_some(1).into_iter().collect(),
        ..FrameDependencies::default()
    }
}

/// Each layer has another structure under the same ids.
fn structure(layer: u8) -> Structure {
    let unused = (0..layer).map(|index| FrameDependencies {
        frame_diffs: [u16::from(index) + 2].into_iter().collect(),
        ..dependencies(false)
    });
    let key = std::iter::once(dependencies(true));
    Structure {
        template_id_offset: 7,
        decode_target_count: 1,
        templates: key.chain(unused).chain([dependencies(false)]).collect(),
        ..Structure::default()
    }
}

/// Ids of the templates of a structure.
fn template_ids(structure: &Structure) -> BTreeSet<usize> {
    let first = usize::from(structure.template_id_offset);
    (first..first + structure.templates.len())
        .map(|id| id % 64)
        .collect()
}

/// What a subscriber makes of its packets.
struct Viewer {
    builder: SampleBuilder,
    last: Option<Packet>,
    /// The last picture id, base layer index, or frame number.
    counted: Option<[u16; 2]>,
    descriptors: Reader,
    /// How often another one came.
    structures: usize,
    /// Layer and number of each frame.
    frames: Vec<(u8, u32)>,
    switches: usize,
}

impl Viewer {
    fn new(codec: &RtpCodec) -> Self {
        let depacketizer = depacketizer(codec.name()).unwrap();
        Self {
            builder: SampleBuilder::new(depacketizer, SampleConfig::new(90_000)),
            last: None,
            counted: None,
            descriptors: Reader::new(),
            structures: 0,
            frames: Vec::new(),
            switches: 0,
        }
    }

    fn take(&mut self, packet: Packet, codec: &RtpCodec, descriptor: Option<u8>) {
        let mut is_next = true;
        if let Some(last) = &self.last {
            let (header, last) = (&packet.header, &last.header);
            assert_eq!(header.sequence_number, last.sequence_number.wrapping_add(1));
            let ahead = header.timestamp.wrapping_sub(last.timestamp);
            assert!(ahead < 90_000, "{ahead} ticks ahead");
            is_next = ahead > 0;
            assert_eq!(is_next, last.marker, "a frame ends with its marker");
        }
        self.count(&packet, codec, descriptor, is_next);
        self.builder.push(packet.clone());
        self.last = Some(packet);
        while let Some(sample) = self.builder.pop() {
            let [.., layer, high, low] = sample.data[..] else {
                panic!("a frame of {} bytes", sample.data.len());
            };
            let number = u32::from(high & 0x7f) << 6 | u32::from(low & 0x7f);
            let frame = (layer & 0x7f, number);
            let follows = |(layer, last): &(u8, u32)| (*layer, last + 1) == frame;
            if !self.frames.last().is_some_and(follows) {
                assert_eq!(
                    sample.is_key_frame,
                    Some(true),
                    "{frame:?} after {:?}",
                    self.frames.last()
                );
                self.switches += 1;
            }
            self.frames.push(frame);
        }
    }

    /// What the codec counts by itself goes on, too.
    fn count(&mut self, packet: &Packet, codec: &RtpCodec, descriptor: Option<u8>, is_next: bool) {
        let counted = match (codec.name(), descriptor) {
            ("VP9", _) => {
                let (descriptor, _) = vp9::Descriptor::decode(&packet.payload).unwrap();
                let index = descriptor.tl0_picture_index.map_or(0, u16::from);
                [descriptor.picture_id.unwrap().value(), index]
            }
            (_, Some(id)) => {
                let data = packet.header.extensions.get(id).expect("a descriptor");
                let before = self.descriptors.structure().cloned();
                let descriptor = self.descriptors.read(data).expect("of a known structure");
                let now = self.descriptors.structure();
                if let Some((before, now)) = before.as_ref().zip(now).filter(|(before, now)| before != now) {
                    // A packet that comes late must not be taken for one of the other structure (A.8.3).
                    let (before, now) = (template_ids(before), template_ids(now));
                    assert!(before.is_disjoint(&now), "{before:?} and {now:?}");
                    self.structures += 1;
                }
                let is_key = descriptor.dependencies.frame_diffs.is_empty();
                assert_eq!(descriptor.dependencies, dependencies(is_key));
                [descriptor.frame_number, 0]
            }
            _ => return,
        };
        if let Some(last) = self.counted {
            let expected = last[0].wrapping_add(is_next.into());
            assert_eq!(counted[0], expected, "{} ids", codec.name());
            assert!(
                counted[1].wrapping_sub(last[1]) & 0xff <= 1,
                "base layer pictures"
            );
        }
        self.counted = Some(counted);
    }
}

/// The ids under which AV1 has descriptors on each wire.
fn descriptor_ids(codec: &RtpCodec, wires: [&Wire; 2]) -> [Option<u8>; 2] {
    if !codec.is("AV1") {
        return [None; 2];
    }
    let ids = wires.map(|wire| {
        let media = wire.server.negotiated_media().unwrap();
        let section = media.by_transceiver(wire.ids[1]).unwrap();
        let mut all = section.extensions.iter();
        all.find(|known| known.uri == MandatoryFields::URI)
            .map(|known| known.id)
    });
    assert!(ids.iter().all(Option::is_some), "{ids:?}");
    ids
}

/// Sends three layers, of which a subscriber gets one after the other.
fn watch(codec: &RtpCodec) -> Viewer {
    let mut now = Instant::now();
    let layers = RtpTransceiverInit {
        send_encodings: RIDS.map(RtpEncodingParameters::layer).to_vec(),
        ..RtpTransceiverInit::default()
    };
    let mut publisher = Wire::new(&mut now, 1, End::Client, (codec, layers));
    let mut subscriber = Wire::new(&mut now, 2, End::Server, (codec, RtpTransceiverInit::default()));
    let mut forwarder = LayerForwarder::new(codec);
    let ids = descriptor_ids(codec, [&publisher, &subscriber]);
    if let Some(id) = ids[0] {
        forwarder = forwarder.with_dependency_descriptor(id);
    }
    let mut encoders: Vec<_> = (0..3)
        .map(|layer| Encoder::new(layer, codec, publisher.payload_type, ids[0]))
        .collect();
    let mut viewer = Viewer::new(codec);
    let mut bytes = Vec::new();
    for turn in 0..200 {
        now += FRAME;
        if turn % 40 == 0 {
            forwarder.select(Some(["q", "h", "f", "q", "f"][turn / 40]));
        }
        for encoder in &mut encoders {
            encoder.send(now, &mut publisher.client, publisher.ids[0]);
        }
        publisher.run(now);
        while let Some(received) = publisher.server.recv_rtp(publisher.ids[1], &mut bytes) {
            if let Some(rid) = forwarder.poll_request(now) {
                assert!(publisher.server.request_key_frame(now, publisher.ids[1], rid));
            }
            if forwarder.forward(now, &received, &mut bytes) {
                let descriptor = ids[1].zip(forwarder.dependency_descriptor());
                relay(now, &mut subscriber, &bytes, descriptor);
            }
        }
        publisher.run(now);
        while let Some(event) = publisher.client.poll_event() {
            if let Event::Rtp(_, RtpEvent::KeyFrameRequested { rid }) = event {
                let layer = RIDS.iter().position(|known| rid.as_deref() == Some(known));
                encoders[layer.expect("a layer")].is_key = true;
            }
        }
        subscriber.run(now);
        while subscriber
            .client
            .recv_rtp(subscriber.ids[0], &mut bytes)
            .is_some()
        {
            let packet = Packet::decode(std::mem::take(&mut bytes).into()).unwrap();
            viewer.take(packet, codec, ids[1]);
        }
    }
    viewer
}

/// Sends a packet on, with a descriptor under the id that it has there.
pub(crate) fn relay(now: Instant, subscriber: &mut Wire, packet: &[u8], descriptor: Option<(u8, &[u8])>) {
    let view = PacketRef::decode(packet).unwrap();
    let mut header = Header {
        marker: view.marker(),
        payload_type: subscriber.payload_type,
        sequence_number: view.sequence_number(),
        timestamp: view.timestamp(),
        ..Header::default()
    };
    if let Some((id, data)) = descriptor {
        header.extensions.set(id, data).unwrap();
    }
    let to = (subscriber.ids[1], 0);
    subscriber
        .server
        .send_rtp(now, to, &mut header, view.payload())
        .unwrap();
}

#[test]
fn a_subscriber_decodes_every_frame_whatever_layer_it_gets() {
    let h264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
    let codecs = [
        ("VP8", ""),
        ("VP9", "profile-id=0"),
        ("H264", h264),
        ("AV1", "level-idx=5;profile=0;tier=0"),
    ];
    for (name, parameters) in codecs {
        let viewer = watch(&RtpCodec::video(name, parameters));
        let mut layers: Vec<_> = viewer.frames.iter().map(|(layer, _)| *layer).collect();
        // The builder holds the last frames back.
        assert!(layers.len() > 190, "{name}: {} frames", layers.len());
        layers.dedup();
        assert_eq!(layers, [0, 1, 2, 0, 2], "{name}");
        assert_eq!(viewer.switches, 5, "{name}: each at a key frame");
        assert_eq!(viewer.structures, if name == "AV1" { 4 } else { 0 }, "{name}");
    }
}
