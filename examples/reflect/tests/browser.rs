//! What comes back is what was sent.

use page::Failure;
use page::browser::{Program, camera, connection, filming, microphone, packets, picture, sound};

#[tokio::test]
async fn audio_and_video_come_back() -> Result<(), Failure> {
    let program = Program::start(env!("CARGO_BIN_EXE_reflect"), &[]).await?;
    let (pc, _events) = connection()?;
    let (camera, microphone) = (camera()?, microphone()?);
    let video = pc.add_track(&camera, &[])?;
    let audio = pc.add_track(&microphone, &[])?;
    program.connect(&pc, "").await?;
    let back = filming(&camera, &microphone, async {
        tokio::try_join!(packets(&video, 60), packets(&audio, 20))
    });
    let (pictures, sounds) = back.await??;
    let lasts: Vec<_> = pictures.iter().filter(|packet| packet.header.marker).collect();
    assert!(lasts.len() >= 19, "{} pictures", lasts.len());
    let frame = picture(0).data;
    // A frame of 3,000 bytes has three packets, each with a byte of descriptor at least.
    let bytes: usize = pictures.iter().map(|packet| packet.payload.len()).sum();
    assert!(bytes > 19 * frame.len(), "{bytes} bytes");
    assert!(sounds.iter().all(|packet| packet.payload == sound().data));
    Ok(())
}

#[tokio::test]
async fn what_is_no_offer_is_refused_in_words() -> Result<(), Failure> {
    let program = Program::start(env!("CARGO_BIN_EXE_reflect"), &[]).await?;
    let refusal = program.post("/offer", r#"{"sdp":"hello"}"#).await.unwrap_err();
    assert!(refusal.to_string().contains("400"), "{refusal}");
    Ok(())
}
