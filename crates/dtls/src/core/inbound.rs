//! What a connection does with records from the network.

use std::net::{Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::time::Instant;

use super::application_data::mark;
use super::connection::{Connection, Entry, Machine, Phase};
use super::{Event, client, server};
use crate::alert::{Alert, AlertDescription, AlertLevel};
use crate::cookie::Admission;
use crate::error::CloseReason;
use crate::handshake::{HandshakeHeader, HandshakeType};
use crate::reassembly::Fragment;
use crate::record::header::split_record;
use crate::record::{ContentType, HEADER_LENGTH, Opened, RecordHeader};

/// A ClientHello may have a higher number only because of cookie exchanges before it.
const MAX_FIRST_SEQUENCE: u16 = 8;
/// A connection has one peer, so its own gate does not tell addresses apart.
const ANY_PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0);

impl Connection {
    /// Handles every record of a datagram and notes in it what became of each; returns how much of it was records.
    pub(super) fn read_records(&mut self, now: Instant, datagram: &mut [u8]) -> usize {
        let mut used = 0;
        let mut rest = datagram;
        while !rest.is_empty() {
            let Ok((header, record, tail)) = split_record(rest) else {
                self.stats.dropped.malformed += 1;
                break;
            };
            used += record.len();
            let plaintext = self.read_record(now, &header, record);
            mark(record, plaintext);
            rest = tail;
        }
        used
    }

    /// Handles one record; the place of its plaintext if that is the application's.
    fn read_record(
        &mut self,
        now: Instant,
        header: &RecordHeader,
        record: &mut [u8],
    ) -> Option<Range<usize>> {
        match (self.phase, header.epoch) {
            (Phase::Closed, _) => self.stats.dropped.unexpected += 1,
            (Phase::Idle | Phase::Handshaking, 0) => {
                self.read_plain(now, header, record.get(HEADER_LENGTH..).unwrap_or_default());
            }
            (Phase::Idle | Phase::Handshaking | Phase::Connected, 1) => {
                return self.read_protected(now, header, record);
            }
            // Once connected nothing in plaintext is believed.
            (Phase::Idle | Phase::Handshaking | Phase::Connected, _) => self.stats.dropped.wrong_epoch += 1,
        }
        None
    }

    fn read_plain(&mut self, now: Instant, header: &RecordHeader, payload: &[u8]) {
        match header.content_type {
            ContentType::Handshake => self.read_handshake(now, header, payload),
            ContentType::Alert => self.read_alert(payload),
            // The epoch in the header of what follows tells more than this does.
            ContentType::ChangeCipherSpec => {}
            ContentType::ApplicationData => self.stats.dropped.unexpected += 1,
        }
    }

    fn read_protected(
        &mut self,
        now: Instant,
        header: &RecordHeader,
        record: &mut [u8],
    ) -> Option<Range<usize>> {
        let plaintext = match self.context.records.open(header, record) {
            Opened::Plaintext(plaintext) => plaintext,
            Opened::NoKey => {
                if self.phase == Phase::Idle || !self.early.push_sealed(record) {
                    self.stats.dropped.wrong_epoch += 1;
                }
                return None;
            }
            Opened::Replayed => {
                self.stats.dropped.replayed += 1;
                return None;
            }
            Opened::Forged => {
                self.stats.dropped.forged += 1;
                return None;
            }
        };
        let payload = record.get(plaintext.clone()).unwrap_or_default();
        match header.content_type {
            ContentType::ApplicationData => {
                if self.phase == Phase::Connected {
                    self.count_received(payload.len());
                    return Some(plaintext);
                }
                if !self.early.push_opened(payload) {
                    self.stats.dropped.wrong_epoch += 1;
                }
            }
            ContentType::Handshake => self.read_handshake(now, header, payload),
            ContentType::Alert => self.read_alert(payload),
            ContentType::ChangeCipherSpec => self.stats.dropped.unexpected += 1,
        }
        None
    }

    fn count_received(&mut self, length: usize) {
        self.stats.records_received += 1;
        self.stats.bytes_received += length as u64;
        if !self.context.flight.is_empty() {
            // The peer has our Finished, or it would send no data.
            self.context.flight.begin();
        }
    }

    /// Application data that arrived before the handshake was over.
    pub(super) fn take_early(&mut self) -> Vec<Vec<u8>> {
        let early = self.early.take_opened();
        early.iter().for_each(|data| self.count_received(data.len()));
        early
    }

    fn read_alert(&mut self, payload: &[u8]) {
        match Alert::decode(payload) {
            Ok(Alert {
                description: AlertDescription::CLOSE_NOTIFY,
                ..
            }) => self.fail(CloseReason::CloseNotify),
            Ok(Alert {
                level: AlertLevel::Fatal,
                description,
            }) => {
                self.fail(CloseReason::AlertReceived(description));
            }
            Ok(Alert {
                level: AlertLevel::Warning,
                ..
            }) => {}
            Err(_) => self.stats.dropped.malformed += 1,
        }
    }

    /// Takes every fragment of a handshake record, then every message that is whole.
    fn read_handshake(&mut self, now: Instant, record: &RecordHeader, mut payload: &[u8]) {
        while !payload.is_empty() {
            let Ok((header, fragment, rest)) = HandshakeHeader::decode(payload) else {
                self.stats.dropped.malformed += 1;
                break;
            };
            payload = rest;
            if self.admits(now, record, &header, fragment) {
                self.read_fragment(now, record.epoch, &header, fragment);
            }
        }
        self.advance(now);
    }

