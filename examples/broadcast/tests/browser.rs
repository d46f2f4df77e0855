//! What one sends arrives at all who watch, also at those who come late.

use page::Failure;
use page::browser::{Program, camera, connection, filming, microphone, packets};
use webrtc::{
    Events, MediaKind, PeerConnection, RtpEvent, RtpTransceiver, RtpTransceiverDirection, RtpTransceiverInit,
};

struct Viewer {
    _pc: (PeerConnection, Events),
    video: RtpTransceiver,
    audio: RtpTransceiver,
}

async fn viewer(program: &Program) -> Result<Viewer, Failure> {
    let pc = connection()?;
    let watch = RtpTransceiverInit {
        direction: RtpTransceiverDirection::RecvOnly,
        ..RtpTransceiverInit::default()
    };
    let video = pc.0.add_transceiver(MediaKind::Video, watch.clone())?;
    let audio = pc.0.add_transceiver(MediaKind::Audio, watch)?;
    program.connect(&pc.0, "watch").await?;
    Ok(Viewer {
        _pc: pc,
        video,
        audio,
    })
}

#[tokio::test]
async fn everybody_sees_what_one_sends() -> Result<(), Failure> {
    let program = Program::start(env!("CARGO_BIN_EXE_broadcast"), &[]).await?;
    assert!(viewer(&program).await.is_err(), "nobody publishes");
    let (pc, _events) = connection()?;
    let (camera, microphone) = (camera()?, microphone()?);
    let sender = pc.add_track(&camera, &[])?;
    pc.add_track(&microphone, &[])?;
    program.connect(&pc, "publish").await?;
    let watching = async {
        let viewers = [
            viewer(&program).await?,
            viewer(&program).await?,
            viewer(&program).await?,
        ];
        for viewer in &viewers {
            let pictures = packets(&viewer.video, 60).await?;
            assert!(pictures.iter().any(|packet| packet.header.marker));
            packets(&viewer.audio, 10).await?;
        }
        // A request of one who watches reaches who sends.
        let [first, ..] = &viewers;
        assert!(first.video.request_key_frame(None));
        Ok::<_, Failure>(sender.next_rtp_event().await)
    };
    let event = filming(&camera, &microphone, watching).await??;
    assert_eq!(event, Some(RtpEvent::KeyFrameRequested { rid: None }));
    Ok(())
}
