//! [`Session`]: what a user holds.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use datagram::{Datagram, Inbox, Transmit};
use thiserror::Error;
use tokio::task::AbortHandle;

use super::receiver::{Receiver, SessionStats, Target};
use crate::core::{Inbound, Outbound};
use crate::{Config, ConfigError, MasterKey, ProtectError};

/// Send buffers kept for use again.
const MAX_SPARE: usize = 16;
/// A larger buffer is not worth keeping.
const MAX_SPARE_SIZE: usize = 4096;

/// There is a stream of this SSRC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("there is a stream of this SSRC")]
pub struct InUse;

/// RTP and RTCP with one peer, protected, over any [`Datagram`].
///
/// Cloning it is cheap. A task receives in the background; it ends with the last handle (sessions and streams), or when the
/// transport fails. What nobody reads is dropped, the oldest first ([`QUEUE`](super::QUEUE)).
///
/// ```
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use srtp::{Config, MasterKey, ProtectError, Session};
///
/// let (ours, theirs) = (MasterKey::new(&[1; 16], &[2; 14]), MasterKey::new(&[3; 16], &[4; 14]));
/// let socket = datagram::UdpSocket::bind("127.0.0.1:0".parse()?)?;
/// let session = Session::new(socket, "127.0.0.1:5004".parse()?, &Config::default(), &ours, &theirs)?;
///
/// let receiver_report = [0x80, 201, 0, 1, 0, 0, 0, 42];
/// session.send_rtcp(&receiver_report).await?;
///
/// // What is no packet is the caller's mistake.
/// let error = session.send_rtp(b"hello").await.unwrap_err();
/// let error = error.get_ref().and_then(|inner| inner.downcast_ref::<ProtectError>());
/// assert_eq!(error, Some(&ProtectError::Malformed));
/// # Ok(())
/// # }
/// # #[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
pub struct Session {
    shared: Arc<Shared>,
}

/// RTP packets of one SSRC. Dropping it gives the SSRC back to [`Session::recv_rtp`] and [`Session::accept`].
#[derive(Debug)]
pub struct RtpStream {
    shared: Arc<Shared>,
    ssrc: u32,
}

#[derive(Debug)]
struct Shared {
    socket: Arc<dyn Datagram>,
    peer: SocketAddr,
    sender: Mutex<Sender>,
    receiver: Arc<Receiver>,
    driver: AbortHandle,
}

