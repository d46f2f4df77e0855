//! Packets in: validation (RFC 9260 §6.8, §8.5) and the way of each chunk to its handler.

use super::association::Association;
use super::phase::Phase;
use super::recv::{AckNeed, Received};
use super::timer::Timer;
use crate::codec::{
    Cause, Causes, ChunkKind, ChunkRef, DataRef, ForwardTsnRef, Header, PacketRef, SackRef, UnknownAction,
};
use crate::error::CloseReason;
use std::time::Instant;

/// Whether the chunks behind this one count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Continue,
    Stop,
}

/// Bytes of an unrecognised chunk that are reported back.
const MAX_REPORT: usize = 256;

impl Association {
    /// Takes one packet. Whatever it holds, nothing comes back but what `poll_transmit` and `poll_event` then have.
    pub fn handle_input(&mut self, now: Instant, packet: &[u8]) {
        self.local.clock(now);
        self.stats.packets_received += 1;
        self.stats.bytes_received += packet.len() as u64;
        let Ok(packet) = PacketRef::decode(packet) else {
            self.stats.malformed += 1;
            return;
        };
        let Header {
            source_port,
            destination_port,
            verification_tag,
        } = packet.header;
        if destination_port != self.config.local_port || source_port != self.config.remote_port {
            self.stats.malformed += 1;
            return;
        }
        if !packet.checksum_is_valid() {
            self.stats.bad_checksum += 1;
            return;
        }
        let Some(Ok(first)) = packet.chunks().next() else {
            self.stats.malformed += 1;
            return;
        };
        if self.is_out_of_the_blue(verification_tag, &first) {
            return self.handle_out_of_the_blue(verification_tag, &first, &packet);
        }
        if !self.admits(verification_tag, &first, &packet) {
            self.stats.bad_tag += 1;
            return;
        }
        self.health.heard = Some(now);
        self.handle_chunks(now, &packet);
        self.settle(now);
    }

    /// The verification tag rules, §8.5 and §8.5.1.
    fn admits(&self, tag: u32, first: &ChunkRef<'_>, packet: &PacketRef<'_>) -> bool {
        let own = tag == self.local.tag;
        match first.kind {
            ChunkKind::INIT => tag == 0 && packet.chunks().count() == 1,
            ChunkKind::ABORT | ChunkKind::SHUTDOWN_COMPLETE if first.has_reflected_tag() => {
                self.peer.tag != 0 && tag == self.peer.tag
            }
            // The cookie says which tag is right.
            ChunkKind::COOKIE_ECHO => tag != 0,
            _ => own && !matches!(self.phase, Phase::Closed),
        }
    }

    fn handle_chunks(&mut self, now: Instant, packet: &PacketRef<'_>) {
        let tag = packet.header.verification_tag;
        let mut carries_data = false;
        for (index, chunk) in packet.chunks().enumerate() {
            let Ok(chunk) = chunk else {
                self.stats.malformed += 1;
                break;
            };
            carries_data |= matches!(chunk.kind, ChunkKind::DATA | ChunkKind::FORWARD_TSN);
            let flow = match chunk.kind {
                ChunkKind::DATA => self.handle_data(&chunk),
                ChunkKind::SACK => self.handle_sack(now, chunk.value),
                _ => self.handle_control(now, tag, &chunk, index == 0),
            };
            if flow == Flow::Stop {
                break;
            }
        }
        if carries_data && self.phase.takes_data() {
            self.end_data_packet(now);
        }
    }

    fn handle_control(&mut self, now: Instant, tag: u32, chunk: &ChunkRef<'_>, first: bool) -> Flow {
        match chunk.kind {
            ChunkKind::INIT if first => self.handle_init(now, chunk.value),
            ChunkKind::INIT_ACK if first => self.handle_init_ack(now, chunk.value),
            ChunkKind::COOKIE_ECHO if first => {
                if !self.handle_cookie_echo(now, tag, chunk.value) {
                    return Flow::Stop;
                }
            }
            // These must come first or alone; anywhere else they make no sense.
            ChunkKind::INIT | ChunkKind::INIT_ACK | ChunkKind::COOKIE_ECHO => {
                self.stats.unexpected_chunks += 1;
                return Flow::Stop;
            }
            ChunkKind::COOKIE_ACK => self.handle_cookie_ack(now),
            ChunkKind::HEARTBEAT => self.handle_heartbeat(chunk.value),
            ChunkKind::HEARTBEAT_ACK => self.handle_heartbeat_ack(now, chunk.value),
            ChunkKind::ABORT => {
                self.handle_abort(chunk.value);
                return Flow::Stop;
            }
            ChunkKind::ERROR => self.handle_error(now, chunk.value),
            ChunkKind::SHUTDOWN => self.handle_shutdown(now, chunk.value),
            ChunkKind::SHUTDOWN_ACK => self.handle_shutdown_ack(tag),
            ChunkKind::SHUTDOWN_COMPLETE => self.handle_shutdown_complete(),
            ChunkKind::RE_CONFIG => self.handle_reconfig(now, chunk),
            ChunkKind::FORWARD_TSN => self.handle_forward_tsn(chunk.value),
            ChunkKind::PAD => {}
            _ => return self.handle_unknown(chunk),
        }
        Flow::Continue
    }

