//! What a browser sends is in the files.

use std::fs::File;
use std::path::Path;

use media::{ivf, ogg};
use page::Failure;
use page::browser::{Program, camera, connection, filming, folder, microphone, picture, sound, until};

/// The frames of a file of pictures, once it has ended.
fn pictures(path: &Path) -> Option<Vec<ivf::Frame>> {
    let mut reader = ivf::Reader::new(File::open(path).ok()?).ok()?;
    let has_ended = reader.header().length > 0;
    has_ended.then(|| std::iter::from_fn(|| reader.next_frame().ok()?).collect())
}

#[tokio::test]
async fn pictures_and_sound_are_recorded() -> Result<(), Failure> {
    let folder = folder("save-to-disk")?;
    let place = folder.display().to_string();
    let mut program = Program::start(env!("CARGO_BIN_EXE_save-to-disk"), &["--folder", &place]).await?;
    let (pc, _events) = connection()?;
    let (camera, microphone) = (camera()?, microphone()?);
    let video = pc.add_track(&camera, &[])?;
    pc.add_track(&microphone, &[])?;
    program.connect(&pc, "").await?;
    filming(&camera, &microphone, async {
        while video
            .outbound_stats()
            .first()
            .is_none_or(|stats| stats.packets_sent < 90)
        {
            tokio::task::yield_now().await;
        }
    })
    .await?;
    pc.close();
    for _ in 0..2 {
        program.says("recorded ").await?;
    }
    let frames = until(|| pictures(&folder.join("recording-1.ivf"))).await?;
    assert!(frames.len() >= 28, "{} frames", frames.len());
    for pair in frames.windows(2) {
        let [one, two] = pair else { continue };
        assert_eq!(two.timestamp - one.timestamp, 2970, "33 ms");
        assert_eq!(two.data.len(), picture(0).data.len());
    }
    let mut reader = ogg::OpusReader::new(File::open(folder.join("recording-1.ogg"))?)?;
    let mut heard = 0;
    while let Some(packet) = reader.next_packet()? {
        assert_eq!(packet.data, sound().data);
        heard += 1;
    }
    assert!(heard >= 28, "{heard} packets of sound");
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
