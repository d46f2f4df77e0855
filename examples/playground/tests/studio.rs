//! Audio and video: what a page sends comes back and is recorded, and a recording is played to a page.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use std::fs::File;
use std::path::Path;

use media::{ivf, ogg};
use page::Failure;
use page::browser::{
    Program, camera, connection, filming, folder, microphone, packets, picture, sound, until,
};
use webrtc::{MediaKind, RtpTransceiverDirection, RtpTransceiverInit};

/// The frames of a recording, once it has ended.
fn pictures(path: &Path) -> Option<Vec<ivf::Frame>> {
    let mut reader = ivf::Reader::new(File::open(path).ok()?).ok()?;
    if reader.header().length == 0 {
        return None;
    }
    Some(std::iter::from_fn(|| reader.next_frame().ok()?).collect())
}

#[tokio::test]
async fn what_is_sent_comes_back_and_is_recorded_and_the_recording_is_played() -> Result<(), Failure> {
    let folder = folder("playground-studio")?;
    let place = folder.to_str().unwrap();
    let program = Program::start(env!("CARGO_BIN_EXE_playground"), &["--record", place]).await?;
    let (pc, _events) = connection()?;
    let (camera, microphone) = (camera()?, microphone()?);
    let video = pc.add_track(&camera, &[])?;
    let audio = pc.add_track(&microphone, &[])?;
    program.connect_at("/api/offer", &pc, "").await?;
    let back = filming(&camera, &microphone, async {
        tokio::try_join!(packets(&video, 60), packets(&audio, 20))
    });
    let (_, sounds) = back.await??;
    assert!(sounds.iter().all(|packet| packet.payload == sound().data));
    pc.close();

    let recorded = folder.join("pictures-1.ivf");
    let frames = until(|| pictures(&recorded)).await?;
    assert!(frames.len() >= 15, "{} frames", frames.len());
    assert_eq!(frames[0].data.len(), picture(0).data.len());
    let heard = folder.join("sound-1.ogg");
    let mut reader = ogg::OpusReader::new(File::open(&heard)?)?;
    assert_eq!(reader.next_packet()?.unwrap().data, sound().data);

    let films = [
        "--play",
        recorded.to_str().unwrap(),
        "--play",
        heard.to_str().unwrap(),
    ];
    let program = Program::start(env!("CARGO_BIN_EXE_playground"), &films).await?;
    let (pc, _events) = connection()?;
    let watch = RtpTransceiverInit {
        direction: RtpTransceiverDirection::RecvOnly,
        ..RtpTransceiverInit::default()
    };
    let video = pc.add_transceiver(MediaKind::Video, watch.clone())?;
    let audio = pc.add_transceiver(MediaKind::Audio, watch)?;
    program.connect_at("/api/offer", &pc, "").await?;
    let (film, song) = tokio::try_join!(packets(&video, 30), packets(&audio, 10))?;
    assert!(film.iter().any(|packet| packet.header.marker));
    assert!(song.iter().all(|packet| packet.payload == sound().data));
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

#[tokio::test]
async fn a_file_that_cannot_be_played_is_refused_at_the_start() {
    let missing = Program::start(env!("CARGO_BIN_EXE_playground"), &["--play", "missing.ivf"]).await;
    assert!(missing.is_err());
}
