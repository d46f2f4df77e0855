//! Real sockets on the loopback interface.

use super::*;
use crate::{Inbox, send};
use std::net::Ipv4Addr;
use std::sync::Arc;

fn bind(address: &str) -> UdpSocket {
    UdpSocket::bind(address.parse().unwrap()).unwrap()
}

fn has_ipv6() -> bool {
    std::net::UdpSocket::bind("[::1]:0").is_ok()
}

/// Containers often have no IPv6.
fn loopbacks() -> impl Iterator<Item = &'static str> {
    std::iter::once("127.0.0.1:0").chain(has_ipv6().then_some("[::1]:0"))
}

#[tokio::test]
async fn a_burst_arrives_as_its_packets() {
    for address in loopbacks() {
        let (alice, bob) = (bind(address), bind(address));
        let contents: Vec<u8> = (0..100_u8).flat_map(|packet| [packet; 1200]).collect();
        // 120,000 bytes are more than one system call takes, and the last packet is shorter.
        let contents = &contents[..contents.len() - 1];
        let burst = Transmit {
            segment_size: Some(1200),
            ecn: Some(Ecn::Ect0),
            ..Transmit::new(bob.local_addr().unwrap(), contents)
        };
        send(&alice, &burst).await.unwrap();
        let mut inbox = Inbox::new(&bob);
        for (index, expected) in contents.chunks(1200).enumerate() {
            let packet = inbox.recv(&bob).await.unwrap();
            assert_eq!(packet.contents, expected, "packet {index}");
            assert_eq!(packet.source, alice.local_addr().unwrap());
            assert_eq!(packet.destination, Some(bob.local_addr().unwrap().ip()));
            assert_eq!(packet.ecn, Some(Ecn::Ect0));
        }
    }
}

#[tokio::test]
async fn a_dual_stack_socket_speaks_both_families_by_their_own_addresses() {
    if !has_ipv6() {
        return;
    }
    let config = UdpConfig {
        dual_stack: true,
        ..UdpConfig::default()
    };
    let dual = UdpSocket::bind_with("[::]:0".parse().unwrap(), &config).unwrap();
    let port = dual.local_addr().unwrap().port();
    let mut inbox = Inbox::new(&dual);
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let peer = bind(address);
        let peer_address = peer.local_addr().unwrap();
        send(
            &peer,
            &Transmit::new(SocketAddr::new(peer_address.ip(), port), b"ping"),
        )
        .await
        .unwrap();
        let packet = inbox.recv(&dual).await.unwrap();
        assert_eq!(packet.source, peer_address);
        assert_eq!(packet.destination, Some(peer_address.ip()));
        let source = packet.destination;
        send(
            &dual,
            &Transmit {
                source,
                ..Transmit::new(peer_address, b"pong")
            },
        )
        .await
        .unwrap();
        assert_eq!(Inbox::new(&peer).recv(&peer).await.unwrap().contents, b"pong");
    }
}

/// All of 127.0.0.0/8 is this host on Linux.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_wildcard_socket_sends_from_the_address_it_is_told() {
    let config = UdpConfig {
        dual_stack: true,
        ..UdpConfig::default()
    };
    let wildcards = ["0.0.0.0:0", "[::]:0"];
    for address in &wildcards[..1 + usize::from(has_ipv6())] {
        let socket = UdpSocket::bind_with(address.parse().unwrap(), &config).unwrap();
        assert_eq!(socket.is_dual_stack(), address.starts_with('['));
        let peer = bind("127.0.0.1:0");
        let source = IpAddr::from([127, 0, 0, 2]);
        let transmit = Transmit {
            source: Some(source),
            ..Transmit::new(peer.local_addr().unwrap(), b"hello")
        };
        send(&socket, &transmit).await.unwrap();
        let from = Inbox::new(&peer).recv(&peer).await.unwrap().source;
        assert_eq!(from, SocketAddr::new(source, socket.local_addr().unwrap().port()));
    }
}

