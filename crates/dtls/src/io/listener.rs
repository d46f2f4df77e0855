//! [`Listener`]: many clients on one socket.
//!
//! One task receives and sorts datagrams by address. An unknown address gets a cookie (RFC 6347 §4.2.1) and nothing is
//! kept of it; with a valid cookie a handshake begins, in a task of its own, and ends in the queue of
//! [`Listener::accept`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use datagram::{Datagram, Inbox, Transmit, UdpSocket};
use tokio::sync::{Notify, Semaphore, mpsc};

use super::driver::{Driver, Source};
use super::listener_stats::{Counters, ListenerStats};
use super::queue::Queue;
use super::stream::DtlsStream;
use crate::config::Config;
use crate::cookie::{Admission, Gate, hello_random};
use crate::core::Connection;

/// How often the secret of the cookies changes; a cookie is good for one to two of these.
const ROTATION: Duration = Duration::from_secs(60);

/// The bounds of a [`Listener`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerOptions {
    /// Whether an unknown address must show a cookie first. Default: yes; without it anybody can make this server send
    /// certificates to a forged address.
    pub cookies: bool,
    /// Connections that wait for [`Listener::accept`]. Default: 128.
    pub accept_queue: usize,
    /// Handshakes under way, with those that wait for room in the accept queue; further hellos are ignored until the
    /// client repeats them. Default: 256.
    pub handshakes: usize,
    /// Connections in all, handshakes among them. Default: 65536.
    pub connections: usize,
    /// Datagrams that wait for one connection's reader; further ones are lost. Default: 256.
    pub datagrams: usize,
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self {
            cookies: true,
            accept_queue: 128,
            handshakes: 256,
            connections: 65_536,
            datagrams: 256,
        }
    }
}

/// The way of one client's datagrams.
#[derive(Debug)]
struct Client {
    queue: Arc<Queue>,
    /// The hello it began with: the same one again is a late copy, another one a new beginning.
    random: Option<[u8; 32]>,
}

/// What the listener, its task and its streams share.
#[derive(Debug, Default)]
struct Table {
    clients: Mutex<HashMap<SocketAddr, Client>>,
    counters: Counters,
    /// Nobody accepts any more.
    deaf: AtomicBool,
    /// A client has gone, or the listener.
    changed: Notify,
    /// How the transport ended.
    failure: OnceLock<(io::ErrorKind, String)>,
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, HashMap<SocketAddr, Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The transport has ended: whoever waits for it is told why.
    fn fail(&self, error: &io::Error) {
        let _first = self.failure.set((error.kind(), error.to_string()));
        self.lock().values().for_each(|client| client.queue.fail(error));
    }

    fn failure(&self) -> io::Error {
        match self.failure.get() {
            Some((kind, text)) => io::Error::new(*kind, text.clone()),
            None => io::ErrorKind::NotConnected.into(),
        }
    }

    fn is_over(&self) -> bool {
        self.deaf.load(Ordering::Acquire) && self.lock().is_empty()
    }
}

/// A stream's place in its listener's table; dropping it frees the place.
#[derive(Debug)]
pub(super) struct Route {
    table: Weak<Table>,
    peer: SocketAddr,
    queue: Arc<Queue>,
}

impl Drop for Route {
    fn drop(&mut self) {
        let Some(table) = self.table.upgrade() else { return };
        if let Entry::Occupied(entry) = table.lock().entry(self.peer)
            && Arc::ptr_eq(&entry.get().queue, &self.queue)
        {
            entry.remove();
        }
        table.changed.notify_one();
    }
}

/// Serves many clients on one socket.
///
/// Streams live on when the listener is dropped; new clients are then ignored, and with the last stream the socket is
/// closed.
#[derive(Debug)]
pub struct Listener {
    accepted: tokio::sync::Mutex<mpsc::Receiver<DtlsStream>>,
    socket: Arc<dyn Datagram>,
    table: Arc<Table>,
}

impl Listener {
    /// Listens on a UDP address.
    ///
    /// # Errors
    /// When the socket cannot be bound.
    pub fn bind(address: SocketAddr, config: impl Into<Arc<Config>>) -> io::Result<Self> {
        Ok(Self::new(
            UdpSocket::bind(address)?,
            config,
            ListenerOptions::default(),
        ))
    }

    /// Listens on any [`Datagram`] with other bounds. [`Config::cookies`] does not matter here,
    /// [`ListenerOptions::cookies`] does.
    pub fn new(
        datagram: impl Datagram + 'static,
        config: impl Into<Arc<Config>>,
        options: ListenerOptions,
    ) -> Self {
        let socket: Arc<dyn Datagram> = Arc::new(datagram);
        let (sender, receiver) = mpsc::channel(options.accept_queue.max(1));
        let config = config.into();
        let table = Arc::<Table>::default();
        let router = Router {
            gate: Gate::new(&config.provider, rand::random()),
            config,
            socket: Arc::clone(&socket),
            table: Arc::clone(&table),
            handshakes: Arc::new(Semaphore::new(options.handshakes)),
            accepted: sender,
            options,
        };
        tokio::spawn(router.run());
        Self {
            accepted: tokio::sync::Mutex::new(receiver),
            socket,
            table,
        }
    }

