//! What happens to a received RTP packet.

use super::received::{DropReason, Received, Unsignalled};
use super::{Chain, Direction, Passing, Role};
use crate::clock::Time;
use crate::inbound::{Arrival, InboundStream, Outcome, Seen, rtx};
use crate::interceptor::Verdict;
use crate::stream::{InboundId, Kind};
use crate::table::Key;
use rtcp::Ecn;
use rtp::PacketRef;
use std::time::Instant;

/// What was read of a packet.
#[derive(Clone, Copy, Debug)]
struct Parsed {
    ssrc: u32,
    payload_type: u8,
    sequence_number: u16,
    timestamp: u32,
    marker: bool,
    header_len: usize,
    payload_len: usize,
    ecn: Ecn,
}

/// A packet that is new to the application.
#[derive(Clone, Copy, Debug)]
struct Fresh {
    stream: InboundId,
    sequence_number: u64,
    is_repaired: bool,
}

impl Chain {
    /// A packet was received, and unprotected. `ecn` are the ECN bits of its datagram. Feedback about it is noted; nothing is
    /// allocated in the steady state.
    pub fn handle_rtp<'p>(&mut self, now: Instant, ecn: Ecn, packet: &'p mut [u8]) -> Received<'p> {
        let time = self.clock.time(now);
        let Ok(view) = PacketRef::decode(packet) else {
            self.stats.malformed_rtp += 1;
            return Received::Dropped(DropReason::Malformed);
        };
        let parsed = Parsed {
            ssrc: view.ssrc(),
            payload_type: view.payload_type(),
            sequence_number: view.sequence_number(),
            timestamp: view.timestamp(),
            marker: view.marker(),
            header_len: view.header_len(),
            payload_len: view.payload().len(),
            ecn,
        };
        if self.streams.has_transport_cc
            && let Some(id) = self.config.extensions.transport_cc
            && let Some([high, low]) = view.extension(id)
        {
            self.recorder
                .record(time, u16::from_be_bytes([*high, *low]), parsed.ssrc);
            if let Some(next) = self.recorder.next() {
                self.outbox.feedback_due(next);
            }
        }
        if self.sink.is_some() {
            let shown = passing(now, packet);
            Self::show(self.sink.as_mut(), shown);
        }
        let Some(role) = self.streams.inbound_ssrcs.get(parsed.ssrc) else {
            return self.unsignalled(parsed.ssrc, parsed.payload_type, packet);
        };
        if let (Role::Media(key), Some(id)) = (role, self.config.extensions.mid)
            && let Some(mid) = view.extension(id)
            && let Some(stream) = self.streams.inbound.get_mut(key)
            && stream.is_moved(mid, parsed.sequence_number)
        {
            return self.unsignalled(parsed.ssrc, parsed.payload_type, packet);
        }
        self.outbox.schedule.earn(packet.len());
        match role {
            Role::Media(key) => self.receive_media(now, key, parsed, packet),
            Role::Rtx(key) => self.receive_rtx(now, key, parsed, packet),
        }
    }

    fn unsignalled<'p>(&mut self, ssrc: u32, payload_type: u8, packet: &'p mut [u8]) -> Received<'p> {
        self.stats.unsignalled += 1;
        Received::Unsignalled(Unsignalled {
            ssrc,
            payload_type,
            packet,
            ids: self.config.extensions,
        })
    }

    fn receive_media<'p>(
        &mut self,
        now: Instant,
        key: Key,
        parsed: Parsed,
        packet: &'p mut [u8],
    ) -> Received<'p> {
        let time = self.clock.time(now);
        let Some(stream) = self.streams.inbound.get_mut(key) else {
            return Received::Dropped(DropReason::Malformed);
        };
        stream.count(time, packet.len(), parsed.payload_len, parsed.ecn);
        if let Some(arrivals) = &mut stream.arrivals {
            self.recorder
                .record_stream(time, parsed.sequence_number, parsed.ecn, arrivals);
            if let Some(next) = self.recorder.next() {
                self.outbox.feedback_due(next);
            }
        }
        let codec = stream
            .codecs
            .find(parsed.payload_type)
            .unwrap_or(stream.codecs.last());
        let outcome = stream.reception.receive(Seen {
            now: time,
            sequence_number: parsed.sequence_number,
            timestamp: parsed.timestamp,
            clock_rate: codec.clock_rate,
            ends_frame: parsed.marker && stream.section.kind == Kind::Video,
            rtt: self.stats.round_trips.smoothed,
            has_rtx: stream.rtx.is_some(),
        });
        match outcome {
            Outcome::Fresh {
                sequence,
                beyond_repair,
            } => {
                if let Some(due) = after_fresh(stream, time, beyond_repair) {
                    self.outbox.feedback_due(due);
                }
                let stream = InboundId(key);
                if parsed.payload_len == 0 {
                    self.stats.padding += 1;
                    return Received::Padding {
                        stream,
                        sequence_number: sequence,
                        packet,
                    };
                }
                let fresh = Fresh {
                    stream,
                    sequence_number: sequence,
                    is_repaired: false,
                };
                self.deliver(now, fresh, packet)
            }
            Outcome::Duplicate => {
                stream.stats.packets_duplicated += 1;
                Received::Dropped(DropReason::Duplicate)
            }
            Outcome::Jump => {
                self.stats.jumps += 1;
                Received::Dropped(DropReason::Jump)
            }
        }
    }

    fn deliver<'p>(&mut self, now: Instant, fresh: Fresh, packet: &'p mut [u8]) -> Received<'p> {
        let Fresh {
            stream,
            sequence_number,
            is_repaired,
        } = fresh;
        if self.is_intercepted(now, stream, packet) {
            return Received::Dropped(DropReason::Intercepted);
        }
        Received::Media {
            stream,
            sequence_number,
            is_repaired,
            packet,
        }
    }

    fn is_intercepted(&mut self, now: Instant, stream: InboundId, packet: &mut [u8]) -> bool {
        for user in &mut self.users {
            match user.handle_inbound(now, stream, packet) {
                Verdict::Pass => {}
                Verdict::Drop => {
                    self.stats.intercepted += 1;
                    return true;
                }
            }
        }
        false
    }

    /// A packet that forward error correction gives back: it passes users' stages like any other, is asked for no longer, and
    /// comes once. In no statistics of loss it counts as received.
    pub fn handle_recovered<'p>(&mut self, now: Instant, packet: &'p mut [u8]) -> Received<'p> {
        let time = self.clock.time(now);
        let Ok(view) = PacketRef::decode(packet) else {
            self.stats.malformed_rtp += 1;
            return Received::Dropped(DropReason::Malformed);
        };
        let Some(Role::Media(key)) = self.streams.inbound_ssrcs.get(view.ssrc()) else {
            let (ssrc, payload_type) = (view.ssrc(), view.payload_type());
            return self.unsignalled(ssrc, payload_type, packet);
        };
        let seen = Seen {
            now: time,
            sequence_number: view.sequence_number(),
            timestamp: view.timestamp(),
            clock_rate: 0,
            ends_frame: view.marker(),
            rtt: self.stats.round_trips.smoothed,
            has_rtx: true,
        };
        let stream = self.streams.inbound.get_mut(key);
        let Some(Outcome::Fresh { sequence, .. }) = stream.map(|stream| stream.recover(seen)) else {
            return Received::Dropped(DropReason::Duplicate);
        };
        let fresh = Fresh {
            stream: InboundId(key),
            sequence_number: sequence,
            is_repaired: true,
        };
        self.deliver(now, fresh, packet)
    }

    /// A packet under the SSRC of a stream's retransmissions (RFC 4588 §4).
    fn receive_rtx<'p>(
        &mut self,
        now: Instant,
        key: Key,
        parsed: Parsed,
        packet: &'p mut [u8],
    ) -> Received<'p> {
        let time = self.clock.time(now);
        let Some(stream) = self.streams.inbound.get_mut(key) else {
            return Received::Dropped(DropReason::Malformed);
        };
        stream.count(time, packet.len(), parsed.payload_len, parsed.ecn);
        if let Some(source) = &mut stream.rtx {
            if source.source.update(parsed.sequence_number) != Arrival::Jump {
                source.source.count();
            }
            if let Some(arrivals) = &mut source.arrivals {
                self.recorder
                    .record_stream(time, parsed.sequence_number, parsed.ecn, arrivals);
            }
        }
        if let Some(next) = self.recorder.next() {
            self.outbox.feedback_due(next);
        }
        if parsed.payload_len == 0 {
            self.stats.padding += 1;
            return Received::Dropped(DropReason::NoRetransmission);
        }
        let codec = stream.codecs.repaired_by(parsed.payload_type);
        let ssrc = stream.ssrc;
        let restored = codec
            .filter(|_| parsed.payload_len >= rtx::OSN_LEN)
            .and_then(|codec| rtx::restore(packet, parsed.header_len, ssrc, codec.payload_type));
        let Some(original) = restored else {
            self.stats.bad_retransmissions += 1;
            return Received::Dropped(DropReason::NoRetransmission);
        };
        let outcome = stream.reception.repair(Seen {
            now: time,
            sequence_number: sequence_number(original),
            timestamp: parsed.timestamp,
            clock_rate: codec.map_or(0, |codec| codec.clock_rate),
            ends_frame: parsed.marker && stream.section.kind == Kind::Video,
            rtt: self.stats.round_trips.smoothed,
            has_rtx: true,
        });
        let Outcome::Fresh { sequence, .. } = outcome else {
            stream.stats.packets_duplicated += 1;
            return Received::Dropped(DropReason::Duplicate);
        };
        stream.stats.retransmitted_packets_received += 1;
        stream.stats.retransmitted_bytes_received += (parsed.payload_len - rtx::OSN_LEN) as u64;
        if parsed.payload_len == rtx::OSN_LEN {
            self.stats.padding += 1;
            return Received::Padding {
                stream: InboundId(key),
                sequence_number: sequence,
                packet: original,
            };
        }
        let fresh = Fresh {
            stream: InboundId(key),
            sequence_number: sequence,
            is_repaired: true,
        };
        self.deliver(now, fresh, original)
    }
}

/// When there is feedback to send after a packet.
#[inline]
fn after_fresh(stream: &mut InboundStream, now: Time, beyond_repair: bool) -> Option<Time> {
    if beyond_repair && stream.section.kind == Kind::Video && stream.has_key_frames() {
        stream.key_frames.want();
        return Some(now);
    }
    stream
        .reception
        .nack
        .as_ref()
        .and_then(crate::inbound::Nack::next)
}

fn sequence_number(packet: &[u8]) -> u16 {
    match packet {
        [_, _, high, low, ..] => u16::from_be_bytes([*high, *low]),
        _ => 0,
    }
}

fn passing(now: Instant, packet: &[u8]) -> Passing<'_> {
    Passing {
        now,
        direction: Direction::Inbound,
        is_rtcp: false,
        head: packet,
        payload: &[],
    }
}
