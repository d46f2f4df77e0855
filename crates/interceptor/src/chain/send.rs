//! What happens to an RTP packet that is sent, and the packets that the chain itself sends: retransmissions (RFC 4588) and those
//! of users' stages.

use super::{Chain, Direction, Passing};
use crate::clock::Time;
use crate::error::SendError;
use crate::feedback::{Matcher, Numbers, SentPacket};
use crate::interceptor::Verdict;
use crate::outbound::{Again, OutboundStream, Payload, Stamp};
use crate::stream::OutboundId;
use rtp::{Header, HeaderRef};
use std::collections::VecDeque;
use std::time::Instant;

/// Packets that are to be sent again, and buffers for what is being sent.
#[derive(Debug)]
pub(super) struct Retransmissions {
    queue: VecDeque<(OutboundId, u16)>,
    max: usize,
    /// The header of the last packet.
    header: Vec<u8>,
    /// What a user's stage adds.
    added: (Header, Vec<u8>),
}

impl Retransmissions {
    pub(super) fn new(max: usize) -> Self {
        Self {
            queue: VecDeque::new(),
            max,
            header: Vec::new(),
            added: (Header::default(), Vec::new()),
        }
    }

    /// Queues a packet; false if the queue is full.
    pub(super) fn push(&mut self, stream: OutboundId, sequence_number: u16) -> bool {
        let has_room = self.queue.len() < self.max;
        if has_room {
            self.queue.push_back((stream, sequence_number));
        }
        has_room
    }

    /// A stream is gone. Gives how many of its packets were to be sent again.
    pub(super) fn forget(&mut self, stream: OutboundId) -> u64 {
        let before = self.queue.len();
        self.queue.retain(|(it, _)| *it != stream);
        (before - self.queue.len()) as u64
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }
}

/// A packet that the chain has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its stream.
    pub stream: OutboundId,
    /// Its bytes.
    pub len: usize,
}

/// A packet that is about to leave, from [`Chain::prepare_rtp`]. Dropped, it has never been.
#[derive(Debug)]
pub struct Prepared<'c, 'p> {
    chain: &'c mut Chain,
    now: Instant,
    header: &'p Header,
    packet: SentPacket,
    payload: Payload<'p>,
}

impl Chain {
    /// A packet leaves: gives the header to put in front of `payload`, with the stream's SSRC, the extensions of `header` and those
    /// of the chain. The packet is stored if the peer may ask for it again, and counted. Nothing is allocated in the steady
    /// state.
    ///
    /// Extensions of [`Outbound::extensions`](crate::Outbound::extensions) in `header` are left out: the chain writes them.
    ///
    /// # Errors
    /// When the stream was removed or pauses, a user's stage dropped the packet, or it is too long.
    pub fn send_rtp<'p>(
        &mut self,
        now: Instant,
        stream: OutboundId,
        header: &mut Header,
        payload: impl Into<Payload<'p>>,
    ) -> Result<&[u8], SendError> {
        let payload: Payload<'_> = payload.into();
        self.prepare_rtp(now, stream, header, payload)?.sent();
        Ok(&self.retransmissions.header)
    }

    /// The same in two steps, for a packet that may yet be refused, as by SRTP or for want of room: only
    /// [`Prepared::sent`] stores and counts it.
    ///
    /// # Errors
    /// Those of [`send_rtp`](Self::send_rtp).
    pub fn prepare_rtp<'c, 'p>(
        &'c mut self,
        now: Instant,
        stream: OutboundId,
        header: &'p mut Header,
        payload: impl Into<Payload<'p>>,
    ) -> Result<Prepared<'c, 'p>, SendError> {
        let payload = payload.into();
        for user in self.users.iter_mut().rev() {
            match user.handle_outbound(now, stream, header, payload.bytes()) {
                Verdict::Pass => {}
                Verdict::Drop => {
                    self.stats.intercepted += 1;
                    return Err(SendError::Intercepted);
                }
            }
        }
        self.stamp(now, stream, header, payload)
    }

    fn stamp<'p>(
        &mut self,
        now: Instant,
        id: OutboundId,
        header: &'p Header,
        payload: Payload<'p>,
    ) -> Result<Prepared<'_, 'p>, SendError> {
        let time = self.clock.time(now);
        let stream = self
            .streams
            .outbound
            .get_mut(id.0)
            .ok_or(SendError::UnknownStream)?;
        if stream.is_paused {
            return Err(SendError::Paused);
        }
        let out = &mut self.retransmissions.header;
        out.clear();
        let stamp = Stamp {
            ssrc: stream.ssrc,
            now: time,
            transport_sequence_number: self.matcher.next_number(),
            acknowledged: stream.remote.is_acknowledged,
        };
        stream.stats.extensions_dropped += stream.stamps.write(header, stamp, out);
        let len = out.len() + payload.bytes().len();
        let size = u16::try_from(len).map_err(|_| SendError::TooLong)?;
        let packet = SentPacket {
            sent: time,
            stream: id,
            ssrc: stream.ssrc,
            sequence_number: header.sequence_number,
            size,
        };
        Ok(Prepared {
            chain: self,
            now,
            header,
            packet,
            payload,
        })
    }

    /// Appends the next packet that the chain itself has to send: one that the peer has asked for again, or one of a user's
    /// stage. Call it until it has nothing, or as far as a pacer permits.
    pub fn poll_rtp(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Sent> {
        while let Some((stream, sequence_number)) = self.retransmissions.queue.pop_front() {
            if let Some(len) = self.retransmit(now, stream, sequence_number, out) {
                return Some(Sent { stream, len });
            }
        }
        self.poll_users(now, out)
    }

    fn poll_users(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Sent> {
        if self.users.is_empty() {
            return None;
        }
        let (mut header, mut payload) = std::mem::take(&mut self.retransmissions.added);
        let mut sent = None;
        for index in 0..self.users.len() {
            header.extensions.clear();
            payload.clear();
            let user = self.users.get_mut(index);
            let Some(stream) = user.and_then(|user| user.poll_rtp(now, &mut header, &mut payload)) else {
                continue;
            };
            let Ok(prepared) = self.stamp(now, stream, &header, Payload::Copied(&payload)) else {
                self.stats.user_rtp_dropped += 1;
                continue;
            };
            prepared.sent();
            let start = out.len();
            out.extend_from_slice(&self.retransmissions.header);
            out.extend_from_slice(&payload);
            let len = out.len() - start;
            sent = Some(Sent { stream, len });
            break;
        }
        self.retransmissions.added = (header, payload);
        sent
    }

    fn retransmit(
        &mut self,
        now: Instant,
        id: OutboundId,
        sequence_number: u16,
        out: &mut Vec<u8>,
    ) -> Option<usize> {
        let time = self.clock.time(now);
        let stream = self.streams.outbound.get_mut(id.0)?;
        let start = out.len();
        let number = self.matcher.next_number();
        let Some(rtx) = write_again(stream, (time, number), sequence_number, out) else {
            // Overwritten since it was queued, or NACK is not agreed upon any more.
            stream.stats.retransmissions_refused += 1;
            return None;
        };
        let len = out.len() - start;
        stream.stats.retransmitted_packets_sent += 1;
        // What goes as it was has no number of its own: the feedback on its first one stands for both.
        if let (Some(sequence_number), Some(sender)) = (rtx, &mut stream.rtx) {
            let packet = SentPacket {
                sent: time,
                stream: id,
                ssrc: sender.ssrc,
                sequence_number,
                size: u16::try_from(len).unwrap_or(u16::MAX),
            };
            let counts = stream.stamps.counts();
            note(&mut self.matcher, counts, packet, sender.numbers.as_mut());
        }
        self.outbox.schedule.earn(len);
        if self.sink.is_some() {
            let shown = passing(now, out.get(start..).unwrap_or_default(), &[]);
            Self::show(self.sink.as_mut(), shown);
        }
        Some(len)
    }
}

impl Prepared<'_, '_> {
    /// The header to put in front of the payload.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        &self.chain.retransmissions.header
    }

    /// The packet leaves: it is stored for when the peer asks for it again, and counted.
    #[inline]
    pub fn sent(self) {
        let Self {
            chain,
            now,
            header,
            packet,
            payload,
        } = self;
        let Some(stream) = chain.streams.outbound.get_mut(packet.stream.0) else {
            return;
        };
        let (time, written) = (packet.sent, chain.retransmissions.header.as_slice());
        if let Some(history) = &mut stream.history {
            history.store(time, packet.sequence_number, written, payload);
        }
        let codec = stream
            .codecs
            .find(header.payload_type)
            .unwrap_or(stream.codecs.last());
        stream.sent.count(written.len(), payload.bytes().len());
        stream.sent.markers += u64::from(header.marker);
        stream.sent.relate(time, header.timestamp, codec.clock_rate);
        stream.remote.note_sent(packet.sequence_number);
        let counts = stream.stamps.counts();
        note(&mut chain.matcher, counts, packet, stream.numbers.as_mut());
        chain.outbox.schedule.earn(packet.size.into());
        if chain.sink.is_some() {
            let shown = passing(now, written, payload.bytes());
            Chain::show(chain.sink.as_mut(), shown);
        }
    }
}

