//! What an agent counts.

use std::time::Duration;

use crate::event::{ConnectionState, Role};

/// Counters of one pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PairCounters {
    /// Binding requests sent, retransmissions included.
    pub requests_sent: u32,
    /// Authenticated requests received.
    pub requests_received: u32,
    /// Responses sent.
    pub responses_sent: u32,
    /// Authenticated responses received.
    pub responses_received: u32,
    /// Consent requests sent (they count as requests too).
    pub consent_requests_sent: u32,
    /// The sum of all measured round-trip times, in microseconds.
    pub total_rtt_us: u64,
    /// Datagrams of data sent.
    pub packets_sent: u64,
    /// Bytes of data sent.
    pub bytes_sent: u64,
    /// Datagrams of data received.
    pub packets_received: u64,
    /// Bytes of data received.
    pub bytes_received: u64,
}

/// Counters of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Datagrams that begin like STUN but are broken, or without a valid FINGERPRINT.
    pub malformed: u64,
    /// Requests without credentials, or with wrong ones.
    pub unauthenticated: u64,
    /// Responses to no request of ours, or with a wrong integrity.
    pub unexpected: u64,
    /// Data from a path on which the peer never proved itself.
    pub unknown_path: u64,
    /// What a full table turned away: candidates, pairs, early checks, responses, events.
    pub overflow: u64,
    /// Remote candidates that cannot be used here: TCP, component 2, of another generation.
    pub ignored_candidates: u64,
    /// Binding requests sent, retransmissions included.
    pub requests_sent: u64,
    /// Authenticated binding requests received.
    pub requests_received: u64,
    /// Responses sent.
    pub responses_sent: u64,
    /// Authenticated responses received.
    pub responses_received: u64,
    /// Datagrams of data sent.
    pub packets_sent: u64,
    /// Bytes of data sent.
    pub bytes_sent: u64,
    /// Datagrams of data received.
    pub packets_received: u64,
    /// Bytes of data received.
    pub bytes_received: u64,
    /// Passing errors of receiving at the sockets, which other agents of them count as well. Counted by the façade.
    pub receive_errors: u64,
    /// How often another pair was selected.
    pub selected_pair_changes: u32,
    /// How often the roles were swapped.
    pub role_changes: u32,
    /// The role.
    pub role: Role,
    /// The state.
    pub state: ConnectionState,
    /// The round-trip time of the selected pair.
    pub rtt: Option<Duration>,
}
