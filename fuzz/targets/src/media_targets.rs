//! Media: files of every kind, and packets in a jitter buffer with a sample builder behind it.

use std::time::{Duration, Instant};

use media::{
    Arrival, JitterBuffer, JitterConfig, Playout, SampleBuilder, SampleConfig, h26x, ivf, ogg, rtpdump, wav,
};
use rtp::{Header, Packet};

use crate::duel::Script;

/// What one thing in a file may be at most.
const LIMIT: usize = 4096;

/// The first byte chooses the reader, the rest is the file. What is read is bounded by the limit and the file.
///
/// # Panics
/// When a law is broken.
pub fn media_files(data: &[u8]) {
    let Some((&choice, file)) = data.split_first() else {
        return;
    };
    let read: usize = match choice % 8 {
        0 => ivf_file(file),
        1 => wav_file(file),
        2 => rtpdump_file(file),
        3 => units(file),
        4 => access_units(file, h26x::Codec::H264),
        5 => access_units(file, h26x::Codec::H265),
        6 => ogg_file(file),
        _ => opus_file(file),
    };
    assert!(read <= 4 * file.len() + LIMIT, "more than the file has");
}

fn ivf_file(file: &[u8]) -> usize {
    let Ok(reader) = ivf::Reader::new(file) else {
        return 0;
    };
    let mut reader = reader.with_max_frame(LIMIT);
    let mut read = 0;
    while let Ok(Some(frame)) = reader.next_frame() {
        let header = reader.header();
        let _ = (
            header.time(frame.timestamp),
            header.rtp_timestamp(frame.timestamp, 90_000),
        );
        assert!(frame.data.len() <= LIMIT);
        read += frame.data.len();
    }
    read
}

fn wav_file(file: &[u8]) -> usize {
    let (Ok(mut reader), Ok(mut samples)) = (wav::Reader::new(file), wav::Reader::new(file)) else {
        return 0;
    };
    let _ = (
        reader.remaining_frames(),
        reader.format().frames_in(Duration::from_secs(1)),
    );
    let (mut bytes, mut decoded) = (Vec::new(), Vec::new());
    while reader.read_frames(17, &mut bytes).is_ok_and(|read| read > 0) {}
    while samples
        .read_samples(1000, &mut decoded)
        .is_ok_and(|read| read > 0)
    {}
    assert!(decoded.len() <= file.len(), "samples out of nothing");
    bytes.len()
}

fn rtpdump_file(file: &[u8]) -> usize {
    let Ok(mut reader) = rtpdump::Reader::new(file) else {
        return 0;
    };
    let mut writer = rtpdump::Writer::new(Vec::new(), reader.header()).ok();
    let mut packets = Vec::new();
    while let Ok(Some(packet)) = reader.next_packet() {
        if let Some(writer) = &mut writer
            && writer.write_packet(&packet).is_ok()
        {
            packets.push(packet);
        }
    }
    let copy = writer.map(rtpdump::Writer::into_inner).unwrap_or_default();
    if let Ok(mut again) = rtpdump::Reader::new(copy.as_slice()) {
        for packet in &packets {
            let read = again.next_packet();
            assert!(
                matches!(&read, Ok(Some(read)) if read == packet),
                "what is written is read"
            );
        }
    }
    packets.iter().map(|packet| packet.data.len()).sum()
}

fn units(file: &[u8]) -> usize {
    let mut reader = h26x::NalReader::new(file).with_max_unit(LIMIT);
    let mut read = 0;
    while let Ok(Some(unit)) = reader.next_unit() {
        let _ = (h26x::Codec::H264.kind(unit), h26x::Codec::H265.kind(unit));
        read += unit.len();
    }
    let split: usize = h26x::nal_units(file).map(<[u8]>::len).sum();
    assert!(split <= file.len());
    read
}

fn access_units(file: &[u8], codec: h26x::Codec) -> usize {
    let mut reader = h26x::AccessUnitReader::new(file, codec).with_max_frame(LIMIT);
    let mut read = 0;
    while let Ok(Some(frame)) = reader.next_frame() {
        assert!(frame.units().count() > 0, "an empty frame");
        // A start code may have had one byte less.
        read += frame.data.len() / 2;
    }
    read
}

fn ogg_file(file: &[u8]) -> usize {
    let mut pages = ogg::PageReader::new(file);
    let mut out = Vec::new();
    while let Ok(Some(page)) = pages.next_page() {
        out.clear();
        page.encode(&mut out);
        assert_eq!(ogg::Page::decode(&out), Ok(page), "what is written is read");
        let _ = page.pieces().count();
    }
    let mut packets = ogg::PacketReader::new(file).with_max_packet(LIMIT);
    let mut read = 0;
    while let Ok(Some(packet)) = packets.next_packet() {
        assert!(packet.data.len() <= LIMIT);
        read += packet.data.len();
        let _ = ogg::opus_samples(&packet.data);
        heads(&packet.data);
    }
    heads(file);
    read
}

fn heads(data: &[u8]) {
    let mut out = Vec::new();
    if let Ok(tags) = ogg::OpusTags::decode(data) {
        let _ = tags.get("TITLE");
        tags.encode(&mut out);
    }
    out.clear();
    if let Ok(head) = ogg::OpusHead::decode(data) {
        head.encode(&mut out);
        assert_eq!(ogg::OpusHead::decode(&out), Ok(head), "what is written is read");
    }
}