/// A packet for which feedback will come is remembered.
#[inline]
fn note(matcher: &mut Matcher, counts: bool, packet: SentPacket, numbers: Option<&mut Numbers>) {
    if counts || numbers.is_some() {
        matcher.sent(packet, numbers);
    }
}

/// Appends a stored packet as RTX, under the number that is given; or, where there is no RTX, as it was, to the last byte: SRTP
/// takes no other packet under the same number (RFC 3711 §9.1).
fn write_again(
    stream: &mut OutboundStream,
    (now, transport_sequence_number): (Time, u16),
    sequence_number: u16,
    out: &mut Vec<u8>,
) -> Option<Option<u16>> {
    let found = stream.history.as_ref()?.get(sequence_number)?;
    let sent = HeaderRef::decode(found.header).ok()?;
    let rtx_payload_type = stream
        .codecs
        .find(sent.payload_type())
        .and_then(|codec| codec.rtx_payload_type);
    stream.stats.retransmitted_bytes_sent += found.payload.len() as u64;
    let (Some(rtx), Some(payload_type)) = (&mut stream.rtx, rtx_payload_type) else {
        out.extend_from_slice(found.header);
        out.extend_from_slice(found.payload);
        stream.sent.count(found.header.len(), found.payload.len());
        return Some(None);
    };
    let start = out.len();
    let stamp = Stamp {
        ssrc: rtx.ssrc,
        now,
        transport_sequence_number,
        acknowledged: rtx.is_acknowledged,
    };
    let again = Again {
        payload_type,
        sequence_number: rtx.sequence_number,
    };
    rtx.sequence_number = rtx.sequence_number.wrapping_add(1);
    stream.stats.extensions_dropped += stream.stamps.write_again(&sent, again, stamp, out);
    let header_len = out.len() - start;
    out.extend_from_slice(&sequence_number.to_be_bytes());
    out.extend_from_slice(found.payload);
    rtx.sent.count(header_len, out.len() - start - header_len);
    Some(Some(again.sequence_number))
}

fn passing<'p>(now: Instant, head: &'p [u8], payload: &'p [u8]) -> Passing<'p> {
    Passing {
        now,
        direction: Direction::Outbound,
        is_rtcp: false,
        head,
        payload,
    }
}
