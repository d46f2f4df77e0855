//! # What it is
//!
//! WebRTC peer connections, with the names and the behaviour of the browser's `RTCPeerConnection`. This crate composes
//! the blocks of this workspace – `ice`, `dtls`, `sctp`, `datachannel`, `srtp`, `interceptor`, `sdp` – and adds
//! offer/answer (JSEP), tracks, an ordered stream of events, and drivers for sockets. Signalling, which brings the descriptions from one peer to the
//! other, is the application's.
//!
//! # RFCs
//!
//! W3C [webrtc-pc](https://www.w3.org/TR/webrtc/), RFC 9429 (JSEP), RFC 8825 (overview), RFC 8827 (security),
//! RFC 8831 and 8832 (data channels), RFC 8834 and 5764 (media), RFC 8285, 6904 and 9335 (header extensions, and how they
//! are encrypted), RFC 8838 and 8840 (trickle ICE), RFC 8839, 8841, 8842 and 9143 (SDP),
//! RFC 8445 (ICE), RFC 6347, 8122 and 8833 (DTLS, fingerprints, ALPN), RFC 8261 (SCTP over DTLS), RFC 7983
//! (demultiplexing).
//!
//! # Use it with tokio
//!
//! Two peers in one process; a real application carries descriptions and candidates over its signalling channel.
//!
//! ```
//! use webrtc::{Api, Configuration, DataChannelInit, Event, SettingEngine};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut settings = SettingEngine::default();
//! settings.gathering.include_loopback = true; // so that it runs without a network
//! let api = Api::builder().setting_engine(settings).build();
//!
//! let (offerer, _offerer_events) = api.new_peer_connection(Configuration::default())?;
//! let (answerer, mut answerer_events) = api.new_peer_connection(Configuration::default())?;
//! let chat = offerer.create_data_channel("chat", DataChannelInit::default())?;
//!
//! offerer.set_local_description(None)?; // an offer, with the host candidates
//! answerer.set_remote_description(&offerer.local_description().unwrap())?;
//! answerer.set_local_description(None)?; // the answer
//! offerer.set_remote_description(&answerer.local_description().unwrap())?;
//!
//! tokio::spawn(async move {
//!     while let Some(event) = answerer_events.next().await {
//!         if let Event::DataChannel(channel) = event {
//!             while let Some(message) = channel.recv().await {
//!                 channel.send(message).await.unwrap();
//!             }
//!         }
//!     }
//! });
//!
//! chat.send("hello").await?; // waits until the channel is open
//! assert_eq!(chat.recv().await.unwrap().data, "hello");
//! # Ok(())
//! # }
//! ```
//!
//! # Drive it yourself
//!
//! [`core::PeerConnection`] has no socket and no clock. Whoever has a loop of their own – an SFU, a game engine, a
//! simulation – moves the datagrams and the time.
//!
//! ```
//! use std::{sync::Arc, time::Instant};
//! use webrtc::{Configuration, DataChannelInit, SettingEngine, core::{Event, PeerConnection}};
//!
//! let settings = Arc::new(SettingEngine::default());
//! let mut peers = [1, 2].map(|n| PeerConnection::new(&Configuration::default(), settings.clone(), [n; 32]).unwrap());
//! let addresses = ["192.0.2.1:1111", "192.0.2.2:2222"].map(|address| address.parse().unwrap());
//! let mut now = Instant::now();
//!
//! let [offerer, answerer] = &mut peers;
//! let chat = offerer.create_data_channel(now, "chat", &DataChannelInit::default()).unwrap();
//! offerer.set_local_description(now, None).unwrap();
//! answerer.set_remote_description(now, &offerer.local_description().unwrap()).unwrap();
//! answerer.set_local_description(now, None).unwrap();
//! offerer.set_remote_description(now, &answerer.local_description().unwrap()).unwrap();
//! for (peer, address) in peers.iter_mut().zip(addresses) {
//!     peer.add_local_address(now, address);
//!     peer.end_local_addresses(now);
//! }
//! let [offerer, answerer] = &mut peers;
//! while let Some(event) = offerer.poll_event() {
//!     if let Event::IceCandidate(candidate) = event { answerer.add_ice_candidate(now, Some(candidate)).unwrap(); }
//! }
//!
//! while peers[0].channel_state(chat) != webrtc::DataChannelState::Open {
//!     let mut datagrams = Vec::new();
//!     for peer in &mut peers {
//!         let mut out = Vec::new();
//!         while let Some(transmit) = peer.poll_transmit(now, 1, &mut out) {
//!             datagrams.push((transmit.path, std::mem::take(&mut out)));
//!         }
//!     }
//!     if datagrams.is_empty() {
//!         now = peers.iter().filter_map(PeerConnection::poll_timeout).min().unwrap();
//!         peers.iter_mut().for_each(|peer| peer.handle_timeout(now));
//!     }
//!     for (path, mut datagram) in datagrams {
//!         let to = addresses.iter().position(|address| *address == path.remote).unwrap();
//!         peers[to].handle_input(now, ice::Path { local: path.remote, remote: path.local }, &mut datagram);
//!     }
//! }
//! ```
//!
//! # Limits and defaults
//!
//! | | default | bound |
//! |---|---|---|
//! | message we accept | 256 KiB | [`SettingEngine::max_message_size`] |
//! | messages waiting to be sent, all channels | – | 16 MiB, [`SettingEngine::send_buffer`] |
//! | messages waiting to be read, all channels | – | 5 MiB, [`SettingEngine::receive_buffer`], then the peer waits |
//! | UDP payload | 1,200 bytes | [`SettingEngine::mtu`] |
//! | events waiting | – | [`core::MAX_EVENTS`], then counted |
//! | events of one track waiting | – | 64, then the oldest goes and is counted |
//! | sections of a description | – | [`core::MAX_SECTIONS`] |
//! | candidates of the peer before its description is in force | – | 128, then counted |
//! | datagrams before DTLS can begin | – | 8 of at most 2 KiB, which are ICE-checked; the others are counted |
//! | media before its keys | – | the newest 32 datagrams, 64 KiB, 2 s; the others are counted |
//! | transceivers, sections of audio and video | – | [`core::MAX_TRANSCEIVERS`] |
//! | layers of simulcast | 1 | [`core::MAX_ENCODINGS`] a track and way |
//! | layers within a stream ([`LayerForwarder::limit_layers`]) | all | 8 spatial, 8 temporal; 1,024 frames and 1,024 closed numbers are remembered |
//! | codecs, header extensions | as Chromium | [`core::MAX_CODECS`] a kind, [`core::MAX_HEADER_EXTENSIONS`] |
//! | packets of a transceiver that wait to be read | – | 512, then the oldest go and are counted |
//! | delay of a jitter buffer ([`RemoteFrames::with_jitter_buffer`]) | as measured | 4 s |
//! | buffers of received packets that somebody may still have | – | 2,048 of 1,500 bytes a transceiver are used again |
//! | packets that wait for a socket | – | 4 MiB a connection, then sending fails |
//! | farewell of a connection that is closed | – | 500 ms for room in the socket, then counted |
//! | streams of one section | – | 16, then the oldest ends |
//!
//! # What it does not do
//!
//! It does not encode or decode media, so its statistics have no `media-source`, no `media-playout`, and of what a codec
//! counts nothing. No bandwidth estimation, pacing or FEC. No TURN, ICE-TCP or mDNS name
//! resolution; a peer behind an mDNS name is reached by its own checks. One transport: sections outside the BUNDLE
//! group are rejected, and the section that carries it is never rejected by us. The application protocol (RFC 8833) is
//! `webrtc`; no `c-webrtc`, which promises that nobody but the user gets the media. No identity provider, which no browser
//! has either.

