//! ICE (RFC 8445).

pub mod candidate;
mod config;
pub mod core;
mod credentials;
mod event;
#[cfg(feature = "tokio")]
pub mod io;
mod mux;
mod priority;

pub use candidate::{Address, Candidate, CandidateKind, Foundation, ParseCandidateError, Protocol, TcpType};
pub use config::{Config, Limits, StunServer, Timers, TransportPolicy};
pub use credentials::{Credentials, CredentialsError, RemoteParameters};
pub use event::{
    CandidateError, ConnectionState, Event, FailReason, FailedPair, GatheringError, GatheringState, Input,
    PairCounters, PairError, PairInfo, PairState, Path, Role, Stats, Transmit,
};
#[cfg(feature = "tokio")]
pub use io::{Agent, ConnectError, Connection, Endpoint, Events, GatherOptions};
pub use mux::Mux;
