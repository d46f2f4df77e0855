use std::time::Duration;

use datagram::{PairConfig, pair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::*;

const SOON: Duration = Duration::from_secs(10);

/// Two transports that are connected in memory.
async fn connected() -> (Transport, Transport) {
    let (alice, bob) = pair(PairConfig::default());
    let [a, b] = [alice.local_addr().unwrap(), bob.local_addr().unwrap()];
    let (alice, bob) = tokio::join!(
        Transport::connect(Arc::new(alice), b, Role::Client, Config::default()),
        Transport::accept(Arc::new(bob), a, Role::Server, Config::default()),
    );
    (alice.unwrap(), bob.unwrap())
}

#[tokio::test]
async fn messages_go_both_ways_and_the_end_is_seen() {
    let (alice, bob) = connected().await;
    let channel = alice.open(ChannelConfig::new("chat")).await.unwrap();
    channel.send_text("hello").await.unwrap();
    let other = bob.next_channel().await.unwrap();
    assert_eq!(
        (other.config().label.as_str(), other.stream_id(), other.state()),
        ("chat", Some(0), State::Open)
    );
    assert_eq!(other.recv().await.unwrap().text(), Some("hello"));
    other.send_binary(vec![1, 2, 3]).await.unwrap();
    assert_eq!(channel.recv().await.unwrap().data[..], [1, 2, 3]);
    channel.send_text("bye").await.unwrap();
    drop(channel);
    assert_eq!(other.recv().await.unwrap().text(), Some("bye"));
    assert_eq!(other.recv().await, None);
    assert_eq!(other.send_text("too late").await, Err(SendError::NotOpen));
}

#[tokio::test]
async fn a_sender_waits_for_a_slow_reader() {
    let (alice, bob) = connected().await;
    let channel = Arc::new(alice.open(ChannelConfig::new("bulk")).await.unwrap());
    let other = bob.next_channel().await.unwrap();
    let sender = Arc::clone(&channel);
    let sending = tokio::spawn(async move {
        for n in 0..400u32 {
            sender.send_binary(n.to_be_bytes().repeat(16_000)).await.unwrap();
        }
    });
    for n in 0..400u32 {
        let message = timeout(SOON, other.recv()).await.unwrap().unwrap();
        assert_eq!(
            (message.data.len(), &message.data[..4]),
            (64_000, &n.to_be_bytes()[..])
        );
    }
    sending.await.unwrap();
    assert_eq!(channel.buffered_amount(), 0);
}

#[tokio::test]
async fn a_detached_channel_is_a_stream_of_bytes() {
    let (alice, bob) = connected().await;
    let mut stream = alice.open(ChannelConfig::new("pipe")).await.unwrap().detach();
    let mut other = bob.next_channel().await.unwrap().detach();
    let sent: Vec<u8> = (0..200_000u32).map(|n| n.to_le_bytes()[0]).collect();
    let copy = sent.clone();
    let writing = tokio::spawn(async move {
        stream.write_all(&copy).await.unwrap();
        stream.shutdown().await.unwrap();
        stream
    });
    let mut received = Vec::new();
    timeout(SOON, other.read_to_end(&mut received))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(received, sent);
    let error = other.write_all(b"x").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    drop(writing.await.unwrap());
}

#[tokio::test]
async fn the_end_of_the_association_ends_every_wait() {
    let (alice, bob) = connected().await;
    let _channel = alice.open(ChannelConfig::new("x")).await.unwrap();
    let other = bob.next_channel().await.unwrap();
    let waits = async { tokio::join!(other.recv(), bob.next_channel()) };
    let leave = async {
        tokio::task::yield_now().await;
        alice.with_core(|core, now| core.abort(now, "power cut"));
    };
    let ((received, next), ()) = timeout(SOON, async { tokio::join!(waits, leave) }).await.unwrap();
    assert!(received.is_none() && next.is_none());
    assert!(matches!(
        bob.close_reason(),
        Some(sctp::CloseReason::PeerAbort { .. })
    ));
    assert_eq!(
        bob.open(ChannelConfig::new("y")).await.unwrap_err(),
        OpenError::Closed
    );
}

#[tokio::test]
async fn a_shutdown_delivers_first_and_ends_in_good_order() {
    let (alice, bob) = connected().await;
    let channel = alice.open(ChannelConfig::new("x")).await.unwrap();
    channel.send_text("last").await.unwrap();
    let other = bob.next_channel().await.unwrap();
    timeout(SOON, alice.shutdown()).await.unwrap();
    assert_eq!(other.recv().await.unwrap().text(), Some("last"));
    assert_eq!(other.recv().await, None);
    assert_eq!(alice.close_reason(), Some(sctp::CloseReason::Shutdown));
    let reason = alice.with_core(|core, _| core.association().state());
    assert_eq!(reason, sctp::State::Ended);
}

#[tokio::test(start_paused = true)]
async fn nobody_at_the_other_end_is_an_error_with_its_reason() {
    let (alice, bob) = pair(PairConfig::default());
    let peer = bob.local_addr().unwrap();
    let error = Transport::connect(Arc::new(alice), peer, Role::Client, Config::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    assert_eq!(error.to_string(), sctp::CloseReason::HandshakeTimeout.to_string());
    drop(bob);
}

#[tokio::test]
async fn a_lost_transport_is_an_error() {
    let (alice, bob) = pair(PairConfig::default());
    let peer = bob.local_addr().unwrap();
    drop(bob);
    let result = timeout(
        SOON,
        Transport::connect(Arc::new(alice), peer, Role::Client, Config::default()),
    )
    .await;
    assert!(result.unwrap().is_err());
}

#[tokio::test]
async fn dropping_everything_ends_the_driver() {
    let (alice, bob) = connected().await;
    let shared = Arc::downgrade(alice.handle.shared());
    let channel = alice.open(ChannelConfig::new("x")).await.unwrap();
    drop(alice);
    assert!(
        shared
            .upgrade()
            .is_some_and(|shared| shared.close_reason().is_none()),
        "a channel keeps it alive"
    );
    drop(channel);
    assert!(bob.next_channel().await.is_some());
    assert!(timeout(SOON, bob.next_channel()).await.unwrap().is_none());
    assert_eq!(bob.close_reason(), Some(sctp::CloseReason::Shutdown));
    // The driver's task runs once more to see that it is over.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(shared.upgrade().is_none());
}