pub mod core;
#[cfg(feature = "tokio")]
mod io;

mod configuration;
mod description;
mod error;
mod registry;
mod setting_engine;
mod states;

pub use self::configuration::{BundlePolicy, Configuration, IceServer, IceTransportPolicy, RtcpMuxPolicy};
pub use self::core::{
    ExtensionEncryption, HeaderExtensionCapability, IceCandidateError, LayerForwarder, MediaEngine,
    MediaKind, ParametersError, RegisterError, RtcpFeedback, RtpCodec, RtpCodecCapability,
    RtpEncodingParameters, RtpEvent, RtpReceived, RtpSendError, RtpTransceiverInit, RtpTransportStats,
    SsrcRefusal, TrackInfo, TrackOrKind,
};
pub use self::description::{
    DataChannelInit, IceCandidateInit, OfferOptions, Priority, SdpType, SessionDescription, UnknownSdpType,
};
pub use self::error::{DescriptionError, Error, FailureReason, SendError};
#[cfg(feature = "tokio")]
pub use self::io::{
    Api, ApiBuilder, DataChannel, DetachedChannel, Endpoint, EndpointStats, Event, Events, FrameStats,
    Payload, PeerConnection, RemoteFrames, RtpTransceiver, Sample, TrackLocal, TrackLocalStaticRtp,
    TrackLocalStaticSample, UnknownFormat,
};
pub use self::registry::Registry;
pub use self::setting_engine::{DtlsRole, Filter, Gathering, SettingEngine, Srtp};
pub use self::states::{
    DataChannelState, DtlsTransportState, IceConnectionState, IceGatheringState, PeerConnectionState,
    SignalingState,
};
pub use crypto::Provider;
pub use datachannel::{Kind, Message, Reliability};
pub use dtls::{Certificate, Fingerprint, KeyLog, SrtpProfile};
pub use interceptor::{Ecn, InboundStats, OutboundStats};
pub use sdp::Direction as RtpTransceiverDirection;
/// The blocks below, whose types are in this crate's own: paths and reasons of `ice`, certificates of `dtls`, …
pub use {datachannel, dtls, ice, sdp};
