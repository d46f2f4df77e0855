//! Setting up, RFC 9260 §5: the four-way handshake and both sides starting at once.

use super::association::Association;
use super::capabilities::{report_unrecognized, write_capabilities};
use super::cookie::Cookie;
use super::peer::PeerInit;
use super::phase::Phase;
use super::recv::Receiver;
use super::timer::Timer;
use crate::codec::{Cause, ChunkKind, Init, InitRef, ParamKind, ParamRef, write_param};
use crate::error::CloseReason;
use crate::message::Event;
use crate::tsn::Tsn;
use std::time::{Duration, Instant};

/// Unrecognised parameters reported back, in bytes.
const MAX_REPORT: usize = 256;
/// Cookies longer than this are refused: they would not fit into a packet with room for anything else.
const MAX_COOKIE: usize = 400;

/// What a COOKIE ECHO means for an association that exists, RFC 9260 §5.2.4 table 12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// A: the peer restarted.
    Restart,
    /// B: both sides started at once and the peer chose another tag meanwhile.
    UpdateTag,
    /// C, and combinations that are not in the table.
    Discard,
    /// D: the ordinary answer.
    Confirm,
}

impl Association {
    /// Sends INIT and waits.
    pub(super) fn start_handshake(&mut self, now: Instant) {
        self.phase = Phase::CookieWait { retries: 0 };
        self.queue_init();
        self.timers.set(Timer::T1, now, self.handshake_timeout(0));
    }

    fn queue_init(&mut self) {
        let init = self.init(self.local.tag, self.local.initial_tsn);
        self.outbox.push_alone(0, ChunkKind::INIT, 0, |out| {
            init.encode(out);
            write_capabilities(out)
        });
    }

    fn init(&self, initiate_tag: u32, initial_tsn: Tsn) -> Init {
        Init {
            initiate_tag,
            a_rwnd: u32::try_from(self.config.window()).unwrap_or(u32::MAX),
            outbound_streams: self.config.outbound_streams.max(1),
            inbound_streams: self.config.inbound_streams.max(1),
            initial_tsn,
        }
    }

    /// The timeout of the attempt after `retries` repetitions.
    fn handshake_timeout(&self, retries: u32) -> Duration {
        let factor = 1_u32.checked_shl(retries).unwrap_or(u32::MAX);
        self.config
            .handshake_timeout
            .saturating_mul(factor)
            .min(self.config.rto_max)
    }

    /// T1-init or T1-cookie expired, §5.1.
    pub(super) fn handle_t1(&mut self, now: Instant) {
        let (Phase::CookieWait { retries } | Phase::CookieEchoed { retries, .. }) = &mut self.phase else {
            return;
        };
        if *retries >= self.config.max_init_retransmissions {
            self.end(CloseReason::HandshakeTimeout);
            return;
        }
        *retries += 1;
        let retries = *retries;
        self.timers.set(Timer::T1, now, self.handshake_timeout(retries));
        if matches!(self.phase, Phase::CookieWait { .. }) {
            self.queue_init();
        } else {
            self.echo_cookie(now);
        }
    }

    /// COOKIE ECHO goes out (again), and with it the data that went with it before.
    fn echo_cookie(&mut self, now: Instant) {
        self.outbox.cookie_echo = true;
        self.sender.lose_all(now, &mut self.stats);
    }

    /// INIT, §5.1 B and §5.2.
    pub(super) fn handle_init(&mut self, now: Instant, value: &[u8]) {
        let Some(init) = self.checked_init(value) else {
            return;
        };
        let (tag, tsn) = match self.phase {
            Phase::Closed | Phase::CookieWait { .. } | Phase::CookieEchoed { .. } => {
                // §5.2.1: the same tag and TSN as in our own INIT.
                (self.local.tag, self.local.initial_tsn)
            }
            Phase::Established | Phase::ShutdownPending | Phase::ShutdownSent | Phase::ShutdownReceived => {
                // §5.2.2: a new tag; nothing changes before the cookie comes back.
                (self.local.new_tag(), Tsn(self.local.next_u32()))
            }
            Phase::ShutdownAckSent => {
                // §9.2: the peer missed the end.
                self.outbox.shutdown_ack = true;
                return;
            }
            Phase::Ended { .. } => return,
        };
        self.answer_init(now, &init, tag, tsn);
    }

    fn answer_init(&mut self, now: Instant, init: &InitRef<'_>, tag: u32, tsn: Tsn) {
        let tied = !matches!(self.phase, Phase::Closed | Phase::CookieWait { .. });
        let cookie = Cookie {
            local_tag: tag,
            local_tsn: tsn,
            peer: PeerInit::new(init),
            created: self.local.clock(now),
            tie_tags: tied.then_some((self.local.tag, self.peer.tag)),
        };
        let fixed = self.init(tag, tsn);
        let Self { outbox, local, .. } = self;
        outbox.push_alone(cookie.peer.tag, ChunkKind::INIT_ACK, 0, |out| {
            fixed.encode(out);
            write_param(out, ParamKind::STATE_COOKIE, |out| {
                local.cookie_key.write(&cookie, out)
            });
            let padding = write_capabilities(out);
            report_unrecognized(init, out).unwrap_or(padding)
        });
    }

