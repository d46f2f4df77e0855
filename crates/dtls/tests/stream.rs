//! The façade over real sockets and over memory.
#![cfg(feature = "tokio")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use datagram::{Datagram, PairConfig, RecvMeta, Transmit, UdpSocket, pair};
use dtls::{
    CloseReason, Config, ConnectError, DtlsStream, KeyKind, Listener, ListenerOptions, PeerVerification,
    ServerConfig, accept, connect,
};
use support::{certificate, providers, webrtc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOPBACK: &str = "127.0.0.1:0";

fn configs() -> (Config, Config) {
    webrtc(&providers()[0], KeyKind::EcdsaP256)
}

/// A client that takes any certificate, and a server for it.
fn plain() -> (Config, ServerConfig) {
    let provider = &providers()[0];
    let client = Config {
        verify: PeerVerification::AcceptAny,
        ..Config::new(provider.clone())
    };
    (
        client,
        ServerConfig::with_certificate(certificate(provider, KeyKind::EcdsaP256)),
    )
}

async fn connected() -> (DtlsStream, DtlsStream) {
    let (client_config, server_config) = configs();
    let (client, server) = pair(PairConfig::default());
    let (to_server, to_client) = (server.local_addr().unwrap(), client.local_addr().unwrap());
    let (client, server) = tokio::join!(
        connect(client, to_server, client_config),
        accept(server, to_client, server_config)
    );
    (client.unwrap(), server.unwrap())
}

#[tokio::test]
async fn records_keep_their_boundaries() {
    let (client, server) = connected().await;
    for length in [0, 1, 1000, 16_384] {
        client.send(&vec![7; length]).await.unwrap();
        assert_eq!(
            server.recv().await.unwrap().map(|record| record.len()),
            Some(length)
        );
    }
    let too_long = client.send(&vec![7; 16_385]).await.unwrap_err();
    assert_eq!(too_long.kind(), std::io::ErrorKind::InvalidInput);
    assert_eq!(client.max_record(), 1200 - 21 - 16);
}

#[tokio::test]
async fn a_stream_of_bytes_goes_both_ways_at_once() {
    let (client, server) = connected().await;
    let sent: Vec<u8> = (0..200_000_u32).map(|at| at.to_be_bytes()[3]).collect();
    let echo = tokio::spawn(async move {
        let (mut reader, mut writer) = tokio::io::split(server);
        tokio::io::copy(&mut reader, &mut writer).await.unwrap();
        writer.shutdown().await.unwrap();
    });
    let client = Arc::new(client);
    let write = {
        let (client, sent) = (Arc::clone(&client), sent.clone());
        tokio::spawn(async move {
            // Memory loses nothing, so as long as each side reads, a stream is whole.
            for chunk in sent.chunks(5000) {
                (&*client).write_all(chunk).await.unwrap();
                tokio::task::yield_now().await;
            }
        })
    };
    let mut received = vec![0; sent.len()];
    (&*client).read_exact(&mut received).await.unwrap();
    assert_eq!(received, sent);
    write.await.unwrap();
    (&*client).shutdown().await.unwrap();
    echo.await.unwrap();
}

#[tokio::test]
async fn goodbye_is_the_end_of_the_stream() {
    let (mut client, server) = connected().await;
    server.send(b"last").await.unwrap();
    drop(server);
    let mut all = Vec::new();
    client.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"last");
    assert_eq!(client.recv().await.unwrap(), None);
    assert_eq!(
        client.send(b"x").await.unwrap_err().kind(),
        std::io::ErrorKind::BrokenPipe
    );
}

