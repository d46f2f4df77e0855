//! Packets that come over plain UDP arrive in a browser.

use std::time::Duration;

use page::Failure;
use page::browser::{Program, connection, packets, within};
use tokio::net::UdpSocket;
use webrtc::{MediaKind, RtpTransceiverDirection, RtpTransceiverInit};

/// Sends packets for ever, and some noise.
async fn send(to: String) -> Result<(), Failure> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    for number in 0_u16.. {
        let header = rtp::Header {
            payload_type: 120,
            sequence_number: number,
            timestamp: u32::from(number) * 3000,
            marker: true,
            ..rtp::Header::default()
        };
        let mut datagram = Vec::new();
        header.encode(&mut datagram);
        datagram.extend_from_slice(&[0x10, 0x01]);
        datagram.extend_from_slice(&number.to_be_bytes());
        socket.send_to(&datagram, &to).await?;
        socket.send_to(b"noise", &to).await?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

#[tokio::test]
async fn two_browsers_see_what_comes() -> Result<(), Failure> {
    let mut program = Program::start(env!("CARGO_BIN_EXE_rtp-to-webrtc"), &["--rtp", "127.0.0.1:0"]).await?;
    let to = program.says("RTP comes in at ").await?;
    let sending = tokio::spawn(send(to));
    for _ in 0..2 {
        let (pc, _events) = connection()?;
        let watch = RtpTransceiverInit {
            direction: RtpTransceiverDirection::RecvOnly,
            ..RtpTransceiverInit::default()
        };
        let video = pc.add_transceiver(MediaKind::Video, watch)?;
        program.connect(&pc, "").await?;
        let seen = within(packets(&video, 20)).await??;
        for packet in seen {
            // VP8 as the answer numbers it, whatever number it came with.
            assert_eq!(packet.header.payload_type, 96);
            assert_eq!(packet.payload[2..], packet.header.sequence_number.to_be_bytes());
        }
    }
    sending.abort();
    Ok(())
}
