//! What a browser sends arrives as plain RTP.

use page::Failure;
use page::browser::{Program, camera, connection, filming, microphone, sound, within};
use tokio::net::UdpSocket;

/// Reads packets of one stream, without a gap, and gives back their payloads.
async fn listen(socket: &UdpSocket, payload_type: u8, count: usize) -> Result<Vec<Vec<u8>>, Failure> {
    let mut payloads = Vec::new();
    let mut last: Option<u16> = None;
    let mut buffer = vec![0; 2000];
    while payloads.len() < count {
        let (length, _) = within(socket.recv_from(&mut buffer)).await??;
        let packet = rtp::PacketRef::decode(buffer.get(..length).unwrap_or_default())?;
        assert_eq!(packet.payload_type(), payload_type);
        assert_eq!(packet.extensions().count(), 0);
        if let Some(last) = last {
            assert_eq!(packet.sequence_number(), last.wrapping_add(1));
        }
        last = Some(packet.sequence_number());
        payloads.push(packet.payload().to_vec());
    }
    Ok(payloads)
}

#[tokio::test]
async fn pictures_and_sound_go_on_as_plain_rtp() -> Result<(), Failure> {
    let (audio_to, video_to) = (
        UdpSocket::bind("127.0.0.1:0").await?,
        UdpSocket::bind("127.0.0.1:0").await?,
    );
    let addresses = [
        audio_to.local_addr()?.to_string(),
        video_to.local_addr()?.to_string(),
    ];
    let arguments = ["--audio", &addresses[0], "--video", &addresses[1]];
    let program = Program::start(env!("CARGO_BIN_EXE_rtp-forwarder"), &arguments).await?;
    let (pc, _events) = connection()?;
    let (camera, microphone) = (camera()?, microphone()?);
    pc.add_track(&camera, &[])?;
    pc.add_track(&microphone, &[])?;
    program.connect(&pc, "").await?;
    let heard = filming(&camera, &microphone, async {
        tokio::try_join!(listen(&video_to, 96, 60), listen(&audio_to, 111, 20))
    });
    let (pictures, sounds) = heard.await??;
    assert!(pictures.iter().map(Vec::len).sum::<usize>() > 50_000);
    assert!(sounds.iter().all(|payload| payload[..] == sound().data[..]));
    Ok(())
}
