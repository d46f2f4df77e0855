//! What an application does with media: sending and receiving packets, asking for key frames, counters.

use std::sync::Arc;
use std::time::Instant;

use interceptor::{InboundStats, OutboundStats, Payload};

use super::{RtpTransport, RtpTransportStats};
use crate::core::PeerConnection;
use crate::core::media::TransceiverId;

/// What is known of a received packet beside its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RtpReceived {
    /// The layer of simulcast that it belongs to.
    pub rid: Option<Arc<str>>,
    /// Its sequence number, extended so that it does not wrap while its source goes on.
    pub sequence_number: u64,
    /// It came by retransmission (RFC 4588), as the original.
    pub is_repaired: bool,
    /// When it arrived.
    pub arrived: Instant,
    /// When its timestamp was sampled, on our clock and later by the way here, once reports of the peer tell. It is what
    /// [`relate`](PeerConnection::relate) of the connections wants that the packet is forwarded on.
    pub sampled: Option<Instant>,
}

impl RtpReceived {
    /// A packet of a stream without layers, for loops that have their packets from elsewhere.
    #[must_use]
    pub const fn new(sequence_number: u64, arrived: Instant) -> Self {
        Self {
            rid: None,
            sequence_number,
            is_repaired: false,
            arrived,
            sampled: None,
        }
    }

    /// The same of a layer of simulcast.
    #[must_use]
    pub fn of_layer(mut self, rid: impl Into<Arc<str>>) -> Self {
        self.rid = Some(rid.into());
        self
    }
}

/// Why a packet was not sent. Nothing of it was, and its header has its numbers again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RtpSendError {
    /// No keys yet, the connection is over, or the transceiver does not send by what was agreed.
    #[error("media is not sent on this transceiver")]
    NotSending,
    /// There is no such encoding, or it is not active, or the peer has paused it.
    #[error("this encoding is not sent")]
    NotActive,
    /// The payload type was not agreed upon for this transceiver.
    #[error("payload type {0} was not negotiated")]
    PayloadType(u8),
    /// The datagrams that wait for the socket take all the room there is.
    #[error("no room for another packet")]
    Full,
    /// SRTP refused it. [`Repeated`](srtp::ProtectError::Repeated): its number was used before or is far behind the last
    /// one. Where another source begins, say so first by [`begin_source`](PeerConnection::begin_source).
    #[error("not protected: {0}")]
    Protect(srtp::ProtectError),
    /// An interceptor refused it, or it is too long.
    #[error("refused by an interceptor: {0}")]
    Interceptor(interceptor::SendError),
}

impl RtpTransport {
    fn send(
        &mut self,
        now: Instant,
        to: (TransceiverId, usize),
        header: &mut rtp::Header,
        payload: Payload<'_>,
    ) -> Result<(), RtpSendError> {
        let given = (header.sequence_number, header.timestamp);
        let sent = self.send_moved(now, to, header, payload);
        if sent.is_err() {
            (header.sequence_number, header.timestamp) = given;
        }
        sent
    }

    /// Moves the numbers of the header to where the stream is, and sends the packet.
    fn send_moved(
        &mut self,
        now: Instant,
        (id, encoding): (TransceiverId, usize),
        header: &mut rtp::Header,
        payload: Payload<'_>,
    ) -> Result<(), RtpSendError> {
        let section = self.sections.get_mut(id).ok_or(RtpSendError::NotSending)?;
        if !section.agreed.direction.sends() {
            return Err(RtpSendError::NotSending);
        }
        let encoding = section.encodings.get_mut(encoding).filter(|it| it.is_sent);
        let encoding = encoding.ok_or(RtpSendError::NotActive)?;
        if !encoding.splice.has_place(header.sequence_number) {
            return Err(RtpSendError::Protect(srtp::ProtectError::Repeated));
        }
        let payload_type = header.payload_type;
        let mut codecs = section.agreed.send.iter();
        let codec = codecs.find(|codec| codec.payload_type == payload_type);
        let codec = codec.ok_or(RtpSendError::PayloadType(payload_type))?;
        if let Some(ssrc) = encoding.repeats(codec) {
            // Where there is no room for another, its packets are not repaired, and counted when they are asked for.
            let _ = self.outbound.allow_same(ssrc);
        }
        encoding.splice.apply(now, codec.codec.clock_rate, header);
        let stream = encoding.id;
        let prepared = self
            .chain
            .prepare_rtp(now, stream, header, payload)
            .map_err(RtpSendError::Interceptor)?;
        let outbound = &mut self.outbound;
        let mut fault = RtpSendError::Full;
        let is_sent = self.outgoing.push(|out| {
            let protected = outbound.protect_rtp_from(prepared.header(), payload.bytes(), out);
            protected
                .map_err(|refused| fault = RtpSendError::Protect(refused))
                .is_ok()
        });
        if is_sent {
            prepared.sent();
            if let Some((at, timestamp)) = encoding.sampled.take() {
                self.chain
                    .relate(stream, at, encoding.splice.timestamp(timestamp));
            }
            self.stats.packets_sent += 1;
            Ok(())
        } else {
            self.stats.send_errors += 1;
            Err(fault)
        }
    }

