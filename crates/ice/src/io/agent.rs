//! The handle of an agent, and its news.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;

use super::connection::{ConnectError, Connection};
use super::driver;
use super::gathering::GatherOptions;
use super::hub::{Hub, Socket};
use super::servers::{LookUp, look_up_servers};
use super::shared::Shared;
use crate::candidate::Candidate;
use crate::config::Config;
use crate::core;
use crate::credentials::{Credentials, CredentialsError, RemoteParameters};
use crate::event::{CandidateError, ConnectionState, Event, GatheringState, PairInfo, Role};
use crate::stats::Stats;

/// An ICE agent with its sockets. Cheap to clone.
///
/// When the last handle is dropped (of [`Agent`] and [`Connection`]), the agent closes, and with it its sockets and
/// its task. The crate's front page shows a whole connection.
#[derive(Clone, Debug)]
pub struct Agent {
    pub(super) handle: Arc<Handle>,
}

/// Closes the agent when nobody holds it any more.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) shared: Arc<Shared>,
    /// Where the addresses come from.
    endpoint: Option<super::Endpoint>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// The news of an agent, in order. At most 1,024 wait; beyond that the oldest are lost.
#[derive(Debug)]
pub struct Events {
    shared: Arc<Shared>,
}

impl Events {
    /// The next event; `None` when the agent was closed.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|cx| self.shared.lock().poll_event(cx)).await
    }
}

