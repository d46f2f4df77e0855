//! Frames out of the packets of one stream, whose payload type may change: codecs follow each other, and comfort noise
//! (RFC 3389) and telephone events (RFC 4733) come between the packets of a codec, with numbers of the same sequence.
//! Redundant audio (RFC 2198) is taken apart, and lost packets recovered from it.

use std::collections::VecDeque;
use std::time::Duration;

use media::{RedReceiver, Sample, SampleBuilder, SampleConfig, SampleStats};
use rtp::Packet;
use rtp::payload::depacketizer;

use super::track::UnknownFormat;
use crate::core::RtpCodec;

/// A packet so far behind the first of a codec is a late one of the codec before. What is further behind was numbered anew.
const LATE: u64 = 3000;

/// Counters of [`RemoteFrames`](super::frames::RemoteFrames).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameStats {
    /// Frames and their packets, of all codecs there were. `lost` has the packets that were missing where one codec followed
    /// another, too.
    pub samples: SampleStats,
    /// Packets of comfort noise and of telephone events, which are no frames of the codec.
    pub passed_over: u64,
    /// Packets of a codec that came after the first of the codec behind it.
    pub late: u64,
    /// Packets of codecs without a payload format.
    pub unknown: u64,
    /// Packets of redundant audio that are none.
    pub malformed: u64,
    /// Lost packets that later ones of redundant audio brought.
    pub recovered: u64,
}

/// The codec of the newest packets.
#[derive(Debug)]
struct Current {
    payload_type: u8,
    ssrc: u32,
    codec: RtpCodec,
    builder: SampleBuilder,
    /// The number of its first packet.
    first: u64,
    /// The highest number of the stream.
    highest: u64,
    /// Numbers in front of the first that have not come.
    missing: u64,
    /// A frame of it was taken.
    has_begun: bool,
    /// What its builder has told.
    told: Losses,
}

/// Packets that were lost and dropped: of those that are told with frames, or not yet.
#[derive(Debug, Default)]
struct Losses {
    lost: u64,
    dropped: u64,
}

/// Redundant audio.
#[derive(Debug)]
struct Red {
    payload_type: u8,
    receiver: RedReceiver,
    /// Packets of the last one.
    packets: Vec<Packet>,
}

/// Puts frames together.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    current: Option<Current>,
    /// Frames of the codec before, which are to be taken first.
    before: Option<(RtpCodec, VecDeque<Sample>)>,
    /// Of codecs before, and what is counted here.
    stats: FrameStats,
    /// Of codecs before.
    untold: Losses,
    /// Redundant audio, once it has come.
    red: Option<Red>,
    /// The packets come in order and when they are due: nothing is waited for.
    is_paced: bool,
}

impl Assembly {
    /// For packets behind a jitter buffer.
    pub(super) fn paced() -> Self {
        Self {
            is_paced: true,
            ..Self::default()
        }
    }

    /// The codec of the frame that was taken last, or of the first packets.
    pub(super) fn codec(&self) -> Option<&RtpCodec> {
        let current = self.current.as_ref().map(|current| &current.codec);
        self.before.as_ref().map(|(codec, _)| codec).or(current)
    }

    pub(super) fn stats(&self) -> FrameStats {
        let mut stats = self.stats;
        if let Some(current) = &self.current {
            stats.samples += *current.builder.stats();
            stats.samples.lost += current.missing;
        }
        stats
    }

    /// A packet with its extended number; `find` knows the codecs of payload types.
    ///
    /// # Errors
    ///
    /// When there is no payload format. It is counted, and missing nowhere.
    pub(super) fn push(
        &mut self,
        packet: Packet,
        number: u64,
        find: impl Fn(u8) -> Option<RtpCodec>,
    ) -> Result<(), UnknownFormat> {
        let payload_type = packet.header.payload_type;
        let is_known = |known: u8| self.current.as_ref().is_some_and(|it| it.payload_type == known);
        let is_red = match &self.red {
            Some(red) => red.payload_type == payload_type,
            None => !is_known(payload_type) && find(payload_type).is_some_and(|codec| codec.is("red")),
        };
        if is_red && !packet.payload.is_empty() {
            return self.push_red(packet, number, find);
        }
        if let Some(red) = &mut self.red {
            red.receiver.pass(&packet);
        }
        self.push_plain(packet, number, find)
    }

