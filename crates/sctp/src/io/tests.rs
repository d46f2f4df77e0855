//! The façade over memory, in tokio's paused time.

use super::*;
use crate::SendOptions;
use datagram::{PairConfig, pair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn connected() -> (Association, Association) {
    let (a, b) = pair(PairConfig::default());
    let (a_addr, b_addr) = (a.local_addr().unwrap(), b.local_addr().unwrap());
    let (a, b) = tokio::join!(
        Association::connect(Arc::new(a), b_addr, Config::default()),
        Association::accept(Arc::new(b), a_addr, Config::default()),
    );
    (a.unwrap(), b.unwrap())
}

#[test]
fn handles_are_send_and_sync() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Association>();
    check::<SctpStream>();
}

#[tokio::test(start_paused = true)]
async fn messages_keep_their_borders_and_their_ppid() {
    let (alice, bob) = connected().await;
    let mut out = alice.open(4, Reliability::Reliable).unwrap();
    assert_eq!(
        alice.open(4, Reliability::Reliable).unwrap_err(),
        SendError::InUse
    );
    out.set_ppid(51);
    out.send("one").await.unwrap();
    out.send("two").await.unwrap();
    let mut incoming = bob.accept_stream().await.unwrap();
    assert_eq!(incoming.id(), 4);
    let first = incoming.recv().await.unwrap().unwrap();
    assert_eq!((&first.data[..], first.ppid), (&b"one"[..], 51));
    assert_eq!(incoming.recv().await.unwrap().unwrap().data, "two");
    incoming.send("back").await.unwrap();
    assert_eq!(out.recv().await.unwrap().unwrap().data, "back");
}

