//! The same over sockets, with the tracks of the façade: a server on a thread of its own, which is the one that counts.

use allocations::allocations;
use tokio::runtime::{Builder, Handle, Runtime};
use webrtc::{Api, Endpoint, Event, RtpCodec, RtpTransceiver, TrackLocalStaticRtp};

use crate::peers::{Pair, Peer, api, settings, within};

/// Subscribers.
const AUDIENCE: usize = 5;

/// Packets that the publisher sends at a time.
const BURST: u16 = 10;

/// A server that forwards, and the clients on another thread.
struct Server {
    pairs: Vec<Pair>,
    source: RtpTransceiver,
    track: TrackLocalStaticRtp,
    packets: Vec<rtp::Packet>,
}

impl Server {
    /// Returns the publisher's track, too.
    async fn new(clients: &Handle) -> (Self, TrackLocalStaticRtp) {
        let endpoint = Endpoint::bind("127.0.0.1:0".parse().unwrap(), 1200).unwrap();
        let here = Api::builder()
            .setting_engine(settings())
            .endpoint(endpoint)
            .build();
        let there = api();
        let client = || {
            let _entered = clients.enter();
            Peer::new(&there)
        };
        let codec = RtpCodec::video("VP8", "");
        let published = TrackLocalStaticRtp::new(codec.clone(), "published");
        let (publisher, source) = connect(client(), Peer::new(&here), &published).await;
        let track = TrackLocalStaticRtp::new(codec, "forwarded");
        track.set_source(&source);
        let mut pairs = vec![publisher];
        for _ in 0..AUDIENCE {
            let (subscriber, received) = connect(Peer::new(&here), client(), &track).await;
            clients.spawn(async move {
                let mut packet = Vec::new();
                while received.recv_rtp_into(&mut packet).await.is_some() {}
            });
            pairs.push(subscriber);
        }
        let server = Self {
            pairs,
            source,
            track,
            packets: Vec::new(),
        };
        (server, published)
    }

    /// Forwards so many packets.
    async fn forward(&mut self, packets: usize) {
        let mut count = 0;
        while count < packets && self.source.recv_rtp_all(&mut self.packets).await.is_some() {
            assert_eq!(self.track.write_all(&self.packets), AUDIENCE);
            count += self.packets.len();
            self.packets.clear();
        }
    }

    /// Packets that were sent to subscribers.
    fn sent(&self) -> u64 {
        let stats = self.pairs[1..].iter().map(|pair| pair.offerer.pc.rtp_stats());
        stats.map(|stats| stats.unwrap().packets_sent).sum()
    }
}

/// The first one sends the second one a track.
async fn connect(offerer: Peer, answerer: Peer, track: &TrackLocalStaticRtp) -> (Pair, RtpTransceiver) {
    let mut pair = Pair { offerer, answerer };
    pair.offerer.pc.add_track(track, &[]).unwrap();
    pair.negotiate();
    let incoming = pair.answerer.wait_for(|event| match event {
        Event::Track(transceiver) => Some(transceiver),
        _ => None,
    });
    let received = incoming.await;
    pair.offerer.connected().await;
    pair.answerer.connected().await;
    (pair, received)
}

/// What is published at a time.
fn burst(number: u16) -> Vec<rtp::Packet> {
    let packet = |index| {
        let mut payload = vec![7; 1100];
        payload[..2].copy_from_slice(&[0x10, 1]);
        let mut packet = rtp::Packet {
            payload: payload.into(),
            ..rtp::Packet::default()
        };
        packet.header.sequence_number = number * BURST + index;
        packet.header.timestamp = u32::from(number) * 450;
        packet
    };
    (0..BURST).map(packet).collect()
}

fn runtimes() -> [Runtime; 2] {
    let clients = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let server = Builder::new_current_thread().enable_all().build();
    [clients.unwrap(), server.unwrap()]
}

#[test]
fn a_track_allocates_nothing_for_a_packet_that_it_forwards() {
    let [clients, server] = runtimes();
    let (mut room, published) = server.block_on(Server::new(clients.handle()));
    let mut run = |number| {
        assert_eq!(published.write_all(&burst(number)), 1);
        allocations(|| server.block_on(within(room.forward(BURST.into()))))
    };
    let warming: usize = (0..300).map(&mut run).sum();
    assert!(warming > 0, "the counter counts");
    let counts: Vec<_> = (300..500).map(run).collect();
    assert!(room.sent() >= 500 * u64::from(BURST) * AUDIENCE as u64);
    // Reports each second and checks of consent allocate, and so does a queue that was never as long. No packet does by
    // itself: no burst would be without.
    let free = counts.iter().filter(|count| **count == 0).count();
    assert!(free > counts.len() / 2, "{counts:?}");
    clients.shutdown_background();
}
