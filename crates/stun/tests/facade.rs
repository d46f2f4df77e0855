//! The façades over memory, streams and loopback.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use datagram::{Datagram, PairConfig, RecvMeta, Transmit};
use stun::core::{FailReason, StaticCredentials};
use stun::{Authentication, Client, ClientConfig, Credentials, Error, Server, ServerConfig, StreamClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn credentials() -> Credentials {
    Credentials::long_term("user", "pass").unwrap()
}

fn authenticated() -> ServerConfig {
    let store = Arc::new(StaticCredentials::new([credentials()]));
    let authentication = Authentication::LongTerm {
        realm: "example.org".to_owned(),
        store,
    };
    ServerConfig {
        authentication,
        ..Default::default()
    }
}

fn pair(server: ServerConfig) -> (Arc<dyn Datagram>, Server, SocketAddr) {
    let (near, far) = datagram::pair(PairConfig::default());
    let address = far.local_addr().unwrap();
    (Arc::new(near), Server::new(Arc::new(far), server), address)
}

#[tokio::test]
async fn asks_and_answers_over_any_datagram() {
    let (near, mut server, address) = pair(authenticated());
    let local = near.local_addr().unwrap();
    tokio::spawn(async move { server.run().await });
    let config = ClientConfig {
        credentials: Some(credentials()),
        ..Default::default()
    };
    let mut client = Client::new(near, address, config);
    assert_eq!(client.binding().await.unwrap(), local);
    assert_eq!(client.binding().await.unwrap(), local);
    assert_eq!(client.core().stats().requests_sent, 3, "one challenge");
}

/// Receives, and sends nothing.
#[derive(Debug)]
struct OneWay(datagram::MemoryDatagram);

impl Datagram for OneWay {
    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_recv(cx, buffers, meta)
    }

    fn poll_send(&self, _: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.try_send(transmit))
    }

    fn try_send(&self, _: &Transmit<'_>) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

#[tokio::test(start_paused = true)]
async fn responses_that_cannot_be_sent_are_counted_and_end_nothing() {
    let (near, far) = datagram::pair(PairConfig::default());
    let address = far.local_addr().unwrap();
    let mut server = Server::new(Arc::new(OneWay(far)), ServerConfig::default());
    let mut client = Client::new(Arc::new(near), address, ClientConfig::default());
    let asked = tokio::select! {
        _ = server.run() => None,
        asked = client.binding() => Some(asked),
    };
    assert!(
        matches!(asked, Some(Err(Error::Failed(FailReason::Timeout)))),
        "{asked:?}"
    );
    assert_eq!((server.stats().succeeded, server.stats().unsent), (7, 7));
}

#[tokio::test(start_paused = true)]
async fn requests_that_cannot_be_sent_are_counted_and_tried_again() {
    let (near, far) = datagram::pair(PairConfig::default());
    let mut client = Client::new(
        Arc::new(OneWay(near)),
        far.local_addr().unwrap(),
        ClientConfig::default(),
    );
    let error = client.binding().await.unwrap_err();
    assert!(matches!(error, Error::Failed(FailReason::Timeout)), "{error}");
    assert_eq!(client.core().stats().unsent, 7);
}

#[tokio::test]
async fn asks_over_loopback() {
    let mut server = Server::bind("127.0.0.1:0".parse().unwrap(), ServerConfig::default()).unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(async move { server.run().await });
    let mut client = Client::bind(address, ClientConfig::default()).unwrap();
    let mapped = client.binding().await.unwrap();
    assert_eq!(
        (mapped.ip(), mapped.port()),
        (address.ip(), client.local_addr().unwrap().port())
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_a_timeout() {
    let (near, _server, address) = pair(ServerConfig::default());
    let mut client = Client::new(near, address, ClientConfig::default());
    let start = tokio::time::Instant::now();
    let error = client.binding().await.unwrap_err();
    assert!(matches!(error, Error::Failed(FailReason::Timeout)), "{error}");
    assert!(
        start.elapsed() >= Duration::from_millis(39_500) && start.elapsed() < Duration::from_millis(39_600)
    );
    assert_eq!(client.core().stats().retransmissions, 6);
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_request_leaves_nothing_behind() {
    let (near, _server, address) = pair(ServerConfig::default());
    let mut client = Client::new(
        near,
        address,
        ClientConfig {
            max_outstanding: 1,
            ..Default::default()
        },
    );
    for _ in 0..20 {
        assert!(
            tokio::time::timeout(Duration::from_millis(700), client.binding())
                .await
                .is_err()
        );
        assert_eq!(client.core().outstanding(), 1);
    }
}

#[tokio::test]
async fn asks_over_a_stream() {
    let (near, far) = tokio::io::duplex(64); // smaller than a message
    let (local, server) = (
        "192.0.2.1:5000".parse().unwrap(),
        "192.0.2.2:5349".parse().unwrap(),
    );
    let served = tokio::spawn(stun::serve_stream(far, local, authenticated()));
    let config = ClientConfig {
        credentials: Some(credentials()),
        ..Default::default()
    };
    let mut client = StreamClient::new(near, server, config);
    for _ in 0..3 {
        assert_eq!(client.binding().await.unwrap(), local);
    }
    drop(client.into_inner());
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_closed_stream_ends_the_request() {
    let (near, far) = tokio::io::duplex(1024);
    let mut client = StreamClient::new(near, "192.0.2.2:5349".parse().unwrap(), ClientConfig::default());
    let closing = async {
        let mut far = far;
        let mut request = [0; 20];
        far.read_exact(&mut request).await.unwrap();
    };
    let (result, ()) = tokio::join!(client.binding(), closing);
    assert!(matches!(result, Err(Error::Failed(FailReason::Unreachable))));
}

#[tokio::test]
async fn other_protocols_are_turned_away() {
    let (mut near, far) = tokio::io::duplex(1024);
    near.write_all(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
        .await
        .unwrap();
    let served = stun::serve_stream(far, "192.0.2.1:5000".parse().unwrap(), ServerConfig::default()).await;
    assert_eq!(served.unwrap_err().kind(), std::io::ErrorKind::InvalidData);
    let (near, mut far) = tokio::io::duplex(1024);
    let mut client = StreamClient::new(near, "192.0.2.2:5349".parse().unwrap(), ClientConfig::default());
    far.write_all(b"HTTP/1.1 400 Bad Request\r\n").await.unwrap();
    assert!(
        matches!(client.binding().await, Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData)
    );
}
