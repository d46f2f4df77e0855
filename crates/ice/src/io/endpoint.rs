//! Many agents on one UDP port.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::agent::{Agent, Events};
use super::driver;
use super::gathering::GatherOptions;
use super::hub::{Hub, Socket};
use crate::config::Config;
use crate::credentials::CredentialsError;

/// One UDP port that many agents share. Cheap to clone; the port closes when the last clone and the last agent
/// are gone.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let endpoint = ice::Endpoint::bind("127.0.0.1:0".parse()?)?;
/// let (agent, mut events) = endpoint.agent(ice::Config::default())?;
/// agent.gather(&ice::GatherOptions { loopback: true, ..Default::default() })?;
/// let Some(ice::Event::GatheringStateChange(_)) = events.next().await else { panic!() };
/// let Some(ice::Event::LocalCandidate(candidate)) = events.next().await else { panic!() };
/// assert_eq!(candidate.address.port(), endpoint.local_addr().port());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Endpoint(Arc<Owner>);

#[derive(Debug)]
struct Owner {
    hub: Arc<Hub>,
    local: SocketAddr,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.hub.abandon();
    }
}

impl Endpoint {
    /// Binds the port. An unspecified address stands for all interfaces of its family.
    ///
    /// # Errors
    ///
    /// The address is taken, or not ours.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(datagram::UdpSocket::bind(address)?)?;
        let local = socket.bound();
        let hub = Arc::new(Hub::new(false));
        hub.add_socket(socket);
        tokio::spawn(driver::run(Arc::clone(&hub)));
        Ok(Self(Arc::new(Owner { hub, local })))
    }

    /// The bound address.
    pub fn local_addr(&self) -> SocketAddr {
        self.0.local
    }

    /// An agent on this port; [`Agent::gather`] gives it the port's addresses.
    ///
    /// # Errors
    ///
    /// When the configured credentials do not have their form.
    pub fn agent(&self, config: Config) -> Result<(Agent, Events), CredentialsError> {
        Agent::at(&self.0.hub, config, Some(self.clone()))
    }

    /// How many agents there are.
    pub fn agents(&self) -> usize {
        self.0.hub.inner().agents.len()
    }

    /// The addresses that the port has.
    pub(super) fn bases(&self, options: &GatherOptions) -> io::Result<Vec<SocketAddr>> {
        if self.0.hub.sockets().is_empty() {
            return Err(io::ErrorKind::NotConnected.into());
        }
        let bound = self.0.local;
        if !bound.ip().is_unspecified() {
            return Ok(vec![bound]);
        }
        let same_family = |ip: &IpAddr| ip.is_ipv4() == bound.is_ipv4();
        let addresses = options.addresses()?.into_iter().filter(same_family);
        Ok(addresses.map(|ip| SocketAddr::new(ip, bound.port())).collect())
    }
}