    fn handle_data(&mut self, chunk: &ChunkRef<'_>) -> Flow {
        if !self.phase.takes_data() {
            self.stats.unexpected_chunks += 1;
            return Flow::Continue;
        }
        let Ok(data) = DataRef::decode(chunk) else {
            self.stats.malformed += 1;
            return Flow::Continue;
        };
        let tsn = data.header.tsn.0.to_be_bytes();
        if data.payload.is_empty() {
            // §6.2 with §3.3.10.9
            self.queue_abort(Cause::NO_USER_DATA, &tsn);
            self.end(CloseReason::ProtocolViolation("data chunk without data"));
            return Flow::Stop;
        }
        match self
            .receiver
            .handle_data(&data, &mut self.events, &mut self.stats)
        {
            Received::Ok => return Flow::Continue,
            Received::InvalidStream => {
                self.report_invalid_stream(data.header.stream_id);
                return Flow::Continue;
            }
            Received::Violation(reason) => self.fail(reason),
            Received::Overflow => {
                self.queue_abort(Cause::OUT_OF_RESOURCE, &[]);
                self.end(CloseReason::ProtocolViolation("too much undeliverable data"));
            }
        }
        Flow::Stop
    }

    /// §6.5 with §3.3.10.1.
    fn report_invalid_stream(&mut self, stream_id: u16) {
        self.stats.unexpected_chunks += 1;
        let [high, low] = stream_id.to_be_bytes();
        self.outbox.bundle(ChunkKind::ERROR, |out| {
            Cause::INVALID_STREAM_IDENTIFIER.encode(&[high, low, 0, 0], out);
        });
    }

    fn end_data_packet(&mut self, now: Instant) {
        self.receiver.end_packet();
        if matches!(self.phase, Phase::ShutdownSent) {
            // §9.2: every packet with data is answered with SHUTDOWN and SACK.
            self.receiver.acknowledge_now();
            self.outbox.shutdown = true;
            self.timers.set(Timer::T2, now, self.sender.rto());
        }
        if self.receiver.need() == AckNeed::Soon {
            self.delay_sack(now);
        }
    }

    fn handle_sack(&mut self, now: Instant, value: &[u8]) -> Flow {
        if !self.phase.takes_sacks() {
            self.stats.unexpected_chunks += 1;
            return Flow::Continue;
        }
        let Ok(sack) = SackRef::decode(value) else {
            self.stats.malformed += 1;
            return Flow::Continue;
        };
        let was_probing = self.sender.is_probing();
        let Some(effect) = self.sender.handle_sack(now, &sack, &mut self.stats) else {
            self.stats.unexpected_chunks += 1;
            return Flow::Continue;
        };
        self.stats.unexpected_chunks += u64::from(!effect.sane);
        if effect.progress || was_probing {
            self.health.clear();
        }
        // §6.3.2 R2 and R3
        if effect.advanced && self.sender.needs_t3() {
            self.timers.set(Timer::T3, now, self.sender.rto());
        }
        Flow::Continue
    }

    fn handle_forward_tsn(&mut self, value: &[u8]) {
        let Some(forward) = ForwardTsnRef::decode(value)
            .ok()
            .filter(|_| self.phase.takes_data())
        else {
            self.stats.unexpected_chunks += 1;
            return;
        };
        if !self.receiver.handle_forward_tsn(&forward, &mut self.events) {
            self.stats.unexpected_chunks += 1;
        }
    }

    fn handle_abort(&mut self, value: &[u8]) {
        let first = Causes::new(value).next().and_then(Result::ok);
        let information = first.map(|cause| cause.information).unwrap_or_default();
        let text = String::from_utf8_lossy(information.get(..256).unwrap_or(information)).into_owned();
        self.outbox.clear();
        self.end(CloseReason::PeerAbort {
            cause: first.map(|cause| cause.code),
            text,
        });
    }

    /// ERROR: only a stale cookie changes anything, §5.2.6; the rest is for the log.
    fn handle_error(&mut self, now: Instant, value: &[u8]) {
        for cause in Causes::new(value).map_while(Result::ok) {
            tracing::debug!(cause = cause.code.name(), "the peer reports an error");
            if cause.code == Cause::STALE_COOKIE {
                self.handle_stale_cookie(now);
            }
        }
    }

    /// An unrecognised chunk, by its two highest bits, §3.2.
    fn handle_unknown(&mut self, chunk: &ChunkRef<'_>) -> Flow {
        self.stats.unexpected_chunks += 1;
        let action: UnknownAction = chunk.kind.unknown_action();
        if action.reports() && self.phase.is_synchronized() {
            let value = chunk.value.get(..MAX_REPORT).unwrap_or(chunk.value);
            let mut copy = Vec::new();
            ChunkRef { value, ..*chunk }.copy_to(&mut copy);
            self.outbox.bundle(ChunkKind::ERROR, |out| {
                Cause::UNRECOGNIZED_CHUNK_TYPE.encode(&copy, out)
            });
        }
        if action.stops() {
            Flow::Stop
        } else {
            Flow::Continue
        }
    }

    /// Time passed: does what is due. Early, late and repeated calls are harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        for timer in Timer::ALL {
            if self.timers.take_due(timer, now) {
                self.handle_timer(now, timer);
            }
        }
        self.settle(now);
    }

    fn handle_timer(&mut self, now: Instant, timer: Timer) {
        match timer {
            Timer::T1 => self.handle_t1(now),
            Timer::T2 => self.handle_t2(now),
            Timer::T3 => self.handle_t3(now),
            Timer::T5 => self.handle_t5(),
            Timer::Sack => self.receiver.acknowledge_now(),
            Timer::Heartbeat => self.handle_heartbeat_timer(now),
            Timer::Reconfig => self.handle_reconfig_timer(now),
        }
    }

    /// T3-rtx, §6.3.3.
    fn handle_t3(&mut self, now: Instant) {
        if !self.sender.needs_t3() {
            return;
        }
        if self.count_error() {
            self.sender.handle_timeout(now, &mut self.stats);
            self.timers.set(Timer::T3, now, self.sender.rto());
        }
    }
}
