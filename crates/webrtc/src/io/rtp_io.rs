//! Packets of a transceiver: what `RTCRtpSender` and `RTCRtpReceiver` hide in a browser, and what a server works with.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use interceptor::{InboundStats, OutboundStats};

use super::frames::RemoteFrames;
use super::paced::MAX_TARGET;
use super::rtp_transceiver::RtpTransceiver;
use super::shared::State;
use crate::core::{
    JitterBufferStats, ParametersError, RtpEvent, RtpReceived, RtpSendError, StatsReport, Transceiver,
};
use crate::error::Error;
use crate::states::PeerConnectionState;

impl RtpTransceiver {
    /// Sends one RTP packet of the first encoding; [`send_rtp_on`](Self::send_rtp_on) is for the others, and says what
    /// becomes of `header`.
    ///
    /// # Errors
    ///
    /// [`RtpSendError`].
    pub fn send_rtp<'p>(
        &self,
        header: &mut rtp::Header,
        payload: impl Into<interceptor::Payload<'p>>,
    ) -> Result<(), RtpSendError> {
        self.send_rtp_on(0, header, payload)
    }

    /// Sends one RTP packet on an encoding, counted from 0. Sequence number and timestamp of `header` are changed to
    /// those under which it leaves: after a track was replaced, they are moved to where the stream is. Payload type,
    /// marker, CSRCs and extensions leave as they are; the SSRC, and the extensions that keep the transport going, are
    /// written here, whatever `header` has. The table at [`core::PeerConnection::send_rtp`] says it field by field.
    ///
    /// [`core::PeerConnection::send_rtp`]: crate::core::PeerConnection::send_rtp
    ///
    /// # Errors
    ///
    /// [`RtpSendError`]; media that cannot be sent at once is not kept, and `header` has its numbers again.
    pub fn send_rtp_on<'p>(
        &self,
        encoding: usize,
        header: &mut rtp::Header,
        payload: impl Into<interceptor::Payload<'p>>,
    ) -> Result<(), RtpSendError> {
        let to = (self.id(), encoding);
        self.connection()
            .run(|state, now| state.core.send_rtp(now, to, header, payload))
    }

    /// The next packet that is sent begins another source, whose numbers need not follow those of the last: they are moved
    /// to where the stream is, so that the peer sees no jump. [`replace_track`](Self::replace_track) does so too.
    pub fn begin_source(&self) {
        self.connection()
            .run(|state, _| state.core.begin_source(self.id()));
    }

    /// The source of an encoding has nothing for the peer under this sequence number, as where its packet was padding: what
    /// follows takes its place. False when that was sent before; then the peer misses nothing if it is sent a packet
    /// without payload.
    #[must_use]
    pub fn skip_rtp(&self, encoding: usize, sequence_number: u16) -> bool {
        let of = (self.id(), encoding);
        self.connection()
            .run(|state, _| state.core.skip_rtp(of, sequence_number))
    }

    /// Says when the source of an encoding sampled a timestamp, as in the headers for [`send_rtp_on`](Self::send_rtp_on):
    /// reports tell the peer, for lip sync. Without it the times of sending stand for those of sampling. A forwarder says
    /// it with each packet, of [`RtpReceived::sampled`].
    pub fn relate(&self, encoding: usize, sampled: Instant, timestamp: u32) {
        let of = (self.id(), encoding);
        self.connection()
            .run(|state, _| state.core.relate(of, sampled, timestamp));
    }

    /// Waits for the next packet that the peer sends on this transceiver: header and payload, with what is known of it.
    /// `None` once the connection is closed or the transceiver stopped. A packet without payload is padding: its number is
    /// not missing.
    ///
    /// The payload can be kept and shared; once nobody has it, its buffer is used again.
    /// [`recv_rtp_into`](Self::recv_rtp_into) uses the caller's.
    pub async fn recv_rtp(&self) -> Option<(rtp::Packet, RtpReceived)> {
        poll_fn(|cx| self.poll_recv(cx, |state| self.take_packet(state))).await
    }

    /// Waits for packets and appends all that have come, those that arrived together, for
    /// [`write_all`](crate::TrackLocalStaticRtp::write_all) to send together. Gives what is known of the last one; `None`
    /// once the connection is closed or the transceiver stopped.
    pub async fn recv_rtp_all(&self, packets: &mut Vec<rtp::Packet>) -> Option<RtpReceived> {
        let mut all = |state: &mut State| {
            let received = std::iter::from_fn(|| self.take_packet(state));
            let known = received.map(|(packet, known)| {
                packets.push(packet);
                known
            });
            known.last()
        };
        poll_fn(|cx| self.poll_recv(cx, &mut all)).await
    }

    /// Waits for the next packet; `packet` takes its bytes and gives its own buffer for later packets.
    pub async fn recv_rtp_into(&self, packet: &mut Vec<u8>) -> Option<RtpReceived> {
        poll_fn(|cx| self.poll_recv(cx, |state| state.core.recv_rtp(self.id(), packet))).await
    }

    /// The received track as frames, of one layer where there are several. It reads the packets of this transceiver, so
    /// nobody else should.
    #[must_use]
    pub fn frames(&self, rid: Option<&str>) -> RemoteFrames {
        RemoteFrames::new(self.clone(), rid.map(str::to_owned))
    }

    /// The least delay of jitter buffers that this track is read through (`RTCRtpReceiver.jitterBufferTarget`); `None` leaves
    /// it to what is measured.
    #[must_use]
    pub fn jitter_buffer_target(&self) -> Option<Duration> {
        self.connection().lock().media.get(self.id()).jitter_target
    }

    /// Asks for a least delay, at most 4 s, or for none any more. Default `None`. It is for readers
    /// [`with_jitter_buffer`](RemoteFrames::with_jitter_buffer), those that there are too, from the next packet on: measured
    /// jitter may ask for more.
    ///
    /// # Errors
    ///
    /// [`ParametersError::JitterBufferTarget`]; nothing has changed.
    pub fn set_jitter_buffer_target(&self, target: impl Into<Option<Duration>>) -> Result<(), Error> {
        let target = target.into();
        if target.is_some_and(|target| target > MAX_TARGET) {
            return Err(ParametersError::JitterBufferTarget.into());
        }
        self.connection().lock().media.get(self.id()).jitter_target = target;
        Ok(())
    }

    /// What a jitter buffer has counted.
    pub(super) fn report_jitter(&self, rid: Option<&str>, counted: Option<(u32, JitterBufferStats)>) {
        if let Some((ssrc, stats)) = counted {
            let mut state = self.connection().lock();
            state.media.get(self.id()).report_jitter(rid, ssrc, stats);
        }
    }

    /// The next packet, if one waits.
    #[must_use]
    pub fn try_recv_rtp(&self, packet: &mut Vec<u8>) -> Option<RtpReceived> {
        self.connection().lock().core.recv_rtp(self.id(), packet)
    }

    fn take_packet(&self, state: &mut State) -> Option<(rtp::Packet, RtpReceived)> {
        let State { core, media, .. } = state;
        let id = self.id();
        media.get(id).share(|packet| core.recv_rtp(id, packet))
    }

    /// What `take` finds; ready with nothing when nothing is to come.
    fn poll_recv<R>(&self, cx: &Context<'_>, take: impl FnOnce(&mut State) -> Option<R>) -> Poll<Option<R>> {
        let mut state = self.connection().lock();
        if let Some(taken) = take(&mut state) {
            return Poll::Ready(Some(taken));
        }
        let is_stopped = state
            .core
            .transceiver(self.id())
            .is_none_or(Transceiver::is_stopped);
        if is_stopped || state.core.connection_state() == PeerConnectionState::Closed {
            return Poll::Ready(None);
        }
        state.media.get(self.id()).add_reader(cx.waker());
        Poll::Pending
    }

    /// Asks the peer for a key frame, of one layer or of all. False when nothing can be asked for.
    pub fn request_key_frame(&self, rid: Option<&str>) -> bool {
        self.connection()
            .run(|state, now| state.core.request_key_frame(now, self.id(), rid))
    }

    /// Counters of what is received, as of `RTCInboundRtpStreamStats`: one entry a layer, with its name where there are
    /// several. Empty before anything was agreed upon.
    #[must_use]
    pub fn inbound_stats(&self) -> Vec<(Option<Arc<str>>, InboundStats)> {
        self.connection().lock().core.inbound_rtp_stats(self.id())
    }

    /// Counters of what is sent, as of `RTCOutboundRtpStreamStats`, in the order of the encodings, with what the peer
    /// reports of it. Empty before anything was agreed upon.
    #[must_use]
    pub fn outbound_stats(&self) -> Vec<OutboundStats> {
        self.connection().lock().core.outbound_rtp_stats(self.id())
    }

    /// The report of the sender (`RTCRtpSender.getStats`): what is sent here, and all that this refers to.
    #[must_use]
    pub fn sender_stats(&self) -> StatsReport {
        self.connection().report(|core| core.sender_stats(self.id()))
    }

    /// The report of the receiver (`RTCRtpReceiver.getStats`): what is received here, and all that this refers to.
    #[must_use]
    pub fn receiver_stats(&self) -> StatsReport {
        self.connection().report(|core| core.receiver_stats(self.id()))
    }

    /// Waits for news of what is sent: the peer needs a key frame, or less. `None` once the connection is closed. Nothing
    /// is lost by not asking; packets are repaired and reports answered without it.
    pub async fn next_rtp_event(&self) -> Option<RtpEvent> {
        poll_fn(|cx| {
            let mut state = self.connection().lock();
            let is_closed = state.core.connection_state() == PeerConnectionState::Closed;
            match state.media.get(self.id()).next_event(cx.waker()) {
                Some(event) => Poll::Ready(Some(event)),
                None if is_closed => Poll::Ready(None),
                None => Poll::Pending,
            }
        })
        .await
    }
}
