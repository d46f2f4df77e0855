//! Interactive Connectivity Establishment: finding a way for datagrams between two hosts, through NATs, and keeping
//! it.
//!
//! # What it is
//!
//! An ICE agent in two forms: [`core::Agent`], which has no socket and no clock and is driven by its caller, and
//! [`Agent`], which is that core over UDP sockets under tokio. [`Endpoint`] and [`Mux`] put many agents on one UDP
//! port. [`Candidate`] is the candidate of signalling, as text and as a type.
//!
//! The agent is full: foundations and frozen pairs, the pace of Ta, triggered checks, peer-reflexive candidates, role
//! conflicts, regular nomination, and it follows a peer that nominates aggressively or anew. It can be lite, and it
//! works with lite peers. Consent is kept, paths fail over, restarts lose no data. Everything is trickled.
//!
//! # RFCs
//!
//! 8445 (ICE), 8838 and 8839 (trickle, SDP syntax), 7675 (consent freshness), 8863 (patience before failing), 8421
//! (dual stack), 8489 (STUN, in the `stun` crate); draft-thatcher-ice-renomination-01 as libwebrtc speaks it.
//!
//! Where the agent leaves an RFC, why, and how to have it back: a triggered check may run up to four slots of Ta ahead,
//! which later checks pay back ([`Timers::pacing_credit`]); the retransmission time-out of a path whose round-trip time
//! is known is three times that, not 500 ms ([`Timers::rto_known_path`]). The higher of both sides' Ta is used (§14.2),
//! but a peer's counts for 500 ms at most ([`RemoteParameters::MAX_PACING`]). The pace is that of an agent: the 5 ms that
//! §14.2 asks for between the transactions of *all* agents of a process are not kept, since they would let a server set
//! up some sixty connections a second (docs/decisions/003-pacing.md); who runs many agents behind one NAT spreads their
//! starts, or raises [`Timers::pacing`].
//!
//! # Use it with tokio
//!
//! ```
//! # #[cfg(not(feature = "tokio"))] fn main() {}
//! # #[cfg(feature = "tokio")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ice::{Agent, Config, Event, GatherOptions, Role};
//!
//! let (alice, mut alice_events) = Agent::new(Config { role: Role::Controlling, ..Config::default() })?;
//! let (bob, mut bob_events) = Agent::new(Config { role: Role::Controlled, ..Config::default() })?;
//!
//! // Signalling, here without a network: credentials and candidates go to the other side.
//! alice.set_remote(bob.local_credentials())?;
//! bob.set_remote(alice.local_credentials())?;
//! let (to_alice, to_bob) = (alice.clone(), bob.clone());
//! tokio::spawn(async move {
//!     while let Some(event) = alice_events.next().await {
//!         if let Event::LocalCandidate(candidate) = event {
//!             let _ = to_bob.add_remote_candidate(candidate);
//!         }
//!     }
//! });
//! tokio::spawn(async move {
//!     while let Some(event) = bob_events.next().await {
//!         if let Event::LocalCandidate(candidate) = event {
//!             let _ = to_alice.add_remote_candidate(candidate);
//!         }
//!     }
//! });
//!
//! let options = GatherOptions { loopback: true, ..GatherOptions::default() };
//! alice.gather(&options)?;
//! bob.gather(&options)?;
//! let (left, right) = tokio::try_join!(alice.connect(), bob.connect())?;
//! left.send(b"hello").await?;
//! assert_eq!(&right.recv().await?[..], b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! # Drive it yourself
//!
//! ```
//! use std::time::Instant;
//! use ice::core::Agent;
//! use ice::{Config, Event, Input, Path, RemoteParameters, Role};
//!
//! let now = Instant::now();
//! let mut agents = [(Role::Controlling, 1), (Role::Controlled, 2)].map(|(role, n)| {
//!     // The seed comes from a CSPRNG.
//!     let mut agent = Agent::new(Config { role, ..Config::default() }, [n; 32]);
//!     agent.add_local_address(now, ([10, 0, 0, n], 5000).into());
//!     agent.end_local_addresses(now);
//!     agent
//! });
//! let credentials = agents.each_ref().map(|agent| agent.local_credentials().clone());
//! agents[0].set_remote(now, RemoteParameters::from(credentials[1].clone()))?;
//! agents[1].set_remote(now, RemoteParameters::from(credentials[0].clone()))?;
//!
//! // The loop of a driver; here a datagram arrives as soon as it is sent.
//! let mut datagram = Vec::new();
//! let mut quiet = 0;
//! while quiet < 2 {
//!     quiet += 1;
//!     for (this, other) in [(0, 1), (1, 0)] {
//!         while let Some(event) = agents[this].poll_event() {
//!             if let Event::LocalCandidate(candidate) = event {
//!                 agents[other].add_remote_candidate(now, candidate)?;
//!             }
//!         }
//!         while let Some(transmit) = agents[this].poll_transmit(now, &mut datagram) {
//!             let path = Path { local: transmit.path.remote, remote: transmit.path.local };
//!             assert_eq!(agents[other].handle_input(now, path, &datagram), Input::Stun);
//!             datagram.clear();
//!             quiet = 0;
//!         }
//!     }
//!     // Sleep until poll_timeout(), then call handle_timeout().
//! }
//! let path = agents[0].data_path().ok_or("no path")?;
//! assert_eq!(path.remote, ([10, 0, 0, 2], 5000).into());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits and defaults
//!
//! [`Timers`] and [`Limits`] list them all with their sources. What does not fit a table is refused and counted in
//! [`Stats`]. An agent with a selected pair keeps that pair, three spare ones, one deadline, and a few KiB. Before the
//! peer has authenticated itself nothing is remembered about it, and it is sent less than twice what it sent.
//!
//! # What it does not do
//!
//! One agent is one component: RTP and RTCP share it. TURN, TCP candidates and mDNS names are for later: relayed
//! candidates of the peer are used, TCP ones ignored, names are reported so that the caller can resolve them. There is
//! no aggressive nomination of our own, and interfaces are not watched: tell the agent with `add_local_address` and
//! `remove_local_address`, or gather again. Two agents of one port cannot have the same remote address and port, since
//! nothing in their data would tell them apart. Temporary IPv6 addresses take the place of permanent ones on Linux and
//! Android only, where the system is asked which they are.

pub mod candidate;
mod config;
pub mod core;
mod credentials;
mod event;
#[cfg(feature = "tokio")]
pub mod io;
mod mux;
mod priority;
mod stats;

pub use candidate::{Address, Candidate, CandidateKind, Foundation, ParseCandidateError, Protocol, TcpType};
pub use config::{Config, Limits, StunServer, Timers, TransportPolicy};
pub use credentials::{Credentials, CredentialsError, RemoteParameters};
pub use event::{
    CandidateError, ConnectionState, Event, FailReason, FailedPair, GatheringError, GatheringState, Input,
    PairError, PairInfo, PairState, Path, Role, SocketLost, Transmit,
};
#[cfg(feature = "tokio")]
pub use io::{
    Agent, ConnectError, Connection, Endpoint, Events, GatherOptions, InterfaceAddress, LookUp,
    interface_addresses, look_up_servers,
};
pub use mux::Mux;
pub use stats::{PairCounters, Stats};