#[tokio::test(start_paused = true)]
async fn bytes_flow_with_back_pressure_and_end_with_the_reset() {
    let (alice, bob) = connected().await;
    let mut out = alice.open(0, Reliability::Reliable).unwrap();
    let data: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251).to_le_bytes()[0]).collect();
    let expected = data.clone();
    let writer = tokio::spawn(async move {
        out.write_all(&data).await.unwrap();
        out.shutdown().await.unwrap();
        out
    });
    let mut incoming = bob.accept_stream().await.unwrap();
    // The reader sleeps: 20 MB must not pile up anywhere.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let (sent, received) = (alice.stats(), bob.stats());
    assert!(sent.send_buffered <= Config::default().send_buffer);
    assert!(received.data_chunks_received * 1100 < 6 << 20, "{received:?}");
    let mut read = Vec::new();
    incoming.read_to_end(&mut read).await.unwrap();
    assert!(read == expected);
    drop(writer.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn shutdown_delivers_first_and_abort_names_its_reason() {
    let (alice, bob) = connected().await;
    let mut out = alice.open(1, Reliability::Reliable).unwrap();
    out.send(vec![5; 100_000]).await.unwrap();
    alice.shutdown().await.unwrap();
    assert_eq!(bob.closed().await, CloseReason::Shutdown);
    assert_eq!(out.send("late").await, Err(SendError::Closed));
    let mut incoming = bob.accept_stream().await.unwrap();
    assert_eq!(incoming.recv().await.unwrap().unwrap().data.len(), 100_000);
    assert_eq!(incoming.recv().await, Ok(None));
    assert_eq!(bob.accept_stream().await.unwrap_err(), CloseReason::Shutdown);

    let (alice, bob) = connected().await;
    let mut stream = bob.open(1, Reliability::Reliable).unwrap();
    alice.abort("had enough");
    let CloseReason::PeerAbort { text, .. } = bob.closed().await else {
        panic!("another reason")
    };
    assert_eq!(text, "had enough");
    assert!(stream.recv().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_shuts_down_and_its_task_ends() {
    let (alice, bob) = connected().await;
    let mut out = alice.open(1, Reliability::Reliable).unwrap();
    out.set_options(SendOptions {
        unordered: true,
        ..SendOptions::default()
    });
    out.send("farewell").await.unwrap();
    let weak = Arc::downgrade(&alice.handle.shared);
    drop(alice);
    assert_eq!(bob.state(), State::Established, "the stream still holds it");
    drop(out);
    assert_eq!(
        bob.accept_stream()
            .await
            .unwrap()
            .recv()
            .await
            .unwrap()
            .unwrap()
            .data,
        "farewell"
    );
    assert_eq!(bob.closed().await, CloseReason::Shutdown);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(weak.upgrade().is_none(), "the driver is gone");
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_a_handshake_timeout_and_a_broken_transport_is_told() {
    let (a, b) = pair(PairConfig::default());
    let peer = b.local_addr().unwrap();
    let error = Association::connect(Arc::new(a), peer, Config::default())
        .await
        .unwrap_err();
    assert_eq!(error, CloseReason::HandshakeTimeout);

    let (a, b) = pair(PairConfig::default());
    drop(b);
    let error = Association::connect(Arc::new(a), peer, Config::default())
        .await
        .unwrap_err();
    assert!(
        matches!(error, CloseReason::Transport(_) | CloseReason::HandshakeTimeout),
        "{error}"
    );
}

/// Over real sockets on the loopback interface, with segmentation offload where the system has it.
#[tokio::test]
async fn bulk_and_echo_over_udp() {
    let bind = || datagram::UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let (a, b) = (bind(), bind());
    let (a_addr, b_addr) = (a.local_addr().unwrap(), b.local_addr().unwrap());
    let (alice, bob) = tokio::join!(
        Association::connect(Arc::new(a), b_addr, Config::default()),
        Association::connect(Arc::new(b), a_addr, Config::default()),
    );
    let (alice, bob) = (alice.unwrap(), bob.unwrap());
    let mut out = alice.open(2, Reliability::Reliable).unwrap();
    let sender = tokio::spawn(async move {
        for index in 0..200_u32 {
            out.send(vec![index.to_le_bytes()[0]; 20_000]).await.unwrap();
        }
        out.recv().await.unwrap().unwrap()
    });
    let mut incoming = bob.accept_stream().await.unwrap();
    for index in 0..200_u32 {
        let message = incoming.recv().await.unwrap().unwrap();
        assert!(message.data.len() == 20_000 && message.data[9_999] == index.to_le_bytes()[0]);
    }
    incoming.send("got it all").await.unwrap();
    assert_eq!(sender.await.unwrap().data, "got it all");
    bob.shutdown().await.unwrap();
}

/// Associations whose way from the first to the second is full, and the second's end of it.
async fn full(capacity: usize) -> (Association, Association, Arc<dyn Datagram>) {
    let (a, b) = pair(PairConfig {
        capacity,
        ..PairConfig::default()
    });
    let (a_addr, b_addr) = (a.local_addr().unwrap(), b.local_addr().unwrap());
    let a: Arc<dyn Datagram> = Arc::new(a);
    let (alice, bob) = tokio::join!(
        Association::connect(Arc::clone(&a), b_addr, Config::default()),
        Association::accept(Arc::new(b), a_addr, Config::default()),
    );
    // Bob's driver has no turn until the next await: this fills the way to it.
    while a.try_send(&datagram::Transmit::new(b_addr, b"noise")).is_ok() {}
    (alice.unwrap(), bob.unwrap(), a)
}

#[tokio::test(start_paused = true)]
async fn an_abort_waits_for_room_in_the_transport() {
    let (alice, bob, _transport) = full(8).await;
    alice.abort("no time");
    let reason = bob.closed().await;
    assert!(matches!(reason, CloseReason::PeerAbort { .. }), "{reason:?}");
}

#[tokio::test(start_paused = true)]
async fn a_full_transport_does_not_keep_an_association_from_ending() {
    let (a, b) = pair(PairConfig {
        capacity: 1,
        ..PairConfig::default()
    });
    let (a, b_addr) = (Arc::new(a), b.local_addr().unwrap());
    let transport: Arc<dyn Datagram> = Arc::clone(&a) as Arc<dyn Datagram>;
    // Nobody reads at the other end, and the first packet fills the way to it.
    let connecting = Association::connect(transport, b_addr, Config::default());
    let failed = tokio::time::timeout(std::time::Duration::from_secs(600), connecting).await;
    assert_eq!(failed.unwrap().unwrap_err(), CloseReason::HandshakeTimeout);
    while Arc::strong_count(&a) > 1 {
        tokio::task::yield_now().await;
    }
    drop(b);
}

/// A way out that can be closed.
#[derive(Debug)]
struct Gate(datagram::MemoryDatagram, std::sync::atomic::AtomicBool);

impl Datagram for Gate {
    fn poll_recv(
        &self,
        cx: &mut std::task::Context<'_>,
        buffers: &mut [std::io::IoSliceMut<'_>],
        meta: &mut [datagram::RecvMeta],
    ) -> std::task::Poll<std::io::Result<usize>> {
        self.0.poll_recv(cx, buffers, meta)
    }

    fn poll_send(
        &self,
        cx: &mut std::task::Context<'_>,
        transmit: &datagram::Transmit<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        if self.1.load(std::sync::atomic::Ordering::Relaxed) {
            return std::task::Poll::Pending;
        }
        self.0.poll_send(cx, transmit)
    }

    fn try_send(&self, transmit: &datagram::Transmit<'_>) -> std::io::Result<()> {
        self.0.try_send(transmit)
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

#[tokio::test(start_paused = true)]
async fn packets_wait_together_not_one_after_the_other() {
    let (a, b) = pair(PairConfig::default());
    let (a_addr, b_addr) = (a.local_addr().unwrap(), b.local_addr().unwrap());
    let gate = Arc::new(Gate(a, false.into()));
    let transport: Arc<dyn Datagram> = Arc::clone(&gate) as Arc<dyn Datagram>;
    let (alice, bob) = tokio::join!(
        Association::connect(transport, b_addr, Config::default()),
        Association::accept(Arc::new(b), a_addr, Config::default()),
    );
    let (alice, _bob) = (alice.unwrap(), bob.unwrap());
    gate.1.store(true, std::sync::atomic::Ordering::Relaxed);
    let mut out = alice.open(1, Reliability::Reliable).unwrap();
    out.send(vec![5; 100_000]).await.unwrap();
    tokio::task::yield_now().await;
    let began = tokio::time::Instant::now();
    alice.abort("no time");
    while Arc::strong_count(&gate) > 1 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    // The data that was due, then the abort.
    let took = began.elapsed().as_millis();
    assert!((1000..1100).contains(&took), "{took} ms");
}
