//! A client and a server with nothing between them: each datagram arrives at once, in the caller's own time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ice::Path;
use rtp::extension::Extension;
use rtp::extension::dependency::MandatoryFields;
use webrtc::core::{Event, PeerConnection, TransceiverId};
use webrtc::{
    Configuration, ExtensionEncryption, HeaderExtensionCapability, MediaEngine, MediaKind,
    PeerConnectionState, RtpCodec, RtpTransceiverDirection, RtpTransceiverInit, SessionDescription,
    SettingEngine, TrackInfo,
};

/// Where the client and the server are.
const ADDRESSES: [([u8; 4], u16); 2] = [([192, 0, 2, 1], 5000), ([192, 0, 2, 2], 5000)];

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Client,
    Server,
}

impl End {
    /// The path as this end sees it.
    fn path(self) -> Path {
        let [client, server] = ADDRESSES.map(SocketAddr::from);
        let (local, remote) = match self {
            Self::Client => (client, server),
            Self::Server => (server, client),
        };
        Path { local, remote }
    }
}

/// A connection of one client to the server, over which one track of video goes.
pub(crate) struct Wire {
    pub(crate) client: PeerConnection,
    pub(crate) server: PeerConnection,
    /// The transceiver of the client, and that of the server.
    pub(crate) ids: [TransceiverId; 2],
    /// The payload type of the codec, which is the same both ways.
    pub(crate) payload_type: u8,
    /// Room for a datagram on its way.
    pub(crate) datagram: Vec<u8>,
}

impl Wire {
    /// Connects both, the `sender` having a track of this codec, which may have several encodings.
    pub(crate) fn new(
        now: &mut Instant,
        seed: u8,
        sender: End,
        (codec, init): (&RtpCodec, RtpTransceiverInit),
    ) -> Self {
        let [mut client, mut server] = [seed, seed ^ 0xff].map(|seed| {
            let settings = Arc::new(SettingEngine::default());
            PeerConnection::new(&Configuration::default(), settings, [seed; 32])
                .unwrap()
                .with_media_engine(engine(sender))
        });
        let (from, to) = match sender {
            End::Client => (&mut client, &mut server),
            End::Server => (&mut server, &mut client),
        };
        let track = TrackInfo {
            id: String::from("video"),
            kind: MediaKind::Video,
        };
        let ours = from.add_transceiver(track, init).unwrap();
        from.set_codec_preferences(ours, &[codec.clone(), RtpCodec::video("rtx", "")])
            .unwrap();
        let (far, near) = match sender {
            End::Client => (End::Server, End::Client),
            End::Server => (End::Client, End::Server),
        };
        let offer = describe(*now, from, near);
        to.set_remote_description(*now, &offer).unwrap();
        let answer = describe(*now, to, far);
        from.set_remote_description(*now, &answer).unwrap();
        let mut wire = Self {
            client,
            server,
            ids: [ours; 2],
            payload_type: 0,
            datagram: Vec::with_capacity(2000),
        };
        wire.connect(now);
        let to = wire.end(far);
        let theirs = std::iter::from_fn(|| to.poll_event()).find_map(|event| match event {
            Event::Track(id) => Some(id),
            _ => None,
        });
        let theirs = theirs.expect("the track was not announced");
        wire.ids = match sender {
            End::Client => [ours, theirs],
            End::Server => [theirs, ours],
        };
        let media = wire.end(near).negotiated_media().unwrap();
        let codecs = &media.by_transceiver(ours).unwrap().send;
        let agreed = codecs.iter().find(|known| known.codec.is(codec.name()));
        wire.payload_type = agreed.unwrap().payload_type;
        wire
    }

    fn end(&mut self, end: End) -> &mut PeerConnection {
        match end {
            End::Client => &mut self.client,
            End::Server => &mut self.server,
        }
    }

    fn connect(&mut self, now: &mut Instant) {
        let is_connected = |pc: &PeerConnection| pc.connection_state() == PeerConnectionState::Connected;
        for _ in 0..10_000 {
            self.run(*now);
            if is_connected(&self.client) && is_connected(&self.server) {
                return;
            }
            *now += Duration::from_millis(5);
        }
        panic!("the ends did not connect");
    }

    /// Lets both do what is due, until neither has anything to say.
    pub(crate) fn run(&mut self, now: Instant) {
        for pc in [&mut self.client, &mut self.server] {
            if pc.poll_timeout().is_some_and(|due| due <= now) {
                pc.handle_timeout(now);
            }
        }
        while self.carry(now, End::Client) | self.carry(now, End::Server) {}
    }

    /// Carries what one end has to send. False if it had nothing.
    fn carry(&mut self, now: Instant, from: End) -> bool {
        let mut any = false;
        let (from, to, end) = match from {
            End::Client => (&mut self.client, &mut self.server, End::Server),
            End::Server => (&mut self.server, &mut self.client, End::Client),
        };
        loop {
            self.datagram.clear();
            if from.poll_transmit(now, 1, &mut self.datagram).is_none() {
                return any;
            }
            any = true;
            to.handle_input(now, end.path(), &mut self.datagram);
        }
    }

    /// The next datagram of an end, for someone else to carry.
    pub(crate) fn take(&mut self, now: Instant, from: End, datagram: &mut Vec<u8>) -> bool {
        datagram.clear();
        self.end(from).poll_transmit(now, 1, datagram).is_some()
    }

    /// A datagram arrives at an end.
    pub(crate) fn deliver(&mut self, now: Instant, to: End, datagram: &mut [u8]) {
        self.end(to).handle_input(now, to.path(), datagram);
    }
}

/// One that offers dependency descriptors, under another id to subscribers than publishers do.
fn engine(sender: End) -> Arc<MediaEngine> {
    let mut engine = MediaEngine::default();
    let descriptor = HeaderExtensionCapability {
        uri: MandatoryFields::URI.to_owned(),
        id: match sender {
            End::Client => 9,
            End::Server => 12,
        },
        audio: false,
        video: true,
        direction: RtpTransceiverDirection::SendRecv,
        is_offered: true,
        encryption: ExtensionEncryption::Never,
    };
    engine.register_header_extension(descriptor).unwrap();
    Arc::new(engine)
}

fn describe(now: Instant, pc: &mut PeerConnection, end: End) -> SessionDescription {
    pc.set_local_description(now, None).unwrap();
    pc.add_local_address(now, end.path().local);
    pc.end_local_addresses(now);
    pc.local_description().unwrap()
}
