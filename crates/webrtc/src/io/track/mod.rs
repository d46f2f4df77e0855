//! Tracks of ours (`MediaStreamTrack` as a source): what a sender is given to send.

mod header_extensions;
mod sample;
mod static_rtp;

pub use sample::{Sample, TrackLocalStaticSample, UnknownFormat};
pub use static_rtp::TrackLocalStaticRtp;

use super::rtp_transceiver::RtpTransceiver;
use crate::core::TrackInfo;

/// A source of media that can be added to connections. One track may be sent on any number of them.
///
/// Implement it to decide yourself what each connection is sent; a [`TrackInfo`] alone is a track as well, of which the
/// application sends packets by [`RtpTransceiver::send_rtp`].
pub trait TrackLocal {
    /// What descriptions tell of it.
    fn info(&self) -> TrackInfo;

    /// It was given to the sender of a transceiver, which may not have been negotiated yet.
    fn bind(&self, transceiver: &RtpTransceiver);
}

impl TrackLocal for TrackInfo {
    fn info(&self) -> TrackInfo {
        self.clone()
    }

    fn bind(&self, _: &RtpTransceiver) {}
}