    /// Whether a fragment belongs to a handshake that goes on. What comes before and after one is decided here.
    fn admits(
        &mut self,
        now: Instant,
        record: &RecordHeader,
        header: &HandshakeHeader,
        fragment: &[u8],
    ) -> bool {
        let admitted = match (self.phase, &self.machine) {
            (Phase::Connected, _) => self.is_repeated(header) || self.refuse_renegotiation(header),
            (_, Machine::Server(server::State::ExpectClientHello)) => {
                self.admits_hello(record, header, fragment)
            }
            (Phase::Handshaking, _) => true,
            (Phase::Idle | Phase::Closed, _) => false,
        };
        if !admitted {
            self.stats.dropped.unexpected += 1;
        } else if self.phase == Phase::Idle {
            self.begin_handshake(now);
        }
        admitted
    }

    fn is_repeated(&self, header: &HandshakeHeader) -> bool {
        header.message_sequence < self.inbound.next()
    }

    /// RFC 5746 §5 and RFC 8827 §6.5: no renegotiation. Always false: the message is not admitted.
    fn refuse_renegotiation(&mut self, header: &HandshakeHeader) -> bool {
        if matches!(
            header.message_type,
            HandshakeType::CLIENT_HELLO | HandshakeType::HELLO_REQUEST
        ) {
            self.outbound.alert = Some(Alert::warning(AlertDescription::NO_RENEGOTIATION));
        }
        false
    }

    fn admits_hello(&mut self, record: &RecordHeader, header: &HandshakeHeader, fragment: &[u8]) -> bool {
        let sequence = header.message_sequence;
        if header.message_type != HandshakeType::CLIENT_HELLO
            || record.epoch != 0
            || sequence > MAX_FIRST_SEQUENCE
        {
            return false;
        }
        if let Entry::Guarded(gate) = &self.entry {
            match gate.check_fragment(ANY_PEER, record, header, fragment) {
                Admission::Admit => self.entry = Entry::Admitted,
                Admission::Reply(reply) => {
                    self.outbound.reply = Some(reply);
                    return false;
                }
                Admission::Ignore => return false,
            }
        }
        // Of hellos with different numbers the later one counts: the peer repeats its own, and so outlives a forged one.
        if sequence != self.inbound.next() || self.inbound.is_empty() {
            if matches!(self.entry, Entry::Admitted) {
                // RFC 6347 §4.2.1: the ServerHello continues the numbers of this hello.
                self.context.records.continue_at(record.sequence_number);
            }
            self.inbound.restart_at(sequence);
        }
        true
    }

    fn read_fragment(&mut self, now: Instant, epoch: u16, header: &HandshakeHeader, fragment: &[u8]) {
        match self.inbound.insert(epoch, header, fragment) {
            Fragment::New => {}
            Fragment::Dropped | Fragment::Replaced => self.stats.dropped.fragments += 1,
            Fragment::Old => self.consider_resending(now, header),
        }
    }

    /// RFC 6347 §4.2.4: a repeated end of the peer's flight means that ours was lost.
    fn consider_resending(&mut self, now: Instant, header: &HandshakeHeader) {
        let last = header.message_sequence.wrapping_add(1) == self.inbound.next()
            && header.fragment_offset + header.fragment_length == header.length;
        if last && !self.context.flight.is_empty() && self.timer.may_resend(now) {
            self.stats.resends += 1;
            self.context.flight.rewind();
        }
    }

    /// Gives the state machine every message that is whole.
    fn advance(&mut self, now: Instant) {
        while self.phase == Phase::Handshaking
            && let Some(message) = self.inbound.pop()
        {
            let had_keys = self.context.records.has_keys();
            let before = self.progress();
            let result = match &mut self.machine {
                Machine::Client(state) => std::mem::replace(state, client::State::Failed)
                    .handle(&mut self.context, &message)
                    .map(Machine::Client),
                Machine::Server(state) => std::mem::replace(state, server::State::Failed)
                    .handle(&mut self.context, &message)
                    .map(Machine::Server),
            };
            match result {
                Ok(machine) => self.machine = machine,
                Err(reason) => return self.fail(reason),
            }
            self.finish_step(now, before);
            if !had_keys && self.context.records.has_keys() {
                self.open_early(now);
            }
        }
    }

    /// Changes when the state machine begins a flight.
    fn progress(&self) -> u16 {
        self.context.flight.next_sequence()
    }

    fn finish_step(&mut self, now: Instant, before: u16) {
        let connected = matches!(
            self.machine,
            Machine::Client(client::State::Connected) | Machine::Server(server::State::Connected)
        );
        if self.progress() != before {
            self.timer.flight_begins(now, !connected);
        }
        if connected {
            self.phase = Phase::Connected;
            self.timer.stop();
            self.context.transcript = crate::transcript::Transcript::default();
            self.events.push_back(Event::Connected);
            tracing::debug!(role = ?self.context.role, suite = ?self.context.session.suite, "dtls connected");
        }
    }

    /// Opens what arrived before the keys. Application data among it waits with the rest of what is early.
    fn open_early(&mut self, now: Instant) {
        for mut record in self.early.take_sealed() {
            let Ok(header) = RecordHeader::decode(&record) else {
                continue;
            };
            if let Some(plaintext) = self.read_protected(now, &header, &mut record) {
                let data = record.get(plaintext).unwrap_or_default();
                // It was counted as delivered, and is counted again when it is.
                self.stats.records_received -= 1;
                self.stats.bytes_received -= data.len() as u64;
                if !self.early.push_opened(data) {
                    self.stats.dropped.wrong_epoch += 1;
                }
            }
        }
    }
}
