//! Stream reset, RFC 6525: requests of ours one at a time, requests of the peer in their order.
//!
//! This end asks only for resets of its own outgoing streams, which is all data channels need (RFC 8831 §6.7). It obeys the
//! peer's wish to have them reset (Incoming SSN Reset) and denies SSN/TSN reset and additional streams.

use super::association::Association;
use super::phase::Phase;
use super::send::Resetting;
use super::timer::Timer;
use crate::codec::{
    ChunkKind, ChunkRef, IncomingReset, OutgoingReset, Params, ReconfigParam, ReconfigResponse, ResetResult,
    StreamIds, write_chunk,
};
use crate::message::{Direction, Event};
use crate::tsn::Tsn;
use std::time::Instant;

/// A request that is unanswered.
#[derive(Debug)]
struct Request {
    number: u32,
    last_tsn: Tsn,
    streams: Vec<u16>,
}

/// A request of the peer that waits for data (§5.2.2 E2).
#[derive(Debug)]
struct Deferred {
    number: u32,
    last_tsn: Tsn,
    /// Empty means all.
    streams: Vec<u16>,
}

/// Both directions' state.
#[derive(Debug)]
pub(super) struct Resets {
    /// Number of our next request; the first is the initial TSN (§4.1).
    next_request: u32,
    request: Option<Request>,
    /// The request is to be written.
    due: bool,
    /// Streams to reset when their messages are acknowledged; at most once each.
    wanted: Vec<u16>,
    /// Number of the peer's next request.
    peer_next: u32,
    /// What the peer's last request was answered with.
    answered: ResetResult,
    deferred: Option<Deferred>,
}

/// Fixed bytes of an Outgoing SSN Reset Request with its chunk.
const REQUEST_LEN: usize = 4 + 16;

impl Resets {
    pub(super) const fn new(initial_tsn: Tsn) -> Self {
        Self {
            next_request: initial_tsn.0,
            request: None,
            due: false,
            wanted: Vec::new(),
            peer_next: 0,
            answered: ResetResult::NOTHING_TO_DO,
            deferred: None,
        }
    }

    /// The handshake told where the peer's numbers start.
    pub(super) const fn set_peer(&mut self, initial_tsn: Tsn) {
        self.peer_next = initial_tsn.0;
    }

    /// True while streams wait for their last acknowledgements.
    pub(super) const fn is_waiting(&self) -> bool {
        !self.wanted.is_empty()
    }
}

impl Association {
    /// Notes streams to be reset.
    pub(super) fn want_reset(&mut self, ids: impl Iterator<Item = u16>) {
        for id in ids {
            let Some(stream) = self.sender.queue.stream_entry(id) else {
                continue;
            };
            if stream.resetting == Resetting::No {
                stream.resetting = Resetting::Wanted;
                self.resets.wanted.push(id);
            }
        }
    }

    /// Makes the next request if there can be one, and finishes the peer's if its data has come.
    pub(super) fn advance_resets(&mut self, now: Instant) {
        self.finish_deferred();
        let established = matches!(self.phase, Phase::Established | Phase::ShutdownPending);
        if self.resets.request.is_some() || self.resets.wanted.is_empty() || !established {
            return;
        }
        let most = (self.config.packet_limit() - crate::codec::Header::LEN - REQUEST_LEN) / 2;
        let queue = &mut self.sender.queue;
        let mut streams = Vec::new();
        self.resets.wanted.retain(|id| {
            // The SSN may only start again when nothing of the old numbering is under way.
            if streams.len() == most || !queue.is_finished(*id) {
                return true;
            }
            streams.push(*id);
            false
        });
        if streams.is_empty() {
            return;
        }
        for id in &streams {
            if let Some(stream) = queue.stream_mut(*id) {
                stream.resetting = Resetting::Requested;
            }
        }
        let number = self.resets.next_request;
        self.resets.next_request = number.wrapping_add(1);
        self.resets.due = true;
        self.resets.request = Some(Request {
            number,
            last_tsn: self.sender.last_tsn(),
            streams,
        });
        self.timers.set(Timer::Reconfig, now, self.sender.rto());
    }

    /// Writes the request if it is due and fits.
    pub(super) fn write_reset_request(&mut self, out: &mut Vec<u8>, end: usize) {
        let Some(request) = self.resets.request.as_ref().filter(|_| self.resets.due) else {
            return;
        };
        if out.len() + REQUEST_LEN + crate::codec::padded(request.streams.len() * 2) > end {
            return;
        }
        let param = OutgoingReset {
            request: request.number,
            response: self.resets.peer_next.wrapping_sub(1),
            last_tsn: request.last_tsn,
            streams: StreamIds::default(),
        };
        write_chunk(out, ChunkKind::RE_CONFIG, 0, |out| {
            param.encode(&request.streams, out)
        });
        self.resets.due = false;
    }

    /// The request was not answered in time.
    pub(super) fn handle_reconfig_timer(&mut self, now: Instant) {
        if self.resets.request.is_none() {
            return;
        }
        self.sender.back_off();
        if self.count_error() {
            self.resets.due = true;
            self.timers.set(Timer::Reconfig, now, self.sender.rto());
        }
    }