    /// Waits for the next client whose handshake is over. Failed handshakes are counted in [`ListenerStats::failed`].
    ///
    /// # Errors
    /// The transport's, when it has ended.
    pub async fn accept(&self) -> io::Result<(DtlsStream, SocketAddr)> {
        let stream = self
            .accepted
            .lock()
            .await
            .recv()
            .await
            .ok_or_else(|| self.table.failure())?;
        let peer = stream.peer_addr();
        Ok((stream, peer))
    }

    /// Connections in all: accepted ones that are not dropped, waiting ones, and handshakes under way.
    pub fn connections(&self) -> usize {
        self.table.lock().len()
    }

    /// What has been counted.
    pub fn stats(&self) -> ListenerStats {
        self.table.counters.read()
    }

    /// The address of the socket.
    ///
    /// # Errors
    /// When the transport does not know it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.table.deaf.store(true, Ordering::Release);
        self.table.changed.notify_one();
    }
}

/// The task behind a listener.
struct Router {
    config: Arc<Config>,
    options: ListenerOptions,
    socket: Arc<dyn Datagram>,
    table: Arc<Table>,
    gate: Gate,
    handshakes: Arc<Semaphore>,
    accepted: mpsc::Sender<DtlsStream>,
}

impl Router {
    async fn run(mut self) {
        let mut inbox = Inbox::with_packet_size(&*self.socket, 16 * 1024 + 64);
        let mut rotation = tokio::time::interval(ROTATION);
        let table = Arc::clone(&self.table);
        while !table.is_over() {
            tokio::select! {
                () = table.changed.notified() => {}
                _ = rotation.tick() => self.gate.rotate(),
                filled = std::future::poll_fn(|cx| inbox.poll_fill(cx, &*self.socket)) => {
                    if let Err(error) = filled {
                        return table.fail(&error);
                    }
                    while let Some(packet) = inbox.pop() {
                        self.route(packet.source, packet.contents);
                    }
                }
            }
        }
    }

    fn route(&self, peer: SocketAddr, datagram: &[u8]) {
        let random = hello_random(datagram);
        if let Some(client) = self.table.lock().get(&peer)
            && (random.is_none() || random == client.random)
        {
            if !client.queue.push(datagram) {
                self.table.counters.overflowed.count();
            }
            return;
        }
        // Nobody yet, or a known address that begins again (RFC 6347 §4.2.8): a cookie shows that it is really there.
        let admission = if self.options.cookies {
            self.gate.check(peer, datagram)
        } else {
            open(random)
        };
        match admission {
            Admission::Admit => self.begin(peer, random, datagram),
            // A reply that is lost is asked for again.
            Admission::Reply(reply) => match self.socket.try_send(&Transmit::new(peer, &reply)) {
                Ok(()) => self.table.counters.cookies_sent.count(),
                Err(_) => self.table.counters.unsent.count(),
            },
            Admission::Ignore => self.table.counters.ignored.count(),
        }
    }

    fn begin(&self, peer: SocketAddr, random: Option<[u8; 32]>, datagram: &[u8]) {
        if self.table.deaf.load(Ordering::Acquire) {
            return;
        }
        let Ok(permit) = Arc::clone(&self.handshakes).try_acquire_owned() else {
            return self.table.counters.refused.count();
        };
        let queue = Arc::new(Queue::new(self.options.datagrams));
        queue.push(datagram);
        {
            let mut table = self.table.lock();
            if table.len() >= self.options.connections && !table.contains_key(&peer) {
                return self.table.counters.refused.count();
            }
            if let Some(before) = table.insert(
                peer,
                Client {
                    queue: Arc::clone(&queue),
                    random,
                },
            ) {
                before.queue.close();
            }
        }
        let seed = rand::random();
        let connection = if self.options.cookies {
            Connection::server_admitted(Arc::clone(&self.config), seed)
        } else {
            Connection::server_open(Arc::clone(&self.config), seed)
        };
        let route = Route {
            table: Arc::downgrade(&self.table),
            peer,
            queue: Arc::clone(&queue),
        };
        let driver = Driver::new(connection, Arc::clone(&self.socket), Source::Routed(queue), peer);
        let stream = DtlsStream::new(driver, &self.config, Some(route));
        let table = Arc::clone(&self.table);
        let accepted = self.accepted.clone();
        tokio::spawn(async move {
            handshake(stream, accepted, &table.counters).await;
            drop(permit);
        });
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        self.table.lock().values().for_each(|client| client.queue.close());
    }
}

/// Without cookies every beginning of a hello will do.
fn open(random: Option<[u8; 32]>) -> Admission {
    if random.is_some() {
        Admission::Admit
    } else {
        Admission::Ignore
    }
}

async fn handshake(stream: DtlsStream, accepted: mpsc::Sender<DtlsStream>, counters: &Counters) {
    match stream.establish().await {
        Ok(stream) => {
            counters.established.count();
            // Gone listeners take no streams.
            let _ = accepted.send(stream).await;
        }
        Err(error) => {
            counters.failed.count();
            tracing::debug!(%error, "dtls handshake failed");
        }
    }
}