#[tokio::test]
async fn both_families_share_a_port_by_default() {
    if !has_ipv6() {
        return;
    }
    let v6 = bind("[::]:0");
    let port = v6.local_addr().unwrap().port();
    UdpSocket::bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port)).unwrap();
}

#[cfg(target_os = "linux")] // Others give the host only one address of 127.0.0.0/8.
#[tokio::test]
async fn sends_from_the_address_that_was_asked_for() {
    let (any, peer) = (bind("0.0.0.0:0"), bind("127.0.0.1:0"));
    let source = IpAddr::from([127, 0, 0, 7]);
    send(
        &any,
        &Transmit {
            source: Some(source),
            ..Transmit::new(peer.local_addr().unwrap(), b"hi")
        },
    )
    .await
    .unwrap();
    assert_eq!(Inbox::new(&peer).recv(&peer).await.unwrap().source.ip(), source);
}

#[tokio::test]
async fn kernel_buffers_are_enlarged() {
    let socket = bind("127.0.0.1:0");
    assert!(socket.recv_buffer_size().unwrap() >= 208 * 1024);
    let small = UdpConfig {
        recv_buffer: 128 * 1024,
        send_buffer: 128 * 1024,
        ..UdpConfig::default()
    };
    let small = UdpSocket::bind_with("127.0.0.1:0".parse().unwrap(), &small).unwrap();
    assert!(socket.recv_buffer_size().unwrap() > small.recv_buffer_size().unwrap());
    assert!(socket.send_buffer_size().unwrap() > small.send_buffer_size().unwrap());
}

#[test]
fn a_refused_buffer_size_is_halved_until_it_fits() {
    let mut tried = Vec::new();
    enlarge(1_000_000, |bytes| {
        tried.push(bytes);
        if bytes > 300_000 {
            Err(io::ErrorKind::InvalidInput.into())
        } else {
            Ok(())
        }
    });
    assert_eq!(tried, [1_000_000, 500_000, 250_000]);
    enlarge(1_000_000, |_| Err(io::ErrorKind::InvalidInput.into()));
}

