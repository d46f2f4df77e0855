//! The layer that is chosen comes back, as one stream without a jump.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use page::Failure;
use page::browser::{Program, connection, within};
use rtp::payload::{Payloads, packetizer};
use webrtc::{
    DataChannelInit, MediaKind, RtpEncodingParameters, RtpEvent, RtpTransceiver, RtpTransceiverInit,
    TrackInfo,
};

const LAYERS: [&str; 3] = ["q", "h", "f"];

/// How often a key frame was asked for, of each layer.
type Asked = Arc<[AtomicU32; 3]>;

/// Frames on all layers for ever, each of which says of which layer it is. Those that decode alone come only where they are
/// asked for: the first request is lost on its way.
async fn send(video: RtpTransceiver, asked: Asked) -> Result<(), Failure> {
    let mut packetizer = packetizer("VP8").ok_or("no packetizer")?;
    let mut payloads = Payloads::new();
    for number in 0_u16.. {
        for ((encoding, layer), asked) in (0_u8..).zip(LAYERS).zip(asked.iter()) {
            let is_key = asked.load(Ordering::Relaxed) > 1;
            if is_key {
                asked.store(0, Ordering::Relaxed);
            }
            let mut frame = vec![0x10 | u8::from(!is_key), 0, 0, 0x9d, 1, 0x2a, 64, 1, 240, 0];
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

async fn listen(video: RtpTransceiver, asked: Asked) {
    while let Some(event) = video.next_rtp_event().await {
        if let RtpEvent::KeyFrameRequested { rid } = event {
            let layer = LAYERS.iter().position(|layer| rid.as_deref() == Some(layer));
            if let Some(asked) = layer.and_then(|layer| asked.get(layer)) {
                asked.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
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
    let asked = Asked::default();
    tokio::spawn(listen(video.clone(), Arc::clone(&asked)));
    tokio::spawn(send(video.clone(), asked));
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