impl Agent {
    /// An agent with sockets of its own, which [`gather`](Self::gather) binds. Has to be called inside a tokio
    /// runtime with I/O and time.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`] when the configured credentials do not have their form.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn new(config: Config) -> Result<(Self, Events), CredentialsError> {
        let hub = Arc::new(Hub::new(true));
        let made = Self::at(&hub, config, None)?;
        tokio::spawn(driver::run(hub));
        Ok(made)
    }

    pub(super) fn at(
        hub: &Arc<Hub>,
        config: Config,
        endpoint: Option<super::Endpoint>,
    ) -> Result<(Self, Events), CredentialsError> {
        if let Some(credentials) = &config.credentials {
            credentials.validate()?;
        }
        let agent = core::Agent::new(config, rand::random());
        let shared = Arc::new(Shared::new(Arc::clone(hub), hub.draw_id(), agent));
        hub.add_agent(&shared);
        let events = Events {
            shared: Arc::clone(&shared),
        };
        Ok((
            Self {
                handle: Arc::new(Handle { shared, endpoint }),
            },
            events,
        ))
    }

    fn shared(&self) -> &Shared {
        &self.handle.shared
    }

    /// Gathers candidates: binds a socket at each usable address (an agent of an [`Endpoint`](super::Endpoint) uses
    /// the endpoint's), and asks the servers. The candidates come as events.
    ///
    /// Called again, it follows the host: there are candidates of new addresses, and those that are gone, or that the
    /// options leave out by now, are given up with what went over them.
    ///
    /// # Errors
    ///
    /// When the interfaces cannot be listed, or no socket could be bound.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn gather(&self, options: &GatherOptions) -> io::Result<()> {
        let bases = match &self.handle.endpoint {
            Some(endpoint) => endpoint.bases(options)?,
            None => self.bind(options)?,
        };
        let urls = options.urls.clone();
        self.shared().lock().lost = None;
        self.shared().with(|agent, now| {
            let gone: Vec<_> = agent
                .local_addresses()
                .filter(|old| !bases.contains(old))
                .collect();
            for base in bases {
                agent.add_local_address(now, base);
            }
            for base in gone {
                agent.remove_local_address(now, base);
            }
            if urls.is_empty() {
                agent.end_local_addresses(now);
            }
        });
        if !urls.is_empty() {
            tokio::spawn(ask_servers(Arc::downgrade(&self.handle.shared), urls));
        }
        Ok(())
    }

    /// Binds sockets at addresses that have none yet, and closes those at others.
    fn bind(&self, options: &GatherOptions) -> io::Result<Vec<SocketAddr>> {
        let hub = &self.shared().hub;
        let addresses = options.addresses()?;
        let mut bases: Vec<SocketAddr> = hub.sockets().iter().map(Socket::bound).collect();
        bases.retain(|base| addresses.contains(&base.ip()));
        let mut failure = None;
        for ip in addresses {
            if bases.iter().any(|base| base.ip() == ip) {
                continue;
            }
            match options.bind(ip).and_then(Socket::new) {
                Ok(socket) => {
                    bases.push(socket.bound());
                    hub.add_socket(socket);
                }
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) if bases.is_empty() => Err(error),
            Some(_) | None => {
                hub.keep_sockets(&bases);
                Ok(bases)
            }
        }
    }

    /// Tells the peer's credentials; see [`core::Agent::set_remote`].
    ///
    /// # Errors
    ///
    /// When the credentials do not have their form, or the agent is closed.
    pub fn set_remote(&self, remote: impl Into<RemoteParameters>) -> Result<(), CredentialsError> {
        let remote = remote.into();
        self.shared().with(|agent, now| agent.set_remote(now, remote))
    }

    /// Adds a candidate of the peer; see [`core::Agent::add_remote_candidate`].
    ///
    /// # Errors
    ///
    /// [`CandidateError`] says why the candidate is of no use; the connection goes on without it.
    pub fn add_remote_candidate(&self, candidate: Candidate) -> Result<(), CandidateError> {
        self.shared()
            .with(|agent, now| agent.add_remote_candidate(now, candidate))
    }

    /// Says that the peer has signalled all its candidates.
    pub fn end_of_remote_candidates(&self) {
        self.shared()
            .with(|agent, now| agent.end_of_remote_candidates(now));
    }

    /// Takes a role; see [`core::Agent::set_role`].
    pub fn set_role(&self, role: Role) {
        self.shared().with(|agent, _| agent.set_role(role));
    }

    /// Begins a new generation; see [`core::Agent::restart`]. Call [`gather`](Self::gather) as well where interfaces
    /// may have changed.
    pub fn restart(&self) {
        self.shared().with(|agent, now| agent.restart(now));
        self.shared().hub.touch(self.shared().id);
    }

    /// The credentials to signal.
    pub fn local_credentials(&self) -> Credentials {
        self.shared().lock().agent.local_credentials().clone()
    }

    /// The role at present.
    pub fn role(&self) -> Role {
        self.shared().lock().agent.role()
    }

    /// The state of the connection.
    pub fn connection_state(&self) -> ConnectionState {
        self.shared().lock().agent.connection_state()
    }

    /// The state of gathering.
    pub fn gathering_state(&self) -> GatheringState {
        self.shared().lock().agent.gathering_state()
    }

    /// The selected pair.
    pub fn selected_pair(&self) -> Option<PairInfo> {
        self.shared().lock().agent.selected_pair()
    }

    /// The pairs, highest priority first.
    pub fn candidate_pairs(&self) -> Vec<PairInfo> {
        self.shared().lock().agent.candidate_pairs()
    }

    /// Counters.
    pub fn stats(&self) -> Stats {
        let receive_errors = self.shared().hub.receive_errors();
        Stats {
            receive_errors,
            ..self.shared().lock().agent.stats()
        }
    }

    /// Waits until data can flow. The connection then follows the agent to whatever path is best, also through
    /// restarts.
    ///
    /// # Errors
    ///
    /// When no pair works, with the reason, when no socket is left, or when the agent is closed.
    pub async fn connect(&self) -> Result<Connection, ConnectError> {
        poll_fn(|cx| {
            let mut state = self.shared().lock();
            if state.is_over() {
                return Poll::Ready(Err(ConnectError::Closed));
            }
            if state.agent.data_path().is_some() {
                return Poll::Ready(Ok(()));
            }
            if let Some(lost) = &state.lost {
                return Poll::Ready(Err(lost.clone().into()));
            }
            if state.agent.connection_state() == ConnectionState::Failed
                && let Some(reason) = &state.failure
            {
                return Poll::Ready(Err(ConnectError::Failed(reason.clone())));
            }
            state.watch(cx);
            Poll::Pending
        })
        .await?;
        Ok(Connection::new(Arc::clone(&self.handle)))
    }

    /// Closes the agent; its connections end.
    pub fn close(&self) {
        self.shared().close();
    }
}

/// Looks the servers up and has them asked.
async fn ask_servers(agent: std::sync::Weak<Shared>, urls: Vec<String>) {
    look_up_servers(urls, |url, found| {
        agent.upgrade().map(|shared| shared.ask(url, found)).is_some()
    })
    .await;
    if let Some(shared) = agent.upgrade() {
        shared.with(|agent, now| agent.end_local_addresses(now));
    }
}

impl Shared {
    fn ask(&self, url: &str, found: LookUp) {
        match found {
            Ok(addresses) => self.with(|agent, now| {
                addresses
                    .into_iter()
                    .for_each(|address| agent.add_stun_server(now, address, url));
            }),
            Err(reason) => self.lock().report(Event::GatheringError {
                url: url.to_owned(),
                address: SocketAddr::from(([0, 0, 0, 0], 0)),
                code: reason.code(),
                reason,
            }),
        }
    }
}