    /// Decodes INIT or INIT ACK and refuses impossible ones, §3.3.2 and §5.1.2.
    fn checked_init<'a>(&mut self, value: &'a [u8]) -> Option<InitRef<'a>> {
        let Ok(init) = InitRef::decode(value) else {
            self.stats.malformed += 1;
            return None;
        };
        let Init {
            initiate_tag,
            a_rwnd,
            outbound_streams,
            inbound_streams,
            ..
        } = init.init;
        if initiate_tag == 0 || init.params().any(|param| param.is_err()) {
            self.stats.malformed += 1;
            return None;
        }
        if outbound_streams == 0 || inbound_streams == 0 || a_rwnd < 1500 {
            self.refuse(initiate_tag, Cause::INVALID_MANDATORY_PARAMETER, &[]);
            return None;
        }
        let host_name = init
            .params()
            .flatten()
            .find(|param| param.kind == ParamKind::HOST_NAME_ADDRESS);
        if let Some(ParamRef { value, .. }) = host_name {
            self.refuse(
                initiate_tag,
                Cause::UNRESOLVABLE_ADDRESS,
                value.get(..MAX_REPORT).unwrap_or(value),
            );
            return None;
        }
        Some(init)
    }

    /// Answers with ABORT without giving up what exists.
    fn refuse(&mut self, tag: u32, cause: Cause, information: &[u8]) {
        self.stats.unexpected_chunks += 1;
        self.outbox
            .push_alone(tag, ChunkKind::ABORT, 0, |out| cause.encode(information, out));
    }

    /// INIT ACK, §5.1 C and §5.2.3.
    pub(super) fn handle_init_ack(&mut self, now: Instant, value: &[u8]) {
        if !matches!(self.phase, Phase::CookieWait { .. }) {
            self.stats.unexpected_chunks += 1;
            return;
        }
        let Some(init) = self.checked_init(value) else {
            return;
        };
        let cookie = init
            .params()
            .flatten()
            .find(|param| param.kind == ParamKind::STATE_COOKIE);
        let Some(cookie) =
            cookie.filter(|cookie| !cookie.value.is_empty() && cookie.value.len() <= MAX_COOKIE)
        else {
            // §3.3.10.2: how many are missing, and which.
            let tag = init.init.initiate_tag;
            self.refuse(tag, Cause::MISSING_MANDATORY_PARAMETER, &[0, 0, 0, 1, 0, 7]);
            return;
        };
        self.adopt_peer(PeerInit::new(&init));
        self.phase = Phase::CookieEchoed {
            retries: 0,
            cookie: cookie.value.into(),
        };
        self.timers.set(Timer::T1, now, self.handshake_timeout(0));
        self.outbox.cookie_echo = true;
        let mut unrecognized = Vec::new();
        report_unrecognized(&init, &mut unrecognized);
        if !unrecognized.is_empty() {
            self.outbox.bundle(ChunkKind::ERROR, |out| {
                Cause::UNRECOGNIZED_PARAMETERS.encode(&unrecognized, out)
            });
        }
    }

    /// The peer's half is known.
    fn adopt_peer(&mut self, peer: PeerInit) {
        self.peer = peer;
        self.sender.set_peer(&peer);
        self.resets.set_peer(peer.initial_tsn);
        self.receiver = Receiver::new(&self.config, peer.initial_tsn, self.inbound_streams());
        self.drop_beyond();
    }

    /// Messages on streams that the peer does not accept are given up.
    fn drop_beyond(&mut self) {
        let dropped = self.sender.queue.drop_beyond(self.outbound_streams());
        self.stats.messages_abandoned += u64::from(dropped);
    }

    /// COOKIE ECHO, §5.1 D, §5.1.5 and §5.2.4. False when the rest of the packet must not be processed.
    pub(super) fn handle_cookie_echo(&mut self, now: Instant, tag: u32, value: &[u8]) -> bool {
        let cookie = self
            .local
            .cookie_key
            .open(value)
            .filter(|cookie| cookie.local_tag == tag);
        let Some(cookie) = cookie else {
            self.stats.rejected_cookies += 1;
            return false;
        };
        let at_rest = matches!(self.phase, Phase::Closed);
        let action = if at_rest {
            Action::UpdateTag
        } else {
            self.judge(&cookie)
        };
        let age = Duration::from_millis(u64::from(self.local.clock(now).wrapping_sub(cookie.created)));
        if age > self.config.cookie_lifetime && action != Action::Confirm {
            self.report_stale(&cookie, age);
            return false;
        }
        match (action, &self.phase) {
            (Action::Discard, _) | (_, Phase::Ended { .. }) => {
                self.stats.rejected_cookies += 1;
                return false;
            }
            (Action::Restart, Phase::ShutdownAckSent) => {
                self.outbox.shutdown_ack = true;
                let cause = Cause::COOKIE_RECEIVED_WHILE_SHUTTING_DOWN;
                self.outbox.bundle(ChunkKind::ERROR, |out| cause.encode(&[], out));
                return false;
            }
            (Action::Restart, _) => self.restart(now, &cookie),
            (Action::UpdateTag, phase) if phase.is_opening() => self.adopt_cookie(&cookie),
            (Action::UpdateTag, _) => self.peer.tag = cookie.peer.tag,
            (Action::Confirm, _) => {}
        }
        self.outbox.cookie_ack = true;
        self.establish(now);
        true
    }

    /// RFC 9260 §5.2.4 table 12.
    fn judge(&self, cookie: &Cookie) -> Action {
        let local = cookie.local_tag == self.local.tag;
        let peer = cookie.peer.tag == self.peer.tag;
        match (local, peer) {
            (true, true) => Action::Confirm,
            (true, false) => Action::UpdateTag,
            (false, false) if cookie.tie_tags == Some((self.local.tag, self.peer.tag)) => Action::Restart,
            (false, true | false) => Action::Discard,
        }
    }

    fn report_stale(&mut self, cookie: &Cookie, age: Duration) {
        self.stats.rejected_cookies += 1;
        let over = age.saturating_sub(self.config.cookie_lifetime).as_micros();
        let over = u32::try_from(over).unwrap_or(u32::MAX).to_be_bytes();
        self.outbox
            .push_alone(cookie.peer.tag, ChunkKind::ERROR, 0, |out| {
                Cause::STALE_COOKIE.encode(&over, out)
            });
    }

    /// The association is as the cookie says. The local half was this association's own from the start.
    fn adopt_cookie(&mut self, cookie: &Cookie) {
        debug_assert_eq!(
            cookie.local_tsn, self.local.initial_tsn,
            "while opening there is one local half"
        );
        self.adopt_peer(cookie.peer);
    }

    /// Action A. Unread messages stay readable, unsent ones are kept, those under way are lost.
    fn restart(&mut self, _now: Instant, cookie: &Cookie) {
        self.local.tag = cookie.local_tag;
        self.local.initial_tsn = cookie.local_tsn;
        self.peer = cookie.peer;
        let lost = self.sender.restart(&self.config, cookie.local_tsn);
        self.stats.messages_abandoned += u64::from(lost);
        self.sender.set_peer(&cookie.peer);
        let streams = self.inbound_streams();
        self.receiver
            .restart(&self.config, cookie.peer.initial_tsn, streams);
        self.drop_beyond();
        self.resets = super::reset::Resets::new(cookie.local_tsn);
        self.resets.set_peer(cookie.peer.initial_tsn);
        self.outbox.clear_bundled();
        self.timers.stop_all();
        self.health = super::health::Health::default();
        self.phase = Phase::Established;
        self.events.push(Event::Restarted);
    }

    /// Enters ESTABLISHED from a state before it.
    fn establish(&mut self, now: Instant) {
        if self.phase.is_opening() {
            self.phase = Phase::Established;
            self.timers.stop(Timer::T1);
            self.outbox.cookie_echo = false;
            self.health.clear();
            self.events.push(Event::Connected);
            if self.sender.needs_t3() {
                self.timers.set(Timer::T3, now, self.sender.rto());
            }
        }
        self.start_heartbeat(now);
    }

    /// COOKIE ACK, §5.1 E and §5.2.5.
    pub(super) fn handle_cookie_ack(&mut self, now: Instant) {
        // Elsewhere it is late: when both sides open at once, one of them is established by the peer's cookie.
        if matches!(self.phase, Phase::CookieEchoed { .. }) {
            self.establish(now);
        }
    }

    /// Our COOKIE ECHO came too late: a new INIT gets a new cookie, §5.2.6 option 1. The attempts so far count.
    pub(super) fn handle_stale_cookie(&mut self, now: Instant) {
        let Phase::CookieEchoed { retries, .. } = self.phase else {
            return;
        };
        if retries >= self.config.max_init_retransmissions {
            self.end(CloseReason::HandshakeTimeout);
            return;
        }
        self.phase = Phase::CookieWait { retries: retries + 1 };
        self.outbox.cookie_echo = false;
        self.sender.lose_all(now, &mut self.stats);
        self.queue_init();
        self.timers
            .set(Timer::T1, now, self.handshake_timeout(retries + 1));
    }
}