#[tokio::test]
async fn a_dead_peer_does_not_end_the_socket() {
    let (alice, bob) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    let dead = bind("127.0.0.1:0").local_addr().unwrap();
    for _ in 0..3 {
        let _may_be_refused = send(&alice, &Transmit::new(dead, b"anyone?")).await;
    }
    send(&bob, &Transmit::new(alice.local_addr().unwrap(), b"me"))
        .await
        .unwrap();
    assert_eq!(Inbox::new(&alice).recv(&alice).await.unwrap().contents, b"me");
    send(&alice, &Transmit::new(bob.local_addr().unwrap(), b"you"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_packet_that_is_too_big_is_an_error_of_that_send() {
    let (alice, bob) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    let to = bob.local_addr().unwrap();
    assert!(send(&alice, &Transmit::new(to, &[0; 70_000])).await.is_err());
    send(&alice, &Transmit::new(to, b"fits")).await.unwrap();
    assert_eq!(Inbox::new(&bob).recv(&bob).await.unwrap().contents, b"fits");
}

#[tokio::test]
async fn a_segment_size_at_or_over_the_contents_is_one_packet() {
    let (alice, bob) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    let to = bob.local_addr().unwrap();
    let mut inbox = Inbox::new(&bob);
    for segment_size in [Some(0), Some(4), Some(5)] {
        send(
            &alice,
            &Transmit {
                segment_size,
                ..Transmit::new(to, b"four")
            },
        )
        .await
        .unwrap();
        assert_eq!(inbox.recv(&bob).await.unwrap().contents, b"four");
    }
    send(&alice, &Transmit::new(to, b"")).await.unwrap();
    assert_eq!(inbox.recv(&bob).await.unwrap().contents, b"");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_send_through_one_socket() {
    let (alice, bob) = (Arc::new(bind("127.0.0.1:0")), bind("127.0.0.1:0"));
    let to = bob.local_addr().unwrap();
    let send_some = move |alice: Arc<UdpSocket>, task: u8| async move {
        for _ in 0..50 {
            send(&alice, &Transmit::new(to, &[task; 1000])).await.unwrap();
        }
    };
    let tasks: Vec<_> = (0..16)
        .map(|task| tokio::spawn(send_some(Arc::clone(&alice), task)))
        .collect();
    let mut seen = [0; 16];
    let mut inbox = Inbox::new(&bob);
    for _ in 0..16 * 50 {
        seen[usize::from(inbox.recv(&bob).await.unwrap().contents[0])] += 1;
    }
    assert_eq!(seen, [50; 16]);
    for task in tasks {
        task.await.unwrap();
    }
}

/// What a network card without segmentation does, the kernel does to a burst of more packets than it takes.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn without_offload_packets_are_sent_one_by_one() {
    let (alice, bob) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    assert!(
        alice.max_send_segments() > 1,
        "this test needs a kernel with UDP_SEGMENT"
    );
    let contents: Vec<u8> = (0..200_u8).flat_map(|packet| [packet; 10]).collect();
    let refused = quinn_udp::Transmit {
        destination: bob.local_addr().unwrap(),
        ecn: None,
        contents: &contents,
        segment_size: Some(10),
        src_ip: None,
    };
    alice.send_burst(&refused, 10).unwrap();
    assert_eq!((alice.max_send_segments(), alice.offload_fallbacks()), (1, 1));
    let burst = Transmit {
        segment_size: Some(10),
        ..Transmit::new(bob.local_addr().unwrap(), &contents)
    };
    send(&alice, &burst).await.unwrap();
    let mut inbox = Inbox::new(&bob);
    for expected in contents.chunks(10).chain(contents.chunks(10)) {
        assert_eq!(inbox.recv(&bob).await.unwrap().contents, expected);
    }
}

/// Only connected sockets of Linux hear of ICMP, so this one is.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_refusal_is_counted_and_what_arrives_behind_it_is_received() {
    let std_socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let peer = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = peer.local_addr().unwrap();
    std_socket.connect(to).unwrap();
    let from = std_socket.local_addr().unwrap();
    drop(peer);
    let socket = UdpSocket::from_std(std_socket).unwrap();
    socket.try_send(&Transmit::new(to, b"anyone?")).unwrap();
    let peer = std::net::UdpSocket::bind(to).unwrap();
    peer.send_to(b"here again", from).unwrap();
    assert_eq!(
        Inbox::new(&socket).recv(&socket).await.unwrap().contents,
        b"here again"
    );
    assert_eq!(socket.recv_errors(), 1);
}

/// A source address that the host has no more is refused by the same error as a burst by a card without segmentation.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn offload_outlives_an_address_of_the_host() {
    let everywhere = [("0.0.0.0:0", "127.0.0.1:0", "192.0.2.77")];
    let everywhere =
        everywhere
            .into_iter()
            .chain(has_ipv6().then_some(("[::]:0", "[::1]:0", "2001:db8::77")));
    for (any, loopback, gone) in everywhere {
        let (alice, bob) = (bind(any), bind(loopback));
        assert!(
            alice.max_send_segments() > 1,
            "this test needs a kernel with UDP_SEGMENT"
        );
        let to = bob.local_addr().unwrap();
        let packet = Transmit::new(to, b"aabbcc");
        let burst = Transmit {
            segment_size: Some(2),
            ..packet
        };
        let source = Some(gone.parse().unwrap());
        assert!(alice.try_send(&Transmit { source, ..packet }).is_err());
        assert!(alice.try_send(&Transmit { source, ..burst }).is_err());
        assert!(alice.max_send_segments() > 1, "{gone}");
        assert_eq!(alice.offload_fallbacks(), 0);
        send(&alice, &burst).await.unwrap();
        let mut inbox = Inbox::new(&bob);
        for expected in [b"aa", b"bb", b"cc"] {
            assert_eq!(inbox.recv(&bob).await.unwrap().contents, expected);
        }
    }
}