    /// Takes redundant audio apart.
    fn push_red(
        &mut self,
        packet: Packet,
        number: u64,
        find: impl Fn(u8) -> Option<RtpCodec>,
    ) -> Result<(), UnknownFormat> {
        let mut red = self.red.take().unwrap_or_else(|| Red {
            payload_type: packet.header.payload_type,
            receiver: RedReceiver::new(),
            packets: Vec::new(),
        });
        let mut outcome = Ok(());
        if red.receiver.receive(&packet, &mut red.packets).is_err() {
            self.stats.malformed += 1;
            self.fill(packet, number);
        } else {
            self.stats.recovered = red.receiver.recovered();
            for part in red.packets.drain(..) {
                let behind = packet
                    .header
                    .sequence_number
                    .wrapping_sub(part.header.sequence_number);
                let pushed = self.push_plain(part, number.saturating_sub(behind.into()), &find);
                outcome = outcome.and(pushed);
            }
        }
        self.red = Some(red);
        outcome
    }

    fn push_plain(
        &mut self,
        packet: Packet,
        number: u64,
        find: impl FnOnce(u8) -> Option<RtpCodec>,
    ) -> Result<(), UnknownFormat> {
        let payload_type = packet.header.payload_type;
        if let Some(current) = self.current.as_mut().filter(|it| it.is_of(&packet)) {
            current.push(packet, number);
            return Ok(());
        }
        if packet.payload.is_empty() {
            self.fill(packet, number);
            return Ok(());
        }
        let Some(codec) = find(payload_type) else {
            self.stats.unknown += 1;
            self.fill(packet, number);
            return Err(UnknownFormat(format!("payload type {payload_type}")));
        };
        if codec.is("CN") || codec.is("telephone-event") {
            self.stats.passed_over += 1;
            self.fill(packet, number);
        } else if self
            .current
            .as_ref()
            .is_some_and(|it| it.is_before(&packet, number))
        {
            self.stats.late += 1;
        } else if let Err(unknown) = self.change(codec, &packet, number) {
            self.stats.unknown += 1;
            self.fill(packet, number);
            return Err(unknown);
        } else if let Some(current) = &mut self.current {
            current.push(packet, number);
        }
        Ok(())
    }

    /// The number of a packet is not missing, but nothing of it belongs into a frame.
    fn fill(&mut self, mut packet: Packet, number: u64) {
        if let Some(current) = self.current.as_mut().filter(|it| it.ssrc == packet.header.ssrc) {
            packet.payload = bytes::Bytes::new();
            current.push(packet, number);
        }
    }

    /// Another codec begins with a packet.
    fn change(&mut self, codec: RtpCodec, packet: &Packet, number: u64) -> Result<(), UnknownFormat> {
        let format = depacketizer(codec.name()).ok_or_else(|| UnknownFormat(codec.mime_type.clone()))?;
        let mut config = SampleConfig::new(codec.clock_rate);
        if self.is_paced {
            config.max_late = Duration::ZERO;
            config.wait_for_duration = false;
        }
        let mut next = Current {
            payload_type: packet.header.payload_type,
            ssrc: packet.header.ssrc,
            builder: SampleBuilder::new(format, config),
            codec,
            first: number,
            highest: number,
            missing: 0,
            has_begun: false,
            told: Losses::default(),
        };
        if let Some(last) = self.current.take() {
            let missing = number.saturating_sub(last.highest + 1);
            if last.ssrc == next.ssrc && missing <= LATE {
                next.missing = missing;
            }
            self.end(last);
        }
        self.current = Some(next);
        Ok(())
    }

    /// No packets of a codec are waited for any more.
    fn end(&mut self, mut last: Current) {
        let mut before = self
            .before
            .take()
            .map_or_else(VecDeque::new, |(_, samples)| samples);
        while let Some(sample) = last.take(SampleBuilder::flush, &mut self.untold) {
            before.push_back(sample);
        }
        let stats = *last.builder.stats();
        self.untold.lost += stats.lost.saturating_sub(last.told.lost) + last.untold_missing();
        self.untold.dropped += stats.dropped.saturating_sub(last.told.dropped);
        self.stats.samples += stats;
        self.stats.samples.lost += last.missing;
        self.before = Some((last.codec, before));
    }

    /// The next frame; `None` when more packets are needed.
    pub(super) fn pop(&mut self) -> Option<Sample> {
        self.take(SampleBuilder::pop)
    }

    /// The next frame at the end of the stream.
    pub(super) fn flush(&mut self) -> Option<Sample> {
        self.take(SampleBuilder::flush)
    }

