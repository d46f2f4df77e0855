//! Sessions over memory and over sockets.

use std::io;
use std::time::Duration;

use super::*;
use crate::{Config, KeyPair, MasterKey, Profile, ProtectError};
use datagram::{Datagram, MemoryDatagram, PairConfig, Transmit, WhenFull, pair};

fn keys() -> KeyPair {
    KeyPair::from_exported(Profile::Aes128CmSha1_80, &(0..60).collect::<Vec<u8>>()).unwrap()
}

fn session(datagram: impl Datagram + 'static, peer: std::net::SocketAddr, client: bool) -> Session {
    let KeyPair { client: c, server: s } = keys();
    let (local, remote): (MasterKey, MasterKey) = if client { (c, s) } else { (s, c) };
    Session::new(datagram, peer, &Config::default(), &local, &remote).unwrap()
}

fn transports() -> (MemoryDatagram, MemoryDatagram) {
    // The other end's driver may not run before a test has sent everything.
    pair(PairConfig {
        capacity: 100_000,
        when_full: WhenFull::Wait,
        ..PairConfig::default()
    })
}

fn connected() -> (Session, Session) {
    let (a, b) = transports();
    let (a_addr, b_addr) = (a.local_addr().unwrap(), b.local_addr().unwrap());
    (session(a, b_addr, true), session(b, a_addr, false))
}

fn rtp(ssrc: u8, sequence_number: u16) -> Vec<u8> {
    let [a, b] = sequence_number.to_be_bytes();
    vec![0x80, 96, a, b, 0, 0, 0, 0, 0, 0, 0, ssrc, b'x']
}

const RTCP: [u8; 12] = [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];

#[test]
fn handles_are_send_and_sync() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Session>();
    check::<RtpStream>();
}

#[tokio::test(start_paused = true)]
async fn rtp_and_rtcp_go_both_ways() {
    let (alice, bob) = connected();
    for number in 0..5 {
        alice.send_rtp(&rtp(1, number)).await.unwrap();
        bob.send_rtp(&rtp(1, number)).await.unwrap();
        alice.send_rtcp(&RTCP).await.unwrap();
        assert_eq!(bob.recv_rtp().await.unwrap(), rtp(1, number));
        assert_eq!(alice.recv_rtp().await.unwrap(), rtp(1, number));
        assert_eq!(bob.recv_rtcp().await.unwrap(), RTCP[..]);
    }
    let stats = bob.stats();
    assert_eq!((stats.inbound.rtp_packets, stats.inbound.rtcp_packets), (5, 5));
    assert_eq!((stats.outbound.rtp_packets, stats.overflowed), (5, 0));
}

