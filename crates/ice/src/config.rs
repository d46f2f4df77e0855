//! What may be chosen about an agent.

use std::net::SocketAddr;
use std::time::Duration;

use crate::{Credentials, Role};

/// Which candidates an agent gathers and uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TransportPolicy {
    /// All of them.
    #[default]
    All,
    /// Only relayed ones: no own address is disclosed, checks at host addresses are not answered.
    Relay,
}

/// A STUN server that was already resolved, and the name under which it is reported.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StunServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its URL, for [`Event::GatheringError`](crate::Event::GatheringError).
    pub url: String,
}

/// RFC 8445 §14.2: Ta where nobody proposes another one.
pub(crate) const DEFAULT_PACING: Duration = Duration::from_millis(50);

/// The durations of the protocol. The defaults are those of the RFCs; change them with a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// Ta: the pace of new STUN transactions. 50 ms (RFC 8445 §14.2); not below 5 ms. Another value has to be signalled
    /// (RFC 8839 §5.5), and gives way to a higher one of the peer: [`RemoteParameters::pacing`](crate::RemoteParameters::pacing).
    pub pacing: Duration,
    /// How many slots of [`pacing`](Self::pacing) a check may run ahead when the peer was just heard on that
    /// very path, or when it nominates. The slots are paid back: the average stays one transaction per Ta, and
    /// no NAT binding is made that the peer did not open. 4; 0 is RFC 8445 to the letter.
    pub pacing_credit: u32,
    /// The shortest first retransmission time-out. 500 ms (RFC 8445 §14.3).
    pub rto: Duration,
    /// The shortest first retransmission time-out on a path whose round-trip time is known: three times the
    /// latter, and no less than this. 50 ms. Set it to [`rto`](Self::rto) for RFC 8445 to the letter.
    pub rto_known_path: Duration,
    /// Rc: how often a request is sent. 7 (RFC 8489 §6.2.1).
    pub attempts: u8,
    /// Rm: how many times the first RTO to wait behind the last request. 16 (RFC 8489 §6.2.1).
    pub last_wait: u32,
    /// How long a STUN server may take to answer. 5 s.
    pub gathering: Duration,
    /// How long the controlling agent waits for a better pair before it nominates the best one it has. 100 ms.
    /// Data flows on the best valid pair meanwhile (RFC 8445 §12.1).
    pub nomination: Duration,
    /// The same when the best pair is relayed. 1 s.
    pub nomination_relay: Duration,
    /// The mean of the time between consent requests. 5 s, drawn from 0.8 to 1.2 of it (RFC 7675 §5.1);
    /// not below 5 s on the Internet.
    pub consent_interval: Duration,
    /// How long consent lasts behind the last response. 30 s (RFC 7675 §5.1).
    pub consent_expiry: Duration,
    /// How long a path that was asked may stay silent before the state is `Disconnected`. 5 s.
    pub disconnected: Duration,
    /// Tr: how long a path may be idle before a keepalive. 15 s (RFC 8445 §11); consent requests count. As often the
    /// STUN servers are asked again until a pair is selected, so that NATs keep the reflexive candidates
    /// (§5.1.1.4), but at most once a second.
    pub keepalive: Duration,
    /// ICE-PAC: the earliest time behind the start of checks at which the agent may fail. 39.5 s (RFC 8863 §4).
    pub patience: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            pacing: DEFAULT_PACING,
            pacing_credit: 4,
            rto: Duration::from_millis(500),
            rto_known_path: Duration::from_millis(50),
            attempts: 7,
            last_wait: 16,
            gathering: Duration::from_secs(5),
            nomination: Duration::from_millis(100),
            nomination_relay: Duration::from_secs(1),
            consent_interval: Duration::from_secs(5),
            consent_expiry: Duration::from_secs(30),
            disconnected: Duration::from_secs(5),
            keepalive: Duration::from_secs(15),
            patience: Duration::from_millis(39_500),
        }
    }
}

/// The bounds of an agent's tables. What does not fit is refused and counted, never queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Socket bases. 32.
    pub bases: usize,
    /// Local candidates of one generation. 64; at most 32 of a base are server-reflexive.
    pub local_candidates: usize,
    /// Remote candidates of one generation, peer-reflexive ones included. 64.
    pub remote_candidates: usize,
    /// Candidate pairs. 100 (RFC 8445 §6.1.2.5).
    pub pairs: usize,
    /// STUN servers. 8.
    pub stun_servers: usize,
    /// Checks that arrived before the peer's credentials and are remembered. 16.
    pub early_checks: usize,
    /// Responses that wait for [`poll_transmit`](crate::core::Agent::poll_transmit). 64.
    pub responses: usize,
    /// Pairs that are kept beside the selected one, to turn to when it breaks. 3.
    pub spare_pairs: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bases: 32,
            local_candidates: 64,
            remote_candidates: 64,
            pairs: 100,
            stun_servers: 8,
            early_checks: 16,
            responses: 64,
            spare_pairs: 3,
        }
    }
}

/// What may be chosen about an agent.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The role to begin with: controlling for the side that offers. A conflict is repaired by the protocol.
    pub role: Role,
    /// Answer checks and send none (RFC 8445 §2.5): for hosts with a public address.
    pub lite: bool,
    /// Fixed credentials for the first generation, or `None` to draw them.
    pub credentials: Option<Credentials>,
    /// Which candidates are used.
    pub transport_policy: TransportPolicy,
    /// Servers to ask for server-reflexive candidates.
    pub stun_servers: Vec<StunServer>,
    /// Put a NOMINATION attribute into nominations: set it when both sides signalled the ICE option
    /// `renomination`. Attributes that arrive are obeyed in any case.
    pub renomination: bool,
    /// Durations.
    pub timers: Timers,
    /// Bounds.
    pub limits: Limits,
    /// Where the message authentication codes are computed.
    pub provider: crypto::Provider,
}
