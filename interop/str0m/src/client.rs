//! One connection.

use std::net::UdpSocket;
use std::time::Instant;

use str0m::change::SdpOffer;
use str0m::format::Codec;
use str0m::media::{Mid, Pt};
use str0m::rtp::{RtpPacket, RtpWrite};
use str0m::{Candidate, Event, Output, Rtc};

use crate::Failure;

pub(crate) struct Client {
    pub(crate) rtc: Rtc,
    /// When the connection wants to be woken.
    pub(crate) timeout: Instant,
    /// What VP8 is called, and where it belongs.
    video: Option<(Mid, Pt)>,
}

impl Client {
    pub(crate) fn accept(offer: &str, candidate: Candidate) -> Result<(Self, String), Failure> {
        let now = Instant::now();
        let mut rtc = Rtc::builder().set_rtp_mode(true).build(now);
        rtc.add_local_candidate(candidate);
        let answer = rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(offer)?)?;
        let client = Self {
            rtc,
            timeout: now,
            video: None,
        };
        Ok((client, answer.to_sdp_string()))
    }

    /// Hands the packets over and says how many.
    pub(crate) fn write(&mut self, packets: &[RtpPacket]) -> u64 {
        let Some((mid, pt)) = self.video else { return 0 };
        let mut direct = self.rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(mid, None) else {
            return 0;
        };
        for packet in packets {
            let (time, payload) = (packet.header.timestamp, packet.payload.clone());
            let write = RtpWrite::new(pt, packet.seq_no, time, packet.timestamp, payload);
            stream.write_rtp(write.marker(packet.header.marker).nackable(true));
        }
        packets.len() as u64
    }

    /// Sends what is to be sent, until nothing is left but to wait; packets that came are appended.
    pub(crate) fn poll(&mut self, socket: &UdpSocket, packets: &mut Vec<RtpPacket>) -> Result<(), Failure> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(when) => {
                    self.timeout = when;
                    return Ok(());
                }
                Output::Transmit(transmit) => {
                    // A full buffer drops, as the network does.
                    let _sent = socket.send_to(&transmit.contents, transmit.destination);
                }
                Output::Event(Event::RtpPacket(packet)) => packets.push(packet),
                Output::Event(Event::MediaAdded(media)) => {
                    let vp8 = self
                        .rtc
                        .codec_config()
                        .find(|params| params.spec().codec == Codec::Vp8);
                    self.video = vp8.map(|params| (media.mid, params.pt()));
                }
                Output::Event(_) => {}
            }
        }
    }
}