#[tokio::test(start_paused = true)]
async fn streams_take_their_ssrc_and_give_it_back() {
    let (alice, bob) = connected();
    for number in 0..3 {
        for ssrc in [1, 2, 3] {
            alice.send_rtp(&rtp(ssrc, number)).await.unwrap();
        }
    }
    let first = bob.accept().await.unwrap();
    let third = bob.stream(3).unwrap();
    assert_eq!(first.ssrc(), 1);
    assert_eq!(bob.stream(1).unwrap_err(), InUse);
    for number in 0..3 {
        assert_eq!(third.recv().await.unwrap(), rtp(3, number));
        assert_eq!(first.recv().await.unwrap(), rtp(1, number));
        assert_eq!(bob.recv_rtp().await.unwrap(), rtp(2, number));
    }
    drop(first);
    alice.send_rtp(&rtp(1, 3)).await.unwrap();
    assert_eq!(bob.recv_rtp().await.unwrap(), rtp(1, 3));
    // A reader that waits is woken by its own packets.
    let reader = tokio::spawn(async move { third.recv().await.unwrap() });
    tokio::task::yield_now().await;
    alice.send_rtp(&rtp(3, 3)).await.unwrap();
    assert_eq!(reader.await.unwrap(), rtp(3, 3));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_reads_is_bounded_and_the_oldest_goes() {
    let (alice, bob) = connected();
    let kept = u16::try_from(QUEUE).unwrap();
    let stream = bob.stream(1).unwrap();
    for number in 0..kept + 10 {
        alice.send_rtp(&rtp(1, number)).await.unwrap();
        alice.send_rtp(&rtp(2, number)).await.unwrap();
        alice.send_rtcp(&RTCP).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bob.stats().overflowed, 30);
    assert_eq!(stream.recv().await.unwrap(), rtp(1, 10));
    assert_eq!(bob.recv_rtp().await.unwrap(), rtp(2, 10));
}

#[tokio::test(start_paused = true)]
async fn noise_is_counted_and_the_session_goes_on() {
    let (a, b) = transports();
    let (a_addr, b_addr) = (a.local_addr().unwrap(), b.local_addr().unwrap());
    let bob = session(b, a_addr, false);
    let noise: [&[u8]; 5] = [
        b"",
        b"\x16dtls",
        b"\x00stun",
        &[0x80; 40],
        &[0x80, 200, 0, 0, 1, 2, 3, 4],
    ];
    for datagram in noise {
        datagram::send(&a, &Transmit::new(b_addr, datagram))
            .await
            .unwrap();
    }
    let alice = session(a, b_addr, true);
    alice.send_rtp(&rtp(1, 1)).await.unwrap();
    assert_eq!(bob.recv_rtp().await.unwrap(), rtp(1, 1));
    let stats = bob.stats();
    assert_eq!((stats.foreign, stats.inbound.rejected.total()), (3, 2));
}

#[tokio::test(start_paused = true)]
async fn others_than_the_peer_are_not_heard() {
    let (a, b) = transports();
    let b_addr = b.local_addr().unwrap();
    let bob = session(b, "198.51.100.1:9".parse().unwrap(), false);
    let alice = session(a, b_addr, true);
    alice.send_rtp(&rtp(1, 1)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((bob.stats().foreign, bob.stats().inbound.rtp_packets), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn bad_packets_are_the_senders_error() {
    let (alice, _bob) = connected();
    alice.send_rtp(&rtp(1, 1)).await.unwrap();
    for (packet, expected) in [
        (rtp(1, 1), ProtectError::Repeated),
        (vec![0; 3], ProtectError::Malformed),
    ] {
        let error = alice.send_rtp(&packet).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<ProtectError>());
        assert_eq!(inner, Some(&expected));
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_transport_is_told_after_what_came_before() {
    let (alice, bob) = connected();
    let stream = bob.stream(1).unwrap();
    alice.send_rtp(&rtp(1, 1)).await.unwrap();
    let waiting = {
        let bob = bob.clone();
        tokio::spawn(async move { bob.recv_rtcp().await })
    };
    tokio::task::yield_now().await;
    drop(alice);
    assert_eq!(
        waiting.await.unwrap().unwrap_err().kind(),
        io::ErrorKind::UnexpectedEof
    );
    assert_eq!(stream.recv().await.unwrap(), rtp(1, 1));
    assert_eq!(
        stream.recv().await.unwrap_err().kind(),
        io::ErrorKind::UnexpectedEof
    );
    assert_eq!(
        bob.accept().await.unwrap_err().kind(),
        io::ErrorKind::UnexpectedEof
    );
}

#[tokio::test]
async fn two_sessions_over_udp() {
    let bind = || datagram::UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let (a, b) = (bind(), bind());
    let (a_addr, b_addr) = (a.local_addr().unwrap(), b.local_addr().unwrap());
    let (alice, bob) = (session(a, b_addr, true), session(b, a_addr, false));
    assert_eq!((alice.local_addr().unwrap(), alice.peer_addr()), (a_addr, b_addr));
    for number in 0..200 {
        alice.send_rtp(&rtp(7, number)).await.unwrap();
        assert_eq!(bob.recv_rtp().await.unwrap(), rtp(7, number));
    }
    bob.send_rtcp(&RTCP).await.unwrap();
    assert_eq!(alice.recv_rtcp().await.unwrap(), RTCP[..]);
}