    fn receive(&mut self, id: TransceiverId, packet: &mut Vec<u8>) -> Option<RtpReceived> {
        let waiting = self.sections.get_mut(id)?.received.pop(packet)?;
        Some(RtpReceived {
            rid: waiting.rid,
            sequence_number: waiting.numbers.sequence_number,
            is_repaired: waiting.numbers.is_repaired,
            arrived: waiting.numbers.arrived,
            sampled: waiting.numbers.sampled,
        })
    }

    fn request_key_frame(&mut self, now: Instant, id: TransceiverId, rid: Option<&str>) -> bool {
        let Some(section) = self.sections.get(id) else {
            return false;
        };
        if !section.agreed.direction.receives() {
            return false;
        }
        let wanted = section
            .layers
            .iter()
            .filter(|layer| rid.is_none_or(|rid| layer.rid.as_deref() == Some(rid)));
        wanted.fold(false, |asked, layer| {
            self.chain.request_key_frame(now, layer.id) | asked
        })
    }
}

impl PeerConnection {
    /// Sends one RTP packet on an encoding of a transceiver, counted from 0 in the order of its encodings. It leaves with
    /// the next [`poll_transmit`](Self::poll_transmit). What becomes of each field of `header`:
    ///
    /// | field | on the wire | in `header` afterwards |
    /// |---|---|---|
    /// | `sequence_number` | moved by as much as the stream is ahead of this source, see [`begin_source`](Self::begin_source); as it is for the first source | as on the wire |
    /// | `timestamp` | likewise | as on the wire |
    /// | `payload_type` | as it is; must be one that was agreed upon | unchanged |
    /// | `marker`, `csrcs` | as they are | unchanged |
    /// | `ssrc` | that of the encoding | unchanged |
    /// | `extensions` | as they are, under ids that must be those agreed upon; without those of MID, RID, repaired RID, transport-wide number and absolute send time, which are written here | unchanged |
    ///
    /// Beyond that, interceptors of the [`Registry`](crate::Registry) may change any field but the SSRC. A header that is
    /// sent on several connections is best cloned for each.
    ///
    /// # Errors
    ///
    /// [`RtpSendError`]; media that comes too early is not kept. The numbers of `header` are then as they were given.
    pub fn send_rtp<'p>(
        &mut self,
        now: Instant,
        (id, encoding): (TransceiverId, usize),
        header: &mut rtp::Header,
        payload: impl Into<Payload<'p>>,
    ) -> Result<(), RtpSendError> {
        let rtp = self.transport.rtp.get_mut().ok_or(RtpSendError::NotSending)?;
        rtp.send(now, (id, encoding), header, payload.into())
    }

    /// The source of an encoding has nothing for the peer under this sequence number, as where its packet was padding
    /// alone: what it sends behind it takes its place. False when some of that was sent before; then the peer misses
    /// nothing if it is sent a packet without payload.
    pub fn skip_rtp(&mut self, (id, encoding): (TransceiverId, usize), sequence_number: u16) -> bool {
        let rtp = self.transport.rtp.get_mut();
        let section = rtp.and_then(|rtp| rtp.sections.get_mut(id));
        let encoding = section.and_then(|section| section.encodings.get_mut(encoding));
        encoding.is_none_or(|encoding| encoding.splice.skip(sequence_number))
    }

    /// Lends a buffer to the packets that [`send_rtp`](Self::send_rtp) is to write, which
    /// [`poll_transmit`](Self::poll_transmit) gives back in the place of a copy when it is called with an empty one. A
    /// forwarder that lends one buffer to connection after connection keeps it in the caches of its core.
    pub fn lend_buffer(&mut self, buffer: &mut Vec<u8>) {
        if let Some(rtp) = self.transport.rtp.get_mut() {
            rtp.outgoing.lend(buffer);
        }
    }

    /// The next packet that is sent on a transceiver begins another source: its numbers, and those of the packets after
    /// it, are moved to where the stream is.
    pub fn begin_source(&mut self, id: TransceiverId) {
        let Some(rtp) = self.transport.rtp.get_mut() else {
            return;
        };
        let section = rtp.sections.get_mut(id);
        let encodings = section.into_iter().flat_map(|section| &mut section.encodings);
        encodings.for_each(|encoding| encoding.begin_source(&mut rtp.chain));
    }

    /// Says when the source of an encoding sampled a timestamp, one as in the headers for
    /// [`send_rtp`](Self::send_rtp). Sender reports tell the peer from the next packet on, for lip sync; without it the
    /// times of sending stand for those of sampling. It holds until it is said anew or
    /// [another source begins](Self::begin_source). A forwarder says it with each packet, of
    /// [`RtpReceived::sampled`].
    pub fn relate(&mut self, (id, encoding): (TransceiverId, usize), sampled: Instant, timestamp: u32) {
        let rtp = self.transport.rtp.get_mut();
        let section = rtp.and_then(|rtp| rtp.sections.get_mut(id));
        if let Some(encoding) = section.and_then(|section| section.encodings.get_mut(encoding)) {
            encoding.sampled = Some((sampled, timestamp));
        }
    }

    /// The next RTP packet of a transceiver, unprotected. One without payload is padding, with which the peer probes the
    /// path: its number is not missing, and who forwards gives it to [`skip_rtp`](Self::skip_rtp). `packet` takes its bytes, and gives its own buffer for later
    /// packets. At most 512 packets of a transceiver wait; then the oldest go and are counted. What has come before the end
    /// of the connection can be read after it.
    pub fn recv_rtp(&mut self, id: TransceiverId, packet: &mut Vec<u8>) -> Option<RtpReceived> {
        self.transport.rtp.readable()?.receive(id, packet)
    }

    /// Asks the peer for a key frame of a transceiver's track, or of one layer. False when nothing can be asked for:
    /// nothing is received, or neither PLI nor FIR was agreed upon.
    pub fn request_key_frame(&mut self, now: Instant, id: TransceiverId, rid: Option<&str>) -> bool {
        self.transport
            .rtp
            .get_mut()
            .is_some_and(|rtp| rtp.request_key_frame(now, id, rid))
    }

    /// Counters of media, once there is any.
    #[must_use]
    pub fn rtp_stats(&self) -> Option<RtpTransportStats> {
        self.transport.rtp.get().map(|rtp| rtp.stats())
    }

    /// Counters of the streams that a transceiver receives, each with its layer.
    #[must_use]
    pub fn inbound_rtp_stats(&self, id: TransceiverId) -> Vec<(Option<Arc<str>>, InboundStats)> {
        let Some((rtp, section)) = self.section(id) else {
            return Vec::new();
        };
        let stats = section.layers.iter().filter_map(|layer| {
            let stats = rtp.chain.inbound_stats(layer.id)?;
            Some((layer.rid.clone(), stats))
        });
        stats.collect()
    }

    /// Counters of the streams that a transceiver sends, in the order of its encodings.
    #[must_use]
    pub fn outbound_rtp_stats(&self, id: TransceiverId) -> Vec<OutboundStats> {
        let Some((rtp, section)) = self.section(id) else {
            return Vec::new();
        };
        let ids = section.encodings.iter().map(|encoding| encoding.id);
        ids.filter_map(|id| rtp.chain.outbound_stats(id)).collect()
    }

    fn section(&self, id: TransceiverId) -> Option<(&RtpTransport, &super::sections::Section)> {
        let rtp = self.transport.rtp.get()?;
        Some((rtp, rtp.sections.get(id)?))
    }
}
