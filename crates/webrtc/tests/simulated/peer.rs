//! The connection core as an endpoint of the virtual network, and two of them in a call.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use netsim::{Endpoint, Link, Network, NodeId, Path, Transmit};
use webrtc::core::{ChannelId, Event, PeerConnection};
use webrtc::{Configuration, DataChannelInit, DataChannelState, PeerConnectionState, SettingEngine};

/// No transfer takes longer in virtual time: it would have stalled.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3600);

/// A connection core. Events wait in it until a test takes them.
pub(crate) struct Peer(pub(crate) PeerConnection, Trouble);

/// What goes wrong between a core and its socket.
#[derive(Default)]
struct Trouble {
    /// How many of the next ClientHellos get lost.
    hellos: u32,
    /// The socket sends nothing, and says so.
    refuses: bool,
}

impl Peer {
    pub(crate) fn new(seed: u64, side: u8, settings: SettingEngine) -> Self {
        let mut bytes = [side; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let core = PeerConnection::new(&Configuration::default(), Arc::new(settings), bytes);
        core.unwrap().into()
    }

    pub(crate) fn lose_hellos(&mut self, count: u32) {
        self.1.hellos = count;
    }

    pub(crate) fn refuse_sends(&mut self) {
        self.1.refuses = true;
    }

    /// Whether this datagram does not arrive: a DTLS record of type handshake (22) with a ClientHello (1).
    fn loses(&mut self, datagram: &[u8]) -> bool {
        let lost = self.1.hellos > 0 && datagram.first() == Some(&22) && datagram.get(13) == Some(&1);
        self.1.hellos -= u32::from(lost);
        lost
    }
}

impl From<PeerConnection> for Peer {
    fn from(core: PeerConnection) -> Self {
        Self(core, Trouble::default())
    }
}

impl Endpoint for Peer {
    type Event = Event;

    fn handle_input(&mut self, now: Instant, path: Path, datagram: &mut [u8]) {
        if self.loses(datagram) {
            return;
        }
        self.0.handle_input(
            now,
            ice::Path {
                local: path.local,
                remote: path.remote,
            },
            datagram,
        );
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.0.handle_timeout(now);
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        let start = out.len();
        let mut transmit = self.0.poll_transmit(now, 16, out)?;
        while self.1.refuses {
            out.truncate(start);
            self.0.handle_transmit_error(now, transmit.path);
            transmit = self.0.poll_transmit(now, 16, out)?;
        }
        let path = Path::new(transmit.path.local, transmit.path.remote);
        Some(Transmit {
            path,
            segment_size: transmit.segment_size,
        })
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.0.poll_event()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.0.poll_timeout()
    }
}

/// Two peers with a link between them.
pub(crate) struct Call {
    pub(crate) network: Network<Peer>,
    pub(crate) offerer: NodeId,
    pub(crate) answerer: NodeId,
}

pub(crate) const ADDRESSES: [[u8; 4]; 2] = [[192, 0, 2, 1], [192, 0, 2, 2]];

impl Call {
    pub(crate) fn new(seed: u64, link: &Link) -> Self {
        Self::with(seed, link, SettingEngine::default())
    }

    pub(crate) fn with(seed: u64, link: &Link, settings: SettingEngine) -> Self {
        Self::of(
            [1, 2].map(|side| Peer::new(seed, side, settings.clone())),
            seed,
            link,
        )
    }

    /// A call of these two: the offerer, the answerer.
    pub(crate) fn of([offerer, answerer]: [Peer; 2], seed: u64, link: &Link) -> Self {
        let mut network = Network::new(seed);
        let offerer = network.add_host(offerer, &[IpAddr::from(ADDRESSES[0])], link);
        let answerer = network.add_host(answerer, &[IpAddr::from(ADDRESSES[1])], link);
        Self {
            network,
            offerer,
            answerer,
        }
    }

    /// Lets time pass until both ends are connected.
    pub(crate) fn connect(&mut self) {
        let nodes = [self.offerer, self.answerer];
        let connected = self.network.run_while(PATIENCE, |network| {
            let state = |node| network.endpoint(node).0.connection_state();
            nodes
                .iter()
                .any(|node| state(*node) != PeerConnectionState::Connected)
        });
        assert!(connected, "the call did not connect");
    }

    pub(crate) fn open(&mut self, init: &DataChannelInit) -> ChannelId {
        self.network.with(self.offerer, |peer, now| {
            peer.0.create_data_channel(now, "data", init).unwrap()
        })
    }

    /// Descriptions with candidates, over signalling that takes no time.
    pub(crate) fn negotiate(&mut self) {
        self.negotiate_with(|_, sdp| sdp);
    }

    /// The same, and `edit` changes each description on its way to a side.
    pub(crate) fn negotiate_with(&mut self, edit: impl Fn(NodeId, String) -> String) {
        let mut offer = self.describe(self.offerer, 0);
        offer.sdp = edit(self.answerer, offer.sdp);
        self.network.with(self.answerer, |peer, now| {
            peer.0.set_remote_description(now, &offer).unwrap()
        });
        let mut answer = self.describe(self.answerer, 1);
        answer.sdp = edit(self.offerer, answer.sdp);
        self.network.with(self.offerer, |peer, now| {
            peer.0.set_remote_description(now, &answer).unwrap()
        });
    }

    /// Carries the offer that the offerer has applied, and the answer.
    pub(crate) fn exchange(&mut self) {
        let offer = self.network.endpoint(self.offerer).0.local_description().unwrap();
        self.network.with(self.answerer, |peer, now| {
            peer.0.set_remote_description(now, &offer).unwrap()
        });
        let answer = self.describe(self.answerer, 1);
        self.network.with(self.offerer, |peer, now| {
            peer.0.set_remote_description(now, &answer).unwrap()
        });
    }

    fn describe(&mut self, node: NodeId, side: usize) -> webrtc::SessionDescription {
        self.network.with(node, |peer, now| {
            peer.0.set_local_description(now, None).unwrap();
            if peer.0.wants_addresses() {
                peer.0
                    .add_local_address(now, SocketAddr::new(IpAddr::from(ADDRESSES[side]), 5000));
                peer.0.end_local_addresses(now);
            }
            peer.0.local_description().unwrap()
        })
    }

    /// Waits until the offerer's channel is open and the answerer knows of it.
    pub(crate) fn wait_open(&mut self, id: ChannelId) -> ChannelId {
        let offerer = self.offerer;
        let open = self.network.run_while(PATIENCE, |network| {
            network.endpoint(offerer).0.channel_state(id) != DataChannelState::Open
        });
        assert!(open, "the channel did not open");
        let answerer = self.answerer;
        let is_incoming = |event: &Event| matches!(event, Event::DataChannel(_));
        let known = self.network.run_while(PATIENCE, |network| {
            !network.events(answerer).any(|(_, event)| is_incoming(event))
        });
        assert!(known, "the channel was not announced");
        let found = self.network.events(answerer).find_map(|(_, event)| match event {
            Event::DataChannel(id) => Some(*id),
            _ => None,
        });
        found.unwrap()
    }
}
