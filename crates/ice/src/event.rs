//! What an agent says: events, states, reasons.

use std::fmt;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;

use crate::candidate::{Candidate, CandidateKind};
use crate::stats::PairCounters;

/// Two ends of a datagram: the socket here (its base, RFC 8445 §4) and the address there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    /// The address of the local socket.
    pub local: SocketAddr,
    /// The address of the other end.
    pub remote: SocketAddr,
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.local, self.remote)
    }
}

/// A datagram that [`poll_transmit`](crate::core::Agent::poll_transmit) appended to the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// From which socket, to whom.
    pub path: Path,
    /// How many bytes were appended.
    pub len: usize,
}

/// What a datagram was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// STUN; it was dealt with.
    Stun,
    /// Data of the application, from a path whose peer has proven to know the credentials.
    Data,
    /// Neither, or from an unknown path.
    Dropped,
}

/// Who nominates (RFC 8445 §6.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Role {
    /// Chooses the pair; usually the side that offers.
    #[default]
    Controlling,
    /// Follows.
    Controlled,
}

impl Role {
    /// The other role.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Controlling => Self::Controlled,
            Self::Controlled => Self::Controlling,
        }
    }
}

/// `RTCIceGathererState` of the W3C.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum GatheringState {
    /// No address was added yet.
    #[default]
    New,
    /// Addresses may still be added, or a server has not answered yet.
    Gathering,
    /// All candidates were emitted.
    Complete,
}

/// `RTCIceTransportState` of the W3C.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum ConnectionState {
    /// No remote candidate, or no remote credentials yet.
    #[default]
    New,
    /// Looking for a pair that works.
    Checking,
    /// Data can flow; a better pair may still be found.
    Connected,
    /// A pair was nominated and both sides have said that no candidate will follow.
    Completed,
    /// The selected pair was asked and is silent. It may come back by itself.
    Disconnected,
    /// No pair works any more; restart, or give up.
    Failed,
    /// [`close`](crate::core::Agent::close) was called.
    Closed,
}

/// The state of a pair (RFC 8445 §6.1.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PairState {
    /// Waits until another pair of its foundation succeeded.
    Frozen,
    /// Will be checked when its turn comes.
    Waiting,
    /// A check is under way.
    InProgress,
    /// A check was answered.
    Succeeded,
    /// A check was not answered, or refused.
    Failed,
}

/// Why the last check of a pair did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PairError {
    /// Nobody answered.
    NoResponse,
    /// The peer refused with this STUN error code; 401 means that it has other credentials.
    Refused(u16),
    /// The answer came from or to another address than the request (RFC 8445 §7.2.5.2.1).
    AddressMismatch,
    /// The socket could not send.
    Unreachable,
}

impl fmt::Display for PairError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoResponse => f.write_str("no response"),
            Self::Refused(401) => f.write_str("refused with 401, the peer has other credentials"),
            Self::Refused(code) => write!(f, "refused with {code}"),
            Self::AddressMismatch => f.write_str("answered from another address"),
            Self::Unreachable => f.write_str("the socket cannot send there"),
        }
    }
}

/// A candidate pair, as [`candidate_pairs`](crate::core::Agent::candidate_pairs) shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairInfo {
    /// The candidate here.
    pub local: Candidate,
    /// The candidate there.
    pub remote: Candidate,
    /// The two ends that datagrams of this pair have.
    pub path: Path,
    /// RFC 8445 §6.1.2.3.
    pub priority: u64,
    /// Where it stands.
    pub state: PairState,
    /// Whether the controlling agent chose it.
    pub nominated: bool,
    /// The round-trip time last measured.
    pub rtt: Option<Duration>,
    /// Why the last check failed.
    pub last_error: Option<PairError>,
    /// Counters.
    pub counters: PairCounters,
}

/// Why a STUN server gave no candidate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum GatheringError {
    /// It did not answer in time: check address and port, and whether UDP may leave this network.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// It refused.
    #[error("refused with {code} {reason}")]
    Refused {
        /// The STUN error code.
        code: u16,
        /// The reason phrase, cut to 128 bytes.
        reason: String,
    },
    /// Its answer held no mapped address.
    #[error("answer without a mapped address")]
    NoAddress,
    /// The socket could not send there.
    #[error("unreachable from this address")]
    Unreachable,
    /// No socket here is of the family of the server's address, or else only link-local or loopback ones are, which do not
    /// reach it: this host has no network for it.
    #[error("no address of this host reaches {0}")]
    NoSocket(SocketAddr),
    /// The name of the server did not resolve.
    #[error("name did not resolve: {0}")]
    Unresolved(String),
    /// The URL asks for something that this crate does not do.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// There are as many servers as [`Limits::stun_servers`](crate::Limits) allows: it is not asked.
    #[error("not asked, {0} servers are the limit")]
    TooManyServers(usize),
}

impl GatheringError {
    /// The code for `RTCPeerConnectionIceErrorEvent`: the server's, or 701 when it was not reached.
    pub const fn code(&self) -> u16 {
        match self {
            Self::Refused { code, .. } => *code,
            Self::Timeout(_)
            | Self::NoAddress
            | Self::Unreachable
            | Self::NoSocket(_)
            | Self::Unresolved(_)
            | Self::Unsupported(_)
            | Self::TooManyServers(_) => 701,
        }
    }
}