    fn take(&mut self, next: impl FnOnce(&mut SampleBuilder) -> Option<Sample>) -> Option<Sample> {
        if let Some((_, samples)) = &mut self.before {
            if let Some(sample) = samples.pop_front() {
                return Some(sample);
            }
            self.before = None;
        }
        let current = self.current.as_mut()?;
        current.take(next, &mut self.untold)
    }
}

fn add(count: u32, more: u64) -> u32 {
    count.saturating_add(u32::try_from(more).unwrap_or(u32::MAX))
}

impl Current {
    fn is_of(&self, packet: &Packet) -> bool {
        self.payload_type == packet.header.payload_type && self.ssrc == packet.header.ssrc
    }

    /// Whether a packet is from before the codec.
    fn is_before(&self, packet: &Packet, number: u64) -> bool {
        self.ssrc == packet.header.ssrc && (1..=LATE).contains(&self.first.saturating_sub(number))
    }

    fn push(&mut self, packet: Packet, number: u64) {
        if !self.has_begun && self.is_before(&packet, number) {
            self.missing = self.missing.saturating_sub(1);
        }
        self.highest = self.highest.max(number);
        self.builder.push(packet);
    }

    /// A frame, which tells what the codec before has left untold and what was missing behind it, too.
    fn take(
        &mut self,
        next: impl FnOnce(&mut SampleBuilder) -> Option<Sample>,
        untold: &mut Losses,
    ) -> Option<Sample> {
        let mut sample = next(&mut self.builder)?;
        self.told.lost += u64::from(sample.lost_packets);
        self.told.dropped += u64::from(sample.dropped_packets);
        let Losses { lost, dropped } = std::mem::take(untold);
        sample.lost_packets = add(sample.lost_packets, lost + self.untold_missing());
        sample.dropped_packets = add(sample.dropped_packets, dropped);
        self.has_begun = true;
        Some(sample)
    }

