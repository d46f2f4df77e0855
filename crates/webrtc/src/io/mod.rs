//! The façade: connections, data channels and endpoints under tokio, over the [`core`](crate::core).
//!
//! A connection is one mutex around its core, never held across an await. A call does its protocol work inline and sends
//! what came of it; the driver task of the [`Endpoint`] only moves datagrams and time.

mod api;
mod assembly;
mod channel_state;
mod coalesce;
mod data_channel;
mod detached;
mod driver;
mod endpoint;
mod events;
mod frames;
mod gather;
mod gathering;
mod home;
mod media_state;
mod paced;
mod peer_connection;
mod router;
mod rtp_io;
mod rtp_transceiver;
mod schedule;
mod shared;
mod shared_buffers;
mod track;
mod turn;
mod wakes;

pub use self::api::{Api, ApiBuilder};
pub use self::assembly::FrameStats;
pub use self::data_channel::{DataChannel, Payload};
pub use self::detached::DetachedChannel;
pub use self::endpoint::{Endpoint, EndpointStats};
pub use self::events::{Event, Events};
pub use self::frames::RemoteFrames;
pub use self::peer_connection::PeerConnection;
pub use self::rtp_transceiver::RtpTransceiver;
pub use self::track::{Sample, TrackLocal, TrackLocalStaticRtp, TrackLocalStaticSample, UnknownFormat};
