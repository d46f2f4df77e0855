//! ICE (RFC 8445).

pub mod candidate;
mod config;
pub mod core;
mod credentials;
mod event;
mod mux;
mod priority;

pub use candidate::{Address, Candidate, CandidateKind, Foundation, ParseCandidateError, Protocol, TcpType};
pub use config::{Config, Limits, StunServer, Timers, TransportPolicy};
pub use credentials::{Credentials, CredentialsError, RemoteParameters};
pub use event::{
    CandidateError, ConnectionState, Event, FailReason, FailedPair, GatheringError, GatheringState, Input,
    PairCounters, PairError, PairInfo, PairState, Path, Role, Stats, Transmit,
};
pub use mux::Mux;
