//! RFC 8445 §5–§12: the agent and its verbs.
//!
//! One agent is one component of one data stream: what BUNDLE and rtcp-mux leave of ICE. The parts of its
//! behaviour are in the modules beside this one: gathering, checks, requests, responses, nomination, lifecycle.

use std::net::SocketAddr;
use std::time::Instant;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use stun::TransactionId;

use super::active::Active;
use super::checks::Checks;
use super::lifecycle::Undo;
use super::local::Local;
use super::message;
use super::nomination::Roles;
use super::outbox::{Outbox, Packet};
use super::pair::Pairs;
use super::remote::{self, Added, Remote};
use super::session::Session;
use crate::candidate::{Candidate, Protocol};
use crate::config::{Config, StunServer};
use crate::credentials::{Credentials, CredentialsError, RemoteParameters};
use crate::event::{CandidateError, ConnectionState, Event, GatheringState, Input, Path, Role, Transmit};
use crate::stats::Stats;

/// An ICE agent without sockets and clock: full or lite, trickle, with consent freshness.
///
/// Feed it with [`handle_input`](Self::handle_input) and [`handle_timeout`](Self::handle_timeout); after each
/// call, drain [`poll_transmit`](Self::poll_transmit) and [`poll_event`](Self::poll_event), and sleep until
/// [`poll_timeout`](Self::poll_timeout). The crate's front page shows a loop.
#[derive(Debug)]
pub struct Agent {
    pub(super) config: Config,
    pub(super) rng: ChaCha20Rng,
    pub(super) roles: Roles,
    pub(super) session: Session,
    /// The generation before the restart, while it still carries data.
    pub(super) previous: Option<Box<Previous>>,
    pub(super) local: Local,
    pub(super) remote: Remote,
    pub(super) pairs: Pairs,
    pub(super) checks: Checks,
    pub(super) active: Option<Active>,
    pub(super) phase: Phase,
    pub(super) outbox: Outbox,
}

/// What is left of the generation before a restart.
#[derive(Debug)]
pub(super) struct Previous {
    pub(super) session: Session,
    pub(super) active: Active,
}

/// Where the agent stands.
#[derive(Debug, Default)]
pub(super) struct Phase {
    pub(super) state: ConnectionState,
    /// When checks could begin: both sides' credentials are known.
    pub(super) started: Option<Instant>,
    pub(super) deadline: Option<Instant>,
    /// Credentials that were shown for the next generation.
    pub(super) next: Option<Credentials>,
    /// What the last restart has put aside, until the peer's part of it is known.
    pub(super) undo: Option<Box<Undo>>,
    /// A path that carried data before the last selection; late data from it is welcome.
    pub(super) old_path: Option<Path>,
    pub(super) stats: Stats,
}

