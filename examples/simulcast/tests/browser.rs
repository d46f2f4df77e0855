//! The layer that is chosen comes back, as one stream without a jump.

use std::time::Duration;

use page::Failure;
use page::browser::{Program, connection, within};
use rtp::payload::{Payloads, packetizer};
use webrtc::{
    DataChannelInit, MediaKind, RtpEncodingParameters, RtpTransceiver, RtpTransceiverInit, TrackInfo,
};

const LAYERS: [&str; 3] = ["q", "h", "f"];

/// Key frames on all layers for ever, each of which says of which layer it is.
async fn send(video: RtpTransceiver) -> Result<(), Failure> {
    let mut packetizer = packetizer("VP8").ok_or("no packetizer")?;
    let mut payloads = Payloads::new();
    for number in 0_u16.. {
        for (encoding, layer) in (0_u8..).zip(LAYERS) {
            let mut frame = vec![0x10, 0, 0, 0x9d, 1, 0x2a, 64, 1, 240, 0];
            frame.extend_from_slice(layer.as_bytes());
            packetizer.packetize(&frame, 1100, &mut payloads);
            let negotiated = video.negotiated();
            let codec = negotiated.as_ref().and_then(|section| section.preferred_codec());
            let mut header = rtp::Header {
                payload_type: codec.map_or(0, |codec| codec.payload_type),
                // Each layer has numbers of its own.
                sequence_number: number.wrapping_add(u16::from(encoding) * 10_000),
                timestamp: u32::from(number) * 900 + u32::from(encoding) * 1_000_000,
                marker: true,
                ..rtp::Header::default()
            };
            // So small a frame is one packet. Before the connection is ready it goes nowhere.
            let payload = payloads.iter().next().unwrap_or_default();
            let _ = video.send_rtp_on(usize::from(encoding), &mut header, payload);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

#[tokio::test]
async fn layers_come_back_in_turn() -> Result<(), Failure> {
    let mut program = Program::start(env!("CARGO_BIN_EXE_simulcast"), &[]).await?;
    let (pc, _events) = connection()?;
    let init = RtpTransceiverInit {
        send_encodings: LAYERS.map(RtpEncodingParameters::layer).to_vec(),
        ..RtpTransceiverInit::default()
    };
    let track = TrackInfo {
        id: "camera".to_owned(),
        kind: MediaKind::Video,
    };
    let video = pc.add_transceiver(track, init)?;
    let layer = pc.create_data_channel("layer", DataChannelInit::default())?;
    program.connect(&pc, "").await?;
    tokio::spawn(send(video.clone()));
    let mut last: Option<rtp::Header> = None;
    for wanted in ["f", "q", "h", "f"] {
        layer.send(wanted).await?;
        let mut count = 0;
        while count < 10 {
            let (packet, _) = within(video.recv_rtp())
                .await?
                .ok_or("the connection has ended")?;
            count += usize::from(packet.payload.ends_with(wanted.as_bytes()));
            if let Some(last) = &last {
                let ahead = packet.header.sequence_number.wrapping_sub(last.sequence_number);
                assert_eq!(ahead, 1, "no jump");
                let ticks = packet.header.timestamp.wrapping_sub(last.timestamp);
                assert!((1..90_000).contains(&ticks), "{ticks} ticks");
            }
            last = Some(packet.header);
        }
    }
    assert_eq!(program.says("layer ").await?, "f");
    Ok(())
}
