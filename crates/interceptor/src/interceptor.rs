//! The one place where users put code of their own into a chain.

use crate::feedback::PacketResult;
use crate::stream::{InboundId, OutboundId};
use rtcp::PacketRef;
use rtp::Header;
use std::fmt::Debug;
use std::time::Instant;

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Pass,
    /// It goes no further, and is counted as intercepted.
    Drop,
}

/// A user's stage. Each method does nothing by default.
///
/// It stands between the application and the chain's own stages. A received packet comes here repaired, without duplicates and
/// padding, after all feedback about it is noted. A packet to send comes here first, before it is stamped, numbered, stored for
/// retransmission and counted. A bandwidth estimator listens to [`handle_feedback`](Self::handle_feedback), forward error
/// correction watches [`handle_outbound`](Self::handle_outbound) and adds packets with [`poll_rtp`](Self::poll_rtp); what its
/// receiving side recovers goes into [`Chain::handle_recovered`](crate::Chain::handle_recovered). A pacer
/// stands in front of the chain, since packets are numbered when they leave, and calls
/// [`Chain::poll_rtp`](crate::Chain::poll_rtp) as its budget allows.
///
/// Several are called in the order in which they were added for what is received, and in the reverse order for what is sent.
///
/// ```
/// use interceptor::{Interceptor, OutboundId, Verdict};
/// use std::time::Instant;
///
/// /// Sends only the base layer: every other packet, here.
/// #[derive(Debug)]
/// struct Thin;
///
/// impl Interceptor for Thin {
///     fn handle_outbound(&mut self, _: Instant, _: OutboundId, header: &mut rtp::Header, _: &[u8]) -> Verdict {
///         if header.sequence_number % 2 == 0 { Verdict::Pass } else { Verdict::Drop }
///     }
/// }
/// ```
pub trait Interceptor: Debug + Send {
    /// A packet was received. It may be changed in place, but not its length.
    fn handle_inbound(&mut self, now: Instant, stream: InboundId, packet: &mut [u8]) -> Verdict {
        let _ = (now, stream, packet);
        Verdict::Pass
    }

    /// A packet is to be sent; its header may be changed.
    fn handle_outbound(
        &mut self,
        now: Instant,
        stream: OutboundId,
        header: &mut Header,
        payload: &[u8],
    ) -> Verdict {
        let _ = (now, stream, header, payload);
        Verdict::Pass
    }

    /// An RTCP packet was received; the chain acts on it too.
    fn handle_rtcp(&mut self, now: Instant, packet: &PacketRef<'_>) {
        let _ = (now, packet);
    }

    /// What became of packets that were sent.
    fn handle_feedback(&mut self, now: Instant, results: &[PacketResult]) {
        let _ = (now, results);
    }

    /// A packet of its own to send, if it has one: on this stream, with this header and payload (`payload` is empty before). It
    /// does not pass [`handle_outbound`](Self::handle_outbound) again. What cannot be sent is counted in
    /// [`Stats::user_rtp_dropped`](crate::Stats::user_rtp_dropped).
    fn poll_rtp(&mut self, now: Instant, header: &mut Header, payload: &mut Vec<u8>) -> Option<OutboundId> {
        let _ = (now, header, payload);
        None
    }

    /// Appends RTCP packets of its own, of at most 512 bytes, if it has any. Asked whenever the chain is and a datagram has room
    /// for as much. What is longer is dropped and counted in [`Stats::user_rtcp_dropped`](crate::Stats::user_rtcp_dropped).
    fn poll_rtcp(&mut self, now: Instant, out: &mut Vec<u8>) {
        let _ = (now, out);
    }

    /// Time passed. Early, late and repeated calls are harmless.
    fn handle_timeout(&mut self, now: Instant) {
        let _ = now;
    }

    /// When it wants to be called again; after [`handle_timeout`](Self::handle_timeout) it must lie in the future.
    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}