fn opus_file(file: &[u8]) -> usize {
    let Ok(mut reader) = ogg::OpusReader::new(file) else {
        return 0;
    };
    let mut read = 0;
    while let Ok(Some(packet)) = reader.next_packet() {
        assert!(packet.stream < reader.streams().len());
        let _ = packet.duration();
        read += packet.data.len();
    }
    read
}

/// Places and bytes of the jitter buffer.
const PLACES: usize = 64;
const BYTES: usize = 2048;

struct World {
    buffer: JitterBuffer,
    builder: SampleBuilder,
    now: Instant,
    header: Header,
    pushed: usize,
    built: usize,
}

/// Packets that come early, late, twice and not at all, while time passes.
///
/// # Panics
/// When a law is broken.
pub fn media_jitter(data: &[u8]) {
    let mut script = Script::new(data);
    let choice = script.byte();
    let format = if choice & 1 == 0 { "opus" } else { "VP8" };
    let Some(depacketizer) = rtp::payload::depacketizer(format) else {
        return;
    };
    let config = match choice & 1 {
        0 => JitterConfig::audio(48_000),
        _ => JitterConfig::video(),
    };
    let mut world = World {
        buffer: JitterBuffer::new(JitterConfig {
            max_packets: PLACES,
            max_bytes: BYTES,
            ..config
        }),
        builder: SampleBuilder::new(
            depacketizer,
            SampleConfig {
                max_late: Duration::from_millis(u64::from(choice >> 4) * 20),
                max_packets: PLACES,
                max_bytes: BYTES,
                wait_for_duration: choice & 2 != 0,
                keep_headers: choice & 4 != 0,
                ..SampleConfig::new(90_000)
            },
        ),
        now: Instant::now(),
        header: Header::default(),
        pushed: 0,
        built: 0,
    };
    for _ in 0..400 {
        if script.is_empty() {
            break;
        }
        world.step(&mut script, choice & 8 != 0);
    }
    while let Some(sample) = world.builder.flush() {
        world.built += sample.data.len();
    }
    assert!(world.built <= world.pushed, "frames out of nothing");
    assert_eq!(world.builder.bytes(), 0, "a flushed builder holds something");
}

impl World {
    fn step(&mut self, script: &mut Script<'_>, is_direct: bool) {
        match script.byte() % 10 {
            0..=3 => self.packet(script, is_direct),
            4 => {
                let ahead = i16::from_be_bytes(script.short().to_be_bytes());
                self.header.sequence_number = self.header.sequence_number.wrapping_add_signed(ahead);
            }
            5 => {
                self.header.sequence_number = self.header.sequence_number.wrapping_sub(script.byte().into());
            }
            6 => {
                let short = u32::from(script.short());
                self.header.timestamp = self.header.timestamp.wrapping_add(short << (script.byte() & 16));
            }
            7 => self.now += Duration::from_millis(script.byte().into()),
            8 => {
                let next = self.buffer.poll_timeout();
                self.now = next.map_or(self.now, |next| self.now.max(next));
            }
            _ => {
                let delay = Duration::from_millis(script.short().into());
                match script.byte() & 1 {
                    0 => self.buffer.set_minimum_delay(self.now, delay),
                    _ => self.buffer.set_sync_delay(self.now, delay),
                }
            }
        }
        self.play();
    }

    fn packet(&mut self, script: &mut Script<'_>, is_direct: bool) {
        let flags = script.byte();
        self.header.marker = flags & 1 != 0;
        if flags & 2 != 0 {
            self.header.timestamp = self.header.timestamp.wrapping_add(960);
        }
        let length = usize::from(flags >> 4);
        let packet = Packet {
            header: self.header.clone(),
            payload: script.bytes(length).to_vec().into(),
            padding_len: 0,
        };
        self.header.sequence_number = self.header.sequence_number.wrapping_add(1);
        if is_direct {
            self.push(packet);
            return;
        }
        let arrival = match flags >> 2 & 3 {
            0 | 1 => Arrival::Direct,
            2 => Arrival::Retransmitted,
            _ => Arrival::Recovered,
        };
        let _ = self.buffer.repair_deadline(packet.header.sequence_number);
        let _ = self.buffer.insert(self.now, packet, arrival);
        assert!(
            self.buffer.len() <= PLACES && self.buffer.bytes() <= BYTES,
            "beyond the bound"
        );
    }

    fn push(&mut self, packet: Packet) {
        self.pushed += packet.payload.len();
        self.builder.push(packet);
        assert!(self.builder.bytes() <= BYTES, "beyond the bound");
        while let Some(sample) = self.builder.pop() {
            assert!(sample.packets > 0);
            self.built += sample.data.len();
        }
    }

    /// Everything that is due is played, and then nothing is.
    fn play(&mut self) {
        let mut count = 0;
        while let Some(playout) = self.buffer.poll(self.now) {
            count += 1;
            assert!(count <= 2 * PLACES + 8, "endless playing");
            match playout {
                Playout::Packet(packet) => self.push(packet),
                Playout::Missing { count, .. } => assert!(count > 0),
            }
        }
        let next = self.buffer.poll_timeout();
        assert!(
            next.is_none_or(|next| next > self.now),
            "a deadline that has passed is still there"
        );
        assert_eq!(self.buffer.peek().is_none(), self.buffer.is_empty());
        let _ = self.buffer.playout_time(self.header.timestamp);
    }
}