#[tokio::test]
async fn short_reads_leave_the_rest_of_a_record() {
    let (mut client, server) = connected().await;
    server.send(b"").await.unwrap();
    server.send(b"abcdef").await.unwrap();
    let mut four = [0; 4];
    assert_eq!(
        client.read(&mut four).await.unwrap(),
        4,
        "a record of no bytes is skipped, not the end"
    );
    assert_eq!(&four, b"abcd");
    assert_eq!(client.recv().await.unwrap().as_deref(), Some(&b"ef"[..]));
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_a_timeout() {
    let (client, _server) = pair(PairConfig::default());
    let peer: SocketAddr = "192.0.2.1:9".parse().unwrap();
    let (config, _) = configs();
    let error = connect(client, peer, config).await.unwrap_err();
    assert!(
        matches!(error, ConnectError::Handshake(CloseReason::HandshakeTimeout)),
        "{error:?}"
    );
    assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_wrong_certificate_is_named() {
    let (client_config, mut server_config) = configs();
    server_config.certificate = Some(certificate(&providers()[0], KeyKind::EcdsaP256));
    let (client, server) = pair(PairConfig::default());
    let (to_server, to_client) = (server.local_addr().unwrap(), client.local_addr().unwrap());
    let (client, server) = tokio::join!(
        connect(client, to_server, client_config),
        accept(server, to_client, server_config)
    );
    assert!(matches!(
        client,
        Err(ConnectError::Handshake(CloseReason::FingerprintMismatch { .. }))
    ));
    assert!(matches!(
        server,
        Err(ConnectError::Handshake(CloseReason::AlertReceived(_)))
    ));
}

/// A transport that loses a third of the datagrams it is given, without a pattern that flights could fall in step with.
#[derive(Debug)]
struct Lossy<D>(D, AtomicUsize);

impl<D: Datagram> Datagram for Lossy<D> {
    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_recv(cx, buffers, meta)
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<()>> {
        let number = self.1.fetch_add(1, Ordering::Relaxed) as u64;
        if (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).is_multiple_of(3) {
            return Poll::Ready(Ok(()));
        }
        self.0.poll_send(cx, transmit)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.0.try_send(transmit)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

#[tokio::test(start_paused = true)]
async fn lost_datagrams_are_sent_again() {
    for mtu in [300, 1200] {
        let (mut client_config, mut server_config) = configs();
        client_config.mtu = mtu;
        server_config.mtu = mtu;
        let (client, server) = pair(PairConfig::default());
        let (to_server, to_client) = (server.local_addr().unwrap(), client.local_addr().unwrap());
        let client = Lossy(client, AtomicUsize::new(0));
        let server = Lossy(server, AtomicUsize::new(100));
        let server = tokio::spawn(async move {
            let stream = accept(server, to_client, server_config).await.unwrap();
            // Keeps reading, so that the last flight is sent again when it is asked for.
            while let Ok(Some(_)) = stream.recv().await {}
            stream.with_connection(|connection| connection.stats())
        });
        let client = connect(client, to_server, client_config).await.unwrap();
        let stats = client.with_connection(|connection| connection.stats());
        assert!(stats.retransmissions > 0, "{stats:?}");
        for _ in 0..30 {
            client.send(b"data").await.unwrap();
        }
        drop(client);
        let received = server.await.unwrap().records_received;
        assert!(
            (10..30).contains(&received),
            "{received}: a stream does not send data again"
        );
    }
}

async fn echo(listener: Arc<Listener>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            while let Ok(Some(record)) = stream.recv().await {
                stream.send(&record).await.unwrap();
            }
        });
    }
}

#[tokio::test]
async fn a_listener_serves_many_clients_on_one_socket() {
    let (client_config, server_config) = plain();
    let listener = Arc::new(Listener::bind(LOOPBACK.parse().unwrap(), server_config).unwrap());
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(echo(Arc::clone(&listener)));
    let client_config = Arc::new(client_config);
    let clients: Vec<_> = (0..20_u8)
        .map(|number| {
            let config = Arc::clone(&client_config);
            tokio::spawn(async move {
                let socket = UdpSocket::bind(LOOPBACK.parse().unwrap()).unwrap();
                let stream = connect(socket, address, config).await.unwrap();
                for round in 0..10 {
                    stream.send(&[number, round]).await.unwrap();
                    assert_eq!(
                        stream.recv().await.unwrap().as_deref(),
                        Some(&[number, round][..])
                    );
                }
                stream
            })
        })
        .collect();
    let mut streams = Vec::new();
    for client in clients {
        streams.push(client.await.unwrap());
    }
    assert_eq!(listener.connections(), 20);
    let stats = listener.stats();
    assert_eq!((stats.established, stats.failed, stats.refused), (20, 0, 0));
    assert!(stats.cookies_sent >= 20, "{stats:?}");
    drop(streams);
    while listener.connections() > 0 {
        tokio::task::yield_now().await;
    }
    server.abort();
}

#[tokio::test]
async fn streams_outlive_their_listener() {
    let (client_config, server_config) = plain();
    let listener = Listener::bind(LOOPBACK.parse().unwrap(), server_config).unwrap();
    let address = listener.local_addr().unwrap();
    let socket = UdpSocket::bind(LOOPBACK.parse().unwrap()).unwrap();
    let (client, accepted) = tokio::join!(connect(socket, address, client_config), listener.accept());
    let (client, (server, _)) = (client.unwrap(), accepted.unwrap());
    drop(listener);
    client.send(b"still there?").await.unwrap();
    assert_eq!(
        server.recv().await.unwrap().as_deref(),
        Some(&b"still there?"[..])
    );
}

#[tokio::test]
async fn a_client_that_begins_again_replaces_its_old_connection() {
    let (client_config, server_config) = plain();
    let listener = Listener::bind(LOOPBACK.parse().unwrap(), server_config).unwrap();
    let address = listener.local_addr().unwrap();
    let socket = Arc::new(UdpSocket::bind(LOOPBACK.parse().unwrap()).unwrap());
    let connect_again = || connect(Arc::clone(&socket), address, client_config.clone());
    let (first, accepted) = tokio::join!(connect_again(), listener.accept());
    let (old, _) = accepted.unwrap();
    // The client forgets its connection without a word, as after a crash.
    std::mem::forget(first.unwrap());
    let (second, accepted) = tokio::join!(connect_again(), listener.accept());
    let (second, (new, _)) = (second.unwrap(), accepted.unwrap());
    assert_eq!(
        old.recv().await.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionAborted
    );
    second.send(b"again").await.unwrap();
    assert_eq!(new.recv().await.unwrap().as_deref(), Some(&b"again"[..]));
    assert_eq!(listener.connections(), 1);
    drop(old);
    assert_eq!(
        listener.connections(),
        1,
        "the old stream frees nothing of the new one"
    );
}

#[tokio::test]
async fn hellos_without_a_cookie_leave_nothing_behind() {
    let (client_config, server_config) = plain();
    let listener = Listener::bind(LOOPBACK.parse().unwrap(), server_config).unwrap();
    let address = listener.local_addr().unwrap();
    let stranger = tokio::net::UdpSocket::bind(LOOPBACK).await.unwrap();
    stranger.connect(address).await.unwrap();
    for seed in 0..50 {
        let mut client = dtls::core::Connection::client(Arc::new(client_config.clone()), [seed; 32]);
        let now = std::time::Instant::now();
        client.connect(now);
        let mut hello = Vec::new();
        client.poll_transmit(now, &mut hello).unwrap();
        stranger.send(&hello).await.unwrap();
        let mut reply = [0; 2000];
        let length = stranger.recv(&mut reply).await.unwrap();
        assert!(length <= hello.len(), "{length} bytes for {}", hello.len());
    }
    assert_eq!(listener.connections(), 0);
    assert_eq!(listener.stats().cookies_sent, 50);
}

#[tokio::test]
async fn those_who_are_not_let_in_are_counted() {
    let (client_config, server_config) = plain();
    let socket = UdpSocket::bind(LOOPBACK.parse().unwrap()).unwrap();
    let options = ListenerOptions {
        datagrams: 4,
        cookies: false,
        ..ListenerOptions::default()
    };
    let listener = Listener::new(socket, server_config, options);
    let stranger = tokio::net::UdpSocket::bind(LOOPBACK).await.unwrap();
    stranger.connect(listener.local_addr().unwrap()).await.unwrap();
    for datagram in [&b"GET / HTTP/1.1"[..], &[22, 0xfe, 0xfd], &[]] {
        stranger.send(datagram).await.unwrap();
    }
    // What a client says that ends its handshake at once.
    let mut client = dtls::core::Connection::client(Arc::new(client_config), [7; 32]);
    let now = std::time::Instant::now();
    client.connect(now);
    let mut hello = Vec::new();
    client.poll_transmit(now, &mut hello).unwrap();
    stranger.send(&hello).await.unwrap();
    let alert = [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 2, 40];
    let refused = async {
        while listener.stats().failed == 0 {
            stranger.send(&alert).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.unwrap();
    let stats = listener.stats();
    assert_eq!((stats.established, stats.failed, stats.cookies_sent), (0, 1, 0));
    assert!(stats.ignored >= 3, "{stats:?}");
}

#[tokio::test]
async fn datagrams_that_nobody_reads_are_counted() {
    let (client_config, server_config) = plain();
    let socket = UdpSocket::bind(LOOPBACK.parse().unwrap()).unwrap();
    let options = ListenerOptions {
        datagrams: 4,
        ..ListenerOptions::default()
    };
    let listener = Listener::new(socket, server_config, options);
    let socket = UdpSocket::bind(LOOPBACK.parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let (client, accepted) = tokio::join!(connect(socket, address, client_config), listener.accept());
    let (client, _unread) = (client.unwrap(), accepted.unwrap());
    let lost = async {
        while listener.stats().overflowed == 0 {
            client.send(b"does anybody read this?").await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, lost).await.unwrap();
}

#[tokio::test]
async fn a_stranger_cannot_end_a_handshake() {
    let (client_config, server_config) = plain();
    let listener = Listener::bind(LOOPBACK.parse().unwrap(), server_config).unwrap();
    let address = listener.local_addr().unwrap();
    let socket = UdpSocket::bind(LOOPBACK.parse().unwrap()).unwrap();
    let stranger = tokio::net::UdpSocket::bind(LOOPBACK).await.unwrap();
    // A fatal alert in plaintext: from the peer it would be believed.
    let alert = [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40];
    stranger
        .send_to(&alert, socket.local_addr().unwrap())
        .await
        .unwrap();
    let stream = connect(socket, address, client_config).await.unwrap();
    assert_eq!(stream.peer_addr(), address);
}

#[tokio::test]
async fn bounds_hold_back_new_clients() {
    let (client_config, server_config) = plain();
    let socket = UdpSocket::bind(LOOPBACK.parse().unwrap()).unwrap();
    let options = ListenerOptions {
        connections: 2,
        cookies: false,
        ..ListenerOptions::default()
    };
    let listener = Listener::new(socket, server_config, options);
    let address = listener.local_addr().unwrap();
    let client = || {
        let socket = UdpSocket::bind(LOOPBACK.parse().unwrap()).unwrap();
        connect(socket, address, client_config.clone())
    };
    let _streams = [client().await.unwrap(), client().await.unwrap()];
    assert!(
        tokio::time::timeout(Duration::from_millis(300), client())
            .await
            .is_err()
    );
    assert_eq!(listener.connections(), 2);
    assert!(listener.stats().refused > 0);
    drop(listener.accept().await.unwrap());
    client().await.unwrap();
}

#[tokio::test]
async fn the_end_of_the_transport_is_told_with_its_cause() {
    let (_, server_config) = plain();
    let (client, server) = pair(PairConfig::default());
    let listener = Listener::new(server, server_config, ListenerOptions::default());
    drop(client);
    let error = listener.accept().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}

/// A server whose client has gone while `CAPACITY` records filled the way to it.
async fn server_behind_a_full_socket() -> DtlsStream {
    let (client_config, server_config) = configs();
    let (client, server) = pair(PairConfig {
        capacity: CAPACITY,
        ..PairConfig::default()
    });
    let (to_server, to_client) = (server.local_addr().unwrap(), client.local_addr().unwrap());
    let (client, server) = tokio::join!(
        connect(client, to_server, client_config),
        accept(server, to_client, server_config)
    );
    let client = client.unwrap();
    for _ in 0..CAPACITY {
        client.send(b"data").await.unwrap();
    }
    server.unwrap()
}

const CAPACITY: usize = 16;

#[tokio::test(start_paused = true)]
async fn a_goodbye_waits_for_room_in_the_socket() {
    let server = server_behind_a_full_socket().await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    for _ in 0..CAPACITY {
        assert!(server.recv().await.unwrap().is_some());
    }
    assert_eq!(server.recv().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_does_not_wait_for_ever() {
    let server = server_behind_a_full_socket().await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    for _ in 0..CAPACITY {
        assert!(server.recv().await.unwrap().is_some());
    }
    let error = server.recv().await.unwrap_err();
    assert_eq!(
        error.kind(),
        std::io::ErrorKind::UnexpectedEof,
        "the socket is closed"
    );
}