impl Agent {
    /// An agent. `seed` must come from a CSPRNG: credentials and transaction identifiers are drawn from it.
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let mut rng = ChaCha20Rng::from_seed(seed);
        let credentials = config
            .credentials
            .clone()
            .unwrap_or_else(|| Credentials::random(&mut rng));
        // RFC 8445 §6.1.1: a lite agent is controlled, unless both are lite.
        let role = if config.lite {
            Role::Controlled
        } else {
            config.role
        };
        let mut servers = config.stun_servers.clone();
        let refused = servers.split_off(servers.len().min(config.limits.stun_servers));
        let mut agent = Self {
            roles: Roles::new(role, rng.next_u64()),
            session: Session::new(credentials, &config.provider),
            previous: None,
            local: Local::new(servers, rng.next_u32()),
            remote: Remote::default(),
            pairs: Pairs::new(config.limits.pairs),
            checks: Checks::new(&config.timers),
            active: None,
            phase: Phase::default(),
            outbox: Outbox::default(),
            rng,
            config,
        };
        for server in refused {
            agent.refuse_server(server.url);
        }
        agent
    }

    /// The credentials to signal; they change with [`restart`](Self::restart).
    pub const fn local_credentials(&self) -> &Credentials {
        &self.session.local
    }

    /// The peer's credentials, once they are known for this generation.
    pub fn remote_credentials(&self) -> Option<&Credentials> {
        self.session
            .remote
            .as_ref()
            .map(|remote| &remote.parameters.credentials)
    }

    /// The role at present.
    pub const fn role(&self) -> Role {
        self.roles.role
    }

    /// Whether this agent is lite.
    pub const fn is_lite(&self) -> bool {
        self.config.lite
    }

    /// The state of the connection.
    pub const fn connection_state(&self) -> ConnectionState {
        self.phase.state
    }

    /// The state of gathering.
    pub const fn gathering_state(&self) -> GatheringState {
        self.local.state
    }

    /// Takes a role, for the side that learns late whether it offers or answers. A lite agent stays controlled.
    pub fn set_role(&mut self, role: Role) {
        if !self.config.lite && role != self.roles.role {
            self.change_role(role);
        }
    }

    /// Says whether nominations carry NOMINATION attributes: when both ends signalled `renomination`.
    pub const fn set_renomination(&mut self, on: bool) {
        self.config.renomination = on;
    }

    /// Adds a socket: emits its host candidate and asks the STUN servers of its family from it. Add the address
    /// one would rather use first. A socket that is there already is not added again.
    pub fn add_local_address(&mut self, now: Instant, base: SocketAddr) {
        self.add_mapped_address(now, base, base);
    }

    /// Adds a socket that is known outside by another address, as behind the one-to-one NAT of a cloud: its host
    /// candidate names `advertised`.
    pub fn add_mapped_address(&mut self, now: Instant, base: SocketAddr, advertised: SocketAddr) {
        if self.is_over() || base.ip().is_unspecified() || base.port() == 0 {
            return;
        }
        let known = self.local.base(base).is_some();
        let Some(index) = self.local.add_base(base, advertised, self.config.limits.bases) else {
            self.phase.stats.overflow += u64::from(!known);
            return;
        };
        if self.local.state == GatheringState::New {
            self.set_gathering_state(GatheringState::Gathering);
        }
        self.gather_base(index);
        self.advance(now);
    }

    /// Removes a socket that is gone: its pairs are dropped.
    pub fn remove_local_address(&mut self, now: Instant, base: SocketAddr) {
        let Some(index) = self.local.base(base) else {
            return;
        };
        if let Some(base) = self.local.bases.get_mut(usize::from(index)) {
            base.gone = true;
        }
        self.drop_base(now, index, base);
        self.advance(now);
    }

    /// Adds a STUN server and asks it from every socket of its family. One for which there is no room is reported as
    /// [`Event::GatheringError`], and so is, when gathering completes, a URL under which no server could be asked, because
    /// no socket is of its family.
    pub fn add_stun_server(&mut self, now: Instant, address: SocketAddr, url: &str) {
        let known = self.local.servers.iter().any(|server| server.address == address);
        if self.is_over() || known {
            return;
        }
        if self.local.servers.len() >= self.config.limits.stun_servers {
            return self.refuse_server(url.into());
        }
        let server = self.local.servers.len();
        let url = url.into();
        self.local.servers.push(StunServer { address, url }.into());
        if !self.relay_only() && !self.config.lite {
            (0..self.local.bases.len())
                .filter_map(|at| u8::try_from(at).ok())
                .for_each(|at| self.local.ask(at, server));
        }
        self.advance(now);
    }

    /// Says that no socket will be added for the time being: gathering completes when the servers have answered.
    pub fn end_local_addresses(&mut self, now: Instant) {
        self.local.ended = true;
        self.advance(now);
    }

    /// Tells the peer's credentials and begins the checks. Other credentials than before are a restart of the
    /// peer: its candidates are forgotten, the path in use carries data until another one is selected.
    ///
    /// # Errors
    /// When the credentials do not have the form of RFC 8839 §5.4, or the agent is closed.
    pub fn set_remote(&mut self, now: Instant, remote: RemoteParameters) -> Result<(), CredentialsError> {
        remote.credentials.validate()?;
        if self.phase.state == ConnectionState::Closed {
            return Err(CredentialsError::Closed);
        }
        self.start_remote(now, remote);
        self.advance(now);
        Ok(())
    }

    /// Adds a candidate of the peer. One that names another generation by its `ufrag` waits for that
    /// generation's credentials; TCP and component 2 are ignored; one that is there already does nothing.
    ///
    /// # Errors
    /// [`CandidateError`] says why the candidate is of no use; the connection goes on without it.
    pub fn add_remote_candidate(&mut self, now: Instant, candidate: Candidate) -> Result<(), CandidateError> {
        if self.phase.state == ConnectionState::Closed {
            return Err(CandidateError::Closed);
        }
        if let crate::Address::Name { host, .. } = &candidate.address {
            self.remote.unresolved += 1;
            return Err(CandidateError::Unresolved(host.to_string()));
        }
        if candidate.protocol == Protocol::Tcp || candidate.component != 1 {
            self.phase.stats.ignored_candidates += 1;
            return Ok(());
        }
        let Some(address) = remote::plain(&candidate.address) else {
            return Ok(());
        };
        if address.ip().is_unspecified() || address.ip().is_multicast() || address.port() == 0 {
            return Err(CandidateError::Address(address));
        }
        let full = Err(CandidateError::TooMany(self.config.limits.remote_candidates));
        let ours = self
            .remote_credentials()
            .map(|known| candidate.ufrag().is_none_or(|ufrag| ufrag == known.ufrag));
        if ours != Some(true) {
            return if self.hold_candidate(candidate) {
                Ok(())
            } else {
                full
            };
        }
        let added = self.take_candidate(address, candidate);
        self.advance(now);
        if added == Added::Full { full } else { Ok(()) }
    }

    /// Says that the peer has signalled all its candidates (RFC 8838 §14).
    pub fn end_of_remote_candidates(&mut self, now: Instant) {
        self.remote.ended = true;
        self.advance(now);
    }

    /// The credentials of the generation that the next [`restart`](Self::restart) begins, for an offer that may still
    /// be taken back.
    pub fn next_credentials(&mut self) -> &Credentials {
        let Self { phase, rng, .. } = self;
        phase.next.get_or_insert_with(|| Credentials::random(rng))
    }

    /// Begins a new generation (RFC 8445 §9): fresh credentials, fresh candidates. The path in use carries data,
    /// and its consent is kept, until another one is selected.
    pub fn restart(&mut self, now: Instant) {
        if self.phase.state != ConnectionState::Closed {
            self.begin_generation();
            self.advance(now);
        }
    }

    /// Ends the agent: it sends and accepts nothing more. Revoking consent towards the peer is left to the
    /// layer above, whose close message is authenticated (RFC 7675 §5.2).
    pub fn close(&mut self) {
        self.end();
        self.set_state(ConnectionState::Closed);
    }

    /// A datagram arrived on a path. Data is the caller's to pass up; anything else was dealt with.
    pub fn handle_input(&mut self, now: Instant, path: Path, datagram: &[u8]) -> Input {
        let path = canonical(path);
        if stun::is_stun(datagram) {
            return self.handle_stun(now, path, datagram);
        }
        self.handle_data(now, path, datagram.len())
    }

    /// The socket could not send a datagram of [`poll_transmit`](Self::poll_transmit): no route, not permitted. A
    /// server that is unreachable is given up at once; a pair notes it for [`FailReason`](crate::FailReason). Do not
    /// call it when the socket was merely full.
    pub fn handle_transmit_error(&mut self, now: Instant, path: Path) {
        self.note_unreachable(canonical(path));
        self.advance(now);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.phase.deadline.is_some_and(|deadline| deadline <= now) {
            self.advance(now);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is wanted.
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.phase.deadline
    }

    /// What happened, in order.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.outbox.poll_event()
    }

    /// Appends the next datagram to `out`.
    pub fn poll_transmit(&mut self, _now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        loop {
            let sent = match self.outbox.poll_packet()? {
                Packet::Request(id) => self.write_request(id, out),
                Packet::Response(response) => {
                    let key = if response.previous {
                        self.previous_key()
                    } else {
                        Some(&self.session.local_key)
                    };
                    key.map(|key| (response.path, message::write_response(out, &response, key)))
                }
                Packet::Keepalive(id, path) => Some((path, message::write_keepalive(out, id))),
            };
            if let Some((path, len)) = sent {
                return Some(Transmit { path, len });
            }
        }
    }

    /// Closed or failed: nothing will happen without a restart.
    pub(super) const fn is_over(&self) -> bool {
        matches!(
            self.phase.state,
            ConnectionState::Closed | ConnectionState::Failed
        )
    }

    pub(super) fn relay_only(&self) -> bool {
        self.config.transport_policy == crate::TransportPolicy::Relay
    }

    /// Draws a transaction identifier: the tag of the generation and 64 random bits.
    pub(super) fn draw_id(&mut self) -> TransactionId {
        let mut id = [0; 12];
        self.rng.fill_bytes(&mut id);
        if let Some(tag) = id.first_chunk_mut::<4>() {
            *tag = self.session.tag;
        }
        id.into()
    }

    fn previous_key(&self) -> Option<&stun::IntegrityKey> {
        self.previous.as_ref().map(|previous| &previous.session.local_key)
    }
}

/// A path whose remote address has the scope of the socket when it is link-local, and none otherwise.
#[inline]
pub(super) fn canonical(path: Path) -> Path {
    let SocketAddr::V6(remote) = path.remote else {
        return path;
    };
    let scope = match path.local {
        SocketAddr::V6(local) if remote.ip().is_unicast_link_local() => local.scope_id(),
        SocketAddr::V6(_) | SocketAddr::V4(_) => 0,
    };
    let remote = std::net::SocketAddrV6::new(*remote.ip(), remote.port(), 0, scope);
    Path {
        local: path.local,
        remote: SocketAddr::V6(remote),
    }
}