#[derive(Debug)]
struct Sender {
    outbound: Outbound,
    spare: Vec<Vec<u8>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn not_protected(error: ProtectError) -> io::Error {
    let kind = match error {
        ProtectError::Malformed | ProtectError::Repeated | ProtectError::NotEncryptable => {
            io::ErrorKind::InvalidInput
        }
        ProtectError::TooManySsrcs | ProtectError::KeyExhausted => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

impl Session {
    /// A session with `peer`, whose packets are protected with `remote`; ours with `local`. The transport is this session's alone:
    /// datagrams from elsewhere are dropped.
    ///
    /// # Errors
    /// [`ConfigError`] if a key does not fit the profile.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(
        datagram: impl Datagram + 'static,
        peer: SocketAddr,
        config: &Config,
        local: &MasterKey,
        remote: &MasterKey,
    ) -> Result<Self, ConfigError> {
        let sender = Sender {
            outbound: Outbound::new(config, local)?,
            spare: Vec::new(),
        };
        let socket: Arc<dyn Datagram> = Arc::new(datagram);
        let receiver = Arc::new(Receiver::new(Inbound::new(config, remote)?));
        let driver = tokio::spawn(drive(Arc::clone(&socket), peer, Arc::clone(&receiver)));
        let shared = Shared {
            socket,
            peer,
            sender: Mutex::new(sender),
            receiver,
            driver: driver.abort_handle(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Protects and sends one RTP packet, waiting for room in the socket. If it is cancelled meanwhile the packet is lost, as if
    /// on the way.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] with a [`ProtectError`] if it cannot be protected, or the transport's error.
    pub async fn send_rtp(&self, packet: &[u8]) -> io::Result<()> {
        self.send(packet, Outbound::protect_rtp).await
    }

    /// Protects and sends one RTCP packet, compound or of reduced size. Otherwise as [`send_rtp`](Self::send_rtp).
    ///
    /// # Errors
    /// As for [`send_rtp`](Self::send_rtp).
    pub async fn send_rtcp(&self, packet: &[u8]) -> io::Result<()> {
        self.send(packet, Outbound::protect_rtcp).await
    }

    async fn send(
        &self,
        packet: &[u8],
        protect: impl FnOnce(&mut Outbound, &mut Vec<u8>, usize) -> Result<(), ProtectError>,
    ) -> io::Result<()> {
        let mut out = {
            let mut sender = self.shared.sender();
            let mut out = sender.spare.pop().unwrap_or_default();
            out.clear();
            out.extend_from_slice(packet);
            protect(&mut sender.outbound, &mut out, 0).map_err(not_protected)?;
            out
        };
        let transmit = Transmit::new(self.shared.peer, &out);
        let sent = datagram::send(&*self.shared.socket, &transmit).await;
        let mut sender = self.shared.sender();
        if sender.spare.len() < MAX_SPARE && out.capacity() <= MAX_SPARE_SIZE {
            out.clear();
            sender.spare.push(out);
        }
        sent
    }

    /// Receives the next RTP packet whose SSRC has no [`RtpStream`].
    ///
    /// # Errors
    /// The transport's, once it has failed and all packets are read.
    pub async fn recv_rtp(&self) -> io::Result<Bytes> {
        self.shared.recv(Target::Unclaimed).await
    }

    /// Receives the next RTCP packet, of any SSRC.
    ///
    /// # Errors
    /// The transport's, once it has failed and all packets are read.
    pub async fn recv_rtcp(&self) -> io::Result<Bytes> {
        self.shared.recv(Target::Rtcp).await
    }

    /// Waits for an SSRC that has no stream and makes one, with all packets of it that wait.
    ///
    /// # Errors
    /// The transport's, once it has failed and all packets are read.
    pub async fn accept(&self) -> io::Result<RtpStream> {
        let ssrc = poll_fn(|cx| self.shared.receiver.lock().poll_accept(cx)).await?;
        Ok(self.stream_of(ssrc))
    }

    /// Makes a stream of an SSRC that is known beforehand.
    ///
    /// # Errors
    /// [`InUse`] if there is one.
    pub fn stream(&self, ssrc: u32) -> Result<RtpStream, InUse> {
        if self.shared.receiver.lock().claim(ssrc) {
            Ok(self.stream_of(ssrc))
        } else {
            Err(InUse)
        }
    }

    fn stream_of(&self, ssrc: u32) -> RtpStream {
        RtpStream {
            shared: Arc::clone(&self.shared),
            ssrc,
        }
    }

    /// Does something with the context that protects: adds keys, sets rollover counters.
    pub fn with_outbound<T>(&self, each: impl FnOnce(&mut Outbound) -> T) -> T {
        each(&mut self.shared.sender().outbound)
    }

    /// Does something with the context that opens: adds keys, sets rollover counters.
    pub fn with_inbound<T>(&self, each: impl FnOnce(&mut Inbound) -> T) -> T {
        each(&mut self.shared.receiver.lock().inbound)
    }

    /// What was sent, received and dropped.
    pub fn stats(&self) -> SessionStats {
        let outbound = self.shared.sender().outbound.stats();
        self.shared.receiver.lock().stats(outbound)
    }

    /// The peer's address.
    pub fn peer_addr(&self) -> SocketAddr {
        self.shared.peer
    }

    /// The address of the transport.
    ///
    /// # Errors
    /// When the transport does not know it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.shared.socket.local_addr()
    }
}

impl RtpStream {
    /// The SSRC.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Receives the next RTP packet of this SSRC.
    ///
    /// # Errors
    /// The transport's, once it has failed and all packets are read.
    pub async fn recv(&self) -> io::Result<Bytes> {
        self.shared.recv(Target::Stream(self.ssrc)).await
    }
}

impl Drop for RtpStream {
    fn drop(&mut self) {
        self.shared.receiver.lock().release(self.ssrc);
    }
}

impl Shared {
    fn sender(&self) -> MutexGuard<'_, Sender> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn recv(&self, target: Target) -> io::Result<Bytes> {
        poll_fn(|cx| self.receiver.lock().poll_recv(cx, target)).await
    }
}

/// Receives until the transport fails or the last handle is dropped.
async fn drive(socket: Arc<dyn Datagram>, peer: SocketAddr, receiver: Arc<Receiver>) {
    let mut inbox = Inbox::new(&*socket);
    loop {
        if let Err(error) = poll_fn(|cx| inbox.poll_fill(cx, &*socket)).await {
            receiver.lock().close(&error);
            return;
        }
        {
            let mut receiver = receiver.lock();
            while let Some(packet) = inbox.pop() {
                if packet.source == peer {
                    receiver.receive(packet.contents);
                } else {
                    receiver.count_foreign();
                }
            }
        }
        tokio::task::coop::consume_budget().await;
    }
}