/// One pair of a [`FailReason`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedPair {
    /// The two ends.
    pub path: Path,
    /// What the candidate here was.
    pub local: CandidateKind,
    /// What the candidate there was.
    pub remote: CandidateKind,
    /// How many requests were sent.
    pub requests: u32,
    /// How many authenticated requests of the peer came in.
    pub heard: u32,
    /// What went wrong last.
    pub error: Option<PairError>,
}

/// Why an agent failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailReason {
    /// There was nothing to check.
    NoPairs {
        /// How many local candidates there were.
        local: usize,
        /// How many remote candidates there were.
        remote: usize,
        /// How many remote candidates were names that nobody resolved.
        unresolved: usize,
        /// How many checks came with other credentials than ours.
        refused: u64,
    },
    /// No pair worked.
    NoPairWorks {
        /// All that were tried.
        pairs: Vec<FailedPair>,
        /// How many checks came with other credentials than ours.
        refused: u64,
    },
    /// The peer has not answered on the selected pair for so long that nothing more may be sent (RFC 7675).
    ConsentExpired {
        /// The pair.
        path: Path,
        /// How long ago the last answer came.
        silence: Duration,
    },
    /// The peer revoked consent with an authenticated 403 (RFC 7675 §5.2).
    ConsentRevoked(Path),
}

impl fmt::Display for FailReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPairs {
                local,
                remote,
                unresolved,
                refused,
            } => {
                write!(
                    f,
                    "no candidate pair: {local} local and {remote} remote candidates"
                )?;
                if *unresolved > 0 {
                    write!(f, ", {unresolved} remote names were not resolved")?;
                }
                write_refused(f, *refused)
            }
            Self::NoPairWorks { pairs, refused } => {
                write!(f, "none of {} candidate pairs works", pairs.len())?;
                for (n, pair) in pairs.iter().enumerate() {
                    let separator = if n == 0 { ": " } else { "; " };
                    write!(
                        f,
                        "{separator}{} ({} to {}), ",
                        pair.path, pair.local, pair.remote
                    )?;
                    write!(f, "{} requests sent, {} received", pair.requests, pair.heard)?;
                    if let Some(error) = pair.error {
                        write!(f, ", {error}")?;
                    }
                }
                write_refused(f, *refused)
            }
            Self::ConsentExpired { path, silence } => {
                write!(
                    f,
                    "consent expired: the peer has not answered on {path} for {:.1} s",
                    silence.as_secs_f32()
                )
            }
            Self::ConsentRevoked(path) => write!(f, "the peer revoked its consent on {path}"),
        }
    }
}

/// Not every peer says that it refuses our checks; that we refuse its own tells the same.
fn write_refused(f: &mut fmt::Formatter<'_>, refused: u64) -> fmt::Result {
    if refused == 0 {
        return Ok(());
    }
    write!(f, "; {refused} checks of the peer had other credentials")
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A local candidate to signal to the peer; its `ufrag` extension names the generation.
    LocalCandidate(Candidate),
    /// The gathering state changed.
    GatheringStateChange(GatheringState),
    /// The connection state changed. `Failed` is preceded by [`Event::Failed`].
    ConnectionStateChange(ConnectionState),
    /// A pair was selected.
    SelectedPairChange(Box<PairInfo>),
    /// A role conflict was repaired by taking the other role.
    RoleChange(Role),
    /// The peer has proven to know the credentials on this path; a [`Mux`](crate::Mux) binds it.
    PathValidated(Path),
    /// A STUN server gave no candidate.
    GatheringError {
        /// The URL of the server.
        url: String,
        /// The socket that asked; `0.0.0.0:0` when none did.
        address: SocketAddr,
        /// For `RTCPeerConnectionIceErrorEvent`.
        code: u16,
        /// What went wrong.
        reason: GatheringError,
    },
    /// The agent failed; a restart is the way on.
    Failed(FailReason),
    /// A socket is lost, and what went over it; other sockets go on. Gathering again opens sockets anew.
    SocketLost(SocketLost),
}

/// A socket that the system took away, or that has nothing but errors: only the façade has sockets, and says so.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the socket at {address} is lost: {message}")]
pub struct SocketLost {
    /// Where it was bound.
    pub address: SocketAddr,
    /// The kind of the last error.
    pub kind: ErrorKind,
    /// The last error in the system's words.
    pub message: String,
}

/// Why a remote candidate was not taken. The connection goes on without it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CandidateError {
    /// The address is a name: resolve it, and add [`Candidate::resolved`].
    #[error("{0} is a name and has to be resolved first")]
    Unresolved(String),
    /// The address is unspecified, multicast, or has port 0.
    #[error("{0} is no address to send to")]
    Address(SocketAddr),
    /// There is no room for another one.
    #[error("too many remote candidates, {0} are the limit")]
    TooMany(usize),
    /// The agent was closed.
    #[error("agent is closed")]
    Closed,
}