    /// What was missing in front of the first packet, until a frame has told it.
    const fn untold_missing(&self) -> u64 {
        if self.has_begun { 0 } else { self.missing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(payload_type: u8) -> Option<RtpCodec> {
        Some(match payload_type {
            0 => RtpCodec::audio("PCMU", 8000, None, ""),
            63 => RtpCodec::audio("red", 8000, None, "0/0"),
            8 => RtpCodec::audio("PCMA", 8000, None, ""),
            13 => RtpCodec::audio("CN", 8000, None, ""),
            50 => RtpCodec::audio("speex", 8000, None, ""),
            96 => RtpCodec::video("VP8", ""),
            101 => RtpCodec::audio("telephone-event", 8000, None, ""),
            _ => return None,
        })
    }

    /// 20 ms of sound, whose first byte is its number.
    fn packet(payload_type: u8, number: u8) -> (Packet, u64) {
        let packet = Packet {
            header: rtp::Header {
                payload_type,
                sequence_number: number.into(),
                timestamp: u32::from(number) * 160,
                ..rtp::Header::default()
            },
            payload: vec![number; 4].into(),
            padding_len: 0,
        };
        (packet, 0x1_0000 + u64::from(number))
    }

    fn names(assembly: &mut Assembly, out: &mut Vec<String>) {
        while let Some(sample) = assembly.pop() {
            out.push(name(assembly, &sample));
        }
    }

    fn name(assembly: &Assembly, sample: &Sample) -> String {
        let lost = match (sample.lost_packets, sample.dropped_packets) {
            (0, 0) => String::new(),
            (lost, dropped) => format!(" -{lost}-{dropped}"),
        };
        format!("{} {}{lost}", assembly.codec().unwrap().name(), sample.data[0])
    }

    /// The frames of packets that come in this order.
    fn frames(packets: &[(u8, u8)]) -> (Vec<String>, FrameStats) {
        let mut assembly = Assembly::default();
        let mut out = Vec::new();
        for (payload_type, number) in packets {
            let (packet, number) = packet(*payload_type, *number);
            let known = assembly.push(packet, number, find);
            assert_eq!(known.is_ok(), ![50, 51].contains(payload_type));
            names(&mut assembly, &mut out);
        }
        while let Some(sample) = assembly.flush() {
            out.push(name(&assembly, &sample));
        }
        (out, assembly.stats())
    }

    #[test]
    fn a_codec_that_ends_loses_no_frame_and_its_late_packets_come_to_nothing() {
        let (frames, stats) = frames(&[
            (0, 1),
            (0, 2),
            (0, 3),
            (8, 4),
            (0, 0),
            (8, 5),
            (0, 3),
            (8, 6),
            (0, 7),
        ]);
        assert_eq!(
            frames,
            [
                "PCMU 1", "PCMU 2", "PCMU 3", "PCMA 4", "PCMA 5", "PCMA 6", "PCMU 7"
            ]
        );
        assert_eq!((stats.samples.samples, stats.late, stats.samples.lost), (7, 2, 0));
    }

    #[test]
    fn what_is_missing_where_codecs_meet_is_counted_and_told_with_the_next_frame() {
        // 2 is missing within the first codec, 4 and 5 between both; 6 comes in time.
        let (frames, stats) = frames(&[(0, 1), (0, 3), (8, 7), (8, 6), (8, 8)]);
        assert_eq!(
            frames,
            ["PCMU 1", "PCMU 3 -1-0", "PCMA 6 -2-0", "PCMA 7", "PCMA 8"]
        );
        assert_eq!((stats.samples.lost, stats.samples.received), (3, 5));
    }

    #[test]
    fn what_is_left_of_a_frame_when_its_codec_ends_is_told_too() {
        let mut assembly = Assembly::default();
        let mut out = Vec::new();
        for (payload_type, number, payload) in
            [(96, 1, [0x10, 0, 0, 0]), (96, 2, [0, 0, 0, 0]), (0, 3, [3; 4])]
        {
            let (mut packet, number) = packet(payload_type, number);
            packet.header.timestamp = 0;
            packet.payload = payload.to_vec().into();
            assembly.push(packet, number, find).unwrap();
            names(&mut assembly, &mut out);
        }
        assert_eq!(
            assembly.flush().map(|it| (it.data[0], it.dropped_packets)),
            Some((3, 2))
        );
        assert_eq!((out.len(), assembly.stats().samples.dropped), (0, 2));
    }

    #[test]
    fn noise_and_events_and_what_is_unknown_do_not_come_between_frames() {
        let packets = [
            (13, 0),
            (0, 1),
            (13, 2),
            (0, 3),
            (101, 4),
            (101, 5),
            (0, 6),
            (50, 7),
            (51, 8),
            (0, 9),
        ];
        let (frames, stats) = frames(&packets);
        assert_eq!(frames, ["PCMU 1", "PCMU 3", "PCMU 6", "PCMU 9"]);
        let counted = (stats.passed_over, stats.unknown, stats.samples.lost, stats.late);
        assert_eq!(counted, (4, 2, 0, 0));
    }

    #[test]
    fn redundant_audio_brings_lost_packets_back() {
        let mut assembly = Assembly::default();
        let mut out = Vec::new();
        let mut encoder = rtp::payload::red::Encoder::new(1);
        for number in 1..=9 {
            let (mut packet, extended) = packet(63, number);
            let primary = rtp::payload::red::Primary {
                payload_type: 0,
                timestamp: packet.header.timestamp,
                data: &packet.payload,
            };
            let mut payload = Vec::new();
            encoder.encode(primary, 1200, &mut payload);
            packet.payload = payload.into();
            match number {
                // Lost; of two in a row the second comes back.
                2 | 4 | 5 => continue,
                // Without redundancy for once, and then what is none.
                7 => packet = self::packet(0, 7).0,
                9 => packet.payload = vec![0x80].into(),
                _ => {}
            }
            assembly.push(packet, extended, find).unwrap();
            names(&mut assembly, &mut out);
        }
        while let Some(sample) = assembly.flush() {
            out.push(name(&assembly, &sample));
        }
        let expected = ["1", "2", "3", "5 -1-0", "6", "7", "8"].map(|it| format!("PCMU {it}"));
        assert_eq!(out, expected);
        let stats = assembly.stats();
        assert_eq!((stats.recovered, stats.malformed, stats.samples.lost), (2, 1, 1));
        assert_eq!((stats.samples.samples, stats.late, stats.unknown), (7, 0, 0));
    }

    #[test]
    fn another_source_and_numbers_that_begin_anew_are_not_late() {
        let mut assembly = Assembly::default();
        let mut out = Vec::new();
        for (payload_type, number, ssrc, ahead) in [(0, 200, 0, 0), (8, 100, 7, 0), (0, 50, 7, 0x8000)] {
            let (mut packet, number) = packet(payload_type, number);
            packet.header.ssrc = ssrc;
            assembly.push(packet, number + ahead, find).unwrap();
            names(&mut assembly, &mut out);
        }
        assert_eq!(out, ["PCMU 200", "PCMA 100"]);
        assert_eq!((assembly.stats().late, assembly.stats().samples.lost), (0, 0));
    }
}
