//! Packets that belong to no association, RFC 9260 §8.4: before there is one, and after it is over.
//!
//! Rule 1, addresses that are not unicast, is the transport's: there are no addresses here. No answer is longer than its
//! packet, and none is answered in turn by a peer that keeps these rules.

use super::association::Association;
use super::phase::Phase;
use crate::codec::{Cause, Causes, ChunkKind, ChunkRef, InitRef, PacketRef};

/// The T bit: the verification tag is the one that came.
const REFLECTED: u8 = 1;

/// What a packet out of the blue is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Nothing,
    ShutdownComplete,
    Abort,
    /// ABORT under the tag that an INIT gave.
    Refusal(u32),
}

impl Association {
    /// Whether no association here can be meant. Whoever holds our INIT ACK knows our tag already.
    pub(super) fn is_out_of_the_blue(&self, tag: u32, first: &ChunkRef<'_>) -> bool {
        match self.phase {
            Phase::Closed => {
                tag != self.local.tag && !matches!(first.kind, ChunkKind::INIT | ChunkKind::COOKIE_ECHO)
            }
            Phase::Ended { .. } => true,
            Phase::CookieWait { .. }
            | Phase::CookieEchoed { .. }
            | Phase::Established
            | Phase::ShutdownPending
            | Phase::ShutdownSent
            | Phase::ShutdownReceived
            | Phase::ShutdownAckSent => false,
        }
    }

    /// Answers a packet as an endpoint without an association does.
    pub(super) fn handle_out_of_the_blue(&mut self, tag: u32, first: &ChunkRef<'_>, packet: &PacketRef<'_>) {
        self.stats.out_of_the_blue += 1;
        let (tag, kind, flags) = match self.answer(tag, first, packet) {
            Answer::Nothing => return,
            Answer::ShutdownComplete => (tag, ChunkKind::SHUTDOWN_COMPLETE, REFLECTED),
            Answer::Abort => (tag, ChunkKind::ABORT, REFLECTED),
            Answer::Refusal(tag) => (tag, ChunkKind::ABORT, 0),
        };
        self.outbox.push_alone(tag, kind, flags, |_| {});
    }

    fn answer(&self, tag: u32, first: &ChunkRef<'_>, packet: &PacketRef<'_>) -> Answer {
        let has = |kind| packet.chunks().flatten().any(|chunk| chunk.kind == kind);
        // 2), and what cannot be read to its end.
        if has(ChunkKind::ABORT) || packet.chunks().any(|chunk| chunk.is_err()) {
            return Answer::Nothing;
        }
        // 3), and §8.5.1 A: nothing else has this tag.
        if tag == 0 {
            return refuse(first);
        }
        // 4): a cookie of ours comes too late, any other is forged (§5.1.5).
        if first.kind == ChunkKind::COOKIE_ECHO {
            let cookie = self.local.cookie_key.open(first.value);
            return cookie.map_or(Answer::Nothing, |_| Answer::Abort);
        }
        // 5)
        if has(ChunkKind::SHUTDOWN_ACK) {
            return Answer::ShutdownComplete;
        }
        // 6), 7)
        let stale = packet
            .chunks()
            .flatten()
            .any(|chunk| reports_stale_cookie(&chunk));
        if has(ChunkKind::SHUTDOWN_COMPLETE) || has(ChunkKind::COOKIE_ACK) || stale {
            return Answer::Nothing;
        }
        // 8). An end that both sides had agreed upon is not to look like an abort to a peer whose SHUTDOWN COMPLETE was
        // overtaken: it has nothing to send any more, so this packet is an old one.
        if matches!(self.phase, Phase::Ended { agreed: true }) {
            return Answer::Nothing;
        }
        Answer::Abort
    }
}

fn refuse(first: &ChunkRef<'_>) -> Answer {
    if first.kind != ChunkKind::INIT {
        return Answer::Nothing;
    }
    match InitRef::decode(first.value) {
        Ok(init) if init.init.initiate_tag != 0 => Answer::Refusal(init.init.initiate_tag),
        Ok(_) | Err(_) => Answer::Nothing,
    }
}

fn reports_stale_cookie(chunk: &ChunkRef<'_>) -> bool {
    chunk.kind == ChunkKind::ERROR
        && Causes::new(chunk.value)
            .map_while(Result::ok)
            .any(|cause| cause.code == Cause::STALE_COOKIE)
}