    /// RE-CONFIG, §5.2.1.
    pub(super) fn handle_reconfig(&mut self, now: Instant, chunk: &ChunkRef<'_>) {
        if !self.phase.is_synchronized() {
            self.stats.unexpected_chunks += 1;
            return;
        }
        let mut answers = Vec::new();
        // §3.1: two parameters at most; the bound keeps the answer as short as the question.
        for param in Params::new(chunk.value).take(2) {
            let Ok(Ok(Some(param))) = param.map(|param| ReconfigParam::decode(&param)) else {
                self.stats.malformed += 1;
                continue;
            };
            match param {
                ReconfigParam::Response(response) => self.handle_reset_response(now, response),
                ReconfigParam::Outgoing(request) => answers.push(self.answer_outgoing(&request)),
                ReconfigParam::Incoming(request) => answers.push(self.answer_incoming(&request)),
                ReconfigParam::Other(number) => {
                    answers.push(self.answer_in_order(number, |_| ResetResult::DENIED))
                }
            }
        }
        self.send_answers(&answers);
    }

    fn send_answers(&mut self, answers: &[ReconfigResponse]) {
        if answers.is_empty() {
            return;
        }
        self.receiver.acknowledge_now();
        self.outbox.bundle(ChunkKind::RE_CONFIG, |out| {
            for answer in answers {
                answer.encode(out);
            }
        });
    }

    /// Processes a request whose number is the next one; repeats the answer to the last one; refuses any other.
    fn answer_in_order(
        &mut self,
        number: u32,
        process: impl FnOnce(&mut Self) -> ResetResult,
    ) -> ReconfigResponse {
        let result = if number == self.resets.peer_next {
            self.resets.peer_next = number.wrapping_add(1);
            let result = process(self);
            self.resets.answered = result;
            result
        } else if number == self.resets.peer_next.wrapping_sub(1) {
            self.resets.answered
        } else {
            ResetResult::BAD_SEQUENCE_NUMBER
        };
        ReconfigResponse {
            response: number,
            result,
        }
    }

    /// §5.2.2.
    fn answer_outgoing(&mut self, request: &OutgoingReset<'_>) -> ReconfigResponse {
        self.answer_in_order(request.request, |this| {
            let count = this.receiver.stream_count();
            if request.streams.iter().any(|id| id >= count) {
                return ResetResult::DENIED;
            }
            let streams: Vec<u16> = request.streams.iter().collect();
            if request.last_tsn.is_after(this.receiver.cumulative()) {
                this.resets.deferred = Some(Deferred {
                    number: request.request,
                    last_tsn: request.last_tsn,
                    streams,
                });
                return ResetResult::IN_PROGRESS;
            }
            this.perform_incoming(streams);
            ResetResult::PERFORMED
        })
    }

    fn perform_incoming(&mut self, mut streams: Vec<u16>) {
        if streams.is_empty() {
            streams = self.receiver.take_used_streams();
        }
        streams.sort_unstable();
        streams.dedup();
        for stream_id in streams {
            if self.receiver.reset_stream(stream_id) {
                self.events.push(Event::StreamReset {
                    stream_id,
                    direction: Direction::Incoming,
                });
            }
        }
    }

    /// §5.2.2 E2 to E5: the data before the reset has arrived. The answer goes out without being asked for again.
    fn finish_deferred(&mut self) {
        let cumulative = self.receiver.cumulative();
        let Some(deferred) = self
            .resets
            .deferred
            .take_if(|deferred| !deferred.last_tsn.is_after(cumulative))
        else {
            return;
        };
        self.perform_incoming(deferred.streams);
        if self.resets.peer_next == deferred.number.wrapping_add(1) {
            self.resets.answered = ResetResult::PERFORMED;
        }
        self.send_answers(&[ReconfigResponse {
            response: deferred.number,
            result: ResetResult::PERFORMED,
        }]);
    }

    /// §5.2.3: the peer wants our streams reset. Our own request follows when their data is acknowledged.
    fn answer_incoming(&mut self, request: &IncomingReset<'_>) -> ReconfigResponse {
        self.answer_in_order(request.request, |this| {
            let count = this.outbound_streams();
            if request.streams.iter().any(|id| id >= count) {
                return ResetResult::DENIED;
            }
            let mut ids: Vec<u16> = request.streams.iter().collect();
            if ids.is_empty() {
                ids = this.sender.queue.take_used_streams();
            }
            let before = this.resets.wanted.len();
            this.want_reset(ids.into_iter());
            // All of them are being reset already, or there are none.
            if this.resets.wanted.len() == before {
                ResetResult::NOTHING_TO_DO
            } else {
                ResetResult::PERFORMED
            }
        })
    }

    fn handle_reset_response(&mut self, now: Instant, response: ReconfigResponse) {
        let Some(request) = self
            .resets
            .request
            .take_if(|request| request.number == response.response)
        else {
            return;
        };
        self.health.clear();
        if response.result == ResetResult::IN_PROGRESS {
            // Asked again when the timer expires.
            self.resets.request = Some(request);
            self.timers.set(Timer::Reconfig, now, self.sender.rto());
            return;
        }
        self.timers.stop(Timer::Reconfig);
        self.resets.due = false;
        let done = matches!(
            response.result,
            ResetResult::PERFORMED | ResetResult::NOTHING_TO_DO
        );
        for stream_id in request.streams {
            if done {
                self.sender.queue.reset(stream_id);
                self.events.push(Event::StreamReset {
                    stream_id,
                    direction: Direction::Outgoing,
                });
            } else {
                if let Some(stream) = self.sender.queue.stream_mut(stream_id) {
                    stream.resetting = Resetting::No;
                }
                self.events.push(Event::StreamResetFailed(stream_id));
            }
        }
    }
}
