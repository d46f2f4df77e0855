//! A path that loses datagrams of media, every nth in each direction: a relay before each of our candidates. The peer learns
//! the relay's address only, and we learn the peer by its checks.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::UdpSocket;

/// The most bytes of a datagram that goes through.
const MAX_DATAGRAM: usize = 2048;

/// The relays of one connection.
#[derive(Debug)]
pub(crate) struct Relays {
    every: u64,
}

impl Relays {
    /// Of `every` datagrams of media one is lost.
    pub(crate) const fn new(every: u64) -> Self {
        Self { every }
    }

    /// The candidate of a relay before this candidate; nothing where there is no use of one.
    pub(crate) async fn before(&self, candidate: &str) -> Option<String> {
        let mut words: Vec<_> = candidate.split(' ').map(str::to_owned).collect();
        let ours = SocketAddr::new(words.get(4)?.parse().ok()?, words.get(5)?.parse().ok()?);
        if !ours.is_ipv4() || words.get(2)? != "udp" {
            return None;
        }
        let outside = UdpSocket::bind(("127.0.0.1", 0)).await.ok()?;
        let port = outside.local_addr().ok()?.port();
        "127.0.0.1".clone_into(words.get_mut(4)?);
        *words.get_mut(5)? = port.to_string();
        let relay = Arc::new(Relay {
            outside,
            ours,
            inbound: Loss::new(self.every),
            outbound: Loss::new(self.every),
        });
        tokio::spawn(relay.serve());
        Some(words.join(" "))
    }
}

/// A description without its candidates.
pub(crate) fn without_candidates(sdp: &str) -> String {
    let kept = sdp
        .lines()
        .filter(|line| !line.starts_with("a=candidate:") && !line.starts_with("a=end-of-candidates"));
    kept.map(|line| format!("{line}\r\n")).collect()
}

/// Counts datagrams of media.
#[derive(Debug)]
struct Loss {
    every: u64,
    seen: Mutex<u64>,
}

impl Loss {
    fn new(every: u64) -> Self {
        Self {
            every,
            seen: Mutex::default(),
        }
    }

    /// Whether this datagram is lost: only RTP and RTCP are (RFC 7983 §7).
    fn takes(&self, datagram: &[u8]) -> bool {
        if !matches!(datagram.first(), Some(128..=191)) {
            return false;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen += 1;
        seen.is_multiple_of(self.every)
    }
}

/// One relay: a socket for the peer to send to, and one for each address that it sends from.
#[derive(Debug)]
struct Relay {
    outside: UdpSocket,
    ours: SocketAddr,
    inbound: Loss,
    outbound: Loss,
}

impl Relay {
    async fn serve(self: Arc<Self>) {
        let mut inner: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
        let mut buffer = [0; MAX_DATAGRAM];
        while let Ok((len, peer)) = self.outside.recv_from(&mut buffer).await {
            let datagram = buffer.get(..len).unwrap_or_default();
            let socket = match inner.entry(peer) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => match self.open(peer).await {
                    Ok(socket) => place.insert(socket),
                    Err(_) => return,
                },
            };
            if !self.inbound.takes(datagram) {
                // What cannot be sent is lost, as on any path.
                drop(socket.send(datagram).await);
            }
        }
    }

    /// Opens the way back to one address of the peer.
    async fn open(self: &Arc<Self>, peer: SocketAddr) -> io::Result<Arc<UdpSocket>> {
        let socket = Arc::new(UdpSocket::bind(("127.0.0.1", 0)).await?);
        socket.connect(self.ours).await?;
        let (relay, inside) = (Arc::clone(self), Arc::clone(&socket));
        tokio::spawn(async move {
            let mut buffer = [0; MAX_DATAGRAM];
            while let Ok(len) = inside.recv(&mut buffer).await {
                let datagram = buffer.get(..len).unwrap_or_default();
                if !relay.outbound.takes(datagram) {
                    drop(relay.outside.send_to(datagram, peer).await);
                }
            }
        });
        Ok(socket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_nth_datagram_of_media_is_lost_and_no_other() {
        let loss = Loss::new(20);
        let taken = |byte| (0..100).filter(|_| loss.takes(&[byte, 0])).count();
        assert_eq!((taken(0), taken(22), taken(128)), (0, 0, 5));
    }

    #[test]
    fn descriptions_lose_their_candidates_alone() {
        let sdp = "v=0\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\na=mid:0\r\na=end-of-candidates\r\n";
        assert_eq!(without_candidates(sdp), "v=0\r\na=mid:0\r\n");
    }
}
